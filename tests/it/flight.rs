//! A whole go-live flown by keys in the real binary, and everything that can end a terminal program.

use std::path::{Path, PathBuf};

use golive::demo::{Fault, World};
use rustix::process::Signal;

use crate::terminal::Terminal;

const SIZE: (u16, u16) = (120, 36);

/// Probes on demand run when somebody asks: `r` on the item that rests on them.
fn ask_for_the_probes(terminal: &mut Terminal) {
    terminal.wait_for("PRE-DEPLOYMENT");
    terminal.keys("1");
    // What they stand on answers already, so nothing has to be asked for twice.
    terminal.wait_until("what we stand on", |screen| {
        screen.lines().any(|line| line.contains("What we stand on answers") && line.contains(" 4 ok"))
    });
    terminal.keys("g j j r");
}

/// Everything that machines can judge before a deployment is settled; the notifiers and two items wait for people.
fn machines_are_done(terminal: &mut Terminal) {
    ask_for_the_probes(terminal);
    terminal.wait_until("the machines' part", |screen| {
        screen.contains("PRE-DEPLOYMENT  ☐ 5/7") && screen.contains("ROLLBACK  ☐ 3/4")
    });
}

fn demo(home: &Path) -> Terminal {
    demo_of(home, "healthy")
}

fn demo_of(home: &Path, scenario: &str) -> Terminal {
    let folder = folder_in(home);
    let arguments = ["demo", "--scenario", scenario, "--dir", folder.to_str().unwrap()];
    let mut terminal = Terminal::golive(&arguments, home, SIZE);
    machines_are_done(&mut terminal);
    terminal
}

fn sign(terminal: &mut Terminal) {
    terminal.keys("s");
    terminal.confirm("Sign:", "", "enter");
}

/// The folder of a demo's world.
fn folder_in(home: &Path) -> PathBuf {
    home.join("world")
}

/// The code in the letter that arrived last.
fn code_in(folder: &Path) -> String {
    let mut letters: Vec<_> =
        std::fs::read_dir(folder.join("arrived")).unwrap().map(|entry| entry.unwrap().path()).collect();
    letters.sort();
    let letters = letters.iter().rev().map(|path| std::fs::read_to_string(path).unwrap());
    let after = |letter: String| letter.split_once("back into golive: ").map(|(_, after)| after[..9].to_owned());
    letters.into_iter().find_map(after).expect("no code arrived")
}

/// Asks for the test of the notifiers, reads the letter, types its code back; then signs what waits for people.
fn prove_and_sign(terminal: &mut Terminal, folder: &Path) {
    terminal.keys("1 g j j j j r");
    terminal.wait_for("has not come back");
    terminal.keys("x");
    terminal.confirm("Confirm code", &code_in(folder), "enter");
    terminal.wait_for("6/7");
    terminal.keys("G");
    sign(terminal);
    terminal.keys("4 g j j");
    sign(terminal);
    terminal.wait_for("GO to deploy");
}

/// Opens the selected row's door and answers it with the service's name.
fn through_the_door(terminal: &mut Terminal, title: &str) {
    terminal.keys("x");
    terminal.through_the_door(title, "academy-checkout");
}

/// Builds, with all that is read from the build, and shows customers the notice.
fn prepare(terminal: &mut Terminal) {
    through_the_door(terminal, "Start: Build successful");
    terminal.wait_for("2 DEPLOYMENT  ☐ 5/7");
    terminal.keys("G k k");
    through_the_door(terminal, "Start: Customers see a notice");
    terminal.wait_for("2 DEPLOYMENT  ☐ 6/7");
}

#[test]
fn a_whole_go_live_is_flown_by_keys() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(home.path());
    prove_and_sign(&mut terminal, &folder_in(home.path()));
    terminal.keys("2 g");
    prepare(&mut terminal);
    terminal.keys("G k");
    terminal.wait_for("x starts it");
    through_the_door(&mut terminal, "Start: Release");
    terminal.wait_for("current is now 2026.11.3");
    // What probes saw before a deployment says nothing of what runs after it.
    ask_for_the_probes(&mut terminal);
    terminal.wait_for("GO to open");
    terminal.keys("2 G");
    through_the_door(&mut terminal, "Gate");
    terminal.wait_for("to close");
    terminal.keys("3");
    terminal.wait_for("Support informed");
    // What runs on demand is asked for, row by row.
    terminal.keys("g r j r j r j r j r j r j r j r j r");
    terminal.wait_until("the probes after the deployment", |screen| screen.contains("POST-DEPLOYMENT  ☐ 10/12"));
    // The smallest payment has been made and given back, and support knows.
    for to_it in ["g j j", "G k"] {
        terminal.keys(to_it);
        sign(&mut terminal);
    }
    terminal.wait_until("GO to close", |screen| screen.contains(" GO to close"));
    terminal.keys("G");
    through_the_door(&mut terminal, "Close");
    terminal.wait_for("closed");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 0, "GO");
    assert!(terminal.is_given_back());
}

