//! `site`: a site sends the headers that protect its visitors, and serves nothing that is not theirs to see: no
//! environment file, no repository, no source map, no debug route; no foreign origin may read it with credentials.
//!
//! A single-page application answers every path with its own page. So what is served under a path counts only if it is
//! something else than what an invented path is answered with.

mod keys;
mod page;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use crate::check::finding::Finding;
use crate::check::site::keys::Keys;
use crate::check::site::visit::Visit;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::kind::KindSpec;
use crate::model::plan::Check;
use crate::model::word::Category;
use crate::network;

/// The kind.
pub(super) struct Site;

impl Kind for Site {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "site",
            doc: "A site sends the headers that protect its visitors, and serves nothing that is not theirs to see.",
            category: Category::Security,
            example: "url = \"https://shop.example/\"\npaths = [\"/admin/debug\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: keys::problems,
            touches: keys::touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let url = finding.fill(&keys.url, &surroundings.values)?;
        let shown = url.shown().to_owned();
        let parsed: Option<http::Uri> = url.expose().parse().ok().filter(|url: &http::Uri| url.host().is_some());
        let Some(url) = parsed.filter(|url| matches!(url.scheme_str(), Some("http" | "https"))) else {
            return Err(Box::new(finding.fail(FailureClass::Value, &format!("{shown} is no http or https URL"))));
        };
        Ok(Box::new(Looker { visit: Visit { finding, keys, url }, surroundings: Arc::clone(surroundings) }))
    }
}

struct Looker {
    visit: Visit,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move { self.visit.evidence(&self.surroundings.network, network::deadline(timeout)).await })
    }
}

#[cfg(test)]
mod tests;
