//! The real binary, from outside: exit codes, clear sentences on standard error, nothing but results on standard output.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::cli_kit::{Home, PLAN, Ran};
use crate::terminal::Terminal;

#[test]
fn a_go_ends_with_0_and_the_report_on_standard_output() {
    let ran = Home::new().golive(&["check"]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    assert!(ran.out.contains("GO to deploy") && ran.out.contains("backup_ready"), "{ran:?}");
    assert!(!ran.out.contains('\x1b'), "no escape goes into a pipe");
}

#[test]
fn a_no_go_ends_with_1() {
    let home = Home::new();
    home.put(".env", "OTHER=1\n");
    let ran = home.golive(&["check", "--format", "json"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let json = ran.json();
    assert_eq!((&json["verdict"], &json["scope"]), (&"no_go".into(), &"machines".into()));
    assert!(json["critical_errors"].as_array().unwrap().iter().any(|reason| reason["subject"] == "shop_url_set"));
}

#[test]
fn warnings_pass_unless_strict() {
    let home = Home::new();
    std::fs::remove_file(home.0.path().join("notes.md")).unwrap();
    assert_eq!(home.golive(&["check"]).code, Some(0));
    assert_eq!(home.golive(&["check", "--strict"]).code, Some(1));
}

#[test]
fn what_could_not_be_found_out_ends_with_3() {
    let home = Home::new();
    home.put(
        "golive.toml",
        PLAN.replace("kind = \"variable\"\nnames = [\"SHOP_URL\"]", "kind = \"command\"\nrun = [\"true\"]"),
    );
    let ran = home.golive(&["check", "--format=json"]);
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(ran.json()["checks"][0]["outcome"], "error");
}

#[test]
fn a_trusted_command_runs_until_the_plan_changes() {
    let home = Home::new();
    let plan = PLAN.replace("kind = \"variable\"\nnames = [\"SHOP_URL\"]", "kind = \"command\"\nrun = [\"true\"]");
    home.put("golive.toml", &plan);
    let asked = home.golive(&["trust"]);
    assert_eq!(asked.code, Some(2), "nobody is there to be asked: {asked:?}");
    assert!(asked.out.contains("true") && asked.err.contains("--yes"), "{asked:?}");
    assert_eq!(home.golive(&["check"]).code, Some(3));
    assert_eq!(home.golive(&["trust", "--yes"]).code, Some(0));
    assert_eq!(home.golive(&["check"]).code, Some(0));
    home.put("golive.toml", plan.replace("\"true\"", "\"true\", \"again\""));
    assert_eq!(home.golive(&["check"]).code, Some(3), "another content is another question");
}

#[test]
fn wrong_plans_end_with_2_and_nothing_is_run() {
    let home = Home::new();
    home.put("empty.toml", "");
    home.put("broken.toml", b"[service]\nname = \"\xff\xfe\"\n");
    home.put("huge.toml", format!("# {}\n", "x".repeat(10 << 20)));
    home.put("misspelt.toml", PLAN.replace("severity =", "severty ="));
    for (plan, sentence) in [
        ("missing.toml", "there is no plan at missing.toml"),
        ("empty.toml", "empty.toml is empty"),
        ("broken.toml", "not UTF-8"),
        ("huge.toml", "10 MiB"),
        ("misspelt.toml", "did you mean `severity`?"),
    ] {
        home.golive(&["check", plan]).refused(2, sentence);
        home.golive(&["lint", plan]).refused(2, sentence);
    }
    assert!(home.sessions().is_empty(), "a session was opened on a wrong plan");
}

#[test]
fn no_plan_anywhere_is_said_with_a_way_out() {
    let home = Home::new();
    std::fs::remove_file(home.0.path().join("golive.toml")).unwrap();
    home.golive(&["check"]).refused(2, "there is no golive.toml here or in a folder above");
    home.golive(&["lint"]).refused(2, "golive demo");
}

#[test]
fn wrong_command_lines_end_with_2_and_say_what_there_is() {
    let home = Home::new();
    for (arguments, sentence) in [
        (&["check", "--format", "yaml"][..], "there are: human, json"),
        (&["check", "--format", "json="], "a file has to stand behind"),
        (&["check", "--phase", "deploy"], "there are: pre_deployment, deployment"),
        (&["check", "--question", "open"], "needs --session"),
        (&["check", "--question", "now"], "there are: deploy, open, close"),
        (&["check", "--only", "shop_url_sett"], "the nearest id is shop_url_set"),
        (&["check", "--only", "["], "is no glob"),
        (&["check", "--until-go", "30"], "has no unit"),
        (&["check", "--session", "01NOSUCH"], "there is no session 01NOSUCH"),
        (&["report", "01NOSUCH"], "there is no session 01NOSUCH"),
        (&["verify", "01NOSUCH"], "there is no session 01NOSUCH"),
        (&["demo", "--scenario", "storm"], "there are: healthy, test-mode"),
        (&["completions", "tcsh"], "possible values"),
    ] {
        home.golive(arguments).refused(2, sentence);
    }
}

#[test]
fn without_a_terminal_the_cockpit_names_the_headless_way() {
    let home = Home::new();
    home.golive(&[]).refused(2, "golive check");
    home.golive(&["golive.toml"]).refused(2, "golive check");
    home.golive(&["chek"]).refused(2, "did you mean: golive check");
    home.golive(&["nosuchcmd"]).refused(2, "there is no plan and no command nosuchcmd");
    home.golive(&["triage"]).refused(2, "golive triage --headless");
    home.golive(&["replay", "01SESSION"]).refused(2, "golive report 01SESSION");
    home.golive(&["demo"]).refused(2, "golive demo --headless");
    // Colour that was asked for is no terminal either.
    let forced = home.golive(&["--color", "never"]);
    forced.refused(2, "golive check");
}

#[test]
fn a_journal_that_cannot_be_written_ends_with_4() {
    let home = Home::new();
    let in_the_way = home.put("file", "");
    home.golive(&["check", "--journal", in_the_way.to_str().unwrap()]).refused(4, "--journal memory");
    let ran = home.golive(&["check", "--journal", "memory"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(home.sessions().is_empty());
}

#[test]
fn a_report_that_cannot_be_written_ends_with_4() {
    let home = Home::new();
    home.golive(&["check", "--format", "json=no/such/folder/report.json"]).refused(4, "cannot write the report");
}

#[test]
fn several_formats_come_of_one_run() {
    let home = Home::new();
    let ran =
        home.golive(&["check", "--format", "json=report.json", "--format", "junit=report.xml", "--format", "human"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("GO to deploy"));
    let json: Value = serde_json::from_slice(&std::fs::read(home.0.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(json["environment_info"]["operator"], "thandi");
    assert!(std::fs::read_to_string(home.0.path().join("report.xml")).unwrap().contains("<testsuite"));
    assert_eq!(home.sessions().len(), 1, "one run is one session");
}

#[test]
fn a_selection_is_judged_alone() {
    let home = Home::new();
    home.put(".env", "OTHER=1\n");
    let json = home.golive(&["check", "--only", "notes_*", "--format", "json"]).json();
    assert_eq!((&json["verdict"], &json["scope"]), (&"go".into(), &"selection".into()));
    let checks: Vec<_> = json["checks"].as_array().unwrap().iter().map(|check| check["id"].clone()).collect();
    assert_eq!(checks, ["notes_there"]);
}

#[test]
fn a_session_can_be_listed_reported_verified_and_taken_in() {
    let home = Home::new();
    assert_eq!(home.golive(&["check"]).code, Some(0));
    let list = home.golive(&["sessions", "--format", "json"]).json();
    let id = list[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(list[0]["purpose"], "check");
    assert_eq!(home.golive(&["report", &id, "--format", "json"]).json()["session"], id.as_str());
    let whole = home.golive(&["verify", &id]);
    assert_eq!((whole.code, whole.out.starts_with("whole: ")), (Some(0), true), "{whole:?}");

    let journal = home.sessions().remove(0);
    let before = std::fs::read(&journal).unwrap();
    let all = home.golive(&["check", "--session", &id, "--format", "json"]);
    assert_eq!(all.code, Some(3), "nobody signed: {all:?}");
    assert_eq!(all.json()["scope"], "all");
    assert_eq!(std::fs::read(&journal).unwrap(), before, "a session that is taken in is never written to");
    let close = home.golive(&["check", "--session", &id[..20], "--question", "close", "--format", "json"]);
    assert_eq!(close.json()["question"], "close", "{close:?}");
}

#[test]
fn a_session_that_is_open_in_a_cockpit_can_be_judged_from_beside() {
    let home = Home::new();
    let mut cockpit = Terminal::golive(&[], home.0.path(), (100, 30));
    // A result is shown only behind the opening, which is on disk by then.
    cockpit.wait_for("1 ok");
    let list = home.golive(&["sessions", "--format", "json"]).json();
    assert_eq!((&list[0]["status"], &list[0]["purpose"]), (&"open_now".into(), &"go_live".into()));
    let beside = home.golive(&["check", "--session", list[0]["id"].as_str().unwrap(), "--format", "json"]);
    assert_eq!(beside.code, Some(3), "nobody signed: {beside:?}");
    assert_eq!(beside.json()["session"], list[0]["id"]);
    cockpit.keys("q");
    assert_eq!(cockpit.exit_code(), 3);
}

#[test]
fn a_journal_that_was_changed_is_found_out() {
    let home = Home::new();
    home.golive(&["check"]);
    let journal = home.sessions().remove(0);
    let mut bytes = std::fs::read(&journal).unwrap();
    let found = bytes.windows(8).position(|window| window == b"SHOP_URL").expect("the evidence is in the journal");
    bytes[found] = b'X';
    std::fs::set_permissions(&journal, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::write(&journal, bytes).unwrap();
    let ran = home.golive(&["verify", journal.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.out.contains("changed from outside"), "{ran:?}");
}

#[test]
fn what_is_left_of_a_changed_journal_permits_nothing() {
    let home = Home::new();
    home.golive(&["check"]);
    let session = home.golive(&["sessions", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let of_session = ["check", "--session", &session, "--question", "deploy", "--format", "json"];
    let before = home.golive(&of_session);
    let journal = home.sessions().remove(0);
    rusqlite::Connection::open(&journal)
        .unwrap()
        .execute("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)", [])
        .unwrap();
    let changed = home.golive(&of_session);
    assert_eq!(changed.code, Some(3), "{changed:?}");
    let says = |ran: &Ran| ran.out.contains("the journal was changed from outside");
    assert!(!says(&before) && says(&changed), "{changed:?}");
    let report = home.golive(&["report", &session, "--format", "json"]);
    assert_eq!((report.code, &report.json()["verdict"]), (Some(1), &"hold".into()), "{report:?}");
    assert!(says(&report));
    let refused = home.golive(&["exec", "--session", &session, "--", "echo", "it ran"]);
    assert_eq!(refused.code, Some(125), "{refused:?}");
    assert!(!refused.out.contains("it ran"), "{refused:?}");
}

#[test]
fn credentials_are_shown_masked() {
    let home = Home::new();
    let secret = format!("FAKE-{}", "k".repeat(30));
    home.put("golive.toml", format!("{PLAN}\n[credentials.api_secret]\nfrom = {{ env = \"APP_SECRET\" }}\n"));
    home.put(".env", format!("SHOP_URL=https://shop.example\nAPP_SECRET={secret}\n"));
    let human = home.golive(&["credentials"]);
    assert!(human.out.contains("••••kkkk") && human.out.contains("35 ch") && human.out.contains(".env:2"), "{human:?}");
    let json = home.golive(&["credentials", "--format", "json"]);
    assert_eq!(json.json()[0]["length"], 35);
    let check = home.golive(&["check", "--format", "json"]);
    for ran in [&human, &json, &check] {
        assert!(!ran.out.contains(&secret) && !ran.err.contains(&secret));
    }
}

#[test]
fn the_schema_and_the_small_ones_print_what_they_should() {
    let home = Home::new();
    let schema = home.golive(&["schema"]);
    assert_eq!(schema.code, Some(0));
    assert!(schema.json()["properties"]["service"].is_object());
    assert!(home.golive(&["completions", "bash"]).out.contains("complete"));
    assert!(home.golive(&["man"]).out.contains(".TH golive"));
    assert!(home.golive(&["--version"]).out.starts_with("golive "));
    assert!(home.golive(&["--help"]).out.contains("Exit codes"));
    let lint = home.golive(&["lint"]);
    assert_eq!(lint.code, Some(0));
    assert!(
        lint.out.ends_with("golive.toml is sound: 2 checks, 2 items, 0 alerts, 0 rollback steps, 0 notes\n"),
        "{lint:?}"
    );
}

#[test]
fn lint_shows_the_plan_whole_and_what_it_touches() {
    let home = Home::new();
    assert!(home.golive(&["lint", "--expand"]).out.contains("golive.toml:"));
    let audit = home.golive(&["lint", "--audit"]).out;
    assert!(audit.contains("notes.md") && audit.contains("commands (0)"), "{audit}");
}

#[test]
fn colour_comes_only_when_it_was_asked_for_or_fits() {
    let home = Home::new();
    assert!(home.golive(&["check", "--color", "always"]).out.contains("\x1b["));
    assert!(!home.golive(&["check", "--color", "never"]).out.contains('\x1b'));
    assert!(!home.golive(&["check"]).out.contains('\x1b'), "a pipe is no terminal");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let home = Home::new();
    let mut child = home.command(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn the_doctor_says_what_is_here_and_names_nobody() {
    let home = Home::new();
    let sound = home.golive(&["doctor"]);
    assert_eq!(sound.code, Some(0), "{sound:?}");
    assert!(sound.out.contains("~/state/golive can be written to"), "{sound:?}");
    assert!(!sound.out.contains("thandi") && !sound.out.contains(home.0.path().to_str().unwrap()), "{sound:?}");
    std::fs::remove_dir_all(home.0.path().join("state")).unwrap();
    home.put("state", "in the way");
    let wrong = home.golive(&["doctor"]);
    assert_eq!(wrong.code, Some(4), "{wrong:?}");
    assert!(wrong.out.contains("cannot be written to"), "{wrong:?}");
}

/// A plan whose one check waits for a listener that never answers.
fn waiting_for(home: &Home, listener: &TcpListener) {
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let check = format!("kind = \"http\"\nurl = \"{url}\"\nexpect = \"status == 200\"\ntimeout = \"60s\"");
    home.put("golive.toml", PLAN.replace("kind = \"variable\"\nnames = [\"SHOP_URL\"]", &check));
}

fn signalled(mut child: Child, signal: Signal) -> Ran {
    kill_process(Pid::from_child(&child), signal).unwrap();
    let mut text = (String::new(), String::new());
    if let Some(out) = &mut child.stdout {
        out.read_to_string(&mut text.0).unwrap();
    }
    if let Some(err) = &mut child.stderr {
        err.read_to_string(&mut text.1).unwrap();
    }
    Ran { code: child.wait().unwrap().code(), out: text.0, err: text.1 }
}

#[test]
fn a_signal_ends_a_check_in_order_and_claims_nothing() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let home = Home::new();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        waiting_for(&home, &listener);
        let child = home.command(&["check"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _connection = listener.accept().unwrap();
        let ran = signalled(child, signal);
        ran.refused(code, "nothing is claimed");
        let journal = home.sessions().remove(0);
        assert_eq!(home.golive(&["verify", journal.to_str().unwrap()]).code, Some(0), "the journal ended in order");
    }
}

/// The plan with its file check critical and looked at all the time.
fn quick(home: &Home) {
    home.put("golive.toml", PLAN.replace("severity = \"warning\"", "every = \"100ms\""));
}

/// The next whole JSON object that a running golive prints.
fn next_report(lines: &mut impl Iterator<Item = std::io::Result<String>>) -> Value {
    let mut text = String::new();
    loop {
        text.push_str(&lines.next().expect("it goes on").unwrap());
        if let Ok(value) = serde_json::from_str(&text) {
            return value;
        }
    }
}

#[test]
fn a_watch_reports_again_when_the_verdict_changes() {
    let home = Home::new();
    quick(&home);
    let mut child = home.command(&["check", "--watch", "--format", "json"]);
    let mut child = child.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(next_report(&mut lines)["verdict"], "go");
    std::fs::remove_file(home.0.path().join("notes.md")).unwrap();
    assert_eq!(next_report(&mut lines)["verdict"], "no_go");
    home.put("notes.md", "back again\n");
    assert_eq!(next_report(&mut lines)["verdict"], "go");
    assert_eq!(signalled(child, Signal::INT).code, Some(130));
}

#[test]
fn until_go_waits_for_what_mends_itself_and_no_longer_than_it_was_told() {
    let home = Home::new();
    quick(&home);
    std::fs::remove_file(home.0.path().join("notes.md")).unwrap();
    let late = home.golive(&["check", "--until-go", "500ms", "--format", "json"]);
    assert_eq!((late.code, &late.json()["verdict"]), (Some(1), &"no_go".into()));
    let child =
        home.command(&["check", "--until-go", "60s", "--format", "json"]).stdout(Stdio::piped()).spawn().unwrap();
    home.put("notes.md", "there now\n");
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!((ran.code, &ran.json()["verdict"]), (Some(0), &"go".into()), "{ran:?}");
}

#[test]
fn on_a_terminal_progress_goes_and_the_report_stays_in_colour() {
    let home = Home::new();
    let mut terminal = Terminal::golive(&["check"], home.0.path(), (100, 60));
    terminal.wait_for("CHECKS");
    assert_eq!(terminal.exit_code(), 0);
    let raw = String::from_utf8_lossy(&terminal.raw()).into_owned();
    assert!(raw.contains("\x1b[32m"), "a GO is green: {raw:?}");
    assert!(!terminal.screen().contains("checked"), "the line of progress is gone:\n{}", terminal.screen());
    let mut plain = Terminal::golive_with(&["check"], home.0.path(), (100, 60), &[("NO_COLOR", "1")]);
    plain.wait_for("CHECKS");
    assert_eq!(plain.exit_code(), 0);
    assert!(!String::from_utf8_lossy(&plain.raw()).contains("\x1b[32m"), "NO_COLOR is honoured");
}

#[test]
fn the_playground_says_what_it_is_made_of_and_goes_when_it_is_told_to() {
    let home = Home::new();
    let mut child =
        home.command(&["demo", "--target-only"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut text = String::new();
    let described: Value = loop {
        text.push_str(&lines.next().expect("it prints one object").unwrap());
        if let Ok(value) = serde_json::from_str(&text) {
            break value;
        }
    };
    let plan = PathBuf::from(described["plan"].as_str().unwrap());
    let plan_named = plan.to_str().unwrap();
    assert_eq!(home.golive(&["lint", plan_named]).code, Some(0));
    assert_eq!(home.golive(&["trust", "--yes", plan_named]).code, Some(0));
    // What only a person can do there, to type a code back that was sent to them, waits and does not hold the machines.
    let judged = home.golive(&["check", plan_named, "--until-go", "1m", "--format", "json"]);
    assert_eq!(judged.code, Some(0), "{judged:?}");
    let judged = judged.json();
    let of = |list: &str| judged[list].as_array().unwrap().iter().any(|one| one["subject"] == "alerting_configured");
    assert!(of("waiting") && of("recommendations") && !of("critical_errors"), "{judged}");
    assert_eq!(signalled(child, Signal::TERM).code, Some(143));
    assert!(!Path::new(&plan).exists(), "it took its folder away");
}

#[test]
fn every_event_of_a_session_is_listed_and_chosen_by_family_and_words() {
    let home = Home::new();
    assert_eq!(home.golive(&["check"]).code, Some(0));
    let session = home.golive(&["sessions", "--format", "json"]).json()[0]["id"].as_str().unwrap().to_owned();
    let listed = |more: &[&str]| {
        let ran = home.golive(&[&["events", session.as_str(), "--format", "json"], more].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<serde_json::Value>>()
    };
    let all = listed(&[]);
    let checks = listed(&["--family", "check"]);
    assert!(!checks.is_empty() && checks.len() < all.len(), "{} of {}", checks.len(), all.len());
    let named = listed(&["--family", "check", "--with", "notes_there"]);
    assert!(!named.is_empty() && named.iter().all(|event| event.to_string().contains("notes_there")), "{named:?}");
    assert_eq!(listed(&["--with", "nobody ever said this"]).len(), 0);
}

/// A flight that nobody hurries: seventeen seconds are too few where a whole test suite flies beside it.
const FLIGHT: [&str; 6] = ["demo", "--headless", "--within", "2m", "--format", "json"];

#[test]
fn a_flight_over_a_healthy_world_ends_with_the_session_closed() {
    let home = Home::new();
    let ran = home.golive(&FLIGHT);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let json = ran.json();
    assert_eq!((&json["verdict"], &json["question"]), (&"go".into(), &"close".into()));
    assert_eq!(json["session_outcome"], "closed");
    for phase in json["phases"].as_array().unwrap() {
        assert_eq!(phase["status"], "settled", "{phase}");
        for item in phase["items"].as_array().unwrap().iter().filter(|item| item["signed_by"].is_array()) {
            assert_eq!(item["signed_by"], serde_json::json!(["demo"]), "{item}");
        }
    }
    let journal = home.sessions().remove(0);
    assert_eq!(home.golive(&["verify", journal.to_str().unwrap()]).code, Some(0));
}

#[test]
fn a_flight_over_a_fault_ends_by_its_verdict_and_names_the_check() {
    let scenarios = golive::demo::scenario::SCENARIOS.iter().filter(|scenario| scenario.check.is_some());
    let scenarios: Vec<_> = scenarios.collect();
    for few in scenarios.chunks(2) {
        std::thread::scope(|flights| {
            for scenario in few {
                flights.spawn(move || {
                    let home = Home::new();
                    let ran = home.golive(&[&FLIGHT[..], &["--scenario", scenario.name]].concat());
                    let json = ran.json();
                    let (code, reasons) = (i32::from(scenario.exit), &json["reasons"]);
                    assert_eq!(ran.code, Some(code), "{}: {reasons} {}", scenario.name, ran.err);
                    let checks = json["checks"].as_array().unwrap();
                    let check = checks.iter().find(|check| check["id"] == scenario.check.unwrap());
                    assert_eq!(check.unwrap()["outcome"], "fail", "{}", scenario.name);
                });
            }
        });
    }
}
