//! Where events are made: numbers, times and names are given here and nowhere else.

use crate::core::event::{Body, Event, VERSION};
use crate::model::operator::Actor;
use crate::model::time::Now;

/// Makes events of this process's run.
#[derive(Debug)]
pub(super) struct Maker {
    run: ulid::Ulid,
    made: u128,
}

impl Maker {
    pub(super) const fn new(run: ulid::Ulid) -> Self {
        Self { run, made: 0 }
    }

    /// An event of this moment. Its id has the moment's milliseconds in front, and behind them the run's random part
    /// counted up: unique without asking anybody, and in order within a millisecond.
    pub(super) fn event(&mut self, actor: Actor, body: Body, when: Now) -> Event {
        self.made += 1;
        let random = self.run.random().wrapping_add(self.made) & ((1 << 80) - 1);
        let milliseconds = u64::try_from(when.at.as_millisecond()).unwrap_or(0);
        let id = ulid::Ulid::from_parts(milliseconds, random);
        let up = u64::try_from(when.up.as_millis()).unwrap_or(u64::MAX);
        Event { v: VERSION, id, run: self.run, at: when.at, up, actor, body }
    }
}
