//! `gathered`: everything that it stands on holds. It has nothing of its own to look at: it is run only when each check
//! that it depends on has a result and none of them is in fail or error; otherwise it is blocked, and says by whom.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings};
use crate::core::evidence::Evidence;
use crate::model::kind::KindSpec;
use crate::model::plan::Check;
use crate::model::word::Category;

/// The kind.
pub(super) struct Gathered;

/// It has no keys of its own.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {}

impl Kind for Gathered {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "gathered",
            doc: "Every check that it depends on holds.",
            category: Category::Configuration,
            example: "",
            schema: || schemars::schema_for!(Keys),
            problems: |_| Vec::new(),
            touches: |_| Vec::new(),
        }
    }

    fn build(&self, check: &Check, _: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        if check.depends_on.is_empty() {
            return Err(Box::new(Finding::of(check).error("it depends on nothing, so it says nothing")));
        }
        Ok(Box::new(Looker { count: check.depends_on.len() }))
    }
}

struct Looker {
    count: usize,
}

impl Probe for Looker {
    fn run(&self, _: Duration) -> Looking<'_> {
        let plural = if self.count == 1 { "check that it stands on holds" } else { "checks that it stands on hold" };
        Box::pin(std::future::ready(Evidence::pass(&format!("{} {plural}", self.count))))
    }
}

#[cfg(test)]
mod tests {
    use crate::check::kit;
    use crate::model::id::CheckId;
    use crate::model::word::Outcome;

    #[tokio::test]
    async fn it_claims_nothing_where_it_stands_on_nothing() {
        let surroundings = kit::surroundings(&[]);
        assert_eq!(kit::run("gathered", "", &surroundings).await.outcome, Outcome::Error);
        let mut check = kit::check("gathered", "");
        check.depends_on = vec![CheckId::new("a"), CheckId::new("b")];
        let Ok(probe) = crate::check::kind("gathered").unwrap().build(&check, &surroundings) else {
            panic!("it is not built")
        };
        let evidence = probe.run(std::time::Duration::from_secs(1)).await;
        assert_eq!(evidence.summary.as_str(), "2 checks that it stands on hold");
    }
}
