//! One event of a journal after the other, each judged: the right place, behind the right one, unchanged.

use rusqlite::{Connection, Row};

use crate::core::event::Event;
use crate::journal::chain::Hash;
use crate::journal::names;
use crate::journal::reading::Broken;
use crate::journal::sqlite::{hash_of, seq_of};
use crate::journal::storage::Stored;

const SELECT: &str = "SELECT seq, hash, prev_hash, id, at, family, kind, body FROM events WHERE seq >= ?1 ORDER BY seq";

/// An event that is sound, as far as can be told from it and the one before.
pub(super) struct Sound {
    /// Where it stands.
    pub(super) stored: Stored,
    /// The hash that it hangs on.
    pub(super) before: Hash,
    /// What it says.
    pub(super) event: Event,
}

/// Hands out at most so many sound events from a place on, until one is not sound. What the first one hangs on is judged
/// only where it is the first of all: else whoever asks holds it against the one before.
pub(super) fn walk(connection: &Connection, from: u64, most: usize, mut take: impl FnMut(Sound)) -> Result<(), Broken> {
    let mut before = (from == 1).then_some(Hash::ZERO);
    let broken = |seq: u64| move |error: rusqlite::Error| Broken { seq, what: format!("cannot be read: {error}") };
    let mut statement = connection.prepare(SELECT).map_err(broken(from))?;
    let mut rows = statement.query([i64::try_from(from).unwrap_or(i64::MAX)]).map_err(broken(from))?;
    for expected in (from..).take(most) {
        let Some(row) = rows.next().map_err(broken(expected))? else { break };
        let found = sound(row, expected, before).map_err(|what| Broken { seq: expected, what })?;
        before = Some(found.stored.hash);
        take(found);
    }
    Ok(())
}

/// One event, if it is what stood there: the right place, behind the right one, unchanged.
fn sound(row: &Row<'_>, expected: u64, before: Option<Hash>) -> Result<Sound, String> {
    let unreadable = |error: rusqlite::Error| format!("cannot be read: {error}");
    let seq = seq_of(row, 0).map_err(unreadable)?;
    if seq != expected {
        return Err(format!("is missing; the next one there is {seq}"));
    }
    let (hash, prev_hash) = (hash_of(row, 1).map_err(unreadable)?, hash_of(row, 2).map_err(unreadable)?);
    if before.is_some_and(|before| before != prev_hash) {
        return Err("does not follow the one before it".to_owned());
    }
    let body = text(row, 7).map_err(unreadable)?;
    if prev_hash.next(seq, body.as_bytes()) != hash {
        return Err("is not what was written: its hash is another".to_owned());
    }
    let event: Event = serde_json::from_str(body).map_err(|error| format!("cannot be understood: {error}"))?;
    listed(row, &event)
        .map_err(unreadable)?
        .then_some(Sound { stored: Stored { seq, hash }, before: prev_hash, event })
        .ok_or_else(|| "is not what was written: what it is listed under is not in it".to_owned())
}

/// Whether the listing columns say what the event says: only the event itself is under the hash.
fn listed(row: &Row<'_>, event: &Event) -> rusqlite::Result<bool> {
    let (family, kind) = names::of(&event.body);
    let mut id = [0; ulid::ULID_LEN];
    let id = event.id.array_to_str(&mut id);
    let at = row.get::<_, i64>(4)?;
    let says = |column: usize, wanted: &str| text(row, column).map(|text| text == wanted);
    Ok(says(3, id)? && at == event.at.as_microsecond() && says(5, family)? && says(6, kind)?)
}

/// A text where it lies in the page: nothing of it is copied.
fn text<'row>(row: &'row Row<'_>, column: usize) -> rusqlite::Result<&'row str> {
    row.get_ref(column).and_then(|value| Ok(value.as_str()?))
}
