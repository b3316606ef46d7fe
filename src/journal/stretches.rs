//! A whole journal, read by as many threads as there are processors: each takes one stretch after the other and judges
//! it by itself; where two meet, the one has to hang on the other. Every event is proved as if one thread had read them all.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use rusqlite::Connection;

use crate::core::event::Event;
use crate::journal::chain::Hash;
use crate::journal::names;
use crate::journal::reading::{Broken, connect};
use crate::journal::sound::walk;
use crate::journal::storage::Head;

/// So many events are one stretch. A journal that is not longer is read where it is asked for.
const LENGTH: u64 = 2_000;
/// At most so many threads, however many processors there are.
const MOST_THREADS: usize = 4;

/// Where events go, in order, as they are known to be sound.
pub(super) type Take<'a> = dyn FnMut(Vec<Event>) + Send + 'a;

/// A journal as far as it is sound.
pub(super) struct Proved {
    /// Its end.
    pub(super) end: Head,
    /// The hash of the event at the place that was asked for.
    pub(super) marked: Option<Hash>,
    /// The first thing that is not sound.
    pub(super) broken: Option<Broken>,
}

/// A stretch of a journal as it was read.
struct Stretch {
    /// The events that are sound, in order.
    events: Vec<Event>,
    /// The hash that the first of them hangs on.
    hangs_on: Hash,
    /// Where it ends, with the hash at the place that was asked for.
    proved: Proved,
}

/// Hands over a whole journal as far as it is sound, and says how far that is; the hash at one place besides.
pub(super) fn whole(connection: &Connection, path: &Path, marked: u64, take: &mut Take<'_>) -> Proved {
    let last: i64 = match connection.query_row("SELECT coalesce(max(seq), 0) FROM events", [], |row| row.get(0)) {
        Ok(last) => last,
        Err(error) => {
            let broken = Some(Broken { seq: 1, what: format!("cannot be read: {error}") });
            return Proved { broken, ..Proved::before(1) };
        }
    };
    let stretches = u64::try_from(last).unwrap_or(0) / LENGTH;
    let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    if stretches < 2 || threads < 2 {
        let Stretch { events, proved, .. } = read(connection, 1, usize::MAX, marked);
        take(events);
        return proved;
    }
    let joining = Joining::new(stretches, marked, take);
    thread::scope(|scope| {
        for _ in 1..threads {
            // Who gets no connection of his own leaves the stretches to the others.
            scope.spawn(|| connect(path).is_ok_and(|own| joining.work(&own)));
        }
        joining.work(connection);
    });
    joining.joined.into_inner().unwrap_or_else(PoisonError::into_inner).proved
}

/// One stretch. The last one has no bound: what is written meanwhile is read as well.
fn read(connection: &Connection, from: u64, most: usize, marked: u64) -> Stretch {
    let events = Vec::with_capacity(most.min(2 * LENGTH as usize));
    let mut stretch = Stretch { events, hangs_on: Hash::ZERO, proved: Proved::before(from) };
    let walked = walk(connection, from, most, |found| {
        if stretch.events.is_empty() {
            stretch.hangs_on = found.before;
        }
        let Proved { end, marked: at_mark, .. } = &mut stretch.proved;
        let closed = end.closed || names::ends(&found.event.body);
        *end = Head { seq: found.stored.seq, hash: found.stored.hash, closed };
        if found.stored.seq == marked {
            *at_mark = Some(found.stored.hash);
        }
        stretch.events.push(found.event);
    });
    stretch.proved.broken = walked.err();
    stretch
}

impl Proved {
    /// Nothing, before a place.
    const fn before(from: u64) -> Self {
        Self { end: Head { seq: from - 1, hash: Hash::ZERO, closed: false }, marked: None, broken: None }
    }

    /// Puts what comes behind to it, if it hangs on it and nothing before it is broken; gives its events then.
    fn join(&mut self, behind: Stretch) -> Vec<Event> {
        let Stretch { events, hangs_on, proved } = behind;
        if self.broken.is_some() {
            return Vec::new();
        }
        let seq = self.end.seq + 1;
        if events.is_empty() {
            self.broken = proved.broken.or_else(|| Some(Broken { seq, what: "is missing".to_owned() }));
        } else if hangs_on != self.end.hash {
            self.broken = Some(Broken { seq, what: "does not follow the one before it".to_owned() });
            return Vec::new();
        } else {
            self.end = Head { closed: self.end.closed || proved.end.closed, ..proved.end };
            self.marked = self.marked.or(proved.marked);
            self.broken = proved.broken;
        }
        events
    }
}

/// Stretches that are handed out, and what was read of them so far.
struct Joining<'a> {
    /// How many there are.
    stretches: u64,
    marked: u64,
    /// The next one that nobody has taken.
    next: AtomicU64,
    joined: Mutex<Joined<'a>>,
}

struct Joined<'a> {
    proved: Proved,
    /// How many stretches that is.
    stretches: u64,
    /// What was read before what lies between.
    waiting: BTreeMap<u64, Stretch>,
    take: &'a mut Take<'a>,
}

impl<'a> Joining<'a> {
    fn new(stretches: u64, marked: u64, take: &'a mut Take<'a>) -> Self {
        let joined = Joined { proved: Proved::before(1), stretches: 0, waiting: BTreeMap::new(), take };
        Self { stretches, marked, next: AtomicU64::new(0), joined: Mutex::new(joined) }
    }

    /// Reads one stretch after the other until there are no more; always `true`.
    fn work(&self, connection: &Connection) -> bool {
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.stretches {
                return true;
            }
            let most = if number + 1 == self.stretches { usize::MAX } else { LENGTH as usize };
            let stretch = read(connection, 1 + number * LENGTH, most, self.marked);
            if stretch.proved.broken.is_some() || stretch.events.is_empty() {
                // Nothing behind it counts.
                self.next.store(self.stretches, Ordering::Relaxed);
            }
            self.join(number, stretch);
        }
    }

    /// Hands over what is next by now.
    fn join(&self, number: u64, stretch: Stretch) {
        let mut joined = self.joined.lock().unwrap_or_else(PoisonError::into_inner);
        let Joined { proved, stretches, waiting, take } = &mut *joined;
        waiting.insert(number, stretch);
        while let Some(next) = waiting.remove(stretches) {
            take(proved.join(next));
            *stretches += 1;
        }
    }
}
