//! The chains of `tests/vectors/certificates` (badssl's cases and more): each judged as its manifest says, as a pure
//! function and over a real socket.
#![expect(clippy::disallowed_methods, reason = "a test reads its vectors and has its own servers")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::TlsAcceptor;

use crate::check::kit;
use crate::check::tls::chain::{Sent, judge};
use crate::model::word::Outcome;

struct Case {
    name: String,
    chain: PathBuf,
    key: Option<PathBuf>,
    root: PathBuf,
    host: String,
    verdict: String,
    reason: Option<String>,
    also_right: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/certificates")
}

fn cases() -> Vec<Case> {
    let manifest = std::fs::read_to_string(folder().join("certificates.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let case = |case: &serde_json::Value| Case {
        name: text(&case["case"]),
        chain: folder().join(text(&case["chain"])),
        key: case["key"].as_str().map(|key| folder().join(key)),
        root: folder().join(text(&case["root"])),
        host: text(&case["hostname"]),
        verdict: text(&case["expected"]["verdict"]),
        reason: case["expected"]["reason"].as_str().map(str::to_owned),
        also_right: case["expected"]["also_right"].as_array().into_iter().flatten().map(text).collect(),
    };
    manifest["cases"].as_array().unwrap().iter().map(case).collect()
}

fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(path).unwrap().map(Result::unwrap).collect()
}

impl Case {
    /// Whether a verdict is the expected one, or one that is right too, and a failure's reason the one to name.
    fn agrees(&self, verdict: &str, reason: Option<&str>) -> bool {
        if verdict == self.verdict {
            return verdict != "fail" || reason == self.reason.as_deref();
        }
        self.also_right.iter().any(|right| right == verdict)
    }
}

#[test]
fn every_chain_is_judged_as_its_manifest_says() {
    let cases = cases();
    let mut wrong = Vec::new();
    for case in &cases {
        let chain = certificates(&case.chain);
        let mut roots = rustls::RootCertStore::empty();
        certificates(&case.root).into_iter().for_each(|root| roots.add(root).unwrap());
        let provider = Arc::new(ring::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let now = crate::clock::now().at;
        let since = UnixTime::since_unix_epoch(Duration::from_secs(now.as_second().try_into().unwrap()));
        let name = ServerName::try_from(case.host.clone()).unwrap();
        let verified = verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], since).map(|_| ());
        let sent = Sent {
            chain: &chain,
            host: &case.host,
            now,
            verified: Some(&verified),
            warn_before: Duration::from_secs(21 * 86_400),
        };
        let judged = judge(&sent);
        let verdict = match &judged.finding {
            None => "ok",
            Some((reason, _)) if reason.is_a_remark() => "warn",
            Some(_) => "fail",
        };
        let reason = judged.finding.as_ref().map(|(reason, _)| reason.word());
        if !case.agrees(verdict, reason) {
            wrong
                .push(format!("{}: {} {:?}, but {verdict} {:?}", case.name, case.verdict, case.reason, judged.finding));
        }
        let said = judged.finding.map(|(_, said)| said).unwrap_or_default();
        let facts = judged.facts.iter().any(|(_, value)| value.chars().any(char::is_control));
        assert!(!facts && !said.chars().any(char::is_control), "{}: {said:?}", case.name);
    }
    assert!(cases.len() >= 50);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Ends with the test.
struct Server(Child, #[expect(dead_code, reason = "it is there as long as the server")] tempfile::NamedTempFile);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// rustls serves no RSA key below 2048 bits; openssl does, where it is there.
fn with_openssl(case: &Case) -> Option<(u16, Server)> {
    let port = kit::listener::closed_port();
    let pem = std::fs::read_to_string(&case.chain).unwrap();
    let behind = pem.find("-----END CERTIFICATE-----").unwrap() + "-----END CERTIFICATE-----".len();
    let issuers = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(issuers.path(), &pem[behind..]).unwrap();
    let child = Command::new("openssl")
        .args([
            "s_server",
            "-quiet",
            "-accept",
            &format!("127.0.0.1:{port}"),
            "-cipher",
            "ALL:@SECLEVEL=0",
            "-min_protocol",
            "TLSv1",
            "-cert",
        ])
        .args([case.chain.as_path(), Path::new("-cert_chain"), issuers.path(), Path::new("-key"), case.key.as_ref()?])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let server = Server(child.ok()?, issuers);
    for _ in 0..100 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some((port, server));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    None
}

/// Serves a chain; `None` if nothing here can.
async fn serving(case: &Case) -> Option<(u16, Option<Server>)> {
    let key = PrivateKeyDer::from_pem_file(case.key.as_ref()?).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates(&case.chain), key);
    let Ok(config) = config else { return with_openssl(case).map(|(port, server)| (port, Some(server))) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    std::mem::drop(tokio::task::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = acceptor.accept(stream).await;
        }
    }));
    Some((port, None))
}

