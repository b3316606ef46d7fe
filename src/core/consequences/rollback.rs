//! How a rollback goes on by itself once it was begun: step after step, then the verification of the old version.

use crate::core::event::{Body, ProcedureEvent, StepEnd, StepEvent};
use crate::core::rollback;
use crate::core::state::{Stage, State, StepState};
use crate::model::step::RollbackStep;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// What follows by itself in the rollback.
pub(super) fn follows(state: &State, now: Now) -> Option<ProcedureEvent> {
    match &state.procedure().stage {
        Stage::Running => step(state),
        Stage::Verifying { since, .. } => verification(state, *since, now),
        Stage::RolledBack { .. } => None,
        Stage::NotRun | Stage::Failed { .. } => recommendation(state, now),
    }
}

/// Steps run one after the other, and the first only when nothing of the deployment runs any more.
fn step(state: &State) -> Option<ProcedureEvent> {
    let deploying = state.items().any(|(_, known)| known.step.as_ref().is_some_and(|step| step.is_under_way()));
    if deploying {
        return None;
    }
    match state.next_step_back() {
        None if !is_verified_by_checks(state) && state.next_step_forward().is_none() => {
            Some(ProcedureEvent::RolledBack { verified: false })
        }
        None => Some(ProcedureEvent::VerificationBegan { effect: state.next_effect() }),
        Some((step, run)) => run_step(state, step, run),
    }
}

fn is_verified_by_checks(state: &State) -> bool {
    !state.plan().rollback.verify.is_empty()
}

/// Begins a step, or says that it did not succeed.
fn run_step(state: &State, step: &RollbackStep, run: Option<&StepState>) -> Option<ProcedureEvent> {
    let Some(run) = run else {
        let intended = StepEvent::Intended { item: step.id.clone(), effect: state.next_effect() };
        return Some(ProcedureEvent::Step(intended));
    };
    let why = match run.end()? {
        StepEnd::Succeeded(_) => return None,
        StepEnd::Failed(how) => format!("{}: {how}", step.id),
        StepEnd::TimedOut => format!("{}: took too long and was stopped", step.id),
        StepEnd::Stopped => format!("{}: was stopped", step.id),
        StepEnd::Unknown(why) => format!("{}: nobody knows how it ended: {why}", step.id),
    };
    Some(failed(state, &why))
}

fn verification(state: &State, since: Now, now: Now) -> Option<ProcedureEvent> {
    // In a rehearsal it goes on from there: what is rolled forward again no longer looks like the old version.
    let open = if state.has_gone_forward() { Vec::new() } else { rollback::unverified(state) };
    let Some((check, says)) = open.first() else {
        return match state.next_step_forward() {
            Some((step, run)) => run_step(state, step, run),
            None => Some(ProcedureEvent::RolledBack { verified: is_verified_by_checks(state) }),
        };
    };
    let within = state.plan().rollback.verify_within;
    // A clock that went backwards cannot say how long it has been: a person may begin again.
    let over = now.since(since).is_none_or(|taken| taken >= within.0);
    over.then(|| {
        let more = if open.len() > 1 { format!(" (and {} more)", open.len() - 1) } else { String::new() };
        failed(state, &format!("the old version was not seen working within {within}: {check}: {says}{more}"))
    })
}

fn failed(state: &State, why: &str) -> ProcedureEvent {
    ProcedureEvent::Failed { why: SafeText::bounded(why, 300), left: rollback::left(state) }
}

/// golive recommends, takes it back, or begins by itself where the plan allows that.
fn recommendation(state: &State, now: Now) -> Option<ProcedureEvent> {
    let known = state.procedure();
    if state.rollback_steps().len() == 0 {
        return None;
    }
    let standing = rollback::recommendation(state, now);
    if standing.is_empty() {
        return known.recommended.as_ref().map(|_| ProcedureEvent::RecommendationWithdrawn);
    }
    let reasons: Vec<SafeText> = standing.iter().map(|standing| SafeText::bounded(&standing.reason, 300)).collect();
    if known.recommended.is_none() {
        return Some(ProcedureEvent::Recommended { reasons });
    }
    rollback::is_countdown_over(state, now).then_some(ProcedureEvent::Begun { reasons })
}

/// As events.
pub(super) fn bodies(state: &State, now: Now) -> Option<Body> {
    follows(state, now).map(Body::Procedure)
}
