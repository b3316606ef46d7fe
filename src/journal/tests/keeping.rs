//! What is appended is there again: in order, after a crash, after a failing disk.

use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};

use super::*;
use crate::core::state::State;
use crate::journal::memory::Memory;
use crate::journal::reading::{Verification, read_all, verify};
use crate::journal::storage::{Head, Storage, StorageError, Stored};

#[test]
fn what_was_appended_is_read_back_in_order() {
    let place = Place::new();
    let events = whole_session(5);
    place.with(events.clone());
    let reading = read_all(&place.path()).unwrap();
    assert_eq!(reading.events, events);
    assert_eq!(reading.session, place.session);
    assert_eq!(reading.broken, None);
    assert!(reading.head.closed);
    assert_eq!(verify(&place.path()).unwrap(), Verification::Whole { events: 7, head: reading.head });
}

#[test]
fn each_hash_follows_from_the_one_before() {
    let journal = Journal::memory();
    let events = vec![opened(), result(1), note(2, "so far so good")];
    let stored = journal.append(events.clone().into()).wait().unwrap();
    let mut hash = crate::journal::chain::Hash::ZERO;
    for (seq, (event, stored)) in (1..).zip(events.iter().zip(stored)) {
        hash = hash.next(seq, &serde_json::to_vec(event).unwrap());
        assert_eq!(stored, Stored { seq, hash });
    }
}

#[test]
fn files_are_for_their_owner_alone() {
    let place = Place::new();
    let journal = place.create();
    journal.append(vec![opened()].into()).wait().unwrap();
    let folder = place.path().parent().unwrap().to_owned();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
}

#[test]
fn a_session_goes_on_where_it_stood() {
    let place = Place::new();
    let journal = place.create();
    journal.append(vec![opened(), result(1)].into()).wait().unwrap();
    drop(journal);
    let (journal, events) = Journal::open(&place.path(), &holder("thandi")).unwrap();
    assert_eq!(events, [opened(), result(1)]);
    let stored = journal.append(vec![result(2)].into()).wait().unwrap();
    assert_eq!(stored[0].seq, 3);
    journal.close().unwrap();
    assert_eq!(read_all(&place.path()).unwrap().events, [opened(), result(1), result(2)]);
}

/// What lies on the disk at a moment is what a kill at that moment leaves.
#[test]
fn what_was_answered_is_there_after_a_kill() {
    let place = Place::new();
    // Without the writer's thread, so that nothing moves while the copy is taken.
    let mut storage = crate::journal::sqlite::Sqlite::create(&place.path(), &place.session, &holder("thandi")).unwrap();
    storage.warm_up().unwrap();
    for number in 0..20 {
        let next = if number == 0 { opened() } else { result(number) };
        storage.append(&[&next]).unwrap();
        let copy = Place::new();
        std::fs::create_dir_all(copy.path().parent().unwrap()).unwrap();
        for entry in std::fs::read_dir(place.path().parent().unwrap()).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.path().parent().unwrap().join(entry.file_name())).unwrap();
        }
        let (_, events) = Journal::open(&copy.path(), &holder("naledi")).unwrap();
        assert_eq!(events.len() as u64, number + 1);
    }
}

#[test]
fn a_long_session_folds_whole() {
    let place = Place::new();
    place.with(whole_session(10_000));
    let reading = read_all(&place.path()).unwrap();
    let state = State::fold(&reading.events).unwrap();
    assert_eq!(reading.events.len(), 10_002);
    assert!(state.session().ended.is_some());
}

#[test]
fn decisions_and_results_from_many_sides_keep_each_sides_order() {
    let place = Place::new();
    let journal = Arc::new(place.create());
    journal.append(vec![opened()].into()).wait().unwrap();
    let sides: Vec<_> = (1..=4_u64)
        .map(|side| {
            let journal = Arc::clone(&journal);
            std::thread::spawn(move || {
                let mut places = Vec::new();
                for turn in 1..=25 {
                    let number = side * 1_000 + turn;
                    let next = if side == 1 { note(number, "decided") } else { result(number) };
                    places.push(journal.append(vec![next].into()).wait().unwrap()[0].seq);
                }
                places
            })
        })
        .collect();
    for side in sides {
        let places = side.join().unwrap();
        assert!(places.is_sorted_by(|a, b| a < b), "{places:?}");
    }
    drop(journal);
    let reading = read_all(&place.path()).unwrap();
    assert_eq!((reading.events.len(), reading.broken), (101, None));
}

