//! The tasks that are open: who has what to do about which check, and what they say that they did.

use jiff::Timestamp;

use crate::core::event::{Event, TaskEvent};
use crate::core::state::State;
use crate::model::id::{CheckId, EffectId};
use crate::model::operator::{Actor, Operator};
use crate::model::text::SafeText;

/// An open task.
#[derive(Clone, Debug)]
pub struct TaskState {
    /// Since when.
    pub opened: Timestamp,
    /// What the check saw.
    pub what: SafeText,
    /// What to do about it.
    pub remedy: Option<SafeText>,
    /// Who is on it, and since when.
    pub taken: Option<(Operator, Timestamp)>,
    /// Who says that it is done.
    pub done: Option<SaidDone>,
}

/// A person's word that a task is done.
#[derive(Clone, Debug)]
pub struct SaidDone {
    /// Who.
    pub by: Operator,
    /// When.
    pub at: Timestamp,
    /// What they did.
    pub note: Option<SafeText>,
    /// The next run's number then: only runs from it on say whether it helped.
    pub runs_from: EffectId,
}

impl State {
    /// The open tasks, in order of their checks' names.
    pub fn tasks(&self) -> impl Iterator<Item = (&CheckId, &TaskState)> {
        self.tasks.iter()
    }

    /// The open task of a check.
    #[must_use]
    pub fn task(&self, check: &CheckId) -> Option<&TaskState> {
        self.tasks.get(check)
    }
}

pub(super) fn apply(state: &mut State, body: &TaskEvent, event: &Event) {
    let by = match &event.actor {
        Actor::Operator(by) => Some(by.clone()),
        Actor::Golive => None,
    };
    let runs_from = state.next_effect();
    let tasks = std::sync::Arc::make_mut(&mut state.tasks);
    match body {
        TaskEvent::Opened { check, what, remedy } => {
            let before = tasks.remove(check);
            let opened = before.as_ref().map_or(event.at, |task| task.opened);
            let taken = before.and_then(|task| task.taken);
            let (what, remedy) = (what.clone(), remedy.clone());
            tasks.insert(check.clone(), TaskState { opened, what, remedy, taken, done: None });
        }
        TaskEvent::Closed { check, .. } => {
            tasks.remove(check);
        }
        TaskEvent::Taken { check } => {
            if let (Some(task), Some(by)) = (tasks.get_mut(check), by) {
                task.taken = Some((by, event.at));
            }
        }
        TaskEvent::Done { check, note } => {
            if let (Some(task), Some(by)) = (tasks.get_mut(check), by) {
                task.done = Some(SaidDone { by, at: event.at, note: note.clone(), runs_from });
            }
        }
    }
}
