//! `[changes.NAME]`, `[hurt.NAME]` and `runbook`: what is asked when something is broken.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::duration::Span;
use crate::model::kind::Options;

/// The keys that every source of changes may have.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct ChangesKeys {
    /// How often it is looked at; every minute unless said otherwise.
    pub(crate) every: Option<Span>,
    /// How long one look may take.
    pub(crate) timeout: Option<Span>,
}

/// Where changes from outside come from.
#[derive(Deserialize)]
pub(crate) struct ChangesDocument {
    pub(crate) kind: String,
    #[serde(flatten)]
    pub(crate) common: ChangesKeys,
    #[serde(flatten)]
    pub(crate) options: Options,
}

/// The keys that every query for who is hurt may have.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct HurtKeys {
    /// What it counts, to stand behind the number: `payments failed`.
    pub(crate) title: Option<String>,
    /// How often it is asked while something is broken; every minute unless said otherwise.
    pub(crate) every: Option<Span>,
    /// How long one answer may take.
    pub(crate) timeout: Option<Span>,
    /// What stands before an amount: `R`.
    pub(crate) currency: Option<String>,
    /// How what was hurt is repaired, in a sentence.
    pub(crate) repair: Option<String>,
}

/// A query for who is hurt.
#[derive(Deserialize)]
pub(crate) struct HurtDocument {
    pub(crate) kind: String,
    #[serde(flatten)]
    pub(crate) common: HurtKeys,
    #[serde(flatten)]
    pub(crate) options: Options,
}

/// What to do about a failing check, step by step, in Markdown: a document or the text itself.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum RunbookDocument {
    /// A document, relative to the plan's folder.
    File(PathBuf),
    /// The text itself.
    Text(String),
}
