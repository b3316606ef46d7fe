//! Killed without warning, again and again: what the screen had shown as decided is there at the next start, nothing is
//! there that was not, and the verdict after resuming is the verdict that the journal alone gives.
//!
//! A handful of kills by default; `GOLIVE_KILLS=200 cargo test crash` for the figure in docs/RELIABILITY.md.

use std::path::Path;
use std::time::Duration;

use golive::core::state::State;
use golive::core::verdict::{self, Answer, Verdict};
use golive::demo::World;
use golive::journal::reading;
use golive::journal::sessions;
use rustix::process::Signal;

use crate::terminal::Terminal;

fn kills() -> u32 {
    std::env::var("GOLIVE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(6)
}

fn cockpit(world: &World, home: &Path, wish: &str) -> Terminal {
    let plan = world.plan();
    let mut terminal = Terminal::golive(&[wish, plan.to_str().unwrap()], home, (120, 36));
    terminal.wait_for("PRE-DEPLOYMENT");
    terminal.keys("G");
    terminal
}

/// Notes are decisions that leave a trace of their own: each is numbered, and the screen says when it is kept.
fn write_note(terminal: &mut Terminal, number: u32) -> bool {
    terminal.keys("m");
    std::thread::sleep(Duration::from_millis(450));
    terminal.type_text(&format!("note-{number}"));
    std::thread::sleep(Duration::from_millis(350));
    terminal.send(b"\r");
    // How long it takes until the kill is left to chance: the number's own bits choose among a few lengths.
    let length = Duration::from_micros(u64::from(number.wrapping_mul(2_654_435_761) % 60_000));
    std::thread::sleep(length);
    terminal.screen().contains("noted")
}

#[test]
fn a_decision_shown_is_a_decision_kept_however_often_it_is_killed() {
    let home = tempfile::tempdir().unwrap();
    let world = World::start(Some(&home.path().join("world")), &[]).unwrap();
    let mut terminal = cockpit(&world, home.path(), "--new");
    let (mut shown, mut written) = (Vec::new(), Vec::new());
    for number in 0..kills() {
        written.push(format!("note-{number}"));
        if write_note(&mut terminal, number) {
            shown.push(format!("note-{number}"));
        }
        terminal.signal(Signal::KILL);
        terminal.exit_code();
        let notes = notes_of(home.path());
        for note in &shown {
            assert!(notes.contains(note), "{note} was shown and is lost; there are {notes:?}");
        }
        for note in &notes {
            assert!(written.contains(note), "{note} was never written");
        }
        let headline = verdict_of(home.path()).headline();
        terminal = cockpit(&world, home.path(), "--resume");
        // What the screen says after resuming is what the journal alone gives.
        terminal.wait_for(&headline);
    }
    terminal.wait_for("HOLD to deploy");
    terminal.keys("q");
    let code = terminal.exit_code();
    // The exit code is the verdict that the cockpit showed; the journal alone has to give the same one.
    assert_eq!((code, verdict_of(home.path()).answer()), (3, Answer::Hold));
}

/// The verdict that the journal alone gives, at the moment of its last event.
fn verdict_of(home: &Path) -> Verdict {
    let (listed, _) = sessions::sessions(&home.join("state/golive")).unwrap();
    let reading = reading::read_all(&listed[0].path).unwrap();
    let state = State::fold(&reading.events).unwrap();
    verdict::of_session(&state, reading.events.last().unwrap().when())
}

/// The notes that the journal holds; on the way the journal is proved whole.
fn notes_of(home: &Path) -> Vec<String> {
    let (listed, unlisted) = sessions::sessions(&home.join("state/golive")).unwrap();
    assert!(unlisted.is_empty(), "{unlisted:?}");
    assert_eq!(listed.len(), 1, "each start goes on with the one session");
    let reading = reading::read_all(&listed[0].path).unwrap();
    assert!(reading.broken.is_none(), "{:?}", reading.broken);
    let state = State::fold(&reading.events).unwrap();
    state.timeline().filter(|entry| entry.text.starts_with("note-")).map(|entry| entry.text.clone()).collect()
}
