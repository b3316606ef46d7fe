//! Items of the four phases, their steps, and the steps of the rollback procedure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::duration::Span;
use crate::model::item::NotBy;
use crate::model::pipeline::Pipeline;
use crate::model::rollback::Grade;
use crate::model::step::{Confirm, OnDisconnect};
use crate::model::template::Template;
use crate::model::word::Severity;
use crate::plan::document::rollback::{RehearseDocument, UndoDocument};

/// One row of a checklist.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ItemDocument {
    /// Unique among items.
    pub(crate) id: String,
    /// What people read.
    pub(crate) title: Option<String>,
    /// How much it weighs while it is not settled; critical unless said otherwise.
    pub(crate) severity: Option<Severity>,
    /// Whether it may be accepted unsettled.
    pub(crate) waivable: Option<bool>,
    /// How many distinct people that takes.
    pub(crate) waiver_people: Option<u8>,
    /// Ids, globs, or `category:credential`.
    #[serde(default)]
    pub(crate) checks: Vec<String>,
    /// A question to people.
    pub(crate) manual: Option<ManualDocument>,
    /// What is run on a person's word.
    pub(crate) step: Option<StepDocument>,
    /// A quiet time.
    pub(crate) soak: Option<SoakDocument>,
    /// A rehearsal of the rollback.
    pub(crate) rehearsal: Option<RehearsalDocument>,
    /// Items that must be settled before its step may start; the steps before it unless said otherwise.
    pub(crate) needs: Option<Vec<String>>,
    /// Steps with the same word here may run side by side: none of them waits for another.
    pub(crate) parallel: Option<String>,
    /// Whether there is no way back once this is done: past it one rolls forward.
    #[serde(default)]
    pub(crate) point_of_no_return: bool,
    /// What to do when it does not settle.
    pub(crate) remedy: Option<String>,
}

/// A question to people.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ManualDocument {
    /// The question, as it is asked.
    pub(crate) prompt: String,
    /// How many distinct people have to say yes.
    #[serde(default = "one")]
    pub(crate) approvals: u8,
    /// Whose yes does not count: `runner`, whoever started a step of this go-live.
    pub(crate) not_by: Option<NotBy>,
}

const fn one() -> u8 {
    1
}

/// A quiet time.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SoakDocument {
    /// How long.
    #[serde(rename = "for")]
    pub(crate) length: Span,
    /// Failing checks above this level break it.
    #[serde(default = "warning")]
    pub(crate) no_alert_above: Severity,
}

const fn warning() -> Severity {
    Severity::Warning
}

/// A rehearsal that has to have passed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RehearsalDocument {
    /// Not longer ago than this.
    pub(crate) within: Span,
    /// Not slower than this.
    pub(crate) budget: Span,
    /// At least this near to the real thing; `staging` unless said otherwise. A dry run settles nothing critical.
    #[serde(default)]
    pub(crate) grade: Grade,
}

/// A command or a request, on a person's word.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StepDocument {
    /// The program and its arguments; no shell is involved.
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
    /// Whether it gets a terminal of its own.
    #[serde(default)]
    pub(crate) tty: bool,
    /// Files that it writes, where its arguments name them: they are no scripts.
    #[serde(default)]
    pub(crate) writes: Vec<String>,
    /// How it is taken back when the deployment is rolled back.
    pub(crate) undo: Option<UndoDocument>,
    /// How long it may take.
    #[serde(default = "ten_minutes")]
    pub(crate) timeout: Span,
    /// What the operator types before it starts.
    #[serde(default)]
    pub(crate) confirm: Confirm,
    /// What happens to it when golive goes away.
    #[serde(default)]
    pub(crate) on_disconnect: OnDisconnect,
}

const fn ten_minutes() -> Span {
    Span::seconds(600)
}

/// One HTTP request.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestDocument {
    /// GET, POST, …
    #[serde(default = "post")]
    pub(crate) method: String,
    /// Where to.
    pub(crate) url: Template,
    /// Headers to send.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Template>,
    /// Body to send.
    pub(crate) body: Option<Template>,
    /// A condition over status, body, json; a status below 400 unless said otherwise.
    pub(crate) expect: Option<String>,
}

fn post() -> String {
    "POST".to_owned()
}

/// One step of the rollback procedure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RollbackStepDocument {
    /// Unique among rollback steps.
    pub(crate) id: String,
    /// What people read.
    pub(crate) title: Option<String>,
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
}
