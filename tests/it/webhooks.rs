//! `golive webhook` from outside, and the demo's webhook as a stranger meets it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use golive::demo::{Fault, World};
use secrecy::ExposeSecret as _;
use serde_json::Value;

fn golive(arguments: &[&str], secret: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_golive"));
    command.arg("webhook").args(arguments).env("HOOK_SECRET", secret).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str], secret: &str) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = golive(arguments, secret).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn made_up() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("FAKE-{}", ulid::Ulid::generate()))
}

fn body(folder: &Path) -> String {
    let path = folder.join("body.json");
    std::fs::write(&path, "{\"a\": 1}\r\n").unwrap();
    path.to_string_lossy().into_owned()
}

const CUSTOM: &[&str] = &[
    "--signature-header",
    "X-Sign",
    "--signature-prefix",
    "sha512=",
    "--algorithm",
    "sha512",
    "--template",
    "{timestamp}:{path}:{body}",
    "--timestamp-header",
    "X-Time",
];

#[test]
fn what_is_signed_is_verified_by_every_scheme_and_a_replay_is_refused_by_the_next_call() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, body) = (made_up(), body(folder.path()));
    for scheme in golive::webhook::SCHEMES {
        let seen = folder.path().join(scheme).to_string_lossy().into_owned();
        let mut common = vec!["--scheme", scheme, "--secret-env", "HOOK_SECRET", "--body", &body];
        common.extend(["--path", "/hook?a=1", "--url", "https://shop.example/hook", "--now", "1750000000"]);
        if *scheme == "custom" {
            common.extend(CUSTOM);
        }
        let (code, signed, error) = run(&[&["sign"], &common[..], &["--format", "json"]].concat(), &secret);
        assert_eq!(code, Some(0), "{scheme}: {error}");
        let signed: Value = serde_json::from_str(&signed).unwrap();
        let headers: Vec<String> = signed
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.as_str().unwrap()))
            .collect();
        let with_headers: Vec<&str> = headers.iter().flat_map(|line| ["--header", line.as_str()]).collect();
        let verify = [&["verify"], &common[..], &with_headers[..], &["--seen", &seen, "--format", "json"]].concat();
        for (code, genuine, reason) in [(0, true, Value::Null), (1, false, "replay".into())] {
            let (ended, answer, error) = run(&verify, &secret);
            assert_eq!(ended, Some(code), "{scheme}: {answer} {error}");
            let answer: Value = serde_json::from_str(&answer).unwrap();
            assert_eq!(answer["genuine"], genuine, "{scheme}");
            assert_eq!(answer["reason"], reason, "{scheme}");
            assert_eq!(answer["scheme"], *scheme);
            assert!(!error.contains(&secret) && !answer.to_string().contains(&secret));
        }
        let (ended, answer, _) = run(&verify, "FAKE-another-secret-AAAAAAAAAAAAAAAAAAAAAA==");
        assert_eq!(ended, Some(1), "{scheme}: {answer}");
    }
}

#[test]
fn of_twenty_calls_at_once_with_one_message_one_is_told_that_it_is_genuine() {
    let folder = tempfile::tempdir().unwrap();
    let (secret, body) = (made_up(), body(folder.path()));
    let (_, signed, _) = run(&["sign", "--scheme", "github", "--secret-env", "HOOK_SECRET", "--body", &body], &secret);
    let seen = folder.path().join("seen").to_string_lossy().into_owned();
    let arguments = ["verify", "--scheme", "github", "--secret-env", "HOOK_SECRET", "--body", &body, "--seen", &seen];
    let arguments = [&arguments[..], &["--header", signed.trim_end()]].concat();
    let children: Vec<Child> =
        (0..20).map(|_| golive(&arguments, &secret).stdout(Stdio::null()).spawn().unwrap()).collect();
    let codes: Vec<_> = children.into_iter().map(|mut child| child.wait().unwrap().code().unwrap()).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 1).count(), 19, "{codes:?}");
}

