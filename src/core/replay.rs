//! A past session, to be looked at as it stood at any of its moments: a fold that is stopped early.
//!
//! Snapshots of the fold are kept on the way, so that a step anywhere costs at most a thousand events. Parts
//! of a state that did not change are shared between snapshots. Where the verdict turns is looked for once.

mod turns;

use jiff::Timestamp;

use crate::core::event::Event;
use crate::core::replay::turns::Turns;
use crate::core::state::{FoldError, State};
use crate::model::time::Now;

/// So many events lie between two snapshots.
const BETWEEN_SNAPSHOTS: usize = 1_000;

/// A past session and a place in it. At least its first event is always applied.
#[derive(Debug)]
pub struct Replay {
    events: Vec<Event>,
    /// The state after `1 + n * BETWEEN_SNAPSHOTS` events, as far as anybody has come.
    snapshots: Vec<State>,
    /// The fold that makes snapshots ahead, and how far it has come.
    ahead: Option<(State, usize)>,
    snapshots_made: bool,
    turns: Turns,
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
        let turns = Turns::new(state.clone(), &events[0]);
        let snapshots = vec![state.clone()];
        Ok(Self { snapshots, events, ahead: None, snapshots_made: false, turns, state, applied: 1 })
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

    /// Makes snapshots of what lies ahead, and then finds where the verdict turns, over so many events at most; `true`
    /// once there is no more to do. Whoever shows a replay does this while nobody presses a key, so that no way in it is
    /// a long one.
    pub fn prepare(&mut self, most: usize) -> bool {
        if !self.snapshots_made {
            self.snapshots_made = self.make_snapshots(most);
            return false;
        }
        self.turns.look_on(&self.events, most)
    }

    /// Makes snapshots of what lies ahead; `true` once there are no more to make.
    fn make_snapshots(&mut self, most: usize) -> bool {
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
        let turn = loop {
            if let Some(turn) = self.turns.behind(self.applied) {
                break turn;
            }
            if self.turns.look_on(&self.events, BETWEEN_SNAPSHOTS) {
                break self.turns.behind(self.applied).unwrap_or(self.events.len());
            }
        };
        self.go_to(turn);
    }

    /// Goes back to the event that made the verdict what it is; from there to the one before.
    pub fn go_to_turn_before(&mut self) {
        while self.turns.looked_at() < self.applied {
            self.turns.look_on(&self.events, BETWEEN_SNAPSHOTS);
        }
        self.go_to(self.turns.before(self.applied).unwrap_or(1));
    }

    fn step(&mut self) {
        self.state.apply(&self.events[self.applied]);
        self.applied += 1;
        if (self.applied - 1) == self.snapshots.len() * BETWEEN_SNAPSHOTS {
            self.snapshots.push(self.state.clone());
        }
    }
}
