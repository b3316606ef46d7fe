//! The contract that every kind keeps, whatever the other side does: its deadline, its bounds, no secret in what it
//! says, and never a pass where it could not find out or was lied to.
#![expect(clippy::disallowed_methods, reason = "a test measures how long a probe takes")]

use std::time::{Duration, Instant};

use crate::check::kit::{self, listener};
use crate::core::evidence::Evidence;
use crate::mask::Redactor;
use crate::model::word::Outcome;

const SECRET: &str = "FAKE-secret-that-must-not-be-seen";
const TIMEOUT: Duration = Duration::from_millis(500);

/// The keys of each kind that talks to a network, pointed at a port.
fn keys_of(kind: &str, port: u16) -> String {
    match kind {
        "http" => format!(
            "url = \"http://127.0.0.1:{port}/\"\nexpect = 'status == 200 && json.ok'\nheaders = {{ authorization = \"Bearer {{{{ credentials.api_key }}}}\" }}"
        ),
        "tls" => format!("host = \"127.0.0.1:{port}\""),
        "tcp" => format!("address = \"127.0.0.1:{port}\"\nbanner = \"^220 ready\""),
        "postgres" | "mysql" => format!(
            "url = \"{kind}://app@127.0.0.1:{port}/shop\"\npassword = \"{{{{ credentials.api_key }}}}\"\nquery = \"SELECT 1\""
        ),
        "redis" => format!("address = \"127.0.0.1:{port}\"\npassword = \"{{{{ credentials.api_key }}}}\""),
        "smtp" => format!(
            "address = \"127.0.0.1:{port}\"\ntls = \"off\"\nuser = \"app\"\npassword = \"{{{{ credentials.api_key }}}}\""
        ),
        "websocket" => format!(
            "url = \"ws://127.0.0.1:{port}/\"\nheaders = {{ authorization = \"{{{{ credentials.api_key }}}}\" }}\nexpect = 'json.ok'"
        ),
        "grpc" => format!("address = \"127.0.0.1:{port}\""),
        "prometheus" => format!(
            "url = \"http://127.0.0.1:{port}\"\nheaders = {{ authorization = \"{{{{ credentials.api_key }}}}\" }}\nquery = \"up\"\nexpect = 'count > 0'"
        ),
        "flow" => format!(
            "hops = [{{ name = \"ask\", request = {{ url = \"http://127.0.0.1:{port}/\", headers = {{ authorization = \"{{{{ credentials.api_key }}}}\" }}, expect = 'json.ok' }} }}]"
        ),
        "webhook" => format!(
            "url = \"http://127.0.0.1:{port}/\"\nscheme = \"github\"\nsecret = \"{{{{ credentials.api_key }}}}\"\ncases = [\"genuine\", \"unsigned\"]"
        ),
        "site" => format!("url = \"http://127.0.0.1:{port}/\""),
        other => panic!("{other} does not talk to a port"),
    }
}

async fn look(kind: &str, port: u16) -> Evidence {
    let surroundings = kit::surroundings_with_secret("credentials.api_key", SECRET);
    let began = Instant::now();
    let name = if matches!(kind, "postgres" | "mysql") { "sql" } else { kind };
    let evidence = kit::run_within(name, &keys_of(kind, port), &surroundings, TIMEOUT).await;
    // A generous ceiling: the deadline itself is what is meant, not this machine's speed.
    assert!(began.elapsed() < TIMEOUT + Duration::from_secs(5), "{kind} took {:?}", began.elapsed());
    evidence
}

fn holds(kind: &str, peer: &str, evidence: Evidence) {
    assert_eq!(evidence.outcome, Outcome::Fail, "{kind} against {peer}: {evidence:?}");
    assert!(evidence.failure.is_some(), "{kind} against {peer} is not classified");
    assert!(evidence.summary.as_str().chars().count() <= 300);
    let redactor = Redactor::new([("api_key".into(), SECRET.to_owned().into())]);
    let redacted = evidence.rewritten(&|text| redactor.redact(text).into_owned());
    let stored = serde_json::to_string(&redacted).unwrap();
    assert!(stored.len() < 32 << 10, "{kind} against {peer} keeps {} bytes", stored.len());
    assert!(!stored.contains(SECRET), "{kind} against {peer} told the secret");
    let is_harmful = |character: char| character == '\u{1b}' || character == '\u{202e}' || character == '\u{7}';
    assert!(!stored.contains(is_harmful), "{kind} against {peer} hands escape sequences on: {stored}");
    assert!(!stored.contains("\\u001b"), "{kind} against {peer} hands escape sequences on: {stored}");
}