#[test]
fn the_door_is_not_answered_by_a_burst() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(home.path());
    prove_and_sign(&mut terminal, &folder_in(home.path()));
    terminal.keys("2 g");
    prepare(&mut terminal);
    terminal.keys("G k");
    terminal.wait_for("x starts it");
    // A slow link bunches keys: the characters are taken, their Enter is not.
    terminal.keys("x");
    terminal.wait_for("Start: Release");
    terminal.send(b"academy-checkout\r");
    std::thread::sleep(std::time::Duration::from_millis(700));
    assert!(terminal.screen().contains("Start: Release"), "the burst opened the door:\n{}", terminal.screen());
    terminal.keys("esc");
    terminal.wait_gone("Start: Release");
    // Pasted text opens nothing either.
    terminal.send(b"\x1b[200~x\ny\n\x1b[201~");
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(!terminal.screen().contains("Start:"), "pasted text acted:\n{}", terminal.screen());
}

#[test]
fn the_terminal_is_given_back_however_it_ends() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 143), (Signal::INT, 130)] {
        let home = tempfile::tempdir().unwrap();
        let mut terminal = demo(home.path());
        terminal.signal(signal);
        let ended = terminal.exit_code();
        // Hang-up has no code of its own in the contract; it only has to end in order.
        assert!(ended == code || (signal == Signal::HUP && (ended == 129 || ended == 143)), "{signal:?}: {ended}");
        assert!(terminal.is_given_back(), "{signal:?}");
    }
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(home.path());
    terminal.keys("ctrl-c ctrl-c");
    assert_eq!(terminal.exit_code(), 130, "ctrl-c twice");
    assert!(terminal.is_given_back());
}

#[test]
fn every_size_draws_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(home.path());
    for (columns, rows) in [(80, 23), (59, 14), (20, 5), (1, 1), (200, 60), (100, 30)] {
        terminal.resize(columns, rows);
        std::thread::sleep(std::time::Duration::from_millis(120));
        if columns >= 59 {
            terminal.wait_for("HOLD");
        }
    }
    terminal.resize(SIZE.0, SIZE.1);
    terminal.wait_for("PRE-DEPLOYMENT");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 3, "HOLD");
}

#[test]
fn nothing_is_drawn_into_a_pipe() {
    let home = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_golive"))
        .arg("demo")
        .env_clear()
        .env("HOME", home.path())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("terminal"));
}

#[test]
fn no_colour_means_no_colour() {
    let home = tempfile::tempdir().unwrap();
    let terminal =
        Terminal::golive_with(&["demo"], home.path(), SIZE, &[("NO_COLOR", "1"), ("COLORTERM", "truecolor")]);
    terminal.wait_for("HOLD to deploy");
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    for colour in ["\x1b[38;", "\x1b[48;", "\x1b[31m", "\x1b[32m", "\x1b[33m"] {
        assert!(!raw.contains(colour), "{colour:?} was printed");
    }
}

/// A playground that survives the cockpit, its plan allowed to run.
fn playground(home: &Path) -> World {
    World::start(Some(&home.join("world")), &[]).unwrap()
}