#[test]
fn a_wrong_call_is_told_apart_from_a_refusal_and_a_damaged_memory_takes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let body = body(folder.path());
    let seen = folder.path().join("seen");
    std::fs::write(&seen, "not a memory\n").unwrap();
    let seen = seen.to_string_lossy().into_owned();
    let secret = made_up();
    let (_, signed, _) = run(&["sign", "--scheme", "github", "--secret-env", "HOOK_SECRET", "--body", &body], &secret);
    let github = ["verify", "--scheme", "github", "--secret-env", "HOOK_SECRET", "--body"];
    let with = |more: &[&str]| run(&[&github[..], more].concat(), &secret);
    assert_eq!(with(&[&body, "--header", signed.trim_end()]).0, Some(0));
    assert_eq!(with(&[&body, "--header", signed.trim_end(), "--seen", &seen]).0, Some(4));
    assert_eq!(with(&[&body]).0, Some(1));
    for (more, says) in [(&["/no/such/file"][..], "cannot be read"), (&[&body, "--header", "no colon"], "Name: value")]
    {
        let (code, out, error) = with(more);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{error}");
        assert!(error.contains(says), "{error}");
        assert!(!error.contains("no colon"), "a line that is no header may hold a signature: {error}");
    }
    let nobodys = with(&[&body, "--header", "X-Hub-Signature-256 : sha256=00"]);
    assert_eq!(nobodys.0, Some(1), "a message with an odd header is refused, the call was right: {nobodys:?}");
    for (arguments, says) in [
        (["verify", "--scheme", "smoke", "--secret-env", "HOOK_SECRET", "--body", &body], "smoke"),
        (["verify", "--scheme", "github", "--secret-env", "NOT_SET_HERE", "--body", &body], "NOT_SET_HERE is not set"),
        (["verify", "--scheme", "ikhokha", "--secret-env", "HOOK_SECRET", "--body", &body], "--path"),
        (["verify", "--scheme", "square", "--secret-env", "HOOK_SECRET", "--body", &body], "--url"),
        (["verify", "--scheme", "custom", "--secret-env", "HOOK_SECRET", "--body", &body], "names the header"),
    ] {
        let (code, _, error) = run(&arguments, &secret);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(error.contains(says), "{arguments:?}: {error}");
    }
}

#[test]
fn a_memory_is_a_file_also_behind_a_link_and_never_a_device_or_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let (body, secret) = (body(folder.path()), made_up());
    let sign = ["sign", "--scheme", "stripe", "--secret-env", "HOOK_SECRET", "--body", &body];
    let (_, signed, _) = run(&sign, &secret);
    let verify = |seen: &Path, tolerance: &str| {
        let seen = seen.display().to_string();
        let call = ["verify", "--scheme", "stripe", "--secret-env", "HOOK_SECRET", "--body", &body];
        run(&[&call[..], &["--header", signed.trim_end(), "--seen", &seen, "--tolerance", tolerance]].concat(), &secret)
    };
    let (file, link) = (folder.path().join("memory"), folder.path().join("link"));
    std::fs::write(&file, "").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    assert_eq!(verify(&link, "300").0, Some(0));
    assert_eq!(verify(&file, "300").0, Some(1), "what was taken by the link's name is known by the file's");
    assert!(link.is_symlink());
    let fifo = folder.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for no_file in [folder.path(), &fifo] {
        let (code, _, error) = verify(no_file, "300");
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains("is no file that could be a memory"), "{error}");
    }
    let longest = folder.path().join("longest");
    assert_eq!(
        verify(&longest, "18446744073709551615").0,
        Some(0),
        "a tolerance without end is remembered without end"
    );
}

#[test]
fn while_a_secret_is_rotated_either_one_may_have_signed() {
    let folder = tempfile::tempdir().unwrap();
    let body = body(folder.path());
    let (old, new) = (made_up(), made_up());
    let (_, signed, _) = run(&["sign", "--scheme", "paystack", "--secret-env", "HOOK_SECRET", "--body", &body], &old);
    let common = ["verify", "--scheme", "paystack", "--body", &body, "--header", signed.trim_end()];
    for (names, code) in [(vec!["NEW_SECRET"], 1), (vec!["NEW_SECRET", "OLD_SECRET"], 0)] {
        let repeated = names.iter().flat_map(|name| ["--secret-env", name]).collect::<Vec<_>>();
        let listed = [vec!["--secret-env"], names.clone()].concat();
        for secrets in [repeated, listed] {
            let mut command = golive(&[&common[..], &secrets[..]].concat(), "");
            command.env("NEW_SECRET", &new).env("OLD_SECRET", &old).stdout(Stdio::null());
            assert_eq!(command.status().unwrap().code(), Some(code), "{secrets:?}");
        }
    }
}

/// A listener that ends with the test.
pub(crate) struct Listener {
    child: Child,
    pub(crate) address: String,
}

impl Listener {
    pub(crate) fn start(more: &[&str], secret: &str) -> Self {
        let arguments = ["listen", "--scheme", "github", "--secret-env", "HOOK_SECRET", "--format", "json"];
        let mut child = golive(&[&arguments[..], more].concat(), secret)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split("http://").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        Self { child, address }
    }

