//! `http` against real listeners on loopback.

use crate::check::kit::{self, listener};
use crate::model::failure::FailureClass;
use crate::model::word::Outcome;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 29\r\n\r\n{\"status\":\"ok\",\"version\":\"7\"}";

#[tokio::test]
async fn an_answer_is_judged_by_the_condition() {
    let port = listener::answering(OK);
    let surroundings = kit::surroundings(&[("base", &format!("http://127.0.0.1:{port}"))]);
    for (expect, outcome, says) in [
        ("status == 200 && json.status == \"ok\"", Outcome::Pass, "200 in"),
        ("json.version == \"8\"", Outcome::Fail, "json.version is \"7\""),
        ("json.release == \"8\"", Outcome::Fail, "the answer has no \"release\""),
        ("json.version > 3", Outcome::Error, "different types"),
        ("headers[\"content-type\"].startsWith(\"application/json\")", Outcome::Pass, ""),
        ("latency < duration(\"1h\")", Outcome::Pass, ""),
    ] {
        let keys = format!("url = \"{{{{ base }}}}/health\"\nexpect = '{expect}'");
        let evidence = kit::run("http", &keys, &surroundings).await;
        assert_eq!(evidence.outcome, outcome, "{expect}: {}", evidence.summary);
        assert!(evidence.summary.as_str().contains(says), "{expect}: {}", evidence.summary);
        assert!(evidence.timings.connect.is_some() && evidence.timings.first_byte.is_some());
    }
}

#[tokio::test]
async fn troubles_are_told_apart() {
    let closed = listener::closed_port();
    let surroundings = kit::surroundings(&[]);
    for (url, class) in [
        (format!("http://127.0.0.1:{closed}/"), FailureClass::Connect),
        ("http://no-such-host.invalid/".to_owned(), FailureClass::Dns),
        (
            format!("http://127.0.0.1:{}/", listener::answering("HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n")),
            FailureClass::Status,
        ),
        (
            format!("http://127.0.0.1:{}/", listener::answering("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n")),
            FailureClass::Denied,
        ),
        (format!("http://127.0.0.1:{}/", listener::answering("SSH-2.0-OpenSSH\r\n\r\n")), FailureClass::Protocol),
    ] {
        let evidence = kit::run("http", &format!("url = \"{url}\"\nstatus = 200"), &surroundings).await;
        // Without any resolver this machine cannot say whether a name exists: that is its own fault and no verdict.
        let no_resolver = class == FailureClass::Dns && evidence.outcome == Outcome::Error;
        if !no_resolver {
            assert_eq!(evidence.outcome, Outcome::Fail, "{url}: {}", evidence.summary);
            assert_eq!(
                evidence.failure.as_ref().map(|failure| failure.class),
                Some(class),
                "{url}: {}",
                evidence.summary
            );
        }
    }
}

#[tokio::test]
async fn a_secret_does_not_follow_a_redirect_to_another_host() {
    let (elsewhere, seen) = listener::recording("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let to = format!("HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:{elsewhere}/x\r\ncontent-length: 0\r\n\r\n");
    let (first, first_seen) = listener::recording(&to);
    let surroundings = kit::surroundings_with_secret("credentials.api_key", "FAKE-key-of-the-test");
    let keys = format!(
        "url = \"http://127.0.0.1:{first}/\"\nstatus = 200\nredirects = 2\nheaders = {{ x-key = \"{{{{ credentials.api_key }}}}\", x-plain = \"p\" }}"
    );
    let evidence = kit::run("http", &keys, &surroundings).await;
    assert_eq!(evidence.outcome, Outcome::Pass, "{}", evidence.summary);
    assert!(first_seen.lock().unwrap().contains("FAKE-key-of-the-test"));
    let seen = seen.lock().unwrap().clone();
    assert!(!seen.contains("FAKE-key-of-the-test") && seen.contains("x-plain: p"), "{seen}");
}

#[tokio::test]
async fn a_redirect_that_the_plan_does_not_follow_is_an_answer() {
    let port = listener::answering("HTTP/1.1 301 Moved\r\nlocation: https://x.example/\r\ncontent-length: 0\r\n\r\n");
    let keys = format!(
        "url = \"http://127.0.0.1:{port}/\"\nexpect = 'status == 301 && headers.location.startsWith(\"https://\")'"
    );
    assert_eq!(kit::run("http", &keys, &kit::surroundings(&[])).await.outcome, Outcome::Pass);
}

#[tokio::test]
async fn a_kept_connection_is_used_again() {
    let port = listener::answering_on_one_connection("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 3);
    let surroundings = kit::surroundings(&[]);
    let check = kit::check("http", &format!("url = \"http://127.0.0.1:{port}/\"\nstatus = 200\nreuse = true"));
    let probe = crate::check::kind("http").unwrap().build(&check, &surroundings).unwrap();
    let first = probe.run(std::time::Duration::from_secs(5)).await;
    let second = probe.run(std::time::Duration::from_secs(5)).await;
    assert_eq!((first.outcome, second.outcome), (Outcome::Pass, Outcome::Pass));
    assert!(!first.facts.iter().any(|fact| fact.name.as_str() == "connection"));
    assert!(second.facts.iter().any(|fact| fact.name.as_str() == "connection"), "{second:?}");
}
