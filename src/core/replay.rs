//! A past session, to be looked at as it stood at any of its moments: a fold that is stopped early.
//!
//! Snapshots of the fold are kept on the way, so that a step anywhere costs at most a few hundred events. Parts
//! of a state that did not change are shared between snapshots.

use jiff::Timestamp;

use crate::core::event::{Body, CheckEvent, Event, StepEvent};
use crate::core::state::{FoldError, State};
use crate::core::verdict::{self, Answer};
use crate::model::time::Now;

/// So many events lie between two snapshots.
const BETWEEN_SNAPSHOTS: usize = 500;

/// A past session and a place in it. At least its first event is always applied.
#[derive(Debug)]
pub struct Replay {
    events: Vec<Event>,
    /// The state after `1 + n * BETWEEN_SNAPSHOTS` events, as far as anybody has come.
    snapshots: Vec<State>,
    /// The fold that makes snapshots ahead, and how far it has come.
    ahead: Option<(State, usize)>,
    state: State,
    applied: usize,
}

impl Replay {
    /// A session at its beginning.
    ///
    /// # Errors
    /// If the events do not begin with `opened`.
    pub fn new(events: Vec<Event>) -> Result<Self, FoldError> {
        let state = State::open(events.first().ok_or(FoldError::NotOpened)?)?;
        Ok(Self { snapshots: vec![state.clone()], events, ahead: None, state, applied: 1 })
    }

    /// How many events there are.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.events.len()
    }

    /// How many of them have happened, at least one.
    #[must_use]
    pub const fn applied(&self) -> usize {
        self.applied
    }

    /// The state after them.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// When the latest of them happened.
    #[must_use]
    pub fn moment(&self) -> Now {
        self.events[self.applied - 1].when()
    }

    /// When the next one happened; `None` at the end.
    #[must_use]
    pub fn next_moment(&self) -> Option<Now> {
        self.events.get(self.applied).map(Event::when)
    }

    /// Makes snapshots of what lies ahead, over so many events at most; `true` once there are no more to make. Whoever
    /// shows a replay does this while nobody presses a key, so that no way in it is a long one.
    pub fn prepare(&mut self, most: usize) -> bool {
        let from = 1 + (self.snapshots.len() - 1) * BETWEEN_SNAPSHOTS;
        let last = self.snapshots.last().cloned();
        let known = self.ahead.take().filter(|(_, folded)| *folded >= from).or_else(|| last.map(|state| (state, from)));
        let Some((mut state, mut folded)) = known else { return true };
        let until = self.events.len().min(folded + most);
        while folded < until {
            state.apply(&self.events[folded]);
            folded += 1;
            if folded - 1 == self.snapshots.len() * BETWEEN_SNAPSHOTS {
                self.snapshots.push(state.clone());
            }
        }
        let done = folded + BETWEEN_SNAPSHOTS > self.events.len();
        self.ahead = (!done).then_some((state, folded));
        done
    }

    /// Goes to where so many events have happened; to the nearest end where there are not so many.
    pub fn go_to(&mut self, applied: usize) {
        let applied = applied.clamp(1, self.events.len());
        if applied < self.applied {
            let snapshot = ((applied - 1) / BETWEEN_SNAPSHOTS).min(self.snapshots.len() - 1);
            self.state = self.snapshots[snapshot].clone();
            self.applied = 1 + snapshot * BETWEEN_SNAPSHOTS;
        } else {
            // What was folded once need not be folded again to get past it.
            let snapshot = ((applied - 1) / BETWEEN_SNAPSHOTS).min(self.snapshots.len() - 1);
            let there = 1 + snapshot * BETWEEN_SNAPSHOTS;
            if there > self.applied {
                self.state = self.snapshots[snapshot].clone();
                self.applied = there;
            }
        }
        while self.applied < applied {
            self.step();
        }
    }

    /// Goes to the last event that had happened at a moment; to the first one where none had.
    pub fn go_to_time(&mut self, at: Timestamp) {
        self.go_to(self.events.iter().take_while(|event| event.at <= at).count());
    }

    /// Goes on to the next event after which the session's verdict is another; to the end where none is.
    pub fn go_to_next_turn(&mut self) {
        let before = self.answer();
        let mut by_time = self.changes_by_time();
        while self.applied < self.events.len() {
            self.step();
            if self.may_turn(by_time) {
                if self.answer() != before {
                    return;
                }
                by_time = self.changes_by_time();
            }
        }
    }

    /// Goes back to the event that made the verdict what it is; from there to the one before.
    pub fn go_to_turn_before(&mut self) {
        let here = self.applied;
        let mut turn = 1;
        // A snapshot's stretch at a time, from the nearest one back: the turn is most often near.
        let mut until = here;
        while until > 1 {
            let from = 1 + (until - 2) / BETWEEN_SNAPSHOTS * BETWEEN_SNAPSHOTS;
            self.go_to(from);
            let mut answer = self.answer();
            let mut by_time = self.changes_by_time();
            let mut found = None;
            while self.applied < until {
                self.step();
                if !self.may_turn(by_time) {
                    continue;
                }
                by_time = self.changes_by_time();
                let now = self.answer();
                if now != answer && self.applied < here {
                    found = Some(self.applied);
                }
                answer = now;
            }
            if let Some(found) = found {
                turn = found;
                break;
            }
            until = from;
        }
        self.go_to(turn);
    }

    fn step(&mut self) {
        self.state.apply(&self.events[self.applied]);
        self.applied += 1;
        if (self.applied - 1) == self.snapshots.len() * BETWEEN_SNAPSHOTS {
            self.snapshots.push(self.state.clone());
        }
    }

    /// When time alone changes the verdict next.
    fn changes_by_time(&self) -> Option<Timestamp> {
        verdict::next_change(&self.state, self.moment())
    }

    /// Whether the latest event may have changed the verdict: what only repeats what was fresh does not, nor does what a
    /// step prints or what was asked for triage, as long as time has changed nothing.
    fn may_turn(&self, by_time: Option<Timestamp>) -> bool {
        let event = &self.events[self.applied - 1];
        let weighs_nothing = matches!(
            &event.body,
            Body::Check(CheckEvent::Observed { .. }) | Body::Triage(_) | Body::Step(StepEvent::Output { .. })
        );
        !weighs_nothing || by_time.is_some_and(|moment| moment <= event.at)
    }

    fn answer(&self) -> Answer {
        verdict::of_session(&self.state, self.moment()).answer()
    }
}
