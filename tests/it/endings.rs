//! How commands end where nobody answers, nobody reads, or a warning stands in the way.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::cli_kit::{Home, PLAN, Ran};
use crate::terminal::{PATIENCE, Terminal};

#[test]
fn strict_waits_on_while_there_are_warnings() {
    let home = Home::new();
    home.put("golive.toml", PLAN.replace("severity = \"warning\"", "severity = \"warning\"\nevery = \"100ms\""));
    std::fs::remove_file(home.path().join("notes.md")).unwrap();
    // Without --strict a warning is good enough at once.
    assert_eq!(home.golive(&["check", "--until-go", "60s"]).code, Some(0));
    let (began, whole) = (Instant::now(), Duration::from_secs(2));
    assert_eq!(home.golive(&["check", "--strict", "--until-go", "2s"]).code, Some(1));
    assert!(began.elapsed() >= whole, "it gave up after {:?}", began.elapsed());
    let mut waiting = home.command(&["check", "--strict", "--until-go", "60s"]);
    let waiting = waiting.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    home.put("notes.md", "there now\n");
    let ran = Ran::of(waiting.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[test]
fn a_watch_that_nobody_reads_any_more_ends_quietly_by_its_last_verdict() {
    let home = Home::new();
    std::fs::remove_file(home.path().join("notes.md")).unwrap();
    for (arguments, code) in [
        (&["check", "--watch", "--format", "json"][..], 0),
        (&["check", "--watch", "--strict"], 1),
        (&["check", "--watch", "--format", "json=report.json", "--format", "human"], 0),
    ] {
        let mut child = home.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.next().unwrap().unwrap();
        drop(lines);
        let until = Instant::now() + PATIENCE;
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < until, "{arguments:?} never ended");
            std::thread::sleep(Duration::from_millis(10));
        }
        let ran = Ran::of(child.wait_with_output().unwrap());
        assert_eq!((ran.code, ran.err.as_str()), (Some(code), ""), "{arguments:?}");
    }
}

#[test]
fn a_watch_that_writes_to_files_alone_needs_no_reader() {
    let home = Home::new();
    let mut child = home.command(&["check", "--watch", "--format", "json=report.json"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    let until = Instant::now() + PATIENCE;
    while !home.path().join("report.json").exists() {
        assert!(Instant::now() < until, "no report came");
        std::thread::sleep(Duration::from_millis(10));
    }
    // It looks at its output every second.
    std::thread::sleep(Duration::from_millis(2_500));
    assert!(child.try_wait().unwrap().is_none(), "it ended although its file is wanted");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn nobody_who_answers_opens_nothing() {
    let home = Home::new();
    let mut terminal = Terminal::golive(&["--new"], home.path(), (120, 36));
    terminal.wait_for("PRE-DEPLOYMENT");
    let kept = || {
        let journals = home.sessions().into_iter();
        journals.map(|path| (std::fs::read(&path).unwrap(), path)).collect::<Vec<_>>()
    };
    let until = Instant::now() + PATIENCE;
    while home.golive(&["sessions"]).out.is_empty() {
        assert!(Instant::now() < until, "no session was opened");
        std::thread::sleep(Duration::from_millis(10));
    }
    terminal.signal(rustix::process::Signal::KILL);
    terminal.exit_code();
    let before = kept();
    assert_eq!(before.len(), 1);
    let mut terminal = Terminal::golive(&[], home.path(), (120, 36));
    terminal.wait_for("Go on with it? [Y/n]");
    // Ctrl-D: the end of the input.
    terminal.send(&[4]);
    assert_eq!(terminal.exit_code(), 2);
    let screen = terminal.screen();
    assert!(screen.contains("nobody answered: nothing was opened") && screen.contains("--resume"), "{screen}");
    assert!(kept() == before, "a session was opened or written to");
}

#[test]
fn results_stand_on_standard_output_also_when_there_is_nothing_to_tell() {
    let home = Home::new();
    for (arguments, result) in [
        (&["credentials"][..], "the plan has no credentials\n"),
        (&["enforce"], "every setting holds\n"),
        (&["scan", "notes.md"], "0 found: looked for 0 credentials and known keys in 1 files and objects, 13 bytes\n"),
    ] {
        let ran = home.golive(arguments);
        assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (Some(0), result, ""), "{arguments:?}");
    }
}