fn golive(home: &Path, arguments: &[&str]) {
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_golive"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("PATH", "/usr/bin:/bin")
        .env("XDG_STATE_HOME", home.join("state"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
}

/// Lets a world's plan run, and rehearses its way back.
fn rehearse(world: &World, home: &Path) {
    let plan = world.plan();
    golive(home, &["trust", "--yes", plan.to_str().unwrap()]);
    golive(home, &["rehearse", "--format", "json", plan.to_str().unwrap()]);
}

fn cockpit(world: &World, home: &Path, arguments: &[&str]) -> Terminal {
    let plan = world.plan();
    let all: Vec<&str> = arguments.iter().copied().chain([plan.to_str().unwrap()]).collect();
    Terminal::golive(&all, home, SIZE)
}

#[test]
fn what_was_signed_is_there_after_kill_9() {
    let home = tempfile::tempdir().unwrap();
    let world = playground(home.path());
    let mut terminal = cockpit(&world, home.path(), &[]);
    terminal.wait_for("HOLD to deploy");
    terminal.keys("G");
    sign(&mut terminal);
    terminal.wait_for("signed");
    terminal.signal(Signal::KILL);
    terminal.exit_code();
    // Asked, and Enter goes on.
    let mut terminal = cockpit(&world, home.path(), &[]);
    terminal.wait_for("unfinished go-live");
    terminal.keys("enter");
    terminal.wait_for("PRE-DEPLOYMENT");
    terminal.wait_for("signed");
    // A second cockpit is told who has it.
    let mut second = cockpit(&world, home.path(), &["--resume"]);
    second.wait_for("open already");
    assert_eq!(second.exit_code(), 2);
    terminal.keys("q");
    terminal.exit_code();
}

#[test]
fn a_fault_in_the_running_world_is_seen_and_mending_it_too() {
    let home = tempfile::tempdir().unwrap();
    let world = playground(home.path());
    let mut terminal = cockpit(&world, home.path(), &[]);
    terminal.wait_for("HOLD to deploy");
    world.set(Fault::DatabaseDown, true).unwrap();
    terminal.wait_for("NO-GO to deploy");
    terminal.keys("v");
    terminal.wait_for("database_connection");
    world.set(Fault::DatabaseDown, false).unwrap();
    terminal.wait_for("HOLD to deploy");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 3);
}

/// A world whose build takes its time, with everything signed that has to be.
fn ready_to_build(home: &Path) -> (World, Terminal) {
    let world = playground(home);
    let script = "#!/bin/sh\nset -eu\ncd \"$(dirname \"$0\")/..\"\necho begun\nmkdir -p dist/assets\ncp web/index.html dist/\ncat VERSION > dist/VERSION\nsleep 4\necho ended >> dist/times\necho built slowly\n";
    std::fs::write(world.folder().join("ops/build.sh"), script).unwrap();
    rehearse(&world, home);
    let mut terminal = cockpit(&world, home, &["--new"]);
    machines_are_done(&mut terminal);
    prove_and_sign(&mut terminal, world.folder());
    (world, terminal)
}

#[test]
fn a_running_step_outlives_kill_9_and_is_attached_again() {
    let home = tempfile::tempdir().unwrap();
    let (world, mut terminal) = ready_to_build(home.path());
    terminal.keys("2 g");
    through_the_door(&mut terminal, "Start: Build successful");
    terminal.wait_for("begun");
    terminal.signal(Signal::KILL);
    terminal.exit_code();
    let mut terminal = cockpit(&world, home.path(), &["--resume"]);
    terminal.wait_for("DEPLOYMENT");
    terminal.keys("2 g");
    terminal.wait_for("built slowly");
    terminal.wait_for("done in");
    let times = std::fs::read_to_string(world.folder().join("dist/times")).unwrap();
    assert_eq!(times.lines().count(), 1, "the step ran once and no more");
}

#[test]
fn an_untrusted_plans_steps_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let world = playground(home.path());
    rehearse(&world, home.path());
    // Somebody changes a script that a step runs: what was allowed is another thing now.
    let build = world.folder().join("ops/build.sh");
    let changed = std::fs::read_to_string(&build).unwrap() + "# one line more\n";
    std::fs::write(&build, changed).unwrap();
    let mut terminal = cockpit(&world, home.path(), &["--new"]);
    machines_are_done(&mut terminal);
    prove_and_sign(&mut terminal, world.folder());
    terminal.keys("2 g");
    terminal.keys("x");
    terminal.wait_for("Start: Build successful");
    // What comes sooner after a dialog than anybody can read is not taken for an answer.
    std::thread::sleep(std::time::Duration::from_millis(500));
    terminal.keys("y");
    terminal.wait_for("golive trust");
    let built = std::fs::read_to_string(world.folder().join("dist/VERSION")).unwrap();
    assert_eq!(built, "2026.11.2\n", "it ran all the same");
}

/// Opens the door of the rollback and answers it.
fn roll_back(terminal: &mut Terminal) {
    terminal.keys("R");
    terminal.through_the_door("Roll back", "academy-checkout");
}

#[test]
fn a_deployment_that_fails_is_rolled_back_by_keys() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo_of(home.path(), "failed-deploy");
    prove_and_sign(&mut terminal, &folder_in(home.path()));
    terminal.keys("2 g");
    prepare(&mut terminal);
    terminal.keys("G k");
    terminal.wait_for("x starts it");
    through_the_door(&mut terminal, "Start: Release");
    terminal.wait_for("cp: error writing");
    terminal.wait_for("NO-GO to open");
    terminal.wait_for("ROLL BACK?");
    // What each key would do now stands beside the failure.
    terminal.wait_for("goes back to the old version: 3 steps");
    terminal.keys("b");
    terminal.wait_for("ROLLBACK  could we go back");
    roll_back(&mut terminal);
    terminal.wait_for("rolled back");
    terminal.wait_for("✓ done, and verified");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 1, "NO-GO");
    assert!(terminal.is_given_back());
}

