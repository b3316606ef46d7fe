//! What is normal, known from elsewhere: the real binary takes the same hour of yesterday from an earlier session's
//! journal and from a real Prometheus, and its rule fires on the first sample, before it has any window of its own.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use golive::clock;
use golive::core::event::{AlertEvent, Body, CheckEvent, Event, Finished, Purpose, SessionEvent};
use golive::core::evidence::{Evidence, Measured};
use golive::core::state::State;
use golive::journal::lock::Holder;
use golive::journal::{self, Journal, reading, sessions};
use golive::model::id::{CheckId, EffectId, SessionId};
use golive::model::operator::Actor;
use golive::model::text::SafeText;
use golive::model::time::Now;

use crate::scenario::{event, plan_with};
use crate::servers::start::{folder, free_port, program, started, unprivileged};
use crate::terminal::Terminal;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// An application that counts four payments a minute.
fn application() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 2_048]);
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 13\r\nconnection: close\r\n\r\n{\"volume\": 4}";
            let _ = stream.write_all(answer);
        }
    });
    port
}

fn plan(home: &Path, baseline: &str) {
    let text = format!(
        "[service]\nname = \"academy-checkout\"\nenvironment = \"production\"\n\n\
         [checks.volume]\nkind = \"metric\"\nfrom = {{ http = {{ url = \"http://127.0.0.1:{}/\", value = \"volume\" }} }}\n\
         every = \"200ms\"\n\n\
         [alerts.volume_drop]\nlevel = \"critical\"\n\
         when = 'value(\"volume\") < 0.5 * baseline(\"volume\", duration(\"1h\"))'\n\n\
         [[pre_deployment]]\nid = \"backup\"\nmanual = {{ prompt = \"Seen?\" }}\n\n{baseline}",
        application()
    );
    std::fs::write(home.join("golive.toml"), text).unwrap();
}

/// Flies until the screen says this, and gives what the newest session's journal holds.
fn flown_until(home: &Path, says: &str) -> Vec<Event> {
    let path = home.join("golive.toml");
    let mut terminal = Terminal::golive(&["--new", path.to_str().unwrap()], home, (120, 36));
    terminal.wait_for("PRE");
    terminal.keys("A");
    terminal.wait_for(says);
    terminal.signal(rustix::process::Signal::TERM);
    terminal.exit_code();
    let (listed, _) = sessions::sessions(&home.join("state/golive")).unwrap();
    reading::read_all(&listed[0].path).unwrap().events
}

fn known(events: &[Event]) -> (String, Vec<f64>) {
    let known = events.iter().find_map(|event| match &event.body {
        Body::Alert(AlertEvent::BaselineKnown { from, hours, .. }) => Some((from, hours)),
        _ => None,
    });
    let (from, hours) = known.unwrap();
    (from.to_string(), hours.iter().map(|hour| hour.mean).collect())
}

/// A session of yesterday, forty minutes before and behind this time of day, in which fifty payments a minute were usual.
fn flown_yesterday(home: &Path, environment: &str, usual: f64) {
    let now = clock::now();
    let begun = now.at.checked_sub(DAY + MINUTE * 40).unwrap();
    let at = |minute: u32| Now { at: begun.checked_add(MINUTE * minute).unwrap(), up: MINUTE * minute };
    let mut plan = (*plan_with(&["volume metric warning".to_owned()], &[], &[])).clone();
    plan.service.environment = environment.to_owned();
    let session = SessionId::new(&ulid::Ulid::generate().to_string());
    let opened = SessionEvent::Opened {
        session: session.clone(),
        purpose: Purpose::GoLive,
        plan: Arc::new(plan),
        version: None,
        host: SafeText::from_foreign("test-host"),
    };
    let mut events = vec![event(at(0), Actor::Golive, Body::Session(opened))];
    for minute in 0..80_u32 {
        // It goes up and down about what is usual.
        let number = usual + if minute % 2 == 0 { 3.0 } else { -3.0 };
        let evidence = Evidence::pass("as it is").measured(Measured::Number(number));
        let (check, effect) = (CheckId::new("volume"), EffectId(u64::from(minute) + 1));
        let finished = Finished { check, effect, lateness: Duration::ZERO, took: Duration::ZERO, evidence };
        events.push(event(at(minute), Actor::Golive, Body::Check(CheckEvent::Finished(Box::new(finished)))));
    }
    State::fold(&events).unwrap();
    let path = journal::file_of(&home.join("state/golive"), &session);
    let holder = Holder::this_process(SafeText::from_foreign("h"), SafeText::from_foreign("o"), now.at);
    let journal = Journal::create(&path, &session, &holder).unwrap();
    journal.append(events.into()).wait().unwrap();
    journal.close().unwrap();
}