#[tokio::test]
async fn every_kind_keeps_the_contract_against_hostile_peers() {
    let lying = "HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"ok\":true}";
    let escapes = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}";
    let peers: [(&str, u16); 15] = [
        ("silence", listener::silent()),
        ("a closed door", listener::closing()),
        ("a closed port", listener::closed_port()),
        ("a wrong length", listener::answering(lying)),
        ("another protocol", listener::answering("\u{1b}[2J\u{1b}]0;owned\u{7} nonsense\r\n\r\n")),
        ("a flood of body", listener::flooding("HTTP/1.1 200 OK\r\n\r\n", "x")),
        ("a flood of headers", listener::flooding("HTTP/1.1 200 OK\r\n", "x-more: and more\r\n")),
        ("an echo of what it was sent", listener::echoing()),
        ("a byte a second", listener::dripping("HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n")),
        ("a flood that waits for nobody", listener::flooding_at_once("220-more and more and more\r\n")),
        ("a line without an end", listener::flooding_at_once("x")),
        ("noise", listener::flooding_at_once("\u{0}\u{7f}\u{ff}\u{80}*-+$\u{1}")),
        ("a circle of redirects", listener::circling()),
        (
            "escape sequences in every part",
            listener::answering(&format!(
                "HTTP/1.1 500 {escapes}\r\nx-a: {escapes}\r\ncontent-length: 30\r\n\r\n{{\"error\":\"{escapes}\"}}"
            )),
        ),
        (
            "its own greeting, with escape sequences",
            listener::greeting(&format!("-ERR {escapes}\r\n500 {escapes}\r\n")),
        ),
    ];
    let kinds = [
        "http",
        "tls",
        "tcp",
        "postgres",
        "mysql",
        "redis",
        "smtp",
        "websocket",
        "grpc",
        "prometheus",
        "flow",
        "webhook",
        "site",
    ];
    for (peer, port) in peers {
        let looks = kinds.map(|kind| async move { (kind, look(kind, port).await) });
        for (kind, evidence) in futures_util::future::join_all(looks).await {
            holds(kind, peer, evidence);
        }
    }
}

#[tokio::test]
async fn every_kind_says_error_when_a_source_failed_and_never_pass() {
    let mut surroundings = kit::surroundings(&[]);
    let values = &mut std::sync::Arc::get_mut(&mut surroundings).unwrap().values;
    for name in ["gone", "env.GONE", "credentials.gone", "procedure.steps"] {
        values.fail(name, "vault: not signed in");
    }
    let inside = std::sync::Arc::get_mut(&mut surroundings).unwrap();
    let url = serde_json::json!({ "url": "{{ gone }}" });
    let chat = crate::model::notifier::Notifier {
        id: crate::model::id::NotifierId::new("chat"),
        kind: crate::model::id::KindName::new("slack"),
        timeout: crate::model::duration::Span::seconds(1),
        retry_delay: crate::model::duration::Span::seconds(1),
        give_up_after: crate::model::duration::Span::seconds(1),
        rate: crate::model::notifier::Rate::default(),
        options: url.as_object().unwrap().clone(),
    };
    inside.notifiers = crate::notify::Roster::of(&[chat], &inside.values, std::path::Path::new("."), true);
    for (kind, keys) in [
        ("variable", "name = \"GONE\""),
        ("setting", "name = \"GONE\"\nmust_be = \"x\""),
        ("settings", "variables = [{ name = \"GONE\", must_be = \"x\" }]"),
        ("credential", "credential = \"gone\""),
        ("notifier", ""),
        ("monitoring", "prometheus = \"{{ gone }}\""),
        ("http", "url = \"{{ gone }}\"\nstatus = 200"),
        ("tls", "host = \"{{ gone }}\""),
        ("tcp", "address = \"{{ gone }}\""),
        ("dns", "name = \"{{ gone }}\""),
        ("file", "path = \"{{ gone }}\""),
        ("command", "run = [\"{{ gone }}\"]"),
        ("metric", "from = { http = { url = \"{{ gone }}\", value = \"failed\" } }"),
        ("junit", "path = \"{{ gone }}\""),
        ("procedure", "steps = true"),
        ("sql", "url = \"{{ gone }}\"\nquery = \"SELECT 1\""),
        ("redis", "address = \"{{ gone }}\""),
        ("smtp", "address = \"{{ gone }}\""),
        ("websocket", "url = \"{{ gone }}\""),
        ("grpc", "address = \"{{ gone }}\""),
        ("prometheus", "url = \"{{ gone }}\"\nquery = \"up\""),
        ("git", "tag = \"{{ gone }}\""),
        ("flow", "hops = [{ name = \"a\", request = { url = \"{{ gone }}\", status = 200 } }]"),
        ("bundle", "folder = \"{{ gone }}\"\nno_secrets = true"),
        ("exposure", "documents = [\"{{ gone }}\"]"),
        ("webhook", "url = \"http://127.0.0.1/\"\nscheme = \"github\"\nsecret = \"{{ gone }}\"\ncases = [\"genuine\"]"),
        ("site", "url = \"{{ gone }}\""),
        ("findings", "report = \"{{ gone }}\""),
    ] {
        let evidence = kit::run(kind, keys, &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Error, "{kind}: {}", evidence.summary);
        assert!(evidence.summary.as_str().contains("not signed in"), "{kind}: {}", evidence.summary);
    }
    // `gathered` and `env_files` look at no value of a source.
    assert_eq!(super::KINDS.len(), 30, "a new kind belongs into this test");
}
