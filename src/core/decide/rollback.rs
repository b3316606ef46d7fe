//! Rolling back: from any phase, gated by no check, for the checks are what made it necessary.

use crate::core::decide::{Refusal, written};
use crate::core::event::{Body, ProcedureEvent, StepEvent};
use crate::core::rollback;
use crate::core::state::{Stage, State, StepStatus};
use crate::model::time::Now;

/// Begins the procedure, or begins it again where it failed. Steps of the deployment that still run are stopped first.
pub(super) fn begin(state: &State, reason: Option<&String>, now: Now) -> Result<Vec<Body>, Refusal> {
    if state.rollback_steps().len() == 0 {
        if state.plan().items.iter().any(|item| item.step.as_ref().is_some_and(|step| step.undo.is_some())) {
            return Err(Refusal::new("nothing has been done yet that could be taken back"));
        }
        return Err(Refusal::new("the plan has no rollback procedure")
            .instead("add [[rollback_step]] to it; until then roll back by hand and write down what was done (m)"));
    }
    match &state.procedure().stage {
        Stage::Running | Stage::Verifying { .. } => {
            return Err(Refusal::new("the rollback is under way already").instead("press R to stop it"));
        }
        Stage::NotRun | Stage::RolledBack { .. } | Stage::Failed { .. } => {}
    }
    if let Some(item) = rollback::no_return(state, now) {
        return Err(Refusal::new(format!("{} was the point of no return", item.title))
            .instead("roll forward: deploy a mended version"));
    }
    let mut events = Vec::new();
    for (item, known) in state.items() {
        if let Some(step) = known.step.as_ref().filter(|step| is_stoppable(&step.status)) {
            events.push(Body::Step(StepEvent::StopAsked { item: item.id.clone(), effect: step.effect }));
        }
    }
    let given = reason.map(|reason| written(reason, "a reason")).transpose()?;
    let recommended = state.procedure().recommended.iter().flat_map(|(_, reasons)| reasons.iter().cloned());
    let reasons = given.into_iter().chain(recommended).collect();
    events.push(Body::Procedure(ProcedureEvent::Begun { reasons }));
    Ok(events)
}

const fn is_stoppable(status: &StepStatus) -> bool {
    matches!(status, StepStatus::Intended | StepStatus::Running)
}

/// Stops the procedure: its running step with its whole tree, or the verification.
pub(super) fn stop(state: &State) -> Result<Body, Refusal> {
    if !state.procedure().is_under_way() {
        return Err(Refusal::new("no rollback is under way"));
    }
    let running = state.next_rollback_step().and_then(|(step, run)| Some((step, run?)));
    match running {
        Some((step, run)) if is_stoppable(&run.status) => {
            let asked = StepEvent::StopAsked { item: step.id.clone(), effect: run.effect };
            Ok(Body::Procedure(ProcedureEvent::Step(asked)))
        }
        Some((step, run)) if run.is_under_way() => {
            Err(Refusal::new(format!("{} is being stopped already", step.title)))
        }
        _ => {
            let why = crate::model::text::SafeText::from_foreign("stopped by a person");
            Ok(Body::Procedure(ProcedureEvent::Failed { why, left: rollback::left(state) }))
        }
    }
}
