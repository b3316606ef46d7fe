//! A past session is shown as it stood: every moment equals a fold from the start, and the cockpit moves through it.

use std::path::Path;
use std::time::Duration;

use golive::core::event::{Body, CheckEvent, Event, Finished};
use golive::core::evidence::Evidence;
use golive::core::replay::Replay;
use golive::core::state::State;
use golive::core::verdict;
use golive::journal::reading;
use golive::journal::sessions;
use golive::model::failure::FailureClass;
use golive::model::id::{CheckId, EffectId};
use golive::model::operator::Actor;
use golive::model::time::Now;
use golive::model::word::Category;
use proptest::prelude::*;

use crate::cli_kit::Home;
use crate::scenario::event;
use crate::terminal::Terminal;

/// A session with so many results, now good, now bad.
fn session(results: usize) -> Vec<Event> {
    let opened = crate::kit::opened();
    let (mut now, first) = (opened.when(), opened.clone());
    let ids: Vec<CheckId> = match &first.body {
        Body::Session(golive::core::event::SessionEvent::Opened { plan, .. }) => {
            plan.checks.iter().map(|check| check.id.clone()).collect()
        }
        _ => panic!("a session begins with its opening"),
    };
    let mut events = vec![first];
    for number in 0..results {
        now = now.after(Duration::from_millis(40));
        events.push(result(now, &ids[number % ids.len()], number));
    }
    events
}

fn result(now: Now, check: &CheckId, number: usize) -> Event {
    let evidence = match number % 37 {
        0 => Evidence::fail(crate::kit::failure(FailureClass::Connect, Category::System, "nobody can pay"), "refused"),
        1 => Evidence::warn("slow"),
        _ => Evidence::pass(&format!("answered, number {number}")),
    };
    let effect = EffectId(u64::try_from(number).unwrap() + 1);
    let took = Duration::from_millis(5);
    let finished = Finished { check: check.clone(), effect, lateness: Duration::ZERO, took, evidence };
    event(now, Actor::Golive, Body::Check(CheckEvent::Finished(Box::new(finished))))
}

/// All that is known in a state; the plan in it is the same by construction.
fn told(state: &State) -> String {
    let checks: Vec<_> = state.checks().map(|(_, known)| known).collect();
    let items: Vec<_> = state.items().map(|(_, known)| known).collect();
    let timeline: Vec<_> = state.timeline().collect();
    format!("{checks:?} {items:?} {timeline:?} {:?} {:?}", state.session(), state.next_effect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn wherever_a_replay_goes_it_shows_what_a_fold_from_the_start_shows(
        walk in proptest::collection::vec(1_usize..2_400, 1..8)
    ) {
        let events = session(2_300);
        let mut replay = Replay::new(events.clone()).unwrap();
        for to in walk {
            replay.go_to(to);
            let applied = to.min(events.len());
            prop_assert_eq!(replay.applied(), applied);
            prop_assert!(told(replay.state()) == told(&State::fold(&events[..applied]).unwrap()), "another state at {to}");
        }
    }
}

/// `GOLIVE_REPLAY_EVENTS=100000` for the whole of it.
#[test]
fn the_state_at_every_thousandth_event_is_what_a_fold_from_the_start_gives() {
    let wanted = std::env::var("GOLIVE_REPLAY_EVENTS").ok().and_then(|text| text.parse().ok());
    let events = session(wanted.unwrap_or(12_000));
    let mut replay = Replay::new(events.clone()).unwrap();
    while !replay.prepare(777) {}
    let marks: Vec<usize> = (1..=events.len() / 1_000).map(|thousands| thousands * 1_000).collect();
    let mut folded = State::open(&events[0]).unwrap();
    let mut wanted = std::collections::BTreeMap::new();
    for (applied, event) in (2..).zip(&events[1..]) {
        folded.apply(event);
        if marks.contains(&applied) {
            wanted.insert(applied, told(&folded));
        }
    }
    // There and back, so that snapshots are come to from both sides.
    for mark in marks.iter().rev().chain(&marks) {
        replay.go_to(*mark);
        assert!(told(replay.state()) == wanted[mark], "another state at {mark}");
    }
}

#[test]
fn turns_are_where_the_verdict_changes_and_are_found_in_both_directions() {
    let events = session(1_300);
    let answer = |applied: usize| {
        let state = State::fold(&events[..applied]).unwrap();
        verdict::of_session(&state, events[applied - 1].when()).answer()
    };
    let turns: Vec<usize> = (2..=events.len()).filter(|applied| answer(*applied) != answer(applied - 1)).collect();
    assert!(turns.len() > 3, "a session in which nothing turns tests nothing: {turns:?}");
    let mut replay = Replay::new(events.clone()).unwrap();
    for turn in &turns {
        replay.go_to_next_turn();
        assert_eq!(replay.applied(), *turn);
    }
    replay.go_to_next_turn();
    assert_eq!(replay.applied(), events.len(), "nothing turns any more: the end");
    for turn in turns.iter().rev() {
        replay.go_to_turn_before();
        assert_eq!(replay.applied(), *turn);
    }
    replay.go_to_turn_before();
    assert_eq!(replay.applied(), 1, "nothing turned before: the beginning");
}

fn only_session(home: &Path) -> (String, usize) {
    let (listed, _) = sessions::sessions(&home.join("state/golive")).unwrap();
    (listed[0].id.to_string(), reading::read_all(&listed[0].path).unwrap().events.len())
}

#[test]
fn a_past_session_is_watched_again_in_the_cockpit_and_nothing_can_be_decided_in_it() {
    let home = Home::new();
    assert_eq!(home.golive(&["check"]).code, Some(0));
    let (id, length) = only_session(home.path());
    let mut terminal = Terminal::golive(&["replay", &id], home.path(), (120, 36));
    terminal.wait_for(&format!("replay 1× 1/{length}"));
    terminal.wait_for("HOLD to deploy");
    terminal.keys(">");
    terminal.wait_for(&format!("replay 1× 2/{length}"));
    terminal.keys("<");
    terminal.wait_for(&format!("replay 1× 1/{length}"));
    terminal.keys("m");
    terminal.wait_for("a replay decides nothing");
    terminal.keys("+ space");
    terminal.wait_for(&format!("‖ replay 2× {length}/{length}"));
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 0);
    terminal.wait_for(&format!("golive report {id} --at"));
    assert!(terminal.is_given_back());
    assert_eq!(only_session(home.path()).1, length, "a replay writes nothing");
}