    /// Posts a body and gives status line and body of the answer.
    fn post(&self, headers: &str, body: &[u8]) -> (String, String) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        let head = format!(
            "POST /hook?x=1 HTTP/1.1\r\nhost: x\r\nuser-agent: Provider/7\r\n{headers}content-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        // A listener that has seen enough of a large body may hang up.
        let _ = stream.write_all(body);
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        let (head, said) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.lines().next().unwrap_or_default().to_owned(), said.to_owned())
    }

    pub(crate) fn end(mut self) -> (Option<i32>, Vec<Value>) {
        let mut told = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(!told.chars().any(|letter| letter.is_control() && letter != '\n'), "{told:?}");
        let events = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (self.child.wait().unwrap().code(), events)
    }
}

fn github(secret: &str, body: &[u8]) -> String {
    let profile = golive::webhook::Profile::named("github").unwrap();
    let message = golive::webhook::Message { body, ..Default::default() };
    let stamped = golive::webhook::Stamped { id: None, timestamp: "" };
    let headers = golive::webhook::sign(&profile, &[secret.to_owned().into()], stamped, &message).unwrap();
    headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect()
}

#[test]
fn a_listener_shows_what_came_says_why_it_was_refused_and_tells_the_sender_nothing() {
    let secret = made_up();
    let listener = Listener::start(&["--count", "6", "--user-agent", "Provider/*", "--body-limit", "100000"], &secret);
    let hostile = format!("{{\"note\":\"\u{1b}[2J\u{202e}{secret}\"}}").into_bytes();
    let signed = github(&secret, &hostile);
    assert_eq!(listener.post(&signed, &hostile), ("HTTP/1.1 200 OK".into(), "{\"status\":\"taken\"}".into()));
    let refused = ("HTTP/1.1 401 Unauthorized".to_owned(), "{\"error\":\"refused\"}".to_owned());
    assert_eq!(listener.post(&signed, &hostile), refused, "a replay");
    assert_eq!(listener.post("", b"{}"), refused, "unsigned");
    assert_eq!(listener.post(&signed, b"{}"), refused, "another body");
    let double = format!("{}{}", github(&secret, b"{}"), github(&secret, b"{}"));
    assert_eq!(listener.post(&double, b"{}"), refused, "two signatures");
    listener.post(&signed, &vec![b'x'; 200_000]);
    let (code, events) = listener.end();
    assert_eq!(code, Some(1), "not all were genuine");
    let reasons: Vec<_> = events.iter().map(|event| event["reason"].as_str()).collect();
    let expected = [
        None,
        Some("replay"),
        Some("missing_header"),
        Some("bad_signature"),
        Some("duplicate_header"),
        Some("too_large"),
    ];
    assert_eq!(reasons, expected);
    let first = &events[0];
    assert_eq!(first["source"], "127.0.0.1");
    assert_eq!(first["user_agent"], "Provider/7");
    assert_eq!(first["path"], "/hook?x=1");
    assert!(first["body"].as_str().unwrap().contains("note"), "{first}");
    assert!(!first.to_string().contains(&secret), "{first}");
}

#[test]
fn a_listener_takes_from_those_who_may_send() {
    let secret = made_up();
    for (rule, reason) in [
        (&["--from", "203.0.113.9"][..], "unknown_source"),
        (&["--user-agent", "Other/*"], "unknown_user_agent"),
        (&["--from", "203.0.113.9", "--source-header", "x-forwarded-for"], "unknown_source"),
    ] {
        let listener = Listener::start(&[rule, &["--count", "1"]].concat(), &secret);
        // The first words of that header are the sender's own; only the last one is the edge's.
        let headers = format!("{}x-forwarded-for: 203.0.113.9, 198.51.100.1\r\n", github(&secret, b"{}"));
        assert!(listener.post(&headers, b"{}").0.contains("401"), "{rule:?}");
        assert_eq!(listener.end().1[0]["reason"], reason, "{rule:?}");
    }
    let rule = ["--from", "203.0.113.9", "--source-header", "x-forwarded-for", "--count", "1"];
    let listener = Listener::start(&rule, &secret);
    let headers = format!("{}x-forwarded-for: 203.0.113.9\r\n", github(&secret, b"{}"));
    assert!(listener.post(&headers, b"{}").0.contains("200"));
    assert_eq!(listener.end().0, Some(0));
}

