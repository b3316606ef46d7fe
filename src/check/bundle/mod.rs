//! `bundle`: a built front end holds no secret in any form, is this build and no older one, and is what is served.
//!
//! Whatever a bundler compiles in, every visitor can read: so the built files are searched, source maps and packed copies
//! included, for every credential of the plan in every encoding and for keys of known providers. What is served is
//! compared with what was built, with and without the caches in between.

mod age;
mod fetch;
mod look;
mod prefix;
mod served;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::exposed::{self, Objection};
use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::duration::Span;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network;
use crate::scan::Secret;

/// The kind.
pub(super) struct Bundle;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The folder with the built files, relative to the plan's.
    folder: Option<Template>,
    /// Whether it must be free of secrets: the plan's credentials in every form, keys of known providers.
    #[serde(default)]
    no_secrets: bool,
    /// Credentials, by id, and keys of known providers, by name ("a Google API key"), that are meant to be public. Keys
    /// that their provider made for browsers (Supabase's anonymous one) need not be named.
    #[serde(default)]
    meant_public: Vec<String>,
    /// Prefixes that a bundler publishes (`VITE_`): a credential in a variable with one of them is a warning.
    #[serde(default)]
    public_prefixes: Vec<String>,
    /// Texts that its code must not hold: fallback credentials, test routes.
    #[serde(default)]
    lacks: Vec<String>,
    /// How many calls that write to the browser's console (log, debug, info, trace, table, dir) its code may hold.
    console_logs: Option<u64>,
    /// A file in it that says which build it is, and what it must hold: `{ file = "VERSION", holds = "{{ version }}" }`.
    marker: Option<Marker>,
    /// How old the build may be.
    max_age: Option<Span>,
    /// Files that it must be younger than, because they were compiled in; those that are not there do not count.
    #[serde(default)]
    newer_than: Vec<PathBuf>,
    /// The site's address: its index, asked for with and without cache-busting at every address of the name, and the
    /// assets that the index names must be those of the folder, byte for byte.
    served: Option<Template>,
    /// The folder of the version before: its code must still be served, for those whose page is open. None where empty.
    previous: Option<Template>,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Marker {
    /// The file, relative to the folder.
    file: PathBuf,
    /// What stands in it.
    holds: Template,
}

impl Keys {
    /// Whether a credential may be read by everybody.
    fn may_be_public(&self, secret: &Secret) -> bool {
        secret.is_made_public() || self.meant_public.contains(&secret.id)
    }

    const fn looks_at_folder(&self) -> bool {
        let searches = self.no_secrets || !self.lacks.is_empty() || self.console_logs.is_some();
        let dates = self.marker.is_some() || self.max_age.is_some() || !self.newer_than.is_empty();
        searches || dates || self.served.is_some()
    }
}

impl Kind for Bundle {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "bundle",
            doc: "A built front end holds no secret in any form, is this build, and is what is served.",
            category: Category::Security,
            example: "folder = \"dist\"\nno_secrets = true\nconsole_logs = 20\nserved = \"https://shop.example\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let values = &surroundings.values;
        let fill = |template: &Template| finding.fill(template, values).map(|filled| filled.shown().to_owned());
        let shown = keys.folder.as_ref().map(fill).transpose()?.unwrap_or_default();
        let holds = keys.marker.as_ref().map(|marker| fill(&marker.holds)).transpose()?;
        let previous = keys.previous.as_ref().map(fill).transpose()?.filter(|folder| !folder.is_empty());
        let site = keys.served.as_ref().map(fill).transpose()?;
        let site = site.map(|site| served::Site::of(&site)).transpose();
        let site = site.map_err(|why| Box::new(finding.fail(FailureClass::Value, &why)))?;
        let search = Arc::new(look::Search::of(&keys, values));
        Ok(Box::new(Looker {
            finding,
            keys,
            shown,
            holds,
            site,
            previous,
            search,
            surroundings: Arc::clone(surroundings),
        }))
    }
}

