//! What has to be done in the world, and when, as data: which checks are due, which steps to start, attach or stop.
//!
//! The agenda is a view of state that is kept up event by event, so that a due list costs what is due and not what the
//! plan holds. It starts nothing itself: the engine does, and answers with events.

mod deliveries;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::agenda::deliveries::Deliveries;
use crate::core::event::{
    Body, CheckEvent, EnforcementEvent, Event, ProcedureEvent, RotationEvent, RotationStep, SessionEvent, StepEvent,
    WatchEvent,
};
use crate::core::notice::Notice;
use crate::core::rotation;
use crate::core::state::{RotationStage, State, StepStatus};
use crate::core::status;
use crate::model::id::{CheckId, CredentialId, EffectId, ItemId, RollbackStepId};
use crate::model::plan::{Check, Run};
use crate::model::time::Now;

/// What the core asks of the world. Data with a number: a late answer to one that is no longer wanted changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Run this check; it was due at that boot time.
    RunCheck {
        /// Which.
        check: CheckId,
        /// The run's number.
        effect: EffectId,
        /// When it was due, as time since boot.
        due: Duration,
    },
    /// Start this item's step.
    RunStep {
        /// Which.
        item: ItemId,
        /// Its number.
        effect: EffectId,
    },
    /// Attach again to this item's step, which an earlier process started.
    AttachStep {
        /// Which.
        item: ItemId,
        /// Its number.
        effect: EffectId,
    },
    /// Tell somebody: send this once, and answer what came of it.
    Deliver(Box<Notice>),
    /// Write what a person said yes to.
    Enforce {
        /// Its number.
        effect: EffectId,
    },
    /// Put back what was written.
    UndoEnforcement {
        /// Its number.
        effect: EffectId,
    },
    /// Find out what became of a writing that an earlier process began.
    RecallEnforcement {
        /// Its number.
        effect: EffectId,
    },
    /// Stop this item's step, its whole tree.
    StopStep {
        /// Which.
        item: ItemId,
        /// Its number.
        effect: EffectId,
    },
    /// Take a rotation's next step.
    Rotate {
        /// Of which credential.
        credential: CredentialId,
        /// The walk's number.
        effect: EffectId,
        /// Which step.
        act: RotationAct,
    },
    /// Start this step of the rollback procedure.
    RunRollbackStep {
        /// Which.
        step: RollbackStepId,
        /// Its number.
        effect: EffectId,
    },
    /// Attach again to this step of the rollback procedure.
    AttachRollbackStep {
        /// Which.
        step: RollbackStepId,
        /// Its number.
        effect: EffectId,
    },
    /// Stop this step of the rollback procedure, its whole tree.
    StopRollbackStep {
        /// Which.
        step: RollbackStepId,
        /// Its number.
        effect: EffectId,
    },
}

/// What a rotation has to do in the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationAct {
    /// Get the new value and judge it.
    Obtain,
    /// Write it everywhere, the old one kept beside it.
    Distribute,
    /// Put the old one back everywhere.
    PutBack,
    /// Retire the old one, and let go of what was kept of it.
    Retire,
}

/// A check that a rotation waits for is asked again so soon.
const AGAIN: Duration = Duration::from_secs(2);

/// What is to be done, kept up event by event.
#[derive(Debug, Default)]
pub struct Agenda {
    /// Checks that wait for their time, by time and position.
    queue: BTreeSet<(Duration, usize)>,
    /// The time each check waits for; `None` when it does not.
    waiting: Vec<Option<Duration>>,
    /// Probes that a person asked for and that wait for what they stand on.
    demanded: BTreeSet<usize>,
    /// Steps to start, attach or stop, and files to write, in order.
    steps: Vec<Effect>,
    /// Notices to send.
    deliveries: Deliveries,
}

impl Agenda {
    /// The agenda of a state: everything open is due at once, and steps that were under way are attached again.
    #[must_use]
    pub fn new(state: &State, now: Now) -> Self {
        let mut agenda = Self { waiting: vec![None; state.plan().checks.len()], ..Self::default() };
        agenda.open(state, now.up);
        agenda.deliveries.look(now.up);
        for (item, known) in state.items() {
            if let Some(step) = known.step.as_ref().filter(|step| step.is_under_way()) {
                agenda.steps.push(Effect::AttachStep { item: item.id.clone(), effect: step.effect });
                if step.status == StepStatus::Stopping {
                    agenda.steps.push(Effect::StopStep { item: item.id.clone(), effect: step.effect });
                }
            }
        }
        for enforcement in state.enforcements().iter().filter(|enforcement| enforcement.is_under_way()) {
            agenda.steps.push(Effect::RecallEnforcement { effect: enforcement.effect });
        }
        for (id, walk) in state.rotations().filter(|(_, walk)| walk.stage == RotationStage::Withdrawing) {
            let (credential, effect) = (id.clone(), walk.effect);
            agenda.steps.push(Effect::Rotate { credential, effect, act: RotationAct::PutBack });
        }
        agenda.attach_rollback(state);
        if state.procedure().is_verifying() {
            agenda.verify(state, now.up);
        }
        agenda
    }

