//! `[checks.ID]`, `[settings.NAME]` and `[credentials.ID]`: the keys that all checks share, and those of their kinds.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::duration::Span;
use crate::model::failure::Recovery;
use crate::model::kind::Options;
use crate::model::plan::{Backoff, Run, ValueSource};
use crate::model::word::{Category, Severity};
use crate::plan::document::RunbookDocument;

/// The keys that every check may have.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CommonKeys {
    /// What people read instead of the id.
    pub(crate) title: Option<String>,
    /// What it is about; the kind's unless said otherwise.
    pub(crate) category: Option<Category>,
    /// How much its failure weighs; critical unless said otherwise.
    pub(crate) severity: Option<Severity>,
    /// How often it runs.
    pub(crate) every: Option<Span>,
    /// How long one attempt may take.
    pub(crate) timeout: Option<Span>,
    /// How long its evidence counts.
    pub(crate) fresh_for: Option<Span>,
    /// What happens when an attempt does not pass.
    pub(crate) retry: Option<RetryDocument>,
    /// Ids or globs of checks that it stands on; without a word of it, by the built-in order of its host's checks.
    pub(crate) depends_on: Option<Vec<String>>,
    /// When it runs; the kind `command` has its program here instead, and says `on_demand = true`.
    #[schemars(with = "Option<Run>")]
    pub(crate) run: Option<RunDocument>,
    /// Whether it runs only when a person asks, as `run = "on_demand"`.
    #[serde(default)]
    pub(crate) on_demand: bool,
    /// Whether an on-demand probe may run in production.
    #[serde(default)]
    pub(crate) allow_in_production: bool,
    /// Whether its failure may be accepted.
    pub(crate) waivable: Option<bool>,
    /// How many distinct people it takes to accept its failure.
    pub(crate) waiver_people: Option<u8>,
    /// What the check cannot do without, by name: while one of these texts is empty it is left out, and lint says so.
    #[serde(default)]
    pub(crate) where_given: BTreeMap<String, String>,
    /// What a failure means, in a sentence.
    pub(crate) impact: Option<String>,
    /// What to do about a failure, in a sentence or two.
    pub(crate) remedy: Option<String>,
    /// What to do about a failure, step by step, in Markdown: `{ file = "docs/runbooks/x.md" }` or `{ text = "…" }`.
    pub(crate) runbook: Option<RunbookDocument>,
    /// What the service can go on without while it fails, and the feature flags to turn off for that.
    pub(crate) degrade: Option<DegradeDocument>,
    /// What is done about a failure, where it is another thing than usual (docs/FAILURES.md).
    pub(crate) recovery: Option<Recovery>,
}

/// What a service goes on without.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DegradeDocument {
    /// What customers go without, in a few words.
    pub(crate) without: String,
    /// The feature flags to turn off.
    pub(crate) flags: Vec<String>,
}

/// `run`, which says when a check runs, and for the kind `command` what.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum RunDocument {
    When(Run),
    Command(Vec<String>),
}

/// A check.
#[derive(Deserialize)]
pub(crate) struct CheckDocument {
    pub(crate) kind: String,
    #[serde(flatten)]
    pub(crate) common: CommonKeys,
    #[serde(flatten)]
    pub(crate) options: Options,
}

/// A setting.
#[derive(Deserialize)]
pub(crate) struct SettingDocument {
    pub(crate) id: Option<String>,
    #[serde(flatten)]
    pub(crate) common: CommonKeys,
    #[serde(flatten)]
    pub(crate) options: Options,
}

/// A credential.
#[derive(Deserialize)]
pub(crate) struct CredentialDocument {
    pub(crate) from: ValueSource,
    pub(crate) r#as: Option<String>,
    pub(crate) rotate_every: Option<Span>,
    #[serde(default)]
    pub(crate) rotation: RotationDocument,
    #[serde(flatten)]
    pub(crate) common: CommonKeys,
    #[serde(flatten)]
    pub(crate) options: Options,
}

/// The keys of a setting beside those of its kind.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct SettingKeys {
    /// The check's id; the variable's name in small letters unless said otherwise.
    id: Option<String>,
}

/// The keys of a credential beside those of its kind.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
pub(crate) struct CredentialKeys {
    /// Where it is: an environment variable, a file or a command; never a literal.
    from: ValueSource,
    /// The variable in which `golive exec` hands it over; that of its source unless named.
    r#as: Option<String>,
    /// How old it may grow.
    rotate_every: Option<Span>,
    /// How it is rotated; what is left out is a person's part.
    rotation: Option<RotationDocument>,
}

/// How a credential is rotated.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotationDocument {
    /// golive makes the new value up: so many random characters of all classes.
    pub(crate) generate: Option<u16>,
    /// The command whose first line is the new value.
    pub(crate) obtain: Option<Vec<String>>,
    /// The env file whose line is written; the one that the value stands in unless named.
    pub(crate) env_file: Option<PathBuf>,
    /// The command that takes the value to where else it is used; reads it from its standard input.
    pub(crate) distribute: Option<Vec<String>>,
    /// Ids or globs of the checks that have to pass with it; those that use the credential unless named.
    #[serde(default)]
    pub(crate) verify: Vec<String>,
    /// How long they may take to pass; a minute unless said otherwise.
    pub(crate) verify_within: Option<Span>,
    /// The command that retires the old value; reads it from its standard input. A person's word unless named.
    pub(crate) retire: Option<Vec<String>>,
}

/// What happens when an attempt does not pass.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryDocument {
    /// Attempts in all.
    #[serde(default = "three")]
    pub(crate) attempts: u32,
    /// The wait before the second attempt.
    #[serde(default = "two_seconds")]
    pub(crate) delay: Span,
    /// How the wait grows.
    #[serde(default)]
    pub(crate) backoff: Backoff,
}

const fn three() -> u32 {
    3
}

const fn two_seconds() -> Span {
    Span::seconds(2)
}