#[test]
fn the_same_hour_of_an_earlier_session_is_what_is_normal() {
    let home = tempfile::tempdir().unwrap();
    // Of another environment it says nothing, though it is the later one.
    flown_yesterday(home.path(), "production", 50.0);
    flown_yesterday(home.path(), "staging", 7.0);
    plan(home.path(), "[baselines.volume]\nsession_within = \"8d\"\n");
    let (from, hours) = known(&flown_until(home.path(), "4 < 0.5 * "));
    assert!(from.starts_with("session 01"), "{from}");
    assert!(!hours.is_empty() && hours.iter().all(|mean| (mean - 50.0).abs() < 1.0), "{hours:?}");
}

#[test]
fn without_an_earlier_session_the_rule_says_so_and_does_not_fire() {
    let home = tempfile::tempdir().unwrap();
    plan(home.path(), "[baselines.volume]\nsession_within = \"8d\"\n");
    let events = flown_until(home.path(), "volume has no baseline of 1h yet");
    let state = State::fold(&events).unwrap();
    assert!(state.alerts().all(|(_, known)| !known.is_firing()));
    assert!(state.timeline().any(|entry| entry.text.contains("no earlier session of this service knew it")));
}

#[test]
fn the_same_hour_yesterday_is_asked_of_a_real_prometheus() {
    let (Some(prometheus), Some(promtool)) = (program(&["prometheus"]), program(&["promtool"])) else { return };
    let (place, port) = (folder(), free_port());
    let path = place.path().to_path_buf();
    let now = clock::now().at.as_second();
    let mut samples = String::from("# TYPE volume gauge\n");
    for minute in (0..27 * 60_i64).rev() {
        // Today is a bad day: what counts is yesterday.
        let number = if minute > 23 * 60 - 120 { 50 } else { 5 };
        samples.push_str(&format!("volume {number} {}\n", now - minute * 60));
    }
    std::fs::write(path.join("samples.txt"), format!("{samples}# EOF\n")).unwrap();
    let made = Command::new(promtool)
        .args(["tsdb", "create-blocks-from", "openmetrics", "samples.txt", "place"])
        .current_dir(&path)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    // It runs as another user where the tests run as root.
    let open = Command::new("chmod").args(["-R", "a+rwX", "."]).current_dir(&path).status().unwrap();
    assert!(open.success());
    std::fs::write(path.join("prometheus.yml"), "scrape_configs: []\n").unwrap();
    // Nobody is let in without the password: the bcrypt of FAKE-password.
    let hash = "$2b$04$DX.O07IZ5cTeT2SHyADKseNtPBwUfq25TKKV0T6uvfCLpEF.oz2Ka";
    std::fs::write(path.join("web.yml"), format!("basic_auth_users:\n  golive: {hash}\n")).unwrap();
    let login = base64::engine::general_purpose::STANDARD.encode("golive:FAKE-password");
    let mut command = unprivileged(&prometheus, &path);
    command
        .arg("--config.file=prometheus.yml")
        .arg("--web.config.file=web.yml")
        .arg(format!("--storage.tsdb.path={}", path.join("place").display()));
    let _running = started(command.arg(format!("--web.listen-address=127.0.0.1:{port}")), place, port);
    let home = tempfile::tempdir().unwrap();
    let baseline = |query: &str| {
        format!(
            "[credentials.login]\nfrom = {{ file = \"login\" }}\nseverity = \"advice\"\n\
             [baselines.volume]\nprometheus = \"http://127.0.0.1:{port}\"\nquery = '{query}'\n\
             headers = {{ Authorization = \"Basic {{{{ credentials.login }}}}\" }}\n"
        )
    };
    std::fs::write(home.path().join("login"), &login).unwrap();
    let until = std::time::Instant::now() + crate::terminal::PATIENCE;
    let ready = || {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        let mut answer = String::new();
        stream.write_all(format!("GET /-/ready HTTP/1.0\r\nAuthorization: Basic {login}\r\n\r\n").as_bytes()).unwrap();
        stream.read_to_string(&mut answer).is_ok() && answer.contains(" 200 ")
    };
    while !ready() {
        assert!(std::time::Instant::now() < until, "Prometheus listens and is never ready");
        std::thread::sleep(Duration::from_millis(100));
    }
    plan(home.path(), &baseline("sum(volume)"));
    let (from, hours) = known(&flown_until(home.path(), "4 < 0.5 * "));
    assert!(from.starts_with("Prometheus"), "{from}");
    assert!(hours.len() >= 23, "a whole day: {hours:?}");
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("login"), &login).unwrap();
    plan(home.path(), &baseline("volume_of_nothing"));
    let events = flown_until(home.path(), "volume has no baseline of 1h yet");
    let state = State::fold(&events).unwrap();
    assert!(state.timeline().any(|entry| entry.text.contains("Prometheus has no samples of then")), "{events:#?}");
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("login"), "another").unwrap();
    plan(home.path(), &baseline("sum(volume)"));
    let events = flown_until(home.path(), "volume has no baseline of 1h yet");
    let state = State::fold(&events).unwrap();
    assert!(state.timeline().any(|entry| entry.text.contains("Prometheus answers 401")), "{events:#?}");
}