#[test]
fn a_report_can_be_asked_of_any_moment() {
    let home = Home::new();
    assert_eq!(home.golive(&["check"]).code, Some(0));
    let (id, _) = only_session(home.path());
    let (listed, _) = sessions::sessions(&home.path().join("state/golive")).unwrap();
    let events = reading::read_all(&listed[0].path).unwrap().events;
    let begun = events[0].at.to_string();
    let report = home.golive(&["report", &id, "--at", &begun, "--format", "json"]).json();
    assert_eq!(report["checks"][0]["outcome"], "missing", "nothing was known then: {report}");
    let long_before = home.golive(&["report", &id, "--at", "2001-01-01T00:00:00Z"]);
    long_before.refused(2, "the session had not begun at 2001-01-01T00:00:00Z");
}

#[test]
fn triage_opens_on_what_is_failing_and_ends_by_the_verdict() {
    let home = Home::new();
    home.put(".env", "OTHER=1\n");
    let mut terminal = Terminal::golive(&["triage"], home.path(), (100, 30));
    terminal.wait_for("TRIAGE");
    terminal.wait_for("NO-GO to deploy");
    terminal.wait_for("shop_url_set");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 1);
    let listed = home.golive(&["sessions", "--format", "json"]).json();
    assert_eq!((&listed[0]["purpose"], &listed[0]["status"]), (&"triage".into(), &"unfinished".into()));
}

#[test]
fn a_report_can_be_signed_and_its_head_finds_a_chain_that_was_made_anew() {
    let home = Home::new();
    assert_eq!(home.golive(&["check"]).code, Some(0));
    let (id, _) = only_session(home.path());
    let key = home.path().join("key");
    let made =
        std::process::Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    assert!(made.is_ok_and(|ended| ended.success()), "ssh-keygen makes a key for this test");
    let signed = home.golive(&["report", &id, "--format", "json=report.json", "--sign", "key"]);
    assert_eq!(signed.code, Some(0), "{signed:?}");
    assert!(std::fs::read_to_string(home.path().join("report.json.sig")).unwrap().contains("SSH SIGNATURE"));
    let whole = home.golive(&["verify", &id, "--report", "report.json"]);
    assert_eq!((whole.code, whole.out.contains("that the report was made of")), (Some(0), true), "{whole:?}");
    let report = std::fs::read_to_string(home.path().join("report.json")).unwrap();
    let head = serde_json::from_str::<serde_json::Value>(&report).unwrap()["journal"]["head"].clone();
    home.put("other.json", report.replace(head.as_str().unwrap(), &"0".repeat(64)));
    assert_eq!(home.golive(&["verify", &id, "--report", "other.json"]).code, Some(1));
    home.golive(&["report", &id, "--sign", "key"]).refused(2, "there is no file to sign");
}

#[test]
fn a_session_is_held_against_a_head_that_left_the_machine_before() {
    let home = Home::new();
    assert_eq!(home.golive(&["check"]).code, Some(0));
    let (id, length) = only_session(home.path());
    let (listed, _) = sessions::sessions(&home.path().join("state/golive")).unwrap();
    let hash = |event: u64| reading::hash_at(&listed[0].path, event).unwrap().unwrap().to_string();
    let verified = |head: &str| home.golive(&["verify", &id, "--head", head]);
    for event in [1, length as u64] {
        let whole = verified(&format!("{event}:{}", hash(event)));
        assert_eq!(whole.code, Some(0), "{whole:?}");
        assert!(whole.out.contains(&format!("the journal that the head is of: event {event} is")), "{whole:?}");
        assert_eq!(verified(&hash(event)).code, Some(0), "the hash alone is enough");
    }
    let moved = verified(&format!("2:{}", hash(1)));
    assert_eq!(moved.code, Some(1), "that hash, and another event: {moved:?}");
    assert!(moved.out.contains(&format!("event 2 was {} and is {}", hash(1), hash(2))), "{moved:?}");
    let beyond = verified(&format!("{}:{}", length + 7, hash(1)));
    assert_eq!((beyond.code, beyond.out.contains("is not there")), (Some(1), true), "cut off: {beyond:?}");
    let other = verified(&"0f".repeat(32));
    assert_eq!((other.code, other.out.contains("no event of it is")), (Some(1), true), "{other:?}");
    verified("1234:abc").refused(2, "1234:abc is no head of a journal");
    // What a webhook was sent is taken as a report is.
    let journal = serde_json::json!({ "session": id, "events": 1, "head": hash(1) });
    home.put("notice.json", &serde_json::json!({ "type": "alert.fired", "data": { "journal": journal } }).to_string());
    assert_eq!(home.golive(&["verify", &id, "--report", "notice.json"]).code, Some(0));
}