#[test]
fn a_rollback_outlives_kill_9_and_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let world = playground(home.path());
    let script = "#!/bin/sh\nset -eu\ncd \"$(dirname \"$0\")/..\"\nif [ \"${2:-}\" = --on ]; then ln -sfn releases/2026.11.2 staging; exit 0; fi\necho begun\nsleep 4\necho once >> data/times\necho switched slowly\n";
    std::fs::write(world.folder().join("ops/rollback.sh"), script).unwrap();
    rehearse(&world, home.path());
    let mut terminal = cockpit(&world, home.path(), &["--new"]);
    terminal.wait_until("the machines' part", |screen| screen.contains("ROLLBACK  ☐ 3/4"));
    terminal.keys("b");
    roll_back(&mut terminal);
    terminal.wait_for("begun");
    terminal.signal(Signal::KILL);
    terminal.exit_code();
    let mut terminal = cockpit(&world, home.path(), &["--resume"]);
    terminal.wait_for("DEPLOYMENT");
    terminal.keys("b");
    terminal.wait_for("✓ done, and verified");
    let times = std::fs::read_to_string(world.folder().join("data/times")).unwrap();
    assert_eq!(times.lines().count(), 1, "the step ran once and no more");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 1, "rolled back is NO-GO");
}

#[test]
fn a_rehearsal_is_flown_in_the_cockpit() {
    let home = tempfile::tempdir().unwrap();
    let world = playground(home.path());
    let plan = world.plan();
    golive(home.path(), &["trust", "--yes", plan.to_str().unwrap()]);
    let mut terminal = Terminal::golive(&["rehearse", plan.to_str().unwrap()], home.path(), SIZE);
    terminal.wait_for("never rehearsed");
    terminal.keys("R");
    terminal.through_the_door("Rehearse rolling back", "academy-checkout");
    terminal.wait_for("✓ done, and verified");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 0, "passed");
    let link = std::fs::read_link(world.folder().join("staging")).unwrap();
    // Back, verified there, nothing lost, and rolled forward again: so it can be rehearsed once more.
    assert_eq!(link.to_str(), Some("releases/staged"));
}

/// Opens the demo's faults and switches the one in this row.
fn switch_fault(terminal: &mut Terminal, row: usize) {
    terminal.keys("D");
    terminal.wait_for("Practise: faults of this demo's world");
    terminal.keys(&"j ".repeat(row));
    terminal.keys("enter");
}

#[test]
fn faults_are_switched_from_inside_the_demo() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(home.path());
    terminal.wait_for("HOLD to deploy");
    // A fault of the running world, and one that is compiled into the front end.
    for (row, name, check) in [(7, "database-down", "database_connection"), (0, "test-mode", "test_mode_disabled")] {
        switch_fault(&mut terminal, row);
        terminal.wait_for(&format!("▲ fault {name}"));
        terminal.keys("esc");
        terminal.wait_gone("Practise:");
        terminal.wait_for("NO-GO to deploy");
        terminal.keys("v");
        terminal.wait_for(check);
        switch_fault(&mut terminal, row);
        terminal.wait_gone(&format!("▲ fault {name}"));
        terminal.keys("esc");
        terminal.wait_for("HOLD to deploy");
    }
    // What was switched is written down, for whoever looks back at the exercise.
    terminal.keys("T");
    terminal.wait_for("practice: the fault test-mode is switched off");
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 3);
}

#[test]
fn a_fix_is_shown_first_then_written_then_judged_and_can_be_put_back() {
    let home = tempfile::tempdir().unwrap();
    let folder = folder_in(home.path());
    let arguments = ["demo", "--scenario", "test-mode", "--dir", folder.to_str().unwrap()];
    let mut terminal = Terminal::golive(&arguments, home.path(), SIZE);
    terminal.wait_for("NO-GO to deploy");
    let test_mode = || {
        let text = std::fs::read_to_string(folder.join(".env.production")).unwrap();
        text.lines().find(|line| line.starts_with("VITE_IKHOKHA_TEST_MODE")).map(str::to_owned).unwrap()
    };
    assert!(test_mode().contains("true"), "{}", test_mode());
    terminal.keys("1 g f");
    terminal.wait_for("+VITE_IKHOKHA_TEST_MODE=false");
    assert!(test_mode().contains("true"), "nothing is written before somebody says so");
    terminal.confirm("[Leave]", "", "y");
    terminal.wait_gone("NO-GO to deploy");
    assert!(test_mode().contains("false"), "{}", test_mode());
    terminal.keys("u");
    terminal.confirm("Put back:", "", "y");
    terminal.wait_for("NO-GO to deploy");
    assert!(test_mode().contains("true"), "{}", test_mode());
    terminal.keys("q");
    assert_eq!(terminal.exit_code(), 1);
}