#[tokio::test]
async fn every_chain_that_can_be_served_is_judged_alike_over_a_socket() {
    let (mut seen, mut wrong) = (0, Vec::new());
    // 512 bits are too few for any signature that a handshake takes: such a server greets nobody.
    for case in cases().into_iter().filter(|case| case.name != "rsa-512") {
        let Some((port, _server)) = serving(&case).await else { continue };
        let host = if case.host.contains(':') { format!("[{}]", case.host) } else { case.host.clone() };
        let to = format!("127.0.0.1:{port}");
        let surroundings = kit::surroundings_resolving(&format!("{host}:443"), &to, Some(&case.root));
        let evidence = kit::run("tls", &format!("host = \"{host}\""), &surroundings).await;
        let verdict = match evidence.outcome {
            Outcome::Pass => "ok",
            Outcome::Warn => "warn",
            Outcome::Fail => "fail",
            Outcome::Error => "error",
        };
        let fact = |name: &str| evidence.facts.iter().find(|fact| fact.name.as_str() == name);
        let reason = fact("reason").map(|fact| fact.value.as_str());
        // An openssl of old still answers old versions: a warning of its own, which is not what this is about.
        let old = verdict == "warn" && fact("old").is_some();
        if !old && !case.agrees(verdict, reason) {
            wrong.push(format!(
                "{}: {} {:?}, but {verdict}: {}",
                case.name, case.verdict, case.reason, evidence.summary
            ));
        }
        seen += 1;
    }
    assert!(seen >= 47, "{seen}");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
}

/// A listener that answers every greeting with these bytes.
fn greeted(answer: &'static [u8]) -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut greeting = [0; 512];
            let count = stream.read(&mut greeting).unwrap_or(0);
            // A greeting is whole: its record's length is what came.
            assert_eq!(usize::from(u16::from_be_bytes([greeting[3], greeting[4]])) + 5, count);
            let _ = stream.write_all(answer);
        }
    });
    port
}

#[tokio::test]
async fn an_old_version_counts_as_spoken_only_if_it_is_answered_in_kind() {
    use crate::check::tls::hello::{Old, is_spoken};
    let network = &kit::surroundings(&[]).network;
    let answers: [(&'static [u8], [bool; 2]); 5] = [
        (&[22, 3, 1, 0, 50, 2, 0, 0, 46, 3, 1], [true, false]),
        (&[22, 3, 2, 0, 50, 2, 0, 0, 46, 3, 2], [false, true]),
        (&[22, 3, 3, 0, 50, 2, 0, 0, 46, 3, 3], [false, false]),
        (&[21, 3, 1, 0, 2, 2, 70], [false, false]),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", [false, false]),
    ];
    for (answer, spoken) in answers {
        let port = greeted(answer);
        for (version, spoken) in Old::ALL.into_iter().zip(spoken) {
            let deadline = crate::network::deadline(Duration::from_secs(10));
            let seen = is_spoken(network, "127.0.0.1", port, version, deadline).await;
            assert_eq!(seen, Some(spoken), "{version:?} {answer:?}");
        }
    }
    let deadline = crate::network::deadline(Duration::from_secs(1));
    assert_eq!(is_spoken(network, "127.0.0.1", kit::listener::closed_port(), Old::Tls10, deadline).await, None);
}

#[tokio::test]
async fn a_server_that_still_speaks_the_old_versions_gets_a_warning() {
    let case = cases().into_iter().find(|case| case.name == "ok-rsa2048").unwrap();
    let Some((port, _server)) = with_openssl(&case) else { return };
    let to = format!("127.0.0.1:{port}");
    let surroundings = kit::surroundings_resolving(&format!("{}:443", case.host), &to, Some(&case.root));
    let evidence = kit::run("tls", &format!("host = \"{}\"", case.host), &surroundings).await;
    assert_eq!(evidence.outcome, Outcome::Warn, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains("still answers TLS 1.0"), "{}", evidence.summary);
    let calm = kit::run("tls", &format!("host = \"{}\"\nold_versions = false", case.host), &surroundings).await;
    assert_eq!(calm.outcome, Outcome::Pass, "{}", calm.summary);
}
