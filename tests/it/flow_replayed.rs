//! The Flow screen of a replay: at every moment of a past session it shows what it showed then, hop for hop.

use std::path::Path;
use std::sync::Arc;

use golive::core::event::{Body, CheckEvent, Event};
use golive::core::replay::Replay;
use golive::core::state::State;
use golive::journal::lock::Holder;
use golive::journal::{self, Journal, reading};
use golive::model::text::SafeText;
use golive::tui::replaying::ReplayStand;

use crate::kit::desk::Desk;
use crate::kit::{self, Moment};
use crate::terminal::Terminal;

/// A folder at home in which a session lies on disk, as golive writes it; with its events, as they are read again.
fn recorded() -> (tempfile::TempDir, Vec<Event>) {
    let home = tempfile::tempdir().unwrap();
    let story = kit::two_flights();
    let session = &story.state.session().id;
    let path = journal::file_of(&home.path().join("state/golive"), session);
    let text = SafeText::from_foreign;
    let holder = Holder::this_process(text("test-host"), text("thandi"), story.now.at);
    let journal = Journal::create(&path, session, &holder).unwrap();
    journal.append(story.events.into()).wait().unwrap();
    journal.close().unwrap();
    let events = reading::read_all(&path).unwrap().events;
    (home, events)
}

/// The Flow screen over a state at the moment of an event; of a replay where it stands somewhere.
fn shown(state: &State, at: &Event, stand: Option<ReplayStand>) -> String {
    let mut desk = Desk::at(Moment { state: Arc::new(state.clone()), now: at.when() });
    desk.size = (120, 36);
    desk.fly("P");
    desk.now = at.when();
    desk.app.ui.replay = stand;
    desk.screen()
}

/// What stands between the header and the footer.
fn body(screen: &str) -> Vec<&str> {
    let lines: Vec<&str> = screen.lines().collect();
    lines[2..lines.len() - 1].to_vec()
}

/// Where the flow's runs ended, as numbers of events.
fn ends(events: &[Event]) -> Vec<usize> {
    let is_flow = |event: &Event| match &event.body {
        Body::Check(CheckEvent::Finished(finished)) => finished.check.as_str() == "payment_flow",
        _ => false,
    };
    (1..=events.len()).filter(|applied| is_flow(&events[applied - 1])).collect()
}

#[test]
fn every_moment_of_a_payment_is_shown_again_as_it_was() {
    let story = kit::two_flights();
    let mut live = State::open(&story.events[0]).unwrap();
    let mut then = vec![shown(&live, &story.events[0], None)];
    for event in &story.events[1..] {
        live.apply(event);
        then.push(shown(&live, event, None));
    }
    let (_home, events) = recorded();
    assert_eq!(events.len(), story.events.len());
    let mut replay = Replay::new(events.clone()).unwrap();
    // Backwards first, so that it is come to from both sides.
    for applied in (1..=events.len()).rev().chain(1..=events.len()) {
        replay.go_to(applied);
        let stand = ReplayStand { applied, length: events.len(), playing: false, speed: 1.0 };
        let again = shown(replay.state(), &events[applied - 1], Some(stand));
        assert_eq!(body(&again), body(&then[applied - 1]), "at event {applied}");
        assert!(again.contains("replay"), "whoever looks at it knows that it is none of now:\n{again}");
    }
}

#[test]
fn before_in_and_after_a_flow_the_screen_says_another_thing() {
    let (_home, events) = recorded();
    let [failed, paid] = ends(&events)[..] else { panic!("two payments are in it") };
    let mut replay = Replay::new(events.clone()).unwrap();
    for (applied, says, never) in [
        (failed - 1, "not gone yet", "2 of 6 hops"),
        (failed, "count == 1 does not hold", "6 of 6 hops"),
        (paid - 1, "3 of 6 hops in 3.9 s", "6 of 6 hops"),
        (paid, "6 of 6 hops in 1.3 s", "not reached"),
    ] {
        replay.go_to(applied);
        let screen = shown(replay.state(), &events[applied - 1], None);
        assert!(screen.contains(says) && !screen.contains(never), "{says} at event {applied}:\n{screen}");
    }
}

/// The row of a hop on a screen, without the blanks.
fn hop(screen: &str, name: &str) -> String {
    let line = screen.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no {name}:\n{screen}"));
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How many events had happened by the time of this one.
fn until(events: &[Event], applied: usize) -> usize {
    events.iter().take_while(|event| event.at <= events[applied - 1].at).count()
}

/// The cockpit of a replay from the moment of an event on, at its Flow screen.
fn watched(home: &Path, events: &[Event], applied: usize) -> Terminal {
    let session = kit::two_flights().state.session().id.to_string();
    let at = events[applied - 1].at;
    let mut terminal = Terminal::golive(&["replay", &session, "--at", &at.to_string()], home, (120, 36));
    terminal.wait_for(&format!("replay 1× {}/{}", until(events, applied), events.len()));
    terminal.keys("P");
    terminal.wait_for("did a payment really go through");
    terminal
}

#[test]
fn the_cockpit_of_a_replay_shows_the_hops_of_its_moment_and_goes_back_behind_them() {
    let (home, events) = recorded();
    let [failed, paid] = ends(&events)[..] else { panic!("two payments are in it") };
    let mut terminal = watched(home.path(), &events, failed);
    terminal.wait_for("3 of 6 hops in 3.9 s");
    let enrolment = hop(&terminal.screen(), "see the enrolment");
    assert!(enrolment.contains('✗') && enrolment.contains("3.0 s"), "{enrolment}");
    for _ in failed..=until(&events, failed) {
        terminal.keys("<");
    }
    terminal.wait_until("nobody has gone there", |screen| hop(screen, "see the enrolment").contains("not gone yet"));
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 0);
    let mut terminal = watched(home.path(), &events, paid);
    terminal.wait_for("6 of 6 hops in 1.3 s");
    let enrolment = hop(&terminal.screen(), "see the enrolment");
    assert!(enrolment.contains('✓') && enrolment.contains("303 ms"), "{enrolment}");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 0);
}