    fn attach_rollback(&mut self, state: &State) {
        for (step, run) in state.rollback_steps() {
            let Some(run) = run.filter(|run| run.is_under_way()) else { continue };
            self.steps.push(Effect::AttachRollbackStep { step: step.id.clone(), effect: run.effect });
            if run.status == StepStatus::Stopping {
                self.steps.push(Effect::StopRollbackStep { step: step.id.clone(), effect: run.effect });
            }
        }
    }

    /// Takes note of an event that has just been applied to `state`.
    pub fn after(&mut self, state: &State, event: &Event) {
        match &event.body {
            Body::Check(body) => self.after_check(state, body, event.when().up),
            Body::Session(SessionEvent::PhaseOpened { .. }) => self.open(state, event.when().up),
            Body::Notice(body) => self.deliveries.after(body, event.when().up),
            Body::Session(SessionEvent::PlanChanged { .. }) => {
                self.deliveries.look(event.when().up);
                self.queue.clear();
                self.demanded.clear();
                self.waiting = vec![None; state.plan().checks.len()];
                self.open(state, event.when().up);
            }
            Body::Step(StepEvent::Intended { item, effect }) => {
                self.steps.push(Effect::RunStep { item: item.clone(), effect: *effect });
            }
            Body::Step(StepEvent::StopAsked { item, effect }) => {
                self.steps.push(Effect::StopStep { item: item.clone(), effect: *effect });
            }
            Body::Enforcement(EnforcementEvent::Intended { effect, .. }) => {
                self.steps.push(Effect::Enforce { effect: *effect });
            }
            Body::Enforcement(EnforcementEvent::UndoIntended { effect }) => {
                self.steps.push(Effect::UndoEnforcement { effect: *effect });
            }
            Body::Rotation(body) => self.after_rotation(state, body, event.when().up),
            Body::Watch(WatchEvent::SourceChanged { checks, .. }) => self.again(state, checks, event.when().up, false),
            Body::Procedure(body) => self.after_procedure(state, body, event.when().up),
            Body::Session(_)
            | Body::Item(_)
            | Body::Step(_)
            | Body::Watch(_)
            | Body::Alert(_)
            | Body::Rehearsal(_)
            | Body::Ceremony(_)
            | Body::Triage(_)
            | Body::Task(_)
            | Body::Enforcement(_) => {}
        }
    }

    fn after_rotation(&mut self, state: &State, body: &RotationEvent, up: Duration) {
        let act = match &body.step {
            RotationStep::Begun { .. } => RotationAct::Obtain,
            RotationStep::Distributing => RotationAct::Distribute,
            RotationStep::Withdrawing { .. } => RotationAct::PutBack,
            RotationStep::Retiring => RotationAct::Retire,
            RotationStep::Verifying { checks } => return self.again(state, checks, up, true),
            _ => return,
        };
        self.steps.push(Effect::Rotate { credential: body.credential.clone(), effect: body.effect, act });
    }

    /// What these checks saw is void: they run at once. Probes on demand only where somebody demands it.
    fn again(&mut self, state: &State, checks: &[CheckId], up: Duration, demanded: bool) {
        for position in checks.iter().filter_map(|check| state.index().check(check)) {
            let check = state.check_at(position).0;
            if state.session().is_open(check.phase) && (demanded || check.run == Run::Scheduled) {
                self.put(position, up);
            }
        }
    }

    /// What is due now. Each is handed out once; the engine answers a check with `Started`.
    pub fn due(&mut self, state: &State, now: Now) -> Vec<Effect> {
        let mut effects = std::mem::take(&mut self.steps);
        let mut number = state.next_effect().0;
        while let Some((due, position)) = self.queue.first().copied().filter(|(due, _)| *due <= now.up) {
            self.forget(position);
            let check = state.check_at(position).0;
            if state.session().ended.is_some() || !status::may_run(state, position) {
                if check.run == Run::OnDemand {
                    self.demanded.insert(position);
                }
                continue;
            }
            effects.push(Effect::RunCheck { check: check.id.clone(), effect: EffectId(number), due });
            number += 1;
        }
        effects
    }

    /// The notices whose turn it is. Asked for apart: nobody is told of what is not on disk.
    pub fn notices_due(&mut self, state: &State, now: Now) -> Vec<Effect> {
        if self.deliveries.next().is_none_or(|next| next > now.up) {
            return Vec::new();
        }
        self.deliveries.due(state, now).into_iter().map(|notice| Effect::Deliver(Box::new(notice))).collect()
    }

    /// When the next notice may go, as time since boot.
    #[must_use]
    pub const fn next_notice(&self) -> Option<Duration> {
        self.deliveries.next()
    }

    /// When the next check is due, as time since boot.
    #[must_use]
    pub fn next(&self) -> Option<Duration> {
        self.queue.first().map(|(due, _)| *due)
    }

