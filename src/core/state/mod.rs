//! State: what is known of a session, as a fold over its events.
//!
//! Fields are private to this room; the world gets `&State` and reading methods, and only [`State::apply`] changes
//! anything. One file per family of events holds that family's part and its fold. Checks and items are shared
//! pointers, so a snapshot for the screen costs a copy of pointers and not of evidence.

mod alerts;
mod ceremony;
mod checks;
mod counted;
mod enforcements;
mod index;
mod items;
mod notices;
mod procedure;
mod rotations;
mod samples;
mod series;
mod session;
mod steps;
mod tasks;
mod timeline;
mod triage;
mod watched;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use alerts::{Acknowledgement, AlertState, Life, Lull, Norm, Sight, Silence};
pub use ceremony::{CeremonyState, HeldBy, Said};
pub use checks::{CheckState, Latest, Point, Running};
pub use enforcements::{Enforcement, EnforcementStatus};
pub use index::Index;
pub use items::{Claim, ItemState, Note, Objection, Signature, Soaking, Waiver};
pub use notices::{Fate, Health, Notices, Posted};
pub use procedure::{Begun, ProcedureState, Stage};
pub use rotations::{RotationStage, RotationState};
pub use series::{Sample, Series, Within};
pub use session::{Outcome as SessionOutcome, SessionState};
pub use steps::{StepState, StepStatus};
pub use tasks::{SaidDone, TaskState};
pub use timeline::{Entry, Mark};
pub use triage::{HurtState, Jotted, SourceState, Tick, TriageState};
pub use watched::{BURST, BURST_WITHIN, DENIED, Standing, Watched};

use crate::core::alerts::RuleBook;
use crate::core::event::{Body, Event, SessionEvent};
use crate::model::alert::Rule;
use crate::model::id::{AlertId, CheckId, CredentialId, EffectId, ItemId};
use crate::model::item::Item;
use crate::model::plan::{Check, Plan, Run, SharedPlan};
use crate::model::text::SafeText;
use crate::model::time::Now;

/// What is known of a session.
#[derive(Clone, Debug)]
pub struct State {
    plan: SharedPlan,
    index: Arc<Index>,
    session: SessionState,
    checks: Vec<Arc<CheckState>>,
    items: Vec<Arc<ItemState>>,
    rotations: BTreeMap<CredentialId, Arc<RotationState>>,
    watched: Watched,
    alerts: Vec<Arc<AlertState>>,
    rules: Arc<RuleBook>,
    /// One series a check.
    series: Vec<Arc<Series>>,
    /// One series for each sort of event that rules can count.
    counted: Vec<Arc<Series>>,
    norms: BTreeMap<CheckId, Arc<Norm>>,
    lull: Option<Lull>,
    notices: Arc<Notices>,
    procedure: Arc<ProcedureState>,
    ceremony: CeremonyState,
    triage: Arc<TriageState>,
    tasks: Arc<BTreeMap<CheckId, TaskState>>,
    timeline: VecDeque<Arc<Entry>>,
    enforcements: Arc<Vec<Enforcement>>,
    next_effect: u64,
    next_transition: u64,
    trouble: Option<SafeText>,
    harm: Option<SafeText>,
}

/// Why a list of events is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The first event has to be `opened`: it holds the plan.
    #[error("the session does not begin with its opening")]
    NotOpened,
}

/// A fold under way: events are handed over one after the other, and none of them has to be kept for it.
#[derive(Debug, Default)]
pub struct Folding(Option<Result<State, FoldError>>);

impl Folding {
    /// Takes the next event.
    pub fn take(&mut self, event: &Event) {
        match &mut self.0 {
            None => self.0 = Some(State::open(event)),
            Some(Ok(state)) => state.apply(event),
            Some(Err(_)) => {}
        }
    }

    /// The state after all of them.
    ///
    /// # Errors
    /// If the first one was not `opened`, or there was none.
    pub fn finish(self) -> Result<State, FoldError> {
        self.0.unwrap_or(Err(FoldError::NotOpened))
    }
}

