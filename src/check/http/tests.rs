//! `http` against real listeners on loopback.
#![expect(clippy::disallowed_methods, reason = "a test has files and servers of its own")]

use std::sync::{Arc, Mutex};

use crate::check::Surroundings;
use crate::check::kit::{self, listener};
use crate::model::failure::{FailureClass, Recovery};
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
    let answering = |status: &str| {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
        format!("http://127.0.0.1:{}/", listener::answering(&answer))
    };
    for (url, class) in [
        (format!("http://127.0.0.1:{closed}/"), FailureClass::Refused),
        ("http://no-such-host.invalid/".to_owned(), FailureClass::Dns),
        (answering("503 No"), FailureClass::ServerError),
        (answering("401 No"), FailureClass::Denied),
        (answering("404 No"), FailureClass::NotFound),
        (answering("409 No"), FailureClass::Conflict),
        (answering("429 No"), FailureClass::Throttled),
        (answering("418 No"), FailureClass::Status),
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

#[tokio::test]
async fn every_address_is_asked_and_the_worst_counts() {
    let well = listener::answering(OK);
    let ill = listener::answering("HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n");
    let keys = "url = \"http://shop.example/health\"\nstatus = 200\neach_address = true";
    let at = |ports: &[u16]| ports.iter().map(|port| format!("127.0.0.1:{port}")).collect::<Vec<_>>().join(", ");
    let all = kit::surroundings_resolving("shop.example:80", &at(&[well, listener::answering(OK)]), None);
    let good = kit::run("http", keys, &all).await;
    assert_eq!(good.outcome, Outcome::Pass, "{}", good.summary);
    assert!(good.summary.as_str().contains("all 2 addresses"), "{}", good.summary);
    let one = kit::surroundings_resolving("shop.example:80", &at(&[well, ill]), None);
    let bad = kit::run("http", keys, &one).await;
    assert_eq!(bad.outcome, Outcome::Fail);
    let says = format!("1 of 2 addresses are right; 127.0.0.1:{ill}: answered 502");
    assert!(bad.summary.as_str().contains(&says), "{}", bad.summary);
    let named = |port: u16| bad.facts.iter().find(|fact| fact.name.as_str() == format!("127.0.0.1:{port}")).unwrap();
    assert_eq!((named(well).value.as_str(), named(ill).value.as_str()), ("pass", "fail"));
    let first_alone = kit::run("http", "url = \"http://shop.example/health\"\nstatus = 200", &one).await;
    assert_eq!(first_alone.outcome, Outcome::Pass, "without each_address the sick one is not seen");
}

#[tokio::test]
async fn a_fallback_is_asked_when_the_first_fails_and_told_as_such() {
    let (closed, well) = (listener::closed_port(), listener::answering(OK));
    let keys = |to: u16| {
        format!("url = \"http://127.0.0.1:{closed}/\"\nstatus = 200\nfallback = {{ url = \"http://127.0.0.1:{to}/\" }}")
    };
    let stood_in = kit::run("http", &keys(well), &kit::surroundings(&[])).await;
    assert_eq!(stood_in.outcome, Outcome::Warn, "{}", stood_in.summary);
    assert!(stood_in.summary.as_str().contains("refused; the fallback http://127.0.0.1"), "{}", stood_in.summary);
    assert_eq!(stood_in.failure.unwrap().recovery, Recovery::Fallback);
    let both = kit::run("http", &keys(listener::closed_port()), &kit::surroundings(&[])).await;
    assert_eq!(both.outcome, Outcome::Fail, "{}", both.summary);
}

#[tokio::test]
async fn who_asks_to_wait_is_not_asked_again_before() {
    let throttled = "HTTP/1.1 429 Slow\r\nretry-after: 60\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (port, seen) = listener::recording(throttled);
    let surroundings = kit::surroundings(&[]);
    let check = kit::check("http", &format!("url = \"http://127.0.0.1:{port}/\"\nstatus = 200"));
    let probe = crate::check::kind("http").unwrap().build(&check, &surroundings).unwrap();
    let first = probe.run(std::time::Duration::from_secs(5)).await;
    assert_eq!(first.retry_after, Some(std::time::Duration::from_secs(60)), "{}", first.summary);
    let second = probe.run(std::time::Duration::from_secs(5)).await;
    assert_eq!(second.outcome, Outcome::Fail);
    assert!(second.summary.as_str().starts_with("not asked again"), "{}", second.summary);
    assert_eq!(seen.lock().unwrap().matches("GET /").count(), 1);
}

#[tokio::test]
async fn a_signed_request_carries_the_providers_signature_and_no_secret_is_shown() {
    let (port, seen) = listener::recording("HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n");
    let surroundings = kit::surroundings_with_secret("credentials.secret", "FAKE-secret-of-the-test");
    let keys = format!(
        "url = \"http://127.0.0.1:{port}/v1/getStatus/none?a=b\"\nexpect = 'status == 404'\nmeaning = {{ 403 = \"the secret is another one\" }}\n[sign]\nscheme = \"ikhokha\"\napplication = \"app-1\"\nsecret = \"{{{{ credentials.secret }}}}\""
    );
    let evidence = kit::run("http", &keys, &surroundings).await;
    assert!(evidence.summary.as_str().ends_with("the secret is another one"), "{}", evidence.summary);
    let signature =
        crate::webhook::ikhokha_sign(&"FAKE-secret-of-the-test".to_owned().into(), "/v1/getStatus/none", b"");
    let seen = seen.lock().unwrap().to_lowercase();
    assert!(seen.contains(&format!("ik-sign: {signature}")) && seen.contains("ik-appid: app-1"), "{seen}");
}

#[tokio::test]
async fn a_body_is_bounded_whatever_its_length_says_and_packed_ones_are_not_unpacked() {
    let surroundings = kit::surroundings(&[]);
    let huge = listener::flooding("HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n", "x");
    let endless = listener::flooding(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
        &format!("8000\r\n{}\r\n", "x".repeat(0x8000)),
    );
    for port in [huge, endless] {
        let keys = format!("url = \"http://127.0.0.1:{port}/\"\nstatus = 200");
        let evidence = kit::run("http", &keys, &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Fail);
        assert!(evidence.summary.as_str().contains("larger than 1048576 bytes"), "{}", evidence.summary);
    }
    // A bomb: 20 MB of zeros in 20 kB. Nothing was asked to be packed, so nothing is unpacked.
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packed, &vec![0; 20 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n", packed.len());
    let (port, asked) = listener::recording_bytes(&[head.as_bytes(), &packed].concat());
    let keys = format!("url = \"http://127.0.0.1:{port}/\"\nexpect = 'status == 200 && size(body) < 100000'");
    assert_eq!(kit::run("http", &keys, &surroundings).await.outcome, Outcome::Pass);
    assert!(!asked.lock().unwrap().to_lowercase().contains("accept-encoding"));
}

#[tokio::test]
async fn a_circle_of_redirects_ends_where_the_plan_says() {
    let port = listener::circling();
    let keys = format!("url = \"http://127.0.0.1:{port}/\"\nstatus = 200\nredirects = 20");
    let evidence = kit::run("http", &keys, &kit::surroundings(&[])).await;
    assert_eq!(evidence.outcome, Outcome::Fail);
    assert!(evidence.summary.as_str().contains("answered 302"), "{}", evidence.summary);
    assert!(evidence.facts.iter().any(|fact| fact.value.as_str().starts_with("20, to")), "{evidence:?}");
}

#[tokio::test]
async fn what_ends_too_early_or_too_late_is_told_by_what_was_waited_for() {
    let surroundings = kit::surroundings(&[]);
    let within = std::time::Duration::from_millis(400);
    for (port, says) in [
        (listener::silent(), "an answer did not come"),
        (listener::dripping_after("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n", "slow"), "the rest of the answer"),
        (listener::answering("HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\nshort"), "closed in the middle"),
    ] {
        let keys = format!("url = \"http://127.0.0.1:{port}/\"\nstatus = 200");
        let evidence = kit::run_within("http", &keys, &surroundings, within).await;
        assert_eq!(evidence.outcome, Outcome::Fail);
        assert!(evidence.summary.as_str().contains(says), "{}", evidence.summary);
    }
    let port = listener::silent();
    let keys = format!("url = \"https://127.0.0.1:{port}/\"\nstatus = 200");
    let evidence = kit::run_within("http", &keys, &surroundings, within).await;
    assert!(evidence.summary.as_str().contains("the TLS handshake did not come"), "{}", evidence.summary);
}

#[tokio::test]
async fn a_kept_connection_that_the_other_side_has_closed_holds_nobody_up() {
    // One answer on each connection, without a word about closing it.
    let port = listener::answering_on_one_connection("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 1);
    let check = kit::check("http", &format!("url = \"http://127.0.0.1:{port}/\"\nstatus = 200\nreuse = true"));
    let probe = crate::check::kind("http").unwrap().build(&check, &kit::surroundings(&[])).unwrap();
    for _ in 0..20 {
        let seen = probe.run(std::time::Duration::from_secs(30)).await;
        assert_eq!(seen.outcome, Outcome::Pass, "{}", seen.summary);
        assert!(seen.timings.total.unwrap() < std::time::Duration::from_secs(20), "{:?}", seen.timings);
    }
}

/// The handshakes that a server has seen.
type Kinds = Arc<Mutex<Vec<rustls::HandshakeKind>>>;

/// A TLS server on loopback that tells of each handshake whether it was a whole one.
async fn greeting(folder: &std::path::Path) -> (u16, Kinds) {
    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let (root_key, key) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
    let mut root = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
    root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    std::fs::write(folder.join("ca.pem"), root.self_signed(&root_key).unwrap().pem()).unwrap();
    let leaf = rcgen::CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &rcgen::Issuer::new(root, root_key)).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(std::sync::Arc::new(config));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let kinds = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&kinds);
    std::mem::drop(tokio::task::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            seen.lock().unwrap().extend(stream.get_ref().1.handshake_kind());
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").await;
            let _ = stream.shutdown().await;
        }
    }));
    (port, kinds)
}