    fn after_check(&mut self, state: &State, body: &CheckEvent, up: Duration) {
        match body {
            CheckEvent::Started { .. } => {}
            CheckEvent::Finished(finished) => self.ended(state, &finished.check, up, finished.took),
            CheckEvent::Observed { repeats } => {
                for repeat in repeats {
                    self.ended(state, &repeat.check, repeat.when().up, repeat.took);
                }
            }
            CheckEvent::Demanded { checks } => {
                for position in checks.iter().filter_map(|check| state.index().check(check)) {
                    if state.check_at(position).1.running.is_none() {
                        self.put(position, up);
                    }
                }
            }
        }
    }

    fn after_procedure(&mut self, state: &State, body: &ProcedureEvent, up: Duration) {
        match body {
            ProcedureEvent::Step(StepEvent::Intended { item, effect }) => {
                self.steps.push(Effect::RunRollbackStep { step: item.clone(), effect: *effect });
            }
            ProcedureEvent::Step(StepEvent::StopAsked { item, effect }) => {
                self.steps.push(Effect::StopRollbackStep { step: item.clone(), effect: *effect });
            }
            ProcedureEvent::VerificationBegan { .. } => self.verify(state, up),
            _ => {}
        }
    }

    /// The checks of the old version are due at once, and what they stand on with them.
    fn verify(&mut self, state: &State, up: Duration) {
        let mut wanted: Vec<usize> = verifying(state).collect();
        let mut seen = BTreeSet::new();
        while let Some(position) = wanted.pop() {
            if seen.insert(position) {
                wanted.extend(state.index().dependencies(position));
                if state.check_at(position).1.running.is_none() {
                    self.put(position, up);
                }
            }
        }
    }

    /// A run ended: the next one keeps the rate that the plan names, whatever this one took; and what stands on this
    /// check may be able to run now.
    fn ended(&mut self, state: &State, id: &CheckId, up: Duration, took: Duration) {
        let Some(position) = state.index().check(id) else { return };
        let (check, known) = state.check_at(position);
        if check.run == Run::Scheduled && rotation::waits_for(state, id) {
            self.put(position, up + AGAIN);
        }
        let verifies = state.procedure().is_verifying() && verifying(state).any(|wanted| wanted == position);
        if verifies && self.waiting[position].is_none() {
            // Somebody waits for the old version to be back: it is looked at more often than usual.
            self.put(position, up + check.every.0.min(VERIFY_AGAIN));
        }
        if state.runs_by_itself(check) && self.waiting[position].is_none() {
            let began = up.saturating_sub(took);
            // The first run is at once for all; from the second on they are spread over the interval.
            let wait = if known.runs <= 1 { check.every.0.mul_f64(spread(check)) } else { check.every.0 };
            self.put(position, (began + wait).max(up));
        }
        if known.blocks() {
            // Whoever asked has to ask again: nothing disturbs its target by itself, hours later.
            for dependent in state.index().dependents(position) {
                self.demanded.remove(dependent);
            }
        } else {
            self.release(state, position, up);
        }
    }

    /// Puts what stands on a check in the queue, if it is its time and its turn and it is not there already.
    fn release(&mut self, state: &State, position: usize, up: Duration) {
        for dependent in state.index().dependents(position) {
            let (check, known) = state.check_at(*dependent);
            let idle = known.running.is_none() && self.waiting[*dependent].is_none();
            let wanted = state.runs_by_itself(check) || self.demanded.contains(dependent);
            if idle && wanted && status::may_run(state, *dependent) {
                let last = known.latest.as_ref().map(|latest| latest.when.up + check.every.0);
                self.put(*dependent, last.map_or(up, |last| last.max(up)));
            }
        }
    }

    /// Every scheduled check whose phase is open and that neither runs nor waits is due.
    fn open(&mut self, state: &State, up: Duration) {
        for position in 0..state.plan().checks.len() {
            let (check, known) = state.check_at(position);
            let idle = known.running.is_none() && self.waiting[position].is_none();
            if idle && state.runs_by_itself(check) {
                self.put(position, up);
            }
        }
    }

    fn put(&mut self, position: usize, due: Duration) {
        self.forget(position);
        self.demanded.remove(&position);
        self.waiting[position] = Some(due);
        self.queue.insert((due, position));
    }

    fn forget(&mut self, position: usize) {
        if let Some(due) = self.waiting[position].take() {
            self.queue.remove(&(due, position));
        }
    }
}

/// So often the old version is looked at until it is seen working.
const VERIFY_AGAIN: Duration = Duration::from_secs(1);

/// The positions of the checks that verify a rollback.
fn verifying(state: &State) -> impl Iterator<Item = usize> {
    state.plan().rollback.verify.iter().filter_map(|id| state.index().check(id))
}

/// Where in its interval a check runs: a fixed fraction from its id (FNV-1a), between a half and one, so that checks of
/// one interval do not all run at once, and the same plan always runs alike.
fn spread(check: &Check) -> f64 {
    let hash = check
        .id
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let fraction = f64::from(u32::try_from(hash >> 40).unwrap_or(0)) / f64::from(1_u32 << 24);
    0.5 + fraction / 2.0
}