fn touches(options: &Options) -> Vec<Touch> {
    let Ok(keys) = options::read::<Keys>(options) else { return Vec::new() };
    let folder = keys.folder.iter().chain(&keys.previous).map(|folder| Touch::File(folder.as_written().to_owned()));
    let files = keys.newer_than.iter().map(|file| Touch::File(file.display().to_string()));
    let host = keys.served.iter().map(|served| {
        let after = served.as_written().split_once("://").map_or(served.as_written(), |(_, rest)| rest);
        Touch::Host(after.split(['/', '?', '#']).next().unwrap_or_default().to_owned())
    });
    folder.chain(files).chain(host).collect()
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        match (keys.looks_at_folder(), &keys.folder) {
            (false, _) if keys.public_prefixes.is_empty() => problems.push(
                OptionProblem::whole("this check asserts nothing")
                    .help("add no_secrets = true, or served = \"https://…\""),
            ),
            (true, None) => problems.push(OptionProblem::whole("no folder is named").help("folder = \"dist\"")),
            _ => {}
        }
        if keys.lacks.iter().any(String::is_empty) {
            problems.push(OptionProblem::at("lacks", "every bundle holds the empty text"));
        }
        if keys.public_prefixes.iter().any(String::is_empty) {
            problems.push(OptionProblem::at("public_prefixes", "every variable begins with the empty text"));
        }
        if keys.previous.is_some() && keys.served.is_none() {
            problems
                .push(OptionProblem::at("previous", "nothing says where it is served").help("served = \"https://…\""));
        }
        let url = keys.served.as_ref().map(Template::as_written).unwrap_or("https://");
        if !url.starts_with("https://") && !url.starts_with("http://") && !url.starts_with("{{") {
            problems.push(OptionProblem::at("served", "an address begins with https:// or http://"));
        }
    })
}

struct Looker {
    finding: Finding,
    keys: Keys,
    /// The folder as a person knows it.
    shown: String,
    /// What the marker must hold.
    holds: Option<String>,
    site: Option<served::Site>,
    /// The folder of the version before.
    previous: Option<String>,
    search: Arc<look::Search>,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move { self.look(timeout).await.unwrap_or_else(|evidence| evidence) })
    }
}

impl Looker {
    /// The error is evidence too: there was nothing to look at, or nobody could.
    async fn look(&self, timeout: Duration) -> Result<Evidence, Evidence> {
        let deadline = network::deadline(timeout);
        let mut objections = prefix::objections(&self.keys, &self.surroundings.values);
        let (mut passed, mut facts) = (Vec::new(), Vec::new());
        if !self.keys.public_prefixes.is_empty() {
            passed.push("no credential stands in a variable that a bundler publishes".to_owned());
        }
        if self.keys.looks_at_folder() {
            let looked = exposed::beside_the_loop(&self.finding, timeout, self.work()).await?;
            let looked = looked.map_err(|missing| {
                let remedy = "build it, or name the folder that is published";
                self.finding.fail(FailureClass::File, &missing).material("folder", "missing").remedy(remedy)
            })?;
            objections.extend(looked.objections);
            passed.extend(looked.passed);
            if let (Some(site), Some(built)) = (&self.site, &looked.built) {
                let compared = served::compare(site, built, &self.surroundings.network, deadline).await;
                let compared = compared.map_err(|trouble| self.unreached(site, &trouble))?;
                objections.extend(compared.objections);
                passed.push(format!("{} is {}", site.shown, self.shown));
                facts = compared.facts;
            }
        }
        let passed = if passed.is_empty() { format!("{} is this build", self.shown) } else { passed.join("; ") };
        let evidence = exposed::evidence(&self.finding, FailureClass::File, objections, &passed);
        Ok(facts.iter().fold(evidence, |evidence, (name, value)| evidence.fact(name, value)))
    }

    fn unreached(&self, site: &served::Site, trouble: &network::Trouble) -> Evidence {
        let summary = format!("{}: {trouble}", site.shown);
        match trouble.is_the_targets() {
            true => self.finding.fail(trouble.class(), &summary),
            false => self.finding.error(&summary),
        }
    }

    /// The part that reads the disk.
    fn work(&self) -> impl FnOnce(&std::sync::atomic::AtomicBool) -> Result<look::Looked, String> + Send + use<> {
        let asked = look::Asked {
            folder: self.surroundings.folder.join(&self.shown),
            shown: self.shown.clone(),
            plan_folder: self.surroundings.folder.clone(),
            keys: self.keys.clone(),
            holds: self.holds.clone(),
            previous: self.previous.clone(),
            now: (self.surroundings.clock)(),
        };
        let search = Arc::clone(&self.search);
        move |stop| look::look(&asked, &search, stop)
    }
}

impl Objection {
    /// The build is not what it should be.
    fn fails(sentence: String) -> Self {
        Self::new(exposed::Gravity::Fails, sentence)
    }
}

#[cfg(test)]
mod tests;
