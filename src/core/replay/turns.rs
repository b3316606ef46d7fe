//! Where the verdict of a past session turned: looked for once, in order, and remembered, so that a jump to the next turn
//! costs no more than any other, however long nothing turned before it.

use jiff::Timestamp;

use crate::core::event::{Body, CheckEvent, Event, StepEvent};
use crate::core::state::State;
use crate::core::verdict::{self, Answer};
use crate::model::time::Now;

/// The turns of a session, as far as it was looked at.
#[derive(Debug)]
pub(super) struct Turns {
    /// After so many events the verdict was another than after one less. In order.
    found: Vec<usize>,
    /// The fold that looks for them, and how far it has come.
    state: State,
    looked_at: usize,
    answer: Answer,
    /// When time alone changes the verdict next.
    by_time: Option<Timestamp>,
}

impl Turns {
    /// A session whose first event was looked at.
    pub(super) fn new(state: State, first: &Event) -> Self {
        let (answer, by_time) = (answer(&state, first.when()), verdict::next_change(&state, first.when()));
        Self { found: Vec::new(), state, looked_at: 1, answer, by_time }
    }

    /// How many events were looked at, at least one.
    pub(super) const fn looked_at(&self) -> usize {
        self.looked_at
    }

    /// The first turn behind a place, as far as is known.
    pub(super) fn behind(&self, applied: usize) -> Option<usize> {
        self.found.get(self.found.partition_point(|turn| *turn <= applied)).copied()
    }

    /// The last turn before a place, as far as is known.
    pub(super) fn before(&self, applied: usize) -> Option<usize> {
        self.found[..self.found.partition_point(|turn| *turn < applied)].last().copied()
    }

    /// Looks at so many events more; `true` once all are.
    pub(super) fn look_on(&mut self, events: &[Event], most: usize) -> bool {
        let until = events.len().min(self.looked_at + most);
        while self.looked_at < until {
            let event = &events[self.looked_at];
            self.state.apply(event);
            self.looked_at += 1;
            if self.may_turn(event) {
                self.by_time = verdict::next_change(&self.state, event.when());
                let now = answer(&self.state, event.when());
                if now != self.answer {
                    self.found.push(self.looked_at);
                }
                self.answer = now;
            }
        }
        self.looked_at == events.len()
    }

    /// Whether the latest event may have changed the verdict: what only repeats what was fresh does not, nor does what a
    /// step prints or what was asked for triage, as long as time has changed nothing.
    fn may_turn(&self, event: &Event) -> bool {
        let weighs_nothing = matches!(
            &event.body,
            Body::Check(CheckEvent::Observed { .. }) | Body::Triage(_) | Body::Step(StepEvent::Output { .. })
        );
        !weighs_nothing || self.by_time.is_some_and(|moment| moment <= event.at)
    }
}

fn answer(state: &State, now: Now) -> Answer {
    verdict::of_session(state, now).answer()
}
