//! What is known of the rollback procedure: where it stands, its steps, what was rehearsed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::core::event::{Event, ProcedureEvent, Purpose, RehearsalEvent, StepEnd, StepEvent};
use crate::core::state::{ItemState, SessionOutcome, State, StepState, steps};
use crate::model::id::{EffectId, RollbackStepId};
use crate::model::item::Item;
use crate::model::operator::Actor;
use crate::model::rehearsal::RehearsalRecord;
use crate::model::rollback::{RehearsalMoment, UndoPlace};
use crate::model::step::{RollbackStep, Undo, UndoAfter};
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
    /// The moment of the recommendation, by both clocks.
    pub(crate) recommended_when: Option<Now>,
    /// The latest run of each step.
    steps: BTreeMap<RollbackStepId, StepState>,
    /// Which run of its item's step each undo was begun for.
    undone: BTreeMap<RollbackStepId, EffectId>,
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

    /// Every step of a rollback as things stand, in order, with its latest run: what takes done steps back (the last
    /// one done first), the procedure's own, and in a rehearsal what it measures around them.
    pub fn rollback_steps(&self) -> impl ExactSizeIterator<Item = (&RollbackStep, Option<&StepState>)> {
        let after = self.rehearsal_steps(RehearsalMoment::After);
        let steps: Vec<&RollbackStep> = self.steps_back().into_iter().chain(after).collect();
        steps.into_iter().map(|step| (step, self.run_back(step)))
    }

    /// The same without what a rehearsal measures afterwards: when these have succeeded, the old version is in place.
    fn steps_back(&self) -> Vec<&RollbackStep> {
        let own = self.plan.procedure.iter();
        let undos = self.undos().into_iter().map(|(_, undo)| &undo.step);
        let before = self.rehearsal_steps(RehearsalMoment::Before);
        match self.plan.rollback.undo {
            UndoPlace::First => before.into_iter().chain(undos).chain(own).collect(),
            UndoPlace::Last => before.into_iter().chain(own).chain(undos).collect(),
        }
    }

    fn rehearsal_steps(&self, when: RehearsalMoment) -> Vec<&RollbackStep> {
        let rehearses = self.session.purpose == Purpose::Rehearsal;
        let steps = self.plan.rollback.rehearsal_steps.iter().filter(|step| rehearses && step.when == when);
        steps.map(|step| &step.step).collect()
    }

    /// The items whose steps a rollback would take back now, the last one done first, each with how.
    #[must_use]
    pub fn undos(&self) -> Vec<(&Item, &Undo)> {
        let ran = |known: &ItemState, undo: &Undo| {
            let run = known.step.as_ref()?;
            let wanted = succeeded(run) || undo.after == UndoAfter::Start;
            // What still runs is stopped first: it is the youngest.
            wanted.then(|| (run.ended().map_or(Timestamp::MAX, |(_, at)| at), run.effect))
        };
        let found = self.items().filter_map(|(item, known)| {
            let undo = item.step.as_ref()?.undo.as_deref()?;
            Some((ran(known, undo)?, (item, undo)))
        });
        let mut found: Vec<_> = found.collect();
        found.sort_by(|(one, _), (other, _)| other.cmp(one));
        found.into_iter().map(|(_, undo)| undo).collect()
    }

    /// The latest run of an item's undo, where it was begun for the run of the step that is known now.
    #[must_use]
    pub fn undo_run(&self, item: &Item) -> Option<&StepState> {
        let undo = item.step.as_ref()?.undo.as_deref()?;
        let (_, known) = self.item(&item.id)?;
        let of = self.procedure.undone.get(&undo.step.id)?;
        let current = known.step.as_ref().is_some_and(|run| run.effect == *of);
        self.procedure.steps.get(&undo.step.id).filter(|_| current)
    }

    fn run_back(&self, step: &RollbackStep) -> Option<&StepState> {
        match self.undos().into_iter().find(|(_, undo)| undo.step.id == step.id) {
            Some((item, _)) => self.undo_run(item),
            None => self.procedure.steps.get(&step.id),
        }
    }

    /// The first step that has not succeeded, with its latest run.
    #[must_use]
    pub fn next_rollback_step(&self) -> Option<(&RollbackStep, Option<&StepState>)> {
        self.rollback_steps().find(|(_, run)| !run.is_some_and(succeeded))
    }

    /// The same among those that bring the old version back.
    #[must_use]
    pub fn next_step_back(&self) -> Option<(&RollbackStep, Option<&StepState>)> {
        let steps = self.steps_back().into_iter().map(|step| (step, self.run_back(step)));
        steps.into_iter().find(|(_, run)| !run.is_some_and(succeeded))
    }

    /// The same among those that a rehearsal does once the old version was seen working.
    #[must_use]
    pub fn next_step_forward(&self) -> Option<(&RollbackStep, Option<&StepState>)> {
        let steps = self.rehearsal_steps(RehearsalMoment::After).into_iter();
        steps.map(|step| (step, self.run_back(step))).find(|(_, run)| !run.is_some_and(succeeded))
    }

    /// Whether a rehearsal has begun what it does after the old version was seen working.
    #[must_use]
    pub fn has_gone_forward(&self) -> bool {
        self.rehearsal_steps(RehearsalMoment::After).into_iter().any(|step| self.run_back(step).is_some())
    }

    /// The steps that bring the old version back, from one on.
    #[must_use]
    pub fn steps_back_from(&self, id: &RollbackStepId) -> Vec<&RollbackStep> {
        self.steps_back().into_iter().skip_while(|step| step.id != *id).collect()
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
        ProcedureEvent::Recommended { reasons } => {
            known.recommended = Some((event.at, reasons.clone()));
            known.recommended_when = Some(event.when());
        }
        ProcedureEvent::RecommendationWithdrawn => (known.recommended, known.recommended_when) = (None, None),
        ProcedureEvent::Begun { reasons } => {
            // What succeeded stays done; everything else is run anew.
            known.steps.retain(|_, run| succeeded(run));
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
    let undone = undone_by(state, id);
    if undone.is_none() && !is_planned(state, id) {
        return;
    }
    let known = Arc::make_mut(&mut state.procedure);
    if let (StepEvent::Intended { .. }, Some(of)) = (body, undone) {
        known.undone.insert(id.clone(), of);
    }
    let mut run = known.steps.remove(id);
    steps::apply_to(&mut run, body, event);
    if let Some(run) = run {
        known.steps.insert(id.clone(), run);
    }
}

/// The run of the item's step that this undo takes back.
fn undone_by(state: &State, id: &RollbackStepId) -> Option<EffectId> {
    let mut items = state.items();
    items.find_map(|(item, known)| {
        let undo = item.step.as_ref()?.undo.as_deref().filter(|undo| undo.step.id == *id);
        undo.and(known.step.as_ref()).map(|run| run.effect)
    })
}

fn is_planned(state: &State, id: &RollbackStepId) -> bool {
    let plan = &state.plan;
    let mut steps = plan.procedure.iter().chain(plan.rollback.rehearsal_steps.iter().map(|step| &step.step));
    steps.any(|step| step.id == *id)
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

/// A new plan: a changed procedure has not been run. What took a deployment's step back stands as long as that step.
pub(super) fn change_plan(state: &mut State, old: &[RollbackStep]) {
    let same = old == state.plan.procedure.as_slice();
    if !same && !state.procedure.is_under_way() {
        let known = Arc::make_mut(&mut state.procedure);
        let undone = &known.undone;
        known.steps.retain(|id, _| undone.contains_key(id));
    }
}