impl State {
    /// The state after a session's first event.
    ///
    /// # Errors
    /// If that event is not `opened`.
    pub fn open(event: &Event) -> Result<Self, FoldError> {
        let Body::Session(SessionEvent::Opened { session, purpose, plan, version, host }) = &event.body else {
            return Err(FoldError::NotOpened);
        };
        let opened = SessionState::opened(session.clone(), *purpose, version.clone(), host.clone(), event);
        let index = Index::of(plan);
        let rules = RuleBook::of(plan, &index);
        let (reach, of_events) = rules.reach(plan.checks.len());
        let mut state = Self {
            plan: Arc::clone(plan),
            series: series::of_checks(plan, &reach),
            counted: of_events.into_iter().map(|reach| Arc::new(Series::new(reach, false))).collect(),
            rules: Arc::new(rules),
            index: Arc::new(index),
            session: opened,
            checks: plan.checks.iter().map(|_| Arc::default()).collect(),
            items: plan.items.iter().map(|_| Arc::default()).collect(),
            rotations: BTreeMap::new(),
            watched: Watched::default(),
            alerts: plan.alerts.iter().map(|_| Arc::default()).collect(),
            norms: BTreeMap::new(),
            lull: None,
            notices: Arc::default(),
            procedure: Arc::default(),
            ceremony: CeremonyState::default(),
            triage: Arc::default(),
            tasks: Arc::default(),
            timeline: VecDeque::new(),
            enforcements: Arc::default(),
            next_effect: 1,
            next_transition: 1,
            trouble: None,
            harm: None,
        };
        state.remember(event);
        Ok(state)
    }

