//! Ticking off what a runbook says.

use crate::core::decide::Refusal;
use crate::core::event::{Body, TriageEvent};
use crate::core::state::State;
use crate::model::id::CheckId;
use crate::model::runbook::Part;

pub(super) fn tick(state: &State, check: &CheckId, step: usize, done: bool) -> Result<Body, Refusal> {
    let runbook = state.plan().triage.runbooks.get(check);
    let runbook = runbook.ok_or_else(|| Refusal::new(format!("{check} has no runbook")))?;
    let words = runbook.parts().into_iter().find_map(|part| match part {
        Part::Step(number, words) if number == step => Some(words),
        _ => None,
    });
    let words = words.ok_or_else(|| Refusal::new(format!("the runbook of {check} has no step {}", step + 1)))?;
    if state.triage().tick(check, step).is_some() == done {
        return Err(Refusal::new(if done { "that step is ticked off" } else { "that step is open" }));
    }
    Ok(Body::Triage(TriageEvent::Ticked { check: check.clone(), step, words, done }))
}
