//! What a person may say of a task: that they are on it, that it is done.

use crate::core::decide::Refusal;
use crate::core::event::{Body, CheckEvent, TaskEvent};
use crate::core::state::State;
use crate::core::status;
use crate::model::id::CheckId;
use crate::model::text::SafeText;

pub(super) fn take(state: &State, check: &CheckId) -> Result<Body, Refusal> {
    open(state, check)?;
    Ok(Body::Task(TaskEvent::Taken { check: check.clone() }))
}

/// It is done, as they say; the check is run at once, and that decides.
pub(super) fn done(state: &State, check: &CheckId, note: Option<&String>) -> Result<Vec<Body>, Refusal> {
    open(state, check)?;
    let note = note.map(|note| SafeText::bounded(note.trim(), 1_000)).filter(|note| !note.is_empty());
    let mut bodies = vec![Body::Task(TaskEvent::Done { check: check.clone(), note })];
    let kept = state.check(check).is_none_or(|(check, _)| status::is_kept_from_production(state, check));
    if !kept {
        bodies.push(Body::Check(CheckEvent::Demanded { checks: vec![check.clone()] }));
    }
    Ok(bodies)
}

fn open(state: &State, check: &CheckId) -> Result<(), Refusal> {
    match state.task(check) {
        Some(_) => Ok(()),
        None => Err(Refusal::new(format!("{check} asks for nobody")).instead("r runs it again")),
    }
}
