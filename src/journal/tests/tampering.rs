//! Thousands of random harms to a closed session: every stored byte, every place, every order. `golive verify` says so
//! each time. `GOLIVE_TAMPER_TRIALS` says how many; `GOLIVE_TAMPER_SEED` repeats a run.

use rusqlite::Connection;

use super::*;
use crate::journal::chain::Hash;
use crate::journal::reading::{Verification, all, connect, verify};

/// Random enough to reach everything, and the same for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    fn seq(&mut self, length: i64) -> i64 {
        1 + i64::try_from(self.below(usize::try_from(length).unwrap())).unwrap()
    }
}

/// Changes one byte of a column of one event to another one; the column keeps its type.
fn change_a_byte(connection: &Connection, random: &mut Random, seq: i64, column: &str, kept: &str) {
    let read = format!("SELECT CAST({column} AS BLOB) FROM events WHERE seq = ?1");
    let mut bytes: Vec<u8> = connection.query_row(&read, [seq], |row| row.get(0)).unwrap();
    let at = random.below(bytes.len());
    bytes[at] ^= u8::try_from(1 + random.below(255)).unwrap();
    let write = format!("UPDATE events SET {column} = CAST(?1 AS {kept}) WHERE seq = ?2");
    connection.execute(&write, (bytes, seq)).unwrap();
}

/// Does one harm; says which.
fn harm(connection: &Connection, random: &mut Random, length: i64) -> String {
    let seq = random.seq(length);
    let run = |sql: &str| connection.execute_batch(sql).unwrap();
    match random.below(11) {
        0 | 1 => {
            change_a_byte(connection, random, seq, "body", "TEXT");
            format!("a byte of the body of {seq}")
        }
        2 => {
            let column = ["hash", "prev_hash"][random.below(2)];
            change_a_byte(connection, random, seq, column, "BLOB");
            format!("a byte of the {column} of {seq}")
        }
        3 => {
            let column = ["id", "family", "kind"][random.below(3)];
            change_a_byte(connection, random, seq, column, "TEXT");
            format!("a byte of the {column} of {seq}")
        }
        4 => {
            let by = 1 + random.below(1 << 40);
            run(&format!("UPDATE events SET at = at + {by} WHERE seq = {seq}"));
            format!("the time of {seq}")
        }
        5 => {
            run(&format!("DELETE FROM events WHERE seq = {seq}"));
            format!("{seq} removed")
        }
        6 => {
            run(&format!(
                "DELETE FROM events WHERE seq = {seq}; UPDATE events SET seq = -seq WHERE seq > {seq}; UPDATE events SET seq = -seq - 1 WHERE seq < 0"
            ));
            format!("{seq} removed, the gap closed")
        }
        7 => {
            let other = 1 + (seq + i64::try_from(random.below(usize::try_from(length - 1).unwrap())).unwrap()) % length;
            run(&format!(
                "UPDATE events SET seq = -1 WHERE seq = {seq}; UPDATE events SET seq = {seq} WHERE seq = {other}; UPDATE events SET seq = {other} WHERE seq = -1"
            ));
            format!("{seq} and {other} swapped")
        }
        8 => {
            let place = random.seq(length);
            run(&format!(
                "UPDATE events SET seq = -seq - 1 WHERE seq >= {place}; UPDATE events SET seq = -seq WHERE seq < 0;
                INSERT INTO events (seq, id, at, family, kind, body, prev_hash, hash)
                SELECT {place}, id, at, family, kind, body, prev_hash, hash FROM events WHERE seq = {}",
                if seq >= place { seq + 1 } else { seq }
            ));
            format!("a copy of {seq} inserted at {place}")
        }
        9 => {
            run(&format!("DELETE FROM events WHERE seq > {}", seq - 1));
            format!("cut off from {seq} on")
        }
        // Somebody who knows the chain and makes one event anew, as it would be hashed.
        _ => {
            let seq = seq.min(length - 1);
            let (before, body): ([u8; 32], String) = connection
                .query_row("SELECT prev_hash, body FROM events WHERE seq = ?1", [seq], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .unwrap();
            let body =
                body.replacen("deploy-1", "deploy-2", 1).replacen("200", "500", 1).replacen("thandi", "sipho", 1);
            let body = format!("{body} ");
            let hash = Hash(before).next(u64::try_from(seq).unwrap(), body.as_bytes());
            connection.execute("UPDATE events SET body = ?1, hash = ?2 WHERE seq = ?3", (body, hash.0, seq)).unwrap();
            format!("{seq} made anew with its hash")
        }
    }
}

fn asked(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn closed_session() -> (Place, i64) {
    let place = Place::new();
    let mut events = whole_session(9);
    events.insert(6, note(50, "provider called, ticket 48113"));
    let length = i64::try_from(events.len()).unwrap();
    place.with(events);
    (place, length)
}

#[test]
fn every_one_of_ten_thousand_random_harms_is_found() {
    let (place, length) = closed_session();
    let seed = asked("GOLIVE_TAMPER_SEED", 0x601_1111);
    let mut random = Random(seed);
    let connection = Connection::open(place.path()).unwrap();
    for trial in 0..asked("GOLIVE_TAMPER_TRIALS", 10_000) {
        connection.execute_batch("BEGIN").unwrap();
        let what = harm(&connection, &mut random, length);
        let found = all(&connection, &place.path()).is_ok_and(|reading| reading.broken.is_none());
        assert!(!found, "seed {seed}, trial {trial}: {what}: called whole");
        connection.execute_batch("ROLLBACK").unwrap();
    }
    drop(connection);
    assert!(matches!(verify(&place.path()), Ok(Verification::Whole { .. })), "unharmed it is whole");
}

#[test]
fn the_harms_are_found_in_the_file_as_well() {
    for seed in 0..40 {
        let (place, length) = closed_session();
        let connection = Connection::open(place.path()).unwrap();
        let what = harm(&connection, &mut Random(seed), length);
        drop(connection);
        let found = verify(&place.path()).unwrap();
        assert!(matches!(found, Verification::Broken { .. }), "seed {seed}: {what}: {found:?}");
        assert!(connect(&place.path()).is_ok(), "it can be read all the same");
    }
}
