//! Rehearsing the rollback: the plan of a rehearsal, and what a rehearsal comes to. A rehearsal is a session whose plan
//! holds the procedure in its rehearsal forms and nothing else, so it runs by the same rules as the real thing.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::event::StepEnd;
use crate::core::rollback;
use crate::core::state::{Stage, State, StepState, StepStatus};
use crate::model::duration::{self, Span};
use crate::model::id::{CheckId, RollbackStepId};
use crate::model::operator::Actor;
use crate::model::plan::{Plan, Run};
use crate::model::rehearsal::{RehearsalRecord, RehearsedStep};
use crate::model::rollback::{Grade, RehearsalMoment, UndoPlace};
use crate::model::step::RollbackStep;
use crate::model::text::SafeText;

/// The plan of a rehearsal.
///
/// # Errors
/// The steps that have no rehearsal form; all of them when there is no procedure.
pub fn as_rehearsal(plan: &Plan) -> Result<Plan, Vec<RollbackStepId>> {
    let without: Vec<RollbackStepId> =
        steps(plan).into_iter().filter(|step| step.rehearse.is_none()).map(|step| step.id.clone()).collect();
    if !without.is_empty() || steps(plan).is_empty() {
        return Err(without);
    }
    let mut rehearsed = plan.clone();
    rehearsed.procedure = steps(plan).into_iter().cloned().collect();
    rehearsed.items.clear();
    rehearsed.ceremony.roles.clear();
    for step in &mut rehearsed.procedure {
        if let Some(form) = &step.rehearse {
            step.action = form.action.clone();
        }
    }
    let own = std::mem::take(&mut rehearsed.rollback.rehearsal_verify);
    let rollback = &mut rehearsed.rollback;
    // Done on the real thing, it is verified like the real thing.
    rollback.verify = if own.is_empty() && grade(plan) == Grade::Real { rollback.verify.clone() } else { own };
    (rollback.unattended, rollback.when, rollback.no_return) = (false, Vec::new(), Vec::new());
    rollback.countdown = None;
    keep_checks(&mut rehearsed);
    Ok(rehearsed)
}

/// The steps of a rollback after which everything of the deployment would have been done: the undoing of its steps, the
/// last one first, and the procedure's own.
fn steps(plan: &Plan) -> Vec<&RollbackStep> {
    let undone = plan.items.iter().rev().filter_map(|item| item.step.as_ref()?.undo.as_ref()).map(|undo| &undo.step);
    match plan.rollback.undo {
        UndoPlace::First => undone.chain(&plan.procedure).collect(),
        UndoPlace::Last => plan.procedure.iter().chain(undone).collect(),
    }
}

/// Only what verifies the rehearsal, and what that stands on.
fn keep_checks(plan: &mut Plan) {
    let mut needed: BTreeSet<CheckId> = BTreeSet::new();
    let mut open: Vec<CheckId> = plan.rollback.verify.clone();
    while let Some(id) = open.pop() {
        if needed.insert(id.clone()) {
            open.extend(plan.check(&id).map(|check| check.depends_on.clone()).unwrap_or_default());
        }
    }
    plan.checks.retain(|check| needed.contains(&check.id));
    for check in &mut plan.checks {
        check.phase = None;
        check.run = if plan.rollback.verify.contains(&check.id) { Run::AfterRollback } else { Run::Scheduled };
    }
}

/// The least grade of a procedure's rehearsal forms: what it proves.
#[must_use]
pub fn grade(plan: &Plan) -> Grade {
    let grades = steps(plan).into_iter().map(|step| step.rehearse.as_ref().map_or(Grade::Dry, |form| form.grade));
    grades.min().unwrap_or(Grade::Dry)
}

/// What a rehearsal came to; `None` while it is under way or was never begun.
#[must_use]
pub fn record(state: &State) -> Option<RehearsalRecord> {
    let known = state.procedure();
    let begun = known.begun.as_ref()?;
    let (at, failed) = match &known.stage {
        Stage::NotRun | Stage::Running | Stage::Verifying { .. } => return None,
        Stage::RolledBack { at, .. } => (*at, None),
        Stage::Failed { at, why, .. } => (*at, Some(why.clone())),
    };
    let took = way_back(state, begun.when.at, at);
    let measures = |id: &RollbackStepId| {
        let mut measured = state.plan().rollback.rehearsal_steps.iter();
        measured.find(|measured| measured.step.id == *id).and_then(|measured| measured.measures)
    };
    let steps: Vec<RehearsedStep> = state
        .rollback_steps()
        .filter_map(|(planned, run)| {
            let (succeeded, end, took) = ended(run?)?;
            let (id, measures) = (planned.id.clone(), measures(&planned.id));
            Some(RehearsedStep { id, succeeded, end, took: Span(took), budget: planned.budget, measures })
        })
        .collect();
    let budget = rollback::budget(state).map(Span);
    let failed = failed.or_else(|| over_budget(&steps, took, budget));
    let by = match &begun.by {
        Actor::Golive => SafeText::from_foreign("golive"),
        Actor::Operator(by) => by.id.clone(),
    };
    Some(RehearsalRecord {
        id: state.session().id.clone(),
        at,
        by,
        grade: grade(state.plan()),
        fingerprint: state.plan().rollback.fingerprint.clone(),
        took: Span(took),
        budget,
        steps,
        failed,
    })
}

/// How long the way back itself took: from its first step, past what was measured before it, until the old version was
/// seen working, before what was measured afterwards.
fn way_back(state: &State, begun: Timestamp, ended: Timestamp) -> Duration {
    let began = |step: &RollbackStep| {
        let (_, run) = state.rollback_steps().find(|(planned, _)| planned.id == step.id)?;
        Some(run?.intended.at)
    };
    let from = state.plan().procedure.first().and_then(began).unwrap_or(begun);
    let mut after = state.plan().rollback.rehearsal_steps.iter().filter(|step| step.when == RehearsalMoment::After);
    let until = after.find_map(|measured| began(&measured.step)).unwrap_or(ended);
    until.duration_since(from).unsigned_abs()
}

fn ended(run: &StepState) -> Option<(bool, SafeText, Duration)> {
    let StepStatus::Ended { end, took, .. } = &run.status else { return None };
    let (succeeded, words) = match end {
        StepEnd::Succeeded(how) => (true, how.clone()),
        StepEnd::Failed(how) => (false, how.clone()),
        StepEnd::TimedOut => (false, SafeText::from_foreign("took too long and was stopped")),
        StepEnd::Stopped => (false, SafeText::from_foreign("was stopped")),
        StepEnd::Unknown(why) => (false, why.clone()),
    };
    Some((succeeded, words, *took))
}

/// A way back that works and comes too late is not rehearsed.
fn over_budget(steps: &[RehearsedStep], took: Duration, budget: Option<Span>) -> Option<SafeText> {
    let late = steps.iter().find(|step| step.budget.is_some_and(|budget| step.took > budget));
    let why = match (late, budget) {
        (Some(step), _) => {
            let budget = step.budget.map(|budget| budget.to_string()).unwrap_or_default();
            format!("{} took {}, its budget is {budget}", step.id, rounded(step.took.0))
        }
        (None, Some(budget)) if took > budget.0 => format!("it took {}, its budget is {budget}", rounded(took)),
        (None, _) => return None,
    };
    Some(SafeText::from_foreign(&why))
}

/// To the tenth of a second: nobody rehearses in microseconds.
fn rounded(length: Duration) -> String {
    match length.as_secs() {
        0..60 => format!("{:.1} s", length.as_secs_f64()),
        seconds => duration::written(Duration::from_secs(seconds)),
    }
}