/// A storage whose disk can be taken away, and that counts its commits.
#[derive(Clone, Debug, Default)]
struct Shaky(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    memory: Memory,
    broken: bool,
    commits: Vec<usize>,
}

impl Storage for Shaky {
    fn append(&mut self, batch: &[&Event]) -> Result<Vec<Stored>, StorageError> {
        let mut inner = self.0.lock().unwrap();
        if inner.broken {
            return Err(StorageError("no space left on device".to_owned()));
        }
        inner.commits.push(batch.len());
        inner.memory.append(batch)
    }

    fn read(&mut self, from: u64, limit: usize) -> Result<Vec<(Stored, Event)>, StorageError> {
        self.0.lock().unwrap().memory.read(from, limit)
    }

    fn head(&mut self) -> Result<Head, StorageError> {
        self.0.lock().unwrap().memory.head()
    }
}

#[test]
fn the_journal_goes_on_when_the_disk_is_back() {
    let shaky = Shaky::default();
    let journal = Journal::over(shaky.clone());
    journal.append(vec![opened()].into()).wait().unwrap();
    shaky.0.lock().unwrap().broken = true;
    let refused = journal.append(vec![note(1, "not kept")].into()).wait().unwrap_err();
    assert_eq!(refused.to_string(), "no space left on device");
    shaky.0.lock().unwrap().broken = false;
    let stored = journal.append(vec![note(2, "kept")].into()).wait().unwrap();
    assert_eq!(stored[0].seq, 2);
    let kept: Vec<_> = shaky.clone().read(1, 10).unwrap().into_iter().map(|(_, event)| event).collect();
    assert_eq!(kept, [opened(), note(2, "kept")]);
}

#[test]
fn what_waits_together_is_committed_together_and_answered_in_order() {
    let shaky = Shaky::default();
    let journal = Journal::over(shaky.clone());
    // While the storage is held the writer cannot commit, so the appends pile up behind the first.
    let held = shaky.0.lock().unwrap();
    let waiting: Vec<_> = (1..=10).map(|number| journal.append(vec![result(number)].into())).collect();
    drop(held);
    let places: Vec<u64> = waiting.into_iter().map(|append| append.wait().unwrap()[0].seq).collect();
    assert_eq!(places, (1..=10).collect::<Vec<_>>());
    let commits = shaky.0.lock().unwrap().commits.clone();
    assert!(commits.len() <= 2, "one that was under way, and one for all that waited: {commits:?}");
}

#[test]
fn a_full_disk_refuses_and_then_goes_on() {
    let place = Place::new();
    let mut storage = crate::journal::sqlite::Sqlite::create(&place.path(), &place.session, &holder("thandi")).unwrap();
    storage.append(&[&opened()]).unwrap();
    storage.limit_pages(Some(1));
    let long = note(1, &"x".repeat(2_000_000));
    assert!(storage.append(&[&long]).is_err(), "there is no room for it");
    storage.limit_pages(None);
    assert_eq!(storage.append(&[&note(2, "after")]).unwrap()[0].seq, 2);
    storage.close().unwrap();
    drop(storage);
    assert_eq!(read_all(&place.path()).unwrap().events, [opened(), note(2, "after")]);
}

#[test]
fn the_log_has_its_length_before_the_first_commit_and_keeps_it() {
    let place = Place::new();
    let mut storage = crate::journal::sqlite::Sqlite::create(&place.path(), &place.session, &holder("thandi")).unwrap();
    storage.warm_up().unwrap();
    let length = || std::fs::metadata(place.path().with_extension("golive-wal")).unwrap().len();
    let before = length();
    assert!(before > 4 << 20, "{before}");
    storage.append(&[&opened()]).unwrap();
    for number in 1..200 {
        storage.append(&[&result(number)]).unwrap();
    }
    storage.rest().unwrap();
    assert_eq!(length(), before, "commits overwrite, and a rest takes nothing away");
}
