//! Every harm done to a journal from outside is found, and what is sound before it is kept.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};

use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::journal::JournalError;
use crate::journal::reading::{Verification, read_all, verify};

/// A closed session with five results, harmed by SQL: eight events in all with opening, note and end.
fn harmed_by(sql: &str) -> (Place, Verification) {
    let place = Place::new();
    let mut events = whole_session(5);
    events.insert(6, note(50, "go"));
    place.with(events);
    Connection::open(place.path()).unwrap().execute_batch(sql).unwrap();
    let found = verify(&place.path()).unwrap();
    (place, found)
}

fn broken_at(found: &Verification) -> (u64, &str) {
    match found {
        Verification::Broken { seq, what } => (*seq, what),
        Verification::Whole { .. } => panic!("the harm was not found"),
    }
}

#[test]
fn a_changed_event_is_named() {
    let (place, found) = harmed_by("UPDATE events SET body = replace(body, '\"go\"', '\"no\"') WHERE seq = 7");
    assert_eq!(broken_at(&found), (7, "is not what was written: its hash is another"));
    assert_eq!(read_all(&place.path()).unwrap().events.len(), 6, "what is sound before it is kept");
}

#[test]
fn an_event_changed_with_its_hash_is_found_at_the_next() {
    let place = Place::new();
    place.with(whole_session(5));
    let connection = Connection::open(place.path()).unwrap();
    let (before, body): ([u8; 32], String) = connection
        .query_row("SELECT prev_hash, replace(body, '200 in', '500 in') FROM events WHERE seq = 3", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let hash = crate::journal::chain::Hash(before).next(3, body.as_bytes());
    connection.execute("UPDATE events SET body = ?1, hash = ?2 WHERE seq = 3", (body, hash.0)).unwrap();
    drop(connection);
    assert_eq!(broken_at(&verify(&place.path()).unwrap()), (4, "does not follow the one before it"));
}

#[test]
fn a_removed_event_is_named() {
    let (_, found) = harmed_by("DELETE FROM events WHERE seq = 4");
    assert_eq!(broken_at(&found), (4, "is missing; the next one there is 5"));
}

#[test]
fn a_removed_event_is_found_when_the_others_close_the_gap() {
    let (_, found) = harmed_by("DELETE FROM events WHERE seq = 4; UPDATE events SET seq = seq - 1 WHERE seq > 4");
    assert_eq!(broken_at(&found), (4, "does not follow the one before it"));
}

#[test]
fn swapped_events_are_found() {
    let (_, found) = harmed_by(
        "UPDATE events SET seq = 99 WHERE seq = 3; UPDATE events SET seq = 3 WHERE seq = 4;
         UPDATE events SET seq = 4 WHERE seq = 99",
    );
    assert_eq!(broken_at(&found).0, 3);
}

#[test]
fn an_inserted_event_is_found() {
    let (_, found) =
        harmed_by("INSERT INTO events SELECT 9, id, at, family, kind, body, hash, hash FROM events WHERE seq = 7");
    assert_eq!(broken_at(&found), (9, "does not follow the one before it"));
}

#[test]
fn a_cut_tail_of_a_closed_session_is_found_by_its_head() {
    let (_, found) = harmed_by("DELETE FROM events WHERE seq > 6");
    assert_eq!(broken_at(&found), (7, "the head says 8 events, the journal ends after 6"));
}

#[test]
fn a_listing_column_that_says_something_else_is_found() {
    let (_, found) = harmed_by("UPDATE events SET at = at + 1 WHERE seq = 2");
    assert_eq!(broken_at(&found), (2, "is not what was written: what it is listed under is not in it"));
}

#[test]
fn a_journal_without_its_head_is_not_called_whole() {
    let place = Place::new();
    place.with(whole_session(2));
    std::fs::remove_file(place.path().with_extension("head")).unwrap();
    assert_eq!(broken_at(&verify(&place.path()).unwrap()), (5, "the head beside the journal is missing"));
}

#[test]
fn nothing_is_written_behind_a_broken_chain() {
    let (place, _) = harmed_by("UPDATE events SET body = replace(body, '\"go\"', '\"no\"') WHERE seq = 7");
    let refused = Journal::open(&place.path(), &holder("naledi")).unwrap_err();
    assert!(matches!(refused, JournalError::Broken { seq: 7, .. }), "{refused}");
}

#[test]
fn a_newer_journal_is_refused_and_never_misread() {
    for newer in ["PRAGMA user_version = 99", "UPDATE meta SET value = '99' WHERE key = 'format'"] {
        let place = Place::new();
        place.with(whole_session(1));
        Connection::open(place.path()).unwrap().execute_batch(newer).unwrap();
        let refused = Journal::open(&place.path(), &holder("naledi")).unwrap_err();
        assert!(matches!(refused, JournalError::Newer { found: 99, known: 1, .. }), "{refused}");
        assert!(refused.to_string().contains("was written by a newer golive"));
        assert!(matches!(verify(&place.path()), Err(JournalError::Newer { .. })));
    }
}

#[test]
fn a_file_that_is_no_journal_is_called_so() {
    let place = Place::new();
    std::fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    std::fs::write(place.path(), "a letter to my aunt, long enough to be looked at as if it were a database".repeat(9))
        .unwrap();
    let refused = Journal::open(&place.path(), &holder("naledi")).unwrap_err();
    assert!(matches!(refused, JournalError::NotAJournal { .. }), "{refused}");
    assert!(matches!(read_all(&place.path()), Err(JournalError::NotAJournal { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Not every byte of a database file means something. The promise: what is called whole is what was written.
    #[test]
    fn what_is_called_whole_is_what_was_written(seed in any::<u64>(), bit in 0u8..8) {
        let place = Place::new();
        let events = whole_session(8);
        place.with(events.clone());
        let length = std::fs::metadata(place.path()).unwrap().len();
        // The pages in use, and among the rest a few.
        for turn in 0..40_u64 {
            let at = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(turn * 7_919) % length.min(40_000);
            flip(&place, at, bit);
            match verify(&place.path()) {
                Ok(Verification::Whole { .. }) => prop_assert_eq!(&read_all(&place.path()).unwrap().events, &events),
                Ok(Verification::Broken { .. }) | Err(_) => {}
            }
            flip(&place, at, bit);
        }
        prop_assert!(matches!(verify(&place.path()), Ok(Verification::Whole { .. })), "flipped back, it is whole again");
    }

    #[test]
    fn any_flipped_bit_of_an_event_is_found(at in 0usize..400, bit in 0u8..8, seq in 1u64..6) {
        let place = Place::new();
        place.with(whole_session(5));
        let connection = Connection::open(place.path()).unwrap();
        let number = i64::try_from(seq).unwrap();
        let body: String = connection.query_row("SELECT body FROM events WHERE seq = ?1", [number], |row| row.get(0)).unwrap();
        let mut bytes = body.into_bytes();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        connection.execute("UPDATE events SET body = CAST(?1 AS TEXT) WHERE seq = ?2", (bytes, number)).unwrap();
        drop(connection);
        prop_assert_eq!(broken_at(&verify(&place.path()).unwrap()).0, seq);
    }
}

fn flip(place: &Place, at: u64, bit: u8) {
    let mut file = std::fs::OpenOptions::new().read(true).write(true).open(place.path()).unwrap();
    let mut byte = [0];
    file.seek(SeekFrom::Start(at)).unwrap();
    file.read_exact(&mut byte).unwrap();
    byte[0] ^= 1 << bit;
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(&byte).unwrap();
}
