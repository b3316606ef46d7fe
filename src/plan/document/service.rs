//! `[service]`, `[network]`, `[sources]`, `[limits]`, and where a value comes from.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::duration::Span;
use crate::model::plan::{Opening, ValueSource};

/// What goes live.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceDocument {
    /// Its name: shown everywhere, typed at the doors.
    pub(crate) name: String,
    /// `production`, `staging`, …
    #[serde(default = "production")]
    pub(crate) environment: String,
    /// The version that goes live.
    pub(crate) version: Option<ValueDocument>,
    /// The version that runs before the go-live, read once when the session is opened: what a rollback goes back to.
    pub(crate) previous_version: Option<ValueDocument>,
    /// Our own hosts; every other one is asked at most every 60 s unless its check says otherwise.
    #[serde(default)]
    pub(crate) hosts: Vec<String>,
}

fn production() -> String {
    "production".to_owned()
}

/// How names are reached.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkDocument {
    /// `"api.example:443" = "127.0.0.1:9443"`, as curl's --resolve.
    #[serde(default)]
    pub(crate) resolve: BTreeMap<String, String>,
    /// A PEM file of roots to trust instead of the system's.
    pub(crate) ca: Option<PathBuf>,
}

/// Where variables come from.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourcesDocument {
    /// Env files; later wins, missing ones are skipped.
    #[serde(default)]
    pub(crate) env_files: Vec<PathBuf>,
    /// Whether the environment of golive's own process counts, and wins.
    #[serde(default)]
    pub(crate) process_env: bool,
}

/// Bounds of a run.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsDocument {
    /// How many checks run at once.
    #[serde(default = "thirty_two")]
    pub(crate) concurrency: u32,
    /// How long "I am on it" stands; half an hour unless said otherwise.
    pub(crate) claims: Option<Span>,
}

const fn thirty_two() -> u32 {
    32
}

impl Default for LimitsDocument {
    fn default() -> Self {
        Self { concurrency: thirty_two(), claims: None }
    }
}

/// Where a value comes from; a plain text is the value itself.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum ValueDocument {
    /// The value itself.
    Text(String),
    /// A source.
    Source(ValueSource),
}

impl From<ValueDocument> for ValueSource {
    fn from(document: ValueDocument) -> Self {
        match document {
            ValueDocument::Text(text) => Self::Value(text),
            ValueDocument::Source(source) => source,
        }
    }
}

/// What deployments ask before they let customers in.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GateDocument {
    /// A file that says `open` or `closed` on its first line, relative to the plan's folder.
    pub(crate) file: Option<PathBuf>,
    /// An address of loopback on which `/gate` answers 200 or 503, with the reasons.
    pub(crate) listen: Option<String>,
    /// Who opens it: a person, or the rule that the verdict on `open` is GO.
    #[serde(default)]
    pub(crate) opens: Opening,
    /// Ids, globs or categories of checks whose failure closes it again; without them only a person does.
    #[serde(default)]
    pub(crate) closes_on: Vec<String>,
}
