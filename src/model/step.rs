//! What is run in the world on a person's word: a command or a request.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::{ItemId, RollbackStepId};
use crate::model::pipeline::Pipeline;
use crate::model::rollback::RehearsalForm;
use crate::model::template::Template;

/// A step of the deployment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What is done.
    pub action: Action,
    /// How long it may take; after that the whole tree is stopped and the step has failed.
    pub timeout: Span,
    /// What the operator has to type before it starts.
    pub confirm: Confirm,
    /// What happens to it when golive goes away.
    pub on_disconnect: OnDisconnect,
    /// How it is taken back, as a step of the rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Box<Undo>>,
}

/// How a step is taken back once it is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Undo {
    /// What is done.
    pub step: RollbackStep,
    /// Which ends of the step it is for.
    #[serde(default)]
    pub after: UndoAfter,
}

/// Which ends of a step its undo is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndoAfter {
    /// Only a step that is done: what failed half-way is left to a person.
    #[default]
    Success,
    /// Also one that failed half-way, was stopped, or ended unknown.
    Start,
}

impl Undo {
    /// The name under which an item's undo stands among the steps of a rollback.
    #[must_use]
    pub fn id_of(item: &ItemId) -> RollbackStepId {
        RollbackStepId::new(&format!("undo_{item}"))
    }
}

/// A command or a request. Texts may hold `{{ names }}`; values are put in when it starts, never before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A program with its arguments; no shell is involved.
    Command {
        /// Program and arguments.
        run: Vec<Template>,
        /// Working folder, relative to the plan's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        folder: Option<String>,
        /// Variables added to its environment.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        environment: BTreeMap<String, Template>,
        /// Whether it gets a terminal of its own.
        #[serde(default)]
        tty: bool,
        /// Files that it writes: no scripts, though it names them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        writes: Vec<String>,
    },
    /// One HTTP request; a status below 400 is success unless `expect` says otherwise.
    Request {
        /// GET, POST, …
        method: String,
        /// Where to.
        url: Template,
        /// Headers to send.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, Template>,
        /// Body to send.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Template>,
        /// A condition over `status`, `body`, `json`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expect: Option<String>,
    },
    /// A pipeline elsewhere.
    Pipeline(Box<Pipeline>),
}

/// What the operator has to type before a step starts. Every step has a door; this is its lock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confirm {
    /// `y` is enough: the step is reversible.
    Yes,
    /// The service's name, as the plan has it.
    #[default]
    TypeServiceName,
}

/// What happens to a running step when golive goes away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDisconnect {
    /// It runs on; the next start attaches to it again.
    #[default]
    Continue,
    /// It is stopped with its whole tree.
    Stop,
}

/// One step of the rollback procedure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RollbackStep {
    /// Unique among rollback steps.
    pub id: RollbackStepId,
    /// What people read.
    pub title: String,
    /// What is done.
    pub action: Action,
    /// How long it should take at most; its timeout is three times that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Span>,
    /// How it is rehearsed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearse: Option<RehearsalForm>,
}

/// How long a step of the procedure may take where the plan names no budget.
const USUAL_TIMEOUT: Span = Span::seconds(600);

impl RollbackStep {
    /// As a step that can be run: a late success is better than a stopped half, so it has three times its budget.
    #[must_use]
    pub fn as_step(&self) -> Step {
        Step {
            action: self.action.clone(),
            timeout: self.budget.map_or(USUAL_TIMEOUT, |budget| Span(budget.0 * 3)),
            confirm: Confirm::TypeServiceName,
            on_disconnect: OnDisconnect::Continue,
            undo: None,
        }
    }
}
