//! State: what is known of a session, as a fold over its events.
//!
//! Fields are private to this room; the world gets `&State` and reading methods, and only [`State::apply`] changes
//! anything. One file per family of events holds that family's part and its fold. Checks and items are shared
//! pointers, so a snapshot for the screen costs a copy of pointers and not of evidence.

mod checks;
mod enforcements;
mod index;
mod items;
mod session;
mod steps;
mod timeline;

use std::collections::VecDeque;
use std::sync::Arc;

pub use checks::{CheckState, Latest, Point, Running};
pub use enforcements::{Enforcement, EnforcementStatus};
pub use index::Index;
pub use items::{Claim, ItemState, Note, Objection, Signature, Soaking, Waiver};
pub use session::{Outcome as SessionOutcome, SessionState};
pub use steps::{StepState, StepStatus};
pub use timeline::{Entry, Mark};

use crate::core::event::{Body, Event, SessionEvent};
use crate::model::id::{CheckId, EffectId, ItemId};
use crate::model::item::Item;
use crate::model::plan::{Check, Plan, SharedPlan};
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
    timeline: VecDeque<Arc<Entry>>,
    enforcements: Arc<Vec<Enforcement>>,
    next_effect: u64,
    trouble: Option<SafeText>,
}

/// Why a list of events is no session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// The first event has to be `opened`: it holds the plan.
    #[error("the session does not begin with its opening")]
    NotOpened,
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
        let mut state = Self {
            plan: Arc::clone(plan),
            index: Arc::new(Index::of(plan)),
            session: opened,
            checks: plan.checks.iter().map(|_| Arc::default()).collect(),
            items: plan.items.iter().map(|_| Arc::default()).collect(),
            timeline: VecDeque::new(),
            enforcements: Arc::default(),
            next_effect: 1,
            trouble: None,
        };
        state.remember(event);
        Ok(state)
    }

    /// The state after a whole list of events.
    ///
    /// # Errors
    /// If the list does not begin with `opened`.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Event>) -> Result<Self, FoldError> {
        let mut events = events.into_iter();
        let mut state = Self::open(events.next().ok_or(FoldError::NotOpened)?)?;
        for event in events {
            state.apply(event);
        }
        Ok(state)
    }

    /// The fold: what one more event makes of the state. An event about something that the plan does not have
    /// changes nothing.
    pub fn apply(&mut self, event: &Event) {
        self.remember(event);
        match &event.body {
            Body::Session(SessionEvent::PlanChanged { plan }) => self.change_plan(plan),
            Body::Session(body) => self.session.apply(body, event),
            Body::Check(body) => checks::apply(self, body, event.when()),
            Body::Item(body) => items::apply(self, body, event),
            Body::Step(body) => steps::apply(self, body, event),
            Body::Enforcement(body) => enforcements::apply(self, body, event),
        }
    }

    /// Marks or clears trouble with the journal. Not an event: it is about events not being kept. While it stands, no
    /// verdict is better than HOLD.
    pub fn set_trouble(&mut self, trouble: Option<SafeText>) {
        self.trouble = trouble;
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

    /// A new plan: what it still has keeps what is known of it, unless its own definition changed.
    fn change_plan(&mut self, plan: &SharedPlan) {
        let index = Index::of(plan);
        let checks = plan.checks.iter().map(|check| match self.index.check(&check.id) {
            Some(old) if self.plan.checks[old] == *check => Arc::clone(&self.checks[old]),
            _ => Arc::default(),
        });
        let items = plan.items.iter().map(|item| match self.index.item(&item.id) {
            Some(old) if self.plan.items[old] == *item => Arc::clone(&self.items[old]),
            _ => Arc::default(),
        });
        let (checks, items) = (checks.collect(), items.collect());
        (self.checks, self.items) = (checks, items);
        self.index = Arc::new(index);
        self.plan = Arc::clone(plan);
    }

    fn remember(&mut self, event: &Event) {
        if let Some(entry) = timeline::entry(self, event) {
            if self.timeline.len() == timeline::KEPT {
                self.timeline.pop_front();
            }
            self.timeline.push_back(Arc::new(entry));
        }
    }
}
