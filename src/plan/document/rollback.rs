//! The way back beside its steps (`[procedure]`), how a step is rehearsed, and what a go-live keeps to: window, freezes,
//! poll.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::duration::Span;
use crate::model::rollback::Grade;
use crate::model::template::Template;
use crate::plan::document::item::RequestDocument;

/// The rollback beside its steps.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcedureDocument {
    /// Checks that have to pass on the old version once all steps are done: ids, globs, or `category:payment`.
    #[serde(default)]
    pub(crate) verify: Vec<String>,
    /// How long they may take to pass; two minutes unless said otherwise.
    pub(crate) verify_within: Option<Span>,
    /// Checks that have to pass after a rehearsal, on what was rehearsed on.
    #[serde(default)]
    pub(crate) rehearsal_verify: Vec<String>,
    /// How long all of it should take at most; the sum of the steps' budgets unless said otherwise.
    pub(crate) budget: Option<Span>,
    /// What makes golive recommend the rollback once the deployment has begun: checks known to fail, or `step:release`.
    #[serde(default)]
    pub(crate) when: Vec<String>,
    /// How long a trigger has to stand before it counts.
    pub(crate) after: Option<Span>,
    /// Whether golive may begin the rollback by itself when it recommends it.
    #[serde(default)]
    pub(crate) unattended: bool,
    /// Files beside the scripts that make the procedure what it is, such as a migration's head: a change of one voids
    /// every rehearsal.
    #[serde(default)]
    pub(crate) files: Vec<String>,
}

/// How a step is rehearsed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RehearseDocument {
    /// The program and its arguments.
    pub(crate) run: Option<Vec<Template>>,
    /// Or one HTTP request.
    pub(crate) request: Option<RequestDocument>,
    /// Working folder, relative to the plan's.
    pub(crate) folder: Option<String>,
    /// Variables added to its environment.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, Template>,
    /// How near it is to the real thing: `dry` changes nothing, `staging` is done on a copy, `real` on the thing itself.
    #[serde(default)]
    pub(crate) grade: Grade,
}

/// The time that a go-live was given.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WindowDocument {
    /// From then on: `2026-11-26T20:00:00+02:00`.
    pub(crate) from: Option<String>,
    /// Until then.
    pub(crate) until: Option<String>,
}

/// A time in which nothing goes live.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FreezeDocument {
    /// From then on.
    pub(crate) from: String,
    /// Until then.
    pub(crate) until: String,
    /// Why.
    #[serde(default)]
    pub(crate) reason: String,
}

/// Who says go or no-go.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PollDocument {
    /// The roles, in order: `release`, `payments`, `database`, `support`.
    #[serde(default)]
    pub(crate) roles: Vec<String>,
}
