//! Which rules are worth a look: those whose inputs changed, and those for which a time ran out.
//!
//! Like the agenda it is a view of state that is kept up event by event, so that a thousand rules cost what changed
//! and not a thousand evaluations a result.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::core::alerts::life::look;
use crate::core::event::{AlertEvent, Body, CheckEvent, Event, ItemEvent, SessionEvent, Subject};
use crate::core::state::State;
use crate::model::alert::COUNTED;
use crate::model::id::CheckId;
use crate::model::time::Now;

/// Which rules are worth a look.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    /// By rank: what may be a cause comes before what may follow from it.
    changed: BTreeSet<(usize, usize)>,
    queue: BTreeSet<(Timestamp, usize)>,
    waiting: Vec<Option<Timestamp>>,
    looks: u64,
}

impl Watch {
    /// The watch of a state: every rule is worth a look.
    #[must_use]
    pub fn new(state: &State) -> Self {
        let rules = state.plan().alerts.len();
        let mut watch = Self { waiting: vec![None; rules], ..Self::default() };
        watch.change(state, 0..rules);
        watch
    }

    /// Takes note of an event that has just been applied to `state`.
    pub fn after(&mut self, state: &State, event: &Event) {
        match &event.body {
            Body::Check(CheckEvent::Finished(finished)) => {
                self.ran(state, &finished.check);
                self.counted(state, "tool_failed");
            }
            Body::Check(CheckEvent::Observed { repeats }) => {
                repeats.iter().for_each(|repeat| self.ran(state, &repeat.check));
            }
            Body::Check(CheckEvent::Started { .. } | CheckEvent::Demanded { .. }) => {}
            Body::Session(SessionEvent::PlanChanged { .. }) => {
                *self = Self { looks: self.looks, ..Self::new(state) };
            }
            Body::Alert(body) => self.told(state, body),
            Body::Item(ItemEvent::Waived { subject: Subject::Check(_), .. } | ItemEvent::WaiverEnded { .. }) => {
                self.change(state, state.rules().of_categories().iter().copied());
            }
            Body::Session(_)
            | Body::Item(_)
            | Body::Step(_)
            | Body::Procedure(_)
            | Body::Rehearsal(_)
            | Body::Rotation(_)
            | Body::Watch(_)
            | Body::Notice(_)
            | Body::Enforcement(_)
            | Body::Ceremony(_)
            | Body::Triage(_)
            | Body::Task(_) => {
                COUNTED.iter().for_each(|name| self.counted(state, name));
            }
        }
    }

    /// What follows from the rules that are worth a look, each looked at once.
    pub fn follows(&mut self, state: &State, now: Now) -> Vec<Body> {
        while let Some((at, rule)) = self.queue.first().copied().filter(|(at, _)| *at <= now.at) {
            self.queue.remove(&(at, rule));
            self.waiting[rule] = None;
            self.change(state, [rule]);
        }
        if state.session().ended.is_some() {
            self.changed.clear();
        }
        let mut follows: Vec<Body> = lull_over(state, now).into_iter().collect();
        let mut transition = state.next_transition();
        while let Some((_, rule)) = self.changed.pop_first() {
            self.looks += 1;
            let found = look(state, rule, now, transition);
            self.wait(rule, found.again);
            let news = !found.follows.is_empty();
            transition += found.follows.iter().filter(|body| is_transition(body)).count() as u64;
            follows.extend(found.follows);
            if news && !state.rules().below(rule).is_empty() {
                // What may follow from this one is looked at when this is applied.
                break;
            }
        }
        follows
    }

    /// When the next time runs out, or at once while rules are worth a look.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.queue.first().map(|(at, _)| *at)
    }

    /// Whether rules are worth a look now.
    #[must_use]
    pub fn is_due(&self, now: Now) -> bool {
        !self.changed.is_empty() || self.next().is_some_and(|at| at <= now.at)
    }

    /// How many looks were taken.
    #[must_use]
    pub const fn looks(&self) -> u64 {
        self.looks
    }

    fn ran(&mut self, state: &State, check: &CheckId) {
        let Some(position) = state.index().check(check) else { return };
        self.change(state, state.rules().touched_by(position).iter().copied());
        self.change(state, state.rules().of_categories().iter().copied());
    }

    fn counted(&mut self, state: &State, name: &str) {
        if let Some(event) = COUNTED.iter().position(|known| *known == name) {
            self.change(state, state.rules().of_event(event).iter().copied());
        }
    }

    fn told(&mut self, state: &State, body: &AlertEvent) {
        let Some(alert) = body.alert() else {
            self.change(state, 0..state.plan().alerts.len());
            return;
        };
        if let Some(position) = state.index().alert(alert) {
            self.change(state, [position]);
            self.change(state, state.rules().below(position).iter().copied());
        }
    }

    fn change(&mut self, state: &State, rules: impl IntoIterator<Item = usize>) {
        self.changed.extend(rules.into_iter().map(|rule| (state.rules().rank(rule), rule)));
    }

    fn wait(&mut self, rule: usize, until: Option<Timestamp>) {
        if let Some(before) = self.waiting[rule].take() {
            self.queue.remove(&(before, rule));
        }
        if let Some(until) = until {
            self.waiting[rule] = Some(until);
            self.queue.insert((until, rule));
        }
    }
}

fn is_transition(body: &Body) -> bool {
    matches!(body, Body::Alert(event) if event.transition().is_some())
}

fn lull_over(state: &State, now: Now) -> Option<Body> {
    let over = state.lull().is_some_and(|lull| lull.until <= now.at);
    let why = || crate::model::text::SafeText::from_foreign("its time is over");
    over.then(|| Body::Alert(AlertEvent::LullEnded { why: why() }))
}
