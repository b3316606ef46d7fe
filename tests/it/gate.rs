//! The gate from outside: its file and its endpoint, closed until a person opens it, and no crash opens or closes it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::terminal::Terminal;

fn plan(port: u16) -> String {
    format!(
        "[service]\nname = \"shop\"\nenvironment = \"staging\"\n\
         [gate]\nfile = \"gate\"\nlisten = \"127.0.0.1:{port}\"\ncloses_on = [\"notes_there\"]\n\
         [checks.notes_there]\nkind = \"file\"\npath = \"notes.md\"\nevery = \"200ms\"\n\
         [[pre_deployment]]\nid = \"notes\"\nchecks = [\"notes_there\"]\n"
    )
}

fn home() -> (tempfile::TempDir, u16) {
    let home = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    std::fs::write(home.path().join("golive.toml"), plan(port)).unwrap();
    std::fs::write(home.path().join("notes.md"), "what changes\n").unwrap();
    (home, port)
}

fn ask(port: u16, host: &str, line: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "{line} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n").map(|(_, body)| serde_json::from_str(body).unwrap_or_default());
    Some((status, body.unwrap_or_default()))
}

/// Asks until it answers with this status, for a generous while.
fn until(port: u16, wanted: u16) -> Value {
    let began = Instant::now();
    let mut last = None;
    while began.elapsed() < Duration::from_secs(30) {
        if let Some((status, body)) = ask(port, "127.0.0.1", "GET /gate") {
            if status == wanted {
                return body;
            }
            last = Some((status, body));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the gate never answered {wanted}; last: {last:?}");
}

fn file_until(home: &Path, wanted: &str) -> String {
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(30) {
        let text = std::fs::read_to_string(home.join("gate")).unwrap_or_default();
        if text.contains(wanted) {
            return text;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the file never said {wanted}: {:?}", std::fs::read_to_string(home.join("gate")));
}

fn watching(home: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_golive"))
        .args(["check", "--watch", "--journal", "memory"])
        .current_dir(home)
        .env_clear()
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn it_is_closed_until_a_person_opens_it_and_a_crash_changes_nothing() {
    let (home, port) = home();
    let mut terminal =
        Terminal::golive(&["--new", home.path().join("golive.toml").to_str().unwrap()], home.path(), (120, 36));
    terminal.wait_for("GO to deploy");
    let body = until(port, 503);
    assert_eq!((&body["gate"], &body["question"]), (&"closed".into(), &"open".into()), "{body}");
    file_until(home.path(), "closed\n");
    // A configuration error keeps it closed, and is the reason.
    std::fs::rename(home.path().join("notes.md"), home.path().join("away")).unwrap();
    assert!(file_until(home.path(), "notes.md does not exist").starts_with("closed\n"));
    assert!(until(port, 503)["reasons"].to_string().contains("notes.md does not exist"));
    std::fs::rename(home.path().join("away"), home.path().join("notes.md")).unwrap();
    terminal.wait_for(" GO to deploy");
    terminal.keys("2 G x");
    terminal.through_the_door("Gate", "shop");
    until(port, 200);
    assert!(file_until(home.path(), "open\n").contains("session"));
    terminal.signal(rustix::process::Signal::KILL);
    terminal.exit_code();
    assert!(
        std::fs::read_to_string(home.path().join("gate")).unwrap().starts_with("open\n"),
        "golive's death closed it"
    );
    // Whoever watches answers what stands there, and writes nothing.
    let mut watching = watching(home.path());
    until(port, 200);
    std::fs::remove_file(home.path().join("gate")).unwrap();
    until(port, 503);
    assert!(!home.path().join("gate").exists());
    watching.kill().unwrap();
    watching.wait().unwrap();
}

#[test]
fn the_plans_rule_closes_it_and_says_which_it_was() {
    let (home, port) = home();
    let mut terminal =
        Terminal::golive(&["--new", home.path().join("golive.toml").to_str().unwrap()], home.path(), (120, 36));
    terminal.wait_for(" GO to deploy");
    terminal.keys("2 G x");
    terminal.through_the_door("Gate", "shop");
    until(port, 200);
    std::fs::remove_file(home.path().join("notes.md")).unwrap();
    assert!(until(port, 503)["reasons"].to_string().contains("closes_on: notes_there"));
    assert!(file_until(home.path(), "closes_on").starts_with("closed\n"));
    terminal.keys("q");
    terminal.exit_code();
}

#[test]
fn it_is_asked_by_this_machines_address_and_only_read() {
    let (home, port) = home();
    let mut watching = watching(home.path());
    until(port, 503);
    let status = |host: &str, line: &str| ask(port, host, line).unwrap().0;
    assert_eq!(status("evil.example", "GET /gate"), 403);
    assert_eq!(status("localhost", "POST /gate"), 405);
    assert_eq!(status("127.0.0.1", "GET /"), 404);
    watching.kill().unwrap();
    watching.wait().unwrap();
}
