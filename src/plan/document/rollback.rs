//! The way back beside its steps (`[procedure]`), how a step is rehearsed, and what a go-live keeps to: window, freezes,
//! poll.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::duration::Span;
use crate::model::pipeline::Pipeline;
use crate::model::rollback::{Grade, Measure, RehearsalMoment, UndoPlace};
use crate::model::step::UndoAfter;
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
    /// How long a person has from the recommendation on: a countdown, at whose end golive begins where it may.
    pub(crate) countdown: Option<Span>,
    /// Whether done steps are taken back before the procedure's own steps (`first`) or behind them (`last`).
    #[serde(default)]
    pub(crate) undo: UndoPlace,
    /// Checks of the kind `metric` whose growth since the deployment is told at the door: what the rollback would leave.
    #[serde(default)]
    pub(crate) since: Vec<String>,
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
    /// Or a pipeline elsewhere.
    pub(crate) pipeline: Option<Pipeline>,
    /// Working folder, relative to the plan's.
    pub(crate) folder: Option<String>,
    /// Variables added to its environment.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, Template>,
    /// Files that it writes, where its arguments name them: they are no scripts.
    #[serde(default)]
    pub(crate) writes: Vec<String>,
    /// How near it is to the real thing: `dry` changes nothing, `staging` is done on a copy, `real` on the thing itself.
    #[serde(default)]
    pub(crate) grade: Grade,
}

/// How a step is taken back.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UndoDocument {
    /// The program and its arguments.
    pub(crate) run: Option<Vec<Template>>,
    /// Or one HTTP request.
    pub(crate) request: Option<RequestDocument>,
    /// Or a pipeline elsewhere.
    pub(crate) pipeline: Option<Pipeline>,
    /// Working folder, relative to the plan's.
    pub(crate) folder: Option<String>,
    /// Variables added to its environment.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, Template>,
    /// Files that it writes, where its arguments name them: they are no scripts.
    #[serde(default)]
    pub(crate) writes: Vec<String>,
    /// How long it should take at most.
    pub(crate) budget: Option<Span>,
    /// How it is rehearsed.
    pub(crate) rehearse: Option<RehearseDocument>,
    /// Which ends of the step it is for: `success`, or `start` where it also copes with one that failed half-way.
    #[serde(default)]
    pub(crate) after: UndoAfter,
}

/// What only a rehearsal does, around the procedure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RehearsalStepDocument {
    /// Unique among all steps of the way back.
    pub(crate) id: String,
    /// What people read.
    pub(crate) title: Option<String>,
    /// `before` the first step of the rollback, or `after` the old version was seen working.
    pub(crate) when: RehearsalMoment,
    /// What it measures: `data` that must not be lost, `callbacks` at the old version, rolling `forward` again.
    pub(crate) measures: Option<Measure>,
    /// The program and its arguments.
    pub(crate) run: Option<Vec<Template>>,
    /// Or one HTTP request.
    pub(crate) request: Option<RequestDocument>,
    /// Or a pipeline elsewhere.
    pub(crate) pipeline: Option<Pipeline>,
    /// Working folder, relative to the plan's.
    pub(crate) folder: Option<String>,
    /// Variables added to its environment.
    #[serde(default)]
    pub(crate) environment: BTreeMap<String, Template>,
    /// Files that it writes, where its arguments name them: they are no scripts.
    #[serde(default)]
    pub(crate) writes: Vec<String>,
    /// How long it should take at most.
    pub(crate) budget: Option<Span>,
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
    /// Who speaks for a role: `{ database = "sipho" }`.
    #[serde(default)]
    pub(crate) people: BTreeMap<String, String>,
}