#[test]
fn what_a_listener_refuses_is_told_to_the_plans_notifiers_and_kept() {
    let world = World::start(None, &[]).unwrap();
    let secret = made_up();
    let (plan, log) = (world.plan(), world.folder().join("refused.log"));
    let (plan, log) = (plan.to_str().unwrap(), log.to_str().unwrap());
    let rules = ["--plan", plan, "--notify", "slack", "--notify", "webhook", "--log", log, "--count", "4"];
    let listener = Listener::start(&rules, &secret);
    assert!(listener.post(&github(&secret, b"{}"), b"{}").0.contains("200"));
    for _ in 0..3 {
        assert!(listener.post(&github("another", b"{}"), b"{}").0.contains("401"));
    }
    assert_eq!(listener.end().0, Some(1));
    let arrived = world.arrived();
    let at = |place: &str| arrived.iter().filter(|arrived| arrived.at == place).collect::<Vec<_>>();
    assert_eq!(
        (at("slack").len(), at("webhook").len(), at("email").len()),
        (1, 1, 0),
        "one notice a reason: {arrived:?}"
    );
    for told in at("slack").iter().chain(&at("webhook")) {
        assert!(told.text.contains("bad_signature from 127.0.0.1"), "{}", told.text);
        assert!(!told.text.contains(&secret), "{}", told.text);
    }
    let kept = std::fs::read_to_string(log).unwrap();
    assert_eq!(kept.lines().count(), 3, "every refusal is kept, and nothing else: {kept}");
    assert!(
        kept.lines().all(|line| serde_json::from_str::<Value>(line).unwrap()["reason"] == "bad_signature"),
        "{kept}"
    );
}

/// Probes the world's webhook by hand.
fn probe(world: &World, more: &[&str]) -> (Option<i32>, Value) {
    let described = world.describe();
    let at = |name: &str| described["resolve"][name].as_str().unwrap().to_owned();
    let resolve = format!("academy.example:443={}", at("academy.example:443"));
    let ca = world.folder().join("ca.pem").to_string_lossy().into_owned();
    let paid = world.folder().join("paid.json").to_string_lossy().into_owned();
    std::fs::write(&paid, "{\"status\":\"SUCCESS\",\"amount\":100000,\"currency\":\"ZAR\"}").unwrap();
    let url = "https://academy.example/api/ikhokha/webhook";
    let mut arguments = vec!["probe", "--scheme", "ikhokha", "--secret-env", "HOOK_SECRET", "--url", url];
    arguments.extend(["--resolve", &resolve, "--ca", &ca, "--body", &paid, "--format", "json"]);
    arguments.extend(["--id-field", "externalTransactionID"]);
    arguments.extend(more);
    let (code, told, error) = run(&arguments, world.credentials().api_secret.expose_secret());
    (code, serde_json::from_str(&told).unwrap_or_else(|_| panic!("{told} {error}")))
}

#[test]
fn a_probe_by_hand_says_which_deliveries_were_taken_and_leaves_none_that_looks_like_the_providers() {
    let world = World::start(None, &[]).unwrap();
    let cases = ["genuine", "unsigned", "wrong_signature", "changed_body", "replay", "at_once", "oversized"];
    let named: Vec<&str> = cases.iter().flat_map(|case| ["--case", case]).collect();
    let (code, told) = probe(&world, &named);
    assert_eq!(code, Some(0), "{told:#}");
    let seen: Vec<_> = told["deliveries"].as_array().unwrap().iter().map(|one| one["case"].as_str().unwrap()).collect();
    assert_eq!(seen, cases);
    let log = std::fs::read_to_string(world.folder().join("logs/audit.log")).unwrap();
    assert!(log.lines().count() >= 4, "every refusal leaves an event: {log}");
    let database = rusqlite::Connection::open(world.folder().join("data/academy.db")).unwrap();
    let count = |query: &str| database.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(count("SELECT count(*) FROM enrolments WHERE transaction_id LIKE 'golive-%' AND probe") >= 2);
    assert_eq!(count("SELECT count(*) FROM enrolments WHERE transaction_id LIKE 'golive-%' AND NOT probe"), 0);
    world.set(Fault::OpenWebhook, true).unwrap();
    let (code, told) = probe(&world, &["--case", "unsigned"]);
    assert_eq!(code, Some(1), "{told:#}");
    assert_eq!(told["deliveries"][0]["right"], false, "{told:#}");
    world.set(Fault::OpenWebhook, false).unwrap();
    world.set(Fault::RedirectingCallback, true).unwrap();
    let (code, told) = probe(&world, &["--case", "unsigned"]);
    assert_eq!(code, Some(3), "a refusal proves nothing where not even the genuine one is taken: {told:#}");
}

#[test]
fn a_provider_is_never_sent_a_forged_delivery() {
    let secret = made_up();
    let url = "https://api.ikhokha.com/public-api/v1/api/payment";
    let asked =
        ["probe", "--scheme", "ikhokha", "--secret-env", "HOOK_SECRET", "--url", url, "--case", "wrong_signature"];
    let (code, _, error) = run(&asked, &secret);
    assert_eq!(code, Some(2), "{error}");
    let says = "api.ikhokha.com is the payment provider's own: it is never sent a forged delivery (wrong signature)";
    assert!(error.contains(says), "{error}");
    assert!(error.contains("name your own endpoint"), "{error}");
}
