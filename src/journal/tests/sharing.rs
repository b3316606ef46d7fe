//! One holder a session, and the list of sessions for everybody.

use super::*;
use crate::journal::JournalError;
use crate::journal::reading::read_all;
use crate::journal::sessions::sessions;

#[test]
fn a_second_cockpit_is_told_who_holds_the_session() {
    let place = Place::new();
    let journal = place.create();
    journal.append(vec![opened()].into()).wait().unwrap();
    let refused = Journal::open(&place.path(), &holder("naledi")).unwrap_err();
    let JournalError::Held { by } = &refused else { panic!("{refused}") };
    assert_eq!(by, &holder("thandi"));
    assert!(refused.to_string().contains("thandi on deploy-1 since 2026-11-1"), "{refused}");
}

#[test]
fn a_lock_goes_with_its_holder() {
    let place = Place::new();
    drop(place.create());
    assert!(place.path().with_extension("lock").exists(), "the file may stay, the lock does not");
    drop(Journal::open(&place.path(), &holder("naledi")).unwrap());
}

#[test]
fn a_session_can_be_read_while_it_is_held() {
    let place = Place::new();
    let journal = place.create();
    journal.append(vec![opened(), result(1)].into()).wait().unwrap();
    assert_eq!(read_all(&place.path()).unwrap().events.len(), 2);
    journal.append(vec![result(2)].into()).wait().unwrap();
    assert_eq!(read_all(&place.path()).unwrap().events.len(), 3);
}

#[test]
fn sessions_are_listed_with_what_one_wants_to_know() {
    let place = Place::new();
    let journal = place.create();
    journal.append(vec![opened(), result(1), note(2, "halfway")].into()).wait().unwrap();
    let (listed, unlisted) = sessions(place.folder.path()).unwrap();
    assert!(unlisted.is_empty(), "{unlisted:?}");
    let [session] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((session.id.clone(), session.service.as_str()), (place.session.clone(), "academy-checkout"));
    assert_eq!((session.opened_at, session.last_at, session.events), (at(0), at(2), 3));
    assert_eq!((session.closed, session.held_by.clone()), (false, Some(holder("thandi"))));
    journal.append(vec![closed(3)].into()).wait().unwrap();
    journal.close().unwrap();
    let (listed, _) = sessions(place.folder.path()).unwrap();
    assert_eq!((listed[0].closed, listed[0].held_by.clone()), (true, None));
}

#[test]
fn a_session_that_was_rolled_back_has_ended_and_nobody_is_asked_to_go_on_with_it() {
    let place = Place::new();
    let rolled_back = event(2, Body::Procedure(ProcedureEvent::RolledBack { verified: true }));
    place.with(vec![opened(), result(1), rolled_back, note(3, "told support")]);
    let (listed, _) = sessions(place.folder.path()).unwrap();
    assert!(listed[0].closed);
}

#[test]
fn a_file_that_cannot_be_listed_is_named_and_hides_no_other() {
    let place = Place::new();
    place.with(whole_session(1));
    let wrong = place.path().with_file_name("wrong.golive");
    std::fs::write(&wrong, "").unwrap();
    let (listed, unlisted) = sessions(place.folder.path()).unwrap();
    assert_eq!((listed.len(), unlisted.len()), (1, 1));
    assert_eq!(unlisted[0].path, wrong);
}

#[test]
fn a_folder_that_is_not_there_holds_no_sessions() {
    let place = Place::new();
    assert!(sessions(&place.folder.path().join("nowhere")).unwrap().0.is_empty());
}

#[test]
fn a_session_is_not_made_over_another() {
    let place = Place::new();
    place.with(whole_session(1));
    let refused = Journal::create(&place.path(), &place.session, &holder("thandi")).unwrap_err();
    assert!(matches!(refused, JournalError::Io { .. }), "{refused}");
    rusqlite::Connection::open(place.path()).unwrap().execute_batch("DELETE FROM events WHERE seq > 1").unwrap();
    assert!(read_all(&place.path()).unwrap().broken.is_some(), "the older one's head is as it was");
}