/// Where `shop.example` is a server of one's own, and the handshakes that it sees.
async fn greeted() -> (Arc<Surroundings>, Kinds) {
    let folder = tempfile::tempdir().unwrap();
    let (port, kinds) = greeting(folder.path()).await;
    let ca = folder.path().join("ca.pem");
    let surroundings = kit::surroundings_resolving("shop.example:443", &format!("127.0.0.1:{port}"), Some(&ca));
    (surroundings, kinds)
}

#[tokio::test]
async fn a_second_request_resumes_the_handshake_of_the_first() {
    let (surroundings, kinds) = greeted().await;
    for _ in 0..3 {
        let evidence = kit::run("http", "url = \"https://shop.example/\"\nstatus = 200", &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Pass, "{}", evidence.summary);
    }
    let kinds = format!("{:?}", kinds.lock().unwrap());
    assert_eq!(kinds, "[Full, Resumed, Resumed]", "verifying a chain is most of what HTTPS costs");
}

#[tokio::test]
async fn the_evidence_says_whether_the_certificate_was_seen_now_or_minutes_ago() {
    let (surroundings, _) = greeted().await;
    for says in ["TLSv1.3", "TLSv1.3, resumed: its certificate was seen in the last five minutes"] {
        let evidence = kit::run("http", "url = \"https://shop.example/\"\nstatus = 200", &surroundings).await;
        let told = evidence.facts.iter().find(|fact| fact.name.as_str() == "tls").unwrap();
        assert_eq!(told.value.as_str(), says);
    }
}

#[tokio::test]
async fn where_each_address_is_asked_or_a_chain_is_judged_every_handshake_is_a_whole_one() {
    let (surroundings, kinds) = greeted().await;
    let once = "url = \"https://shop.example/\"\nstatus = 200";
    let each = format!("{once}\neach_address = true");
    let chain = "host = \"shop.example\"\nold_versions = false";
    for (kind, keys) in [("http", once), ("tls", chain), ("http", &each), ("tls", chain), ("http", &each)] {
        kit::run(kind, keys, &surroundings).await;
    }
    // Who only looks at a chain may be gone before the server has noted it.
    let kinds = kinds.lock().unwrap();
    let whole = kinds.iter().filter(|kind| **kind == rustls::HandshakeKind::Full).count();
    assert!(whole == kinds.len() && whole >= 3, "a resumed one shows no certificate: {kinds:?}");
}
