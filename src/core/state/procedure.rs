//! What is known of the rollback procedure: where it stands, its steps, what was rehearsed.

use std::sync::Arc;

use jiff::Timestamp;

use crate::core::event::{Event, ProcedureEvent, RehearsalEvent, StepEnd, StepEvent};
use crate::core::state::{SessionOutcome, State, StepState, steps};
use crate::model::id::{EffectId, RollbackStepId};
use crate::model::operator::Actor;
use crate::model::rehearsal::RehearsalRecord;
use crate::model::step::RollbackStep;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// So many rehearsals are kept in mind, newest last.
const REHEARSALS: usize = 20;

/// What is known of the rollback procedure.
#[derive(Clone, Debug, Default)]
pub struct ProcedureState {
    /// Where it stands.
    pub stage: Stage,
    /// When it was begun, by whom, and why.
    pub begun: Option<Begun>,
    /// Since when, and why, golive recommends it.
    pub recommended: Option<(Timestamp, Vec<SafeText>)>,
    /// The latest run of each step, by its place in the plan.
    steps: Vec<Option<StepState>>,
    rehearsals: Vec<Arc<RehearsalRecord>>,
}

/// Where the procedure stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Nobody has begun it.
    #[default]
    NotRun,
    /// Its steps are run.
    Running,
    /// All steps succeeded; results of runs with a higher number say whether the old version works.
    Verifying {
        /// Since when.
        since: Now,
        /// The number.
        after: EffectId,
    },
    /// The old version is back.
    RolledBack {
        /// When.
        at: Timestamp,
        /// Whether checks saw it work.
        verified: bool,
    },
    /// It did not come to its end. It can be begun again.
    Failed {
        /// When.
        at: Timestamp,
        /// Why.
        why: SafeText,
        /// What is left to do by hand.
        left: Vec<SafeText>,
    },
}

/// How the procedure was begun the last time.
#[derive(Clone, Debug)]
pub struct Begun {
    /// When.
    pub when: Now,
    /// By whom.
    pub by: Actor,
    /// Why.
    pub reasons: Vec<SafeText>,
}

impl ProcedureState {
    /// Whether it is under way: steps or verification.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        matches!(self.stage, Stage::Running | Stage::Verifying { .. })
    }

    /// Whether the old version is being verified.
    #[must_use]
    pub const fn is_verifying(&self) -> bool {
        matches!(self.stage, Stage::Verifying { .. })
    }

    /// The latest run of the step at a place of the plan.
    #[must_use]
    pub fn step(&self, place: usize) -> Option<&StepState> {
        self.steps.get(place).and_then(Option::as_ref)
    }

    /// The rehearsals that are known, oldest first.
    pub fn rehearsals(&self) -> impl DoubleEndedIterator<Item = &RehearsalRecord> + ExactSizeIterator {
        self.rehearsals.iter().map(|record| &**record)
    }
}

impl State {
    /// What is known of the rollback procedure.
    #[must_use]
    pub fn procedure(&self) -> &ProcedureState {
        &self.procedure
    }

    /// Every step of the procedure with its latest run, in plan order.
    pub fn rollback_steps(&self) -> impl ExactSizeIterator<Item = (&RollbackStep, Option<&StepState>)> {
        self.plan.procedure.iter().enumerate().map(|(place, step)| (step, self.procedure.step(place)))
    }

    /// The first step that has not succeeded, with its latest run.
    #[must_use]
    pub fn next_rollback_step(&self) -> Option<(&RollbackStep, Option<&StepState>)> {
        self.rollback_steps().find(|(_, run)| !run.is_some_and(succeeded))
    }

    /// How the session ended, or would if it were left as it is: a rollback that failed is an outcome until somebody
    /// tries again.
    #[must_use]
    pub fn outcome(&self) -> Option<SessionOutcome> {
        match (&self.session.ended, &self.procedure.stage) {
            (Some((outcome, _)), _) => Some(*outcome),
            (None, Stage::Failed { .. }) => Some(SessionOutcome::RollbackFailed),
            (None, _) => None,
        }
    }
}

fn succeeded(run: &StepState) -> bool {
    matches!(run.end(), Some(StepEnd::Succeeded(_)))
}

pub(super) fn apply(state: &mut State, body: &ProcedureEvent, event: &Event) {
    if let ProcedureEvent::Step(body) = body {
        return apply_to_step(state, body, event);
    }
    let known = Arc::make_mut(&mut state.procedure);
    match body {
        ProcedureEvent::Recommended { reasons } => known.recommended = Some((event.at, reasons.clone())),
        ProcedureEvent::RecommendationWithdrawn => known.recommended = None,
        ProcedureEvent::Begun { reasons } => {
            // What succeeded stays done; everything else is run anew.
            for run in &mut known.steps {
                run.take_if(|run| !succeeded(run));
            }
            let (when, by, reasons) = (event.when(), event.actor.clone(), reasons.clone());
            known.begun = Some(Begun { when, by, reasons });
            known.stage = Stage::Running;
        }
        ProcedureEvent::Step(_) => {}
        ProcedureEvent::VerificationBegan { effect } => {
            known.stage = Stage::Verifying { since: event.when(), after: *effect };
            state.saw_effect(*effect);
        }
        ProcedureEvent::RolledBack { verified } => {
            known.stage = Stage::RolledBack { at: event.at, verified: *verified };
            state.session.ended = Some((SessionOutcome::RolledBack, event.at));
        }
        ProcedureEvent::Failed { why, left } => {
            known.stage = Stage::Failed { at: event.at, why: why.clone(), left: left.clone() };
        }
    }
}

fn apply_to_step(state: &mut State, body: &StepEvent<RollbackStepId>, event: &Event) {
    let (id, effect) = body.run();
    state.saw_effect(effect);
    let Some(place) = place_of(state, id) else { return };
    let known = Arc::make_mut(&mut state.procedure);
    known.steps.resize(state.plan.procedure.len(), None);
    steps::apply_to(&mut known.steps[place], body, event);
}

pub(super) fn apply_rehearsal(state: &mut State, body: &RehearsalEvent) {
    let RehearsalEvent::Known(record) = body;
    let known = &mut Arc::make_mut(&mut state.procedure).rehearsals;
    if known.iter().any(|before| before.id == record.id) {
        return;
    }
    known.push(Arc::new((**record).clone()));
    known.sort_by_key(|record| record.at);
    if known.len() > REHEARSALS {
        known.remove(0);
    }
}

fn place_of(state: &State, id: &RollbackStepId) -> Option<usize> {
    state.plan.procedure.iter().position(|step| step.id == *id)
}

/// A new plan: a step that stands where it stood keeps its run; a changed procedure has not been run.
pub(super) fn change_plan(state: &mut State, old: &[RollbackStep]) {
    let same = old == state.plan.procedure.as_slice();
    if !same && !state.procedure.is_under_way() {
        Arc::make_mut(&mut state.procedure).steps.clear();
    }
}