    /// The state after a whole list of events.
    ///
    /// # Errors
    /// If the list does not begin with `opened`.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, FoldError> {
        let mut folding = Folding::default();
        for event in events {
            folding.take(event);
        }
        folding.finish()
    }

    /// The fold: what one more event makes of the state. An event about something that the plan does not have
    /// changes nothing.
    pub fn apply(&mut self, event: &Event) {
        self.remember(event);
        if let Some(counted) = counted::which(&event.body) {
            Arc::make_mut(&mut self.counted[counted]).count(event.at);
        }
        match &event.body {
            Body::Session(SessionEvent::PlanChanged { plan }) => self.change_plan(plan),
            Body::Session(body) => {
                self.apply_to_session(body, event);
                if matches!(body, SessionEvent::Resumed { .. }) {
                    rotations::interrupted(self);
                }
            }
            Body::Check(body) => {
                checks::apply(self, body, event);
                watched::saw_check(self, body);
            }
            Body::Item(body) => items::apply(self, body, event),
            Body::Step(body) => steps::apply(self, body, event),
            Body::Alert(body) => {
                alerts::apply(self, body, event);
                notices::after_alert(self, body, event);
            }
            Body::Notice(body) => notices::apply(self, body, event),
            Body::Enforcement(body) => enforcements::apply(self, body, event),
            Body::Rotation(body) => rotations::apply(self, body, event),
            Body::Watch(body) => watched::apply(self, body, event),
            Body::Procedure(body) => procedure::apply(self, body, event),
            Body::Rehearsal(body) => procedure::apply_rehearsal(self, body),
            Body::Ceremony(body) => ceremony::apply(self, body, event),
            Body::Triage(body) => triage::apply(Arc::make_mut(&mut self.triage), body, event),
            Body::Task(body) => tasks::apply(self, body, event),
        }
    }

    /// Marks or clears trouble with the journal. Not an event: it is about events not being kept. While it stands, no
    /// verdict is better than HOLD.
    pub fn set_trouble(&mut self, trouble: Option<SafeText>) {
        self.trouble = trouble;
    }

    /// Marks a state that was folded from what is left of a journal that was changed from outside. Not an event either. No
    /// verdict on it is better than HOLD: what is gone may have been an objection.
    pub fn set_harm(&mut self, harm: Option<SafeText>) {
        self.harm = harm;
    }

    /// What is wrong with the journal that this state is from, if anything.
    #[must_use]
    pub const fn harm(&self) -> Option<&SafeText> {
        self.harm.as_ref()
    }

    /// What is wrong with the journal, if anything.
    #[must_use]
    pub const fn trouble(&self) -> Option<&SafeText> {
        self.trouble.as_ref()
    }

    /// The plan in force.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan in force, to be kept.
    #[must_use]
    pub fn shared_plan(&self) -> SharedPlan {
        Arc::clone(&self.plan)
    }

    /// The session as a whole.
    #[must_use]
    pub const fn session(&self) -> &SessionState {
        &self.session
    }

    /// Where things stand in the plan.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Every check with its state, in plan order; the position is its number in [`Index`].
    pub fn checks(&self) -> impl ExactSizeIterator<Item = (&Check, &CheckState)> {
        self.plan.checks.iter().zip(self.checks.iter().map(|check| &**check))
    }

    /// The check at a position of the plan.
    #[must_use]
    pub fn check_at(&self, position: usize) -> (&Check, &CheckState) {
        (&self.plan.checks[position], &self.checks[position])
    }

    /// A check by id.
    #[must_use]
    pub fn check(&self, id: &CheckId) -> Option<(&Check, &CheckState)> {
        self.index.check(id).map(|position| self.check_at(position))
    }

    /// Every item with its state, in plan order.
    pub fn items(&self) -> impl ExactSizeIterator<Item = (&Item, &ItemState)> {
        self.plan.items.iter().zip(self.items.iter().map(|item| &**item))
    }

    /// An item by id.
    #[must_use]
    pub fn item(&self, id: &ItemId) -> Option<(&Item, &ItemState)> {
        self.index.item(id).map(|position| (&self.plan.items[position], &*self.items[position]))
    }

    /// The latest rotation of each credential that was rotated in this session.
    pub fn rotations(&self) -> impl ExactSizeIterator<Item = (&CredentialId, &RotationState)> {
        self.rotations.iter().map(|(id, walk)| (id, &**walk))
    }

    /// The latest rotation of a credential.
    #[must_use]
    pub fn rotation(&self, id: &CredentialId) -> Option<&RotationState> {
        self.rotations.get(id).map(|walk| &**walk)
    }

    /// What the watch over credentials and their files has seen.
    #[must_use]
    pub const fn watched(&self) -> &Watched {
        &self.watched
    }

    /// Every alert with its state, in plan order; the position is its number in [`Index`].
    pub fn alerts(&self) -> impl ExactSizeIterator<Item = (&Rule, &AlertState)> {
        self.plan.alerts.iter().zip(self.alerts.iter().map(|alert| &**alert))
    }

    /// The alert at a position of the plan.
    #[must_use]
    pub fn alert_at(&self, position: usize) -> (&Rule, &AlertState) {
        (&self.plan.alerts[position], &self.alerts[position])
    }

    /// An alert by id.
    #[must_use]
    pub fn alert(&self, id: &AlertId) -> Option<(&Rule, &AlertState)> {
        self.index.alert(id).map(|position| self.alert_at(position))
    }

    /// The rules of the plan, ready to be asked.
    #[must_use]
    pub fn rules(&self) -> &RuleBook {
        &self.rules
    }

    /// The series of the check at a position.
    #[must_use]
    pub fn series_at(&self, position: usize) -> &Series {
        &self.series[position]
    }

    /// The series of the sort of event with a number in [`crate::model::alert::COUNTED`].
    #[must_use]
    pub fn counted(&self, number: usize) -> &Series {
        &self.counted[number]
    }

    /// What is normal for a check's series, where that is known from elsewhere.
    #[must_use]
    pub fn norm(&self, check: &CheckId) -> Option<&Norm> {
        self.norms.get(check).map(|norm| &**norm)
    }

    /// The time in which business rests, while one is declared.
    #[must_use]
    pub const fn lull(&self) -> Option<&Lull> {
        self.lull.as_ref()
    }

    /// The number of the next transition that people are told of.
    #[must_use]
    pub const fn next_transition(&self) -> u64 {
        self.next_transition
    }

    /// The outbox: who was told, and whether it arrived.
    #[must_use]
    pub fn notices(&self) -> &Notices {
        &self.notices
    }

    /// What happened, oldest first: what people want to read, without repeats. Bounded.
    pub fn timeline(&self) -> impl DoubleEndedIterator<Item = &Entry> + ExactSizeIterator {
        self.timeline.iter().map(|entry| &**entry)
    }

    /// What was put right in the configuration, oldest first.
    #[must_use]
    pub fn enforcements(&self) -> &[Enforcement] {
        &self.enforcements
    }

    /// The number of the next effect.
    #[must_use]
    pub const fn next_effect(&self) -> EffectId {
        EffectId(self.next_effect)
    }

    /// Whether `when` still counts as fresh for a check.
    #[must_use]
    pub fn is_fresh(check: &Check, when: Now, now: Now) -> bool {
        now.since(when).is_some_and(|age| age < check.fresh_for.0)
    }

    /// Whether a check runs by itself as the session stands: by its interval while its phase is open, or because the
    /// old version is being verified.
    #[must_use]
    pub fn runs_by_itself(&self, check: &Check) -> bool {
        if self.procedure.is_verifying() && self.plan.rollback.verify.contains(&check.id) {
            return true;
        }
        match check.run {
            Run::Scheduled => self.session.is_open(check.phase),
            Run::OnDemand => false,
            Run::AfterRollback => self.procedure.is_verifying(),
        }
    }

    fn apply_to_session(&mut self, body: &SessionEvent, event: &Event) {
        self.session.apply(body, event);
        // A rollback that failed and was then given up has failed for good.
        if matches!(body, SessionEvent::Aborted { .. }) && matches!(self.procedure.stage, Stage::Failed { .. }) {
            self.session.ended = Some((SessionOutcome::RollbackFailed, event.at));
        }
    }

    fn saw_effect(&mut self, effect: EffectId) {
        self.next_effect = self.next_effect.max(effect.0 + 1);
    }

    fn check_mut(&mut self, id: &CheckId) -> Option<&mut CheckState> {
        let position = self.index.check(id)?;
        Some(Arc::make_mut(&mut self.checks[position]))
    }

    fn item_mut(&mut self, id: &ItemId) -> Option<&mut ItemState> {
        let position = self.index.item(id)?;
        Some(Arc::make_mut(&mut self.items[position]))
    }

    fn measure(&mut self, id: &CheckId, take: impl FnOnce(&mut Series)) {
        if let Some(position) = self.index.check(id) {
            take(Arc::make_mut(&mut self.series[position]));
        }
    }

    fn alert_mut(&mut self, id: &AlertId) -> Option<&mut AlertState> {
        let position = self.index.alert(id)?;
        Some(Arc::make_mut(&mut self.alerts[position]))
    }

    /// A new plan: what it still has keeps what is known of it, unless its own definition changed.
    fn change_plan(&mut self, plan: &SharedPlan) {
        let index = Index::of(plan);
        let rules = RuleBook::of(plan, &index);
        let (reach, of_events) = rules.reach(plan.checks.len());
        let mut all = series::of_checks(plan, &reach);
        for (position, check) in plan.checks.iter().enumerate() {
            // What was measured stays known whatever else became of the check.
            if let Some(old) = self.index.check(&check.id).filter(|old| self.plan.checks[*old].kind == check.kind) {
                all[position] = Arc::clone(&self.series[old]);
                Arc::make_mut(&mut all[position]).keep(reach[position]);
            }
        }
        for (counted, reach) in self.counted.iter_mut().zip(of_events) {
            Arc::make_mut(counted).keep(reach);
        }
        let checks = plan.checks.iter().map(|check| match self.index.check(&check.id) {
            Some(old) if self.plan.checks[old] == *check => Arc::clone(&self.checks[old]),
            _ => Arc::default(),
        });
        let items = plan.items.iter().map(|item| match self.index.item(&item.id) {
            Some(old) if self.plan.items[old] == *item => Arc::clone(&self.items[old]),
            _ => Arc::default(),
        });
        let alerts = plan.alerts.iter().map(|rule| match self.index.alert(&rule.id) {
            Some(old) if self.plan.alerts[old] == *rule => Arc::clone(&self.alerts[old]),
            _ => Arc::default(),
        });
        let (checks, items, alerts) = (checks.collect(), items.collect(), alerts.collect());
        (self.checks, self.items, self.alerts) = (checks, items, alerts);
        (self.series, self.rules) = (all, Arc::new(rules));
        self.index = Arc::new(index);
        let before = std::mem::replace(&mut self.plan, Arc::clone(plan));
        procedure::change_plan(self, &before.procedure);
    }

    fn remember(&mut self, event: &Event) {
        let Some(entry) = timeline::entry(self, event) else { return };
        // What a source tells of the past stands where it belongs; all else comes in its order.
        let later = self.timeline.iter().rev().take_while(|known| entry.at < event.at && known.at > entry.at).count();
        self.timeline.insert(self.timeline.len() - later, Arc::new(entry));
        if self.timeline.len() > timeline::KEPT {
            self.timeline.pop_front();
        }
    }
}
