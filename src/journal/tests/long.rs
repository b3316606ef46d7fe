//! A long journal is read by several threads, each a stretch: what is found is what one thread finds.

use rusqlite::Connection;

use super::*;
use crate::journal::JournalError;
use crate::journal::chain::Hash;
use crate::journal::reading::{self, Broken, all, connect, read_all};

/// More than two stretches, and not a whole number of them.
const LENGTH: u64 = 4_700;

fn long_session() -> Place {
    let place = Place::new();
    let journal = place.create();
    for batch in whole_session(LENGTH - 2).chunks(470) {
        journal.append(batch.into()).wait().unwrap();
    }
    journal.close().unwrap();
    place
}

/// What one thread says of it, from its first event to its last.
fn by_one(connection: &Connection, path: &std::path::Path) -> Option<Broken> {
    match reading::range(connection, path, 1, usize::MAX) {
        Ok(_) => None,
        Err(JournalError::Broken { seq, what, .. }) => Some(Broken { seq, what }),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_long_journal_is_read_whole_and_in_order() {
    let place = long_session();
    let reading = read_all(&place.path()).unwrap();
    assert_eq!((reading.broken, reading.head.seq, reading.head.closed), (None, LENGTH, true));
    assert_eq!(reading.events, whole_session(LENGTH - 2));
    let connection = connect(&place.path()).unwrap();
    let last = reading::range(&connection, &place.path(), LENGTH, 1).unwrap();
    assert_eq!(last[0].0.hash, reading.head.hash);
}

#[test]
fn a_harm_anywhere_is_found_where_one_thread_finds_it() {
    let place = long_session();
    let kept = std::fs::read(place.path()).unwrap();
    // In the middle of a stretch, at both sides of where two meet, at the ends.
    for seq in [1, 1_000, 2_000, 2_001, LENGTH] {
        for harm in [
            format!("DELETE FROM events WHERE seq = {seq}"),
            format!("UPDATE events SET body = replace(body, '12 ms', '13 ms') || ' ' WHERE seq = {seq}"),
            format!("UPDATE events SET prev_hash = randomblob(32) WHERE seq = {seq}"),
            format!("UPDATE events SET hash = zeroblob(32) WHERE seq = {seq}"),
            format!("UPDATE events SET kind = 'other' WHERE seq = {seq}"),
            format!("DELETE FROM events WHERE seq BETWEEN {seq} AND {}", seq + 2_500),
        ] {
            let connection = Connection::open(place.path()).unwrap();
            connection.execute_batch(&harm).unwrap();
            drop(connection);
            let connection = connect(&place.path()).unwrap();
            let (one, found) = (by_one(&connection, &place.path()), all(&connection, &place.path()).unwrap());
            // What only the head outside can tell, one thread that reads the events alone cannot.
            let wanted = one.clone().or_else(|| found.broken.clone());
            // At the first event of a stretch the words may be others: what it hangs on is judged last there.
            let seq_of = |broken: &Option<Broken>| broken.as_ref().map(|broken| broken.seq);
            assert_eq!(seq_of(&found.broken), seq_of(&wanted), "{harm}");
            assert!(found.broken.is_some(), "{harm}: called whole");
            let sound = found.broken.as_ref().unwrap().seq - 1;
            assert!(one.is_none() || found.events.len() as u64 == sound, "{harm}: {} events", found.events.len());
            drop(connection);
            std::fs::write(place.path(), &kept).unwrap();
        }
    }
}

#[test]
fn a_stretch_made_anew_from_its_first_event_on_does_not_hang_on_the_one_before() {
    let place = long_session();
    let connection = Connection::open(place.path()).unwrap();
    let bodies: Vec<String> = {
        let mut select = connection.prepare("SELECT body FROM events WHERE seq >= 2001 ORDER BY seq").unwrap();
        select.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let mut before = Hash([7; 32]);
    connection.execute_batch("BEGIN").unwrap();
    for (seq, body) in (2_001_i64..).zip(bodies) {
        let hash = before.next(u64::try_from(seq).unwrap(), body.as_bytes());
        let row = (before.0, hash.0, seq);
        connection.execute("UPDATE events SET prev_hash = ?1, hash = ?2 WHERE seq = ?3", row).unwrap();
        before = hash;
    }
    connection.execute_batch("COMMIT").unwrap();
    let reading = read_all(&place.path()).unwrap();
    let broken = reading.broken.unwrap();
    assert_eq!((broken.seq, broken.what.as_str()), (2_001, "does not follow the one before it"));
    assert_eq!((reading.events.len(), reading.head.seq), (2_000, 2_000));
}
