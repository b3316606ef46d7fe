//! Check kinds: one file each, all of one shape, in one table.
//!
//! A kind turns its keys into a [`Probe`]; a probe looks at the world and answers with [`Evidence`]. It knows no
//! screen, no journal and no other check. Adding a kind is one file, and one `mod` line with one line in [`KINDS`].

mod addresses;
mod artefact;
mod asking;
mod bundle;
pub mod changes;
mod command;
#[cfg(test)]
mod contract;
mod credential;
mod dns;
mod env_files;
mod exposed;
mod exposure;
mod file;
mod finding;
mod findings;
mod flow;
mod gathered;
mod git;
mod grpc;
mod http;
pub mod hurt;
mod judging;
mod junit;
#[cfg(test)]
mod kit;
mod mending;
mod metric;
mod monitoring;
mod notifier;
mod options;
mod procedure;
mod process;
mod prometheus;
mod redis;
mod setting;
mod settings;
mod site;
mod smtp;
mod sql;
mod tcp;
mod tls;
mod variable;
mod via;
mod webhook;
mod websocket;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use credential::Strength;
pub use mending::{mends, variables};

use crate::core::evidence::Evidence;
use crate::model::kind::{KindSpec, Kinds};
use crate::model::mend::Wanted;
use crate::model::plan::Check;
use crate::model::time::Now;
use crate::model::values::Values;
use crate::network::Network;
use crate::notify::{self, Roster};

/// Every kind there is. From this table come the plan's keys, `golive schema`, docs and "did you mean".
pub const KINDS: &[&dyn Kind] = &[
    &variable::Variable,
    &setting::Setting,
    &settings::Settings,
    &gathered::Gathered,
    &env_files::EnvFiles,
    &credential::Credential,
    &http::Http,
    &tls::Tls,
    &tcp::Tcp,
    &dns::Dns,
    &file::File,
    &bundle::Bundle,
    &exposure::Exposure,
    &command::Command,
    &notifier::Notifier,
    &monitoring::Monitoring,
    &sql::Sql,
    &redis::Redis,
    &smtp::Smtp,
    &websocket::Websocket,
    &prometheus::Prometheus,
    &git::Git,
    &grpc::Grpc,
    &flow::Flow,
    &metric::Metric,
    &junit::Junit,
    &procedure::Procedure,
    &webhook::Webhook,
    &site::Site,
    &findings::Findings,
];

/// A kind of check.
pub trait Kind: Sync {
    /// What lint, schema and docs know of it.
    fn spec(&self) -> KindSpec;

    /// Makes a probe of a check's keys, with the values put in. Called once a session, and again when values change.
    ///
    /// # Errors
    /// The evidence that stands in for a probe: `error` when a value's source failed, `fail` when a value that the
    /// keys name is missing.
    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>>;

    /// What would make a check of this kind hold where it does not: variable by variable.
    fn wanted(&self, _check: &Check, _values: &Values) -> Vec<(String, Wanted)> {
        Vec::new()
    }

    /// The variables that a check of this kind is about.
    fn variables(&self, _check: &Check) -> Vec<String> {
        Vec::new()
    }
}

/// A check that is ready to look.
pub trait Probe: Send + Sync {
    /// Looks once. Ends within `timeout` by itself; the engine makes sure of it from outside too.
    fn run(&self, timeout: Duration) -> Looking<'_>;
}

/// What [`Probe::run`] returns.
pub type Looking<'a> = Pin<Box<dyn Future<Output = Evidence> + Send + 'a>>;

/// What all checks of a session share.
pub struct Surroundings {
    /// The values of the sources.
    pub values: Values,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// Whether the plan's commands may run.
    pub trusted: bool,
    /// Reads the clocks.
    pub clock: fn() -> Now,
    /// How names are reached and whom to trust: one TLS configuration for all.
    pub network: Network,
    /// Where people are told.
    pub notifiers: Roster,
}

impl Surroundings {
    /// The same, with other values and the notifiers that they make: a source changed.
    #[must_use]
    pub fn with_values(&self, values: Values, notifiers: Roster) -> Self {
        let Self { folder, trusted, clock, network, .. } = self;
        Self { values, folder: folder.clone(), trusted: *trusted, clock: *clock, network: network.clone(), notifiers }
    }
}

/// The specs of all kinds, those of notifiers included, for the plan's loader.
#[must_use]
pub fn specs() -> Kinds {
    Kinds {
        checks: KINDS.iter().map(|kind| kind.spec()).collect(),
        notifiers: notify::specs(),
        changes: changes::specs(),
        hurt: hurt::specs(),
    }
}

/// The kind with this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.spec().name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::kind::Options;

    fn options_of(example: &str) -> Options {
        let table: toml::Table = toml::from_str(example).unwrap();
        serde_json::to_value(table).unwrap().as_object().unwrap().clone()
    }

    #[test]
    fn every_kind_has_a_name_of_its_own_a_sentence_and_a_sound_example() {
        let mut names = std::collections::BTreeSet::new();
        for spec in specs() {
            assert!(names.insert(spec.name), "two kinds are called {}", spec.name);
            assert!(spec.doc.ends_with('.'), "{}: one sentence", spec.name);
            let problems = (spec.problems)(&options_of(spec.example));
            assert!(problems.is_empty(), "{}: {problems:?}", spec.name);
            let schema = serde_json::to_value((spec.schema)()).unwrap();
            assert_eq!(schema["additionalProperties"], serde_json::Value::Bool(false), "{}", spec.name);
        }
    }

    #[test]
    fn a_check_that_asserts_nothing_is_a_problem() {
        for (name, text) in [
            ("http", "url = \"https://x.example\""),
            ("setting", "name = \"A\""),
            ("variable", "names = []"),
            ("dns", "name = \"x.example\"\nexpect = \"\""),
        ] {
            let spec = kind(name).unwrap().spec();
            assert!(!(spec.problems)(&options_of(text)).is_empty(), "{name} took {text}");
        }
    }
}
