//! The cockpit in a terminal: it comes up on the demo's world, answers keys, and leaves the terminal as it found it.

use rustix::process::Signal;

use crate::terminal::Terminal;

#[test]
fn the_demo_opens_the_cockpit_and_q_ends_it_by_the_verdict() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::golive(&["demo"], home.path(), (100, 30));
    terminal.wait_for("HOLD to deploy");
    terminal.wait_for("0 of 1 signature");
    terminal.keys("v");
    terminal.wait_for("WAITING");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 3, "HOLD: nobody has signed");
    assert!(terminal.is_given_back());
}

#[test]
fn a_signal_ends_it_and_the_terminal_is_given_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::golive(&["demo"], home.path(), (80, 23));
    terminal.wait_for("to deploy");
    terminal.signal(Signal::TERM);
    assert_eq!(terminal.exit_code(), 143);
    assert!(terminal.is_given_back());
}

#[test]
fn a_resize_is_drawn_and_a_tiny_terminal_still_tells_the_verdict() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::golive(&["demo"], home.path(), (100, 30));
    terminal.wait_for("to deploy");
    terminal.resize(30, 8);
    terminal.wait_gone("golive");
    terminal.wait_for("HOLD to deploy");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 3);
}

#[test]
fn a_key_that_comes_together_with_a_resize_is_not_forgotten() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::golive(&["demo"], home.path(), (100, 30));
    terminal.wait_for("HOLD to deploy");
    for (round, (key, shows)) in [("v", "WAITING"), ("c", "shown")].into_iter().cycle().take(6).enumerate() {
        // Both wait for a process that sleeps, so that it finds them in one look.
        terminal.signal(Signal::STOP);
        terminal.resize(100 + u16::try_from(round).unwrap(), 30);
        terminal.send(key.as_bytes());
        terminal.signal(Signal::CONT);
        terminal.wait_for(shows);
    }
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 3);
}
