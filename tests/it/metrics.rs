//! `/metrics` of the real binary, asked over a real socket while a go-live is in flight: Prometheus' own reader finds
//! nothing to complain of, it says what the screen says, and nobody but this machine can ask.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::servers::start::{free_port, program};
use crate::terminal::{PATIENCE, Terminal};

fn plan(port: u16, hook: u16) -> String {
    format!(
        "[service]\nname = \"shop \\\"at\\\" sea\"\nenvironment = \"staging\"\n\n[sources]\nprocess_env = true\n\n\
         [credentials.hook]\nfrom = {{ env = \"HOOK_SECRET\" }}\n\n\
         [checks.door]\nkind = \"file\"\npath = \"door.txt\"\ncontains = [\"open\"]\nevery = \"200ms\"\n\n\
         [alerts.door_shut]\nlevel = \"critical\"\nwhen = 'failures(\"door\", duration(\"1s\")) >= 1'\nnotify = [\"ops\"]\n\n\
         [notifiers.ops]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{hook}/\"\nsecret = \"{{{{ credentials.hook }}}}\"\n\
         timeout = \"2s\"\nretry_delay = \"100ms\"\n\n\
         [[pre_deployment]]\nid = \"backup\"\nmanual = {{ prompt = \"Seen?\" }}\n\n\
         [metrics]\nlisten = \"127.0.0.1:{port}\"\n"
    )
}

/// One request, one answer: head and body.
fn ask(port: u16, request: &str) -> std::io::Result<(String, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{request} HTTP/1.1\r\nhost: golive\r\nconnection: close\r\n\r\n").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Ok((head.to_owned(), body.to_owned()))
}

/// The page, once it holds this line.
fn page_with(port: u16, line: &str) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        // The screen is there before the server is.
        let answer = ask(port, "GET /metrics");
        if let Ok((head, body)) = &answer {
            assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/plain; version=0.0.4"), "{head}");
            if body.lines().any(|known| known == line) {
                return body.clone();
            }
        }
        assert!(Instant::now() < until, "no line {line} in {answer:#?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What Prometheus' own linter says of a page.
fn prometheus_reads(page: &str) {
    let Some(promtool) = program(&["promtool"]) else { return };
    let mut child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.trim().is_empty(), "{said}\n{page}");
}

#[test]
fn golive_can_be_watched_from_this_machine_while_it_flies() {
    let home = tempfile::tempdir().unwrap();
    let (port, hook) = (free_port(), free_port());
    std::fs::write(home.path().join("golive.toml"), plan(port, hook)).unwrap();
    std::fs::write(home.path().join("door.txt"), "open").unwrap();
    let secret = format!("FAKE-{}", std::process::id());
    let path = home.path().join("golive.toml");
    let arguments = ["--new", path.to_str().unwrap()];
    let mut terminal = Terminal::golive_with(&arguments, home.path(), (100, 30), &[("HOOK_SECRET", &secret)]);
    terminal.wait_for("PRE");
    let quiet = page_with(
        port,
        "golive_check_good{check=\"door\",kind=\"file\",category=\"configuration\",severity=\"critical\",status=\"pass\"} 1",
    );
    prometheus_reads(&quiet);
    assert!(quiet.contains("service=\"shop \\\"at\\\" sea\""), "{quiet}");
    std::fs::write(home.path().join("door.txt"), "shut").unwrap();
    // Nobody listens at the hook: the notice waits.
    page_with(port, "golive_notices_waiting{notifier=\"ops\"} 1");
    let firing = "golive_alert_firing{alert=\"door_shut\",level=\"critical\",state=\"firing\",silenced=\"false\"} 1";
    let loud = page_with(port, firing);
    prometheus_reads(&loud);
    assert!(loud.contains("golive_verdict{question=\"deploy\",answer=\"no_go\"} 1"), "{loud}");
    assert!(!loud.contains(&secret), "no page holds a secret");
    terminal.wait_for("NO-GO to deploy");
    for (request, status) in [("GET /", "404"), ("GET /gate", "404"), ("POST /metrics", "405")] {
        assert!(ask(port, request).unwrap().0.starts_with(&format!("HTTP/1.1 {status}")), "{request}");
    }
    // It listens at that one address and no other of this machine: elsewhere its port is free.
    assert!(TcpStream::connect(("127.0.0.2", port)).is_err());
    assert!(TcpListener::bind(("127.0.0.2", port)).is_ok());
    terminal.signal(Signal::TERM);
    terminal.exit_code();
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "what serves nobody is closed");
}
