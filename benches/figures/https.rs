//! CPU per 1,000 HTTPS checks, saturated, 16 at a time: with a full handshake each, and resumed. Floors: rustls by hand
//! on a TCP connection, against the same target; blackbox_exporter, where it is there. Each runs in a process of its
//! own, and looks up no name. Whether handshakes are resumed is the target's doing: one of the two keeps no session, and
//! both count what was resumed.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::measure::{cpu_of, ms, print, watching};

const CHECKS: u64 = 2_000;
const AT_ONCE: usize = 16;
const BODY: &str = "{\"status\":\"ok\",\"version\":\"2026.11.3\",\"instance\":\"web-1\",\"padding\":\"................................................................................................................................................................................................................................\"}";

/// The target: answers 300 bytes of JSON over TLS and closes; the second port says, in the clear, how many it has
/// answered. Writes its root to `root`.
pub(crate) fn target(root: &str, resumes: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let acceptor = TlsAcceptor::from(Arc::new(server(Path::new(root), resumes)));
        let (secure, counting) = (listen().await, listen().await);
        let port = |listener: &tokio::net::TcpListener| listener.local_addr().expect("bound").port();
        println!("{} {}", port(&secure), port(&counting));
        let counts = Arc::new(Counts::default());
        let told = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = counting.accept().await {
                let (answered, resumed) = (told.answered.load(Ordering::Relaxed), told.resumed.load(Ordering::Relaxed));
                let _ = stream.write_all(format!("{answered} {resumed}").as_bytes()).await;
            }
        });
        while let Ok((stream, _)) = secure.accept().await {
            let (acceptor, counts) = (acceptor.clone(), Arc::clone(&counts));
            tokio::spawn(async move {
                // A client that went away is no affair of the target's.
                let _ = serve(stream, &acceptor, &counts).await;
            });
        }
    });
}

async fn listen() -> tokio::net::TcpListener {
    tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback")
}

/// What the target has answered, and how many of that over a resumed session.
#[derive(Default)]
struct Counts {
    answered: AtomicU64,
    resumed: AtomicU64,
}

async fn serve(stream: tokio::net::TcpStream, acceptor: &TlsAcceptor, counts: &Counts) -> std::io::Result<()> {
    let mut stream = acceptor.accept(stream).await?;
    let mut head = [0; 2048];
    let _ = stream.read(&mut head).await?;
    let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
    counts.resumed.fetch_add(u64::from(resumed), Ordering::Relaxed);
    counts.answered.fetch_add(1, Ordering::Relaxed);
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

fn server(root: &Path, resumes: bool) -> ServerConfig {
    let (root_key, key) = (KeyPair::generate().expect("a key"), KeyPair::generate().expect("a key"));
    let mut params = CertificateParams::new(Vec::<String>::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(root, params.self_signed(&root_key).expect("a root").pem()).expect("written");
    let issuer = Issuer::new(params, root_key);
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
    leaf.subject_alt_names.push(SanType::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()));
    let certificate = leaf.signed_by(&key, &issuer).expect("a leaf");
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a certificate");
    if !resumes {
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    config
}

/// The floor: makes the checks by rustls alone and prints its own CPU time in nanoseconds.
pub(crate) fn floor(root: &str, port: u16) {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(root).expect("the root") {
        roots.add(certificate.expect("a certificate")).expect("a root");
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    // A memory for each lane: rustls keeps eight tickets of a server, and sixteen lanes would find it empty.
    let connectors: Vec<TlsConnector> = (0..AT_ONCE)
        .map(|_| {
            let mut config = config.clone();
            config.resumption = rustls::client::Resumption::in_memory_sessions(8);
            TlsConnector::from(Arc::new(config))
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let before = cpu_of(std::process::id());
    runtime.block_on(async {
        let lanes = connectors.iter().enumerate().map(|(lane, connector)| async move {
            let share = CHECKS / AT_ONCE as u64 + u64::from((lane as u64) < CHECKS % AT_ONCE as u64);
            for _ in 0..share {
                one(connector, port).await;
            }
        });
        futures_util::future::join_all(lanes).await;
    });
    println!("{}", (cpu_of(std::process::id()) - before).as_nanos());
}

async fn one(connector: &TlsConnector, port: u16) {
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("the target");
    let name = ServerName::from(std::net::IpAddr::from(std::net::Ipv4Addr::LOCALHOST));
    let mut stream = connector.connect(name, stream).await.expect("a handshake");
    stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("written");
    let mut answer = Vec::with_capacity(1024);
    stream.read_to_end(&mut answer).await.expect("answered");
    assert!(answer.starts_with(b"HTTP/1.1 200"));
}

/// A running target.
struct Target {
    process: Child,
    port: u16,
    counting: u16,
    root: tempfile::NamedTempFile,
}

impl Target {
    fn start(resumes: bool) -> Self {
        let root = tempfile::Builder::new().suffix(".pem").tempfile().expect("a file");
        let own = std::env::current_exe().expect("this program");
        let word = if resumes { "https-target-resuming" } else { "https-target" };
        let mut process =
            Command::new(own).arg(word).arg(root.path()).stdout(Stdio::piped()).spawn().expect("the target");
        let mut line = String::new();
        BufReader::new(process.stdout.take().expect("piped")).read_line(&mut line).expect("ports");
        let mut ports = line.split_whitespace().map(|port| port.parse().expect("a port"));
        let (port, counting) = (ports.next().expect("two ports"), ports.next().expect("two ports"));
        Self { process, port, counting, root }
    }

    /// How many it has answered, and how many of them over a resumed session.
    fn count(&self) -> (u64, u64) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.counting)).expect("the target");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("a number");
        let (answered, resumed) = answer.split_once(' ').expect("two numbers");
        (answered.parse().expect("a number"), resumed.parse().expect("a number"))
    }

    fn floor(&self) -> f64 {
        let (own, counted) = (std::env::current_exe().expect("this program"), self.count());
        let output = Command::new(own)
            .arg("https-floor")
            .arg(self.root.path())
            .arg(self.port.to_string())
            .output()
            .expect("the floor");
        let nanos: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("nanoseconds");
        let after = self.count();
        println!("    floor: {} checks, {} of them resumed", after.0 - counted.0, after.1 - counted.1);
        ms(Duration::from_nanos(nanos)) * 1_000.0 / CHECKS as f64
    }

    /// CPU of a process per 1,000 answers of the target, between two moments.
    fn while_running(&self, what: &str, process: u32, settled: Duration, length: Duration) -> f64 {
        std::thread::sleep(settled);
        let (counted, cpu) = (self.count(), cpu_of(process));
        std::thread::sleep(length);
        let (after, spent) = (self.count(), cpu_of(process) - cpu);
        let (checks, resumed) = (after.0 - counted.0, after.1 - counted.1);
        assert!(checks > 200, "only {checks} checks were made");
        println!("    {what}: {checks} checks, {resumed} of them resumed");
        ms(spent) * 1_000.0 / checks as f64
    }

    /// `golive check --watch` over a plan whose checks are always due.
    fn golive(&self) -> f64 {
        let home = tempfile::tempdir().expect("a folder");
        let (port, root) = (self.port, self.root.path().display());
        let mut plan = format!(
            "[service]\nname = \"bench\"\nhosts = [\"127.0.0.1\"]\n[network]\nca = \"{root}\"\n[limits]\nconcurrency = {AT_ONCE}\n[[pre_deployment]]\nid = \"all\"\nchecks = [\"*\"]\n"
        );
        for number in 0..200 {
            plan.push_str(&format!("[checks.c{number}]\nkind = \"http\"\nevery = \"20ms\"\nurl = \"https://127.0.0.1:{port}/health\"\nexpect = 'status == 200 && json.status == \"ok\"'\n"));
        }
        let mut program = watching(&plan, home.path());
        let spent =
            self.while_running("golive", program.id(), Duration::from_millis(1_200), Duration::from_millis(2_500));
        let _ = program.kill();
        let _ = program.wait();
        spent
    }

    /// blackbox_exporter, asked for its probes over connections that are kept.
    fn blackbox(&self) -> Option<f64> {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("blackbox.yml");
        let root = self.root.path().display();
        let module = format!(
            "modules:\n  health:\n    prober: http\n    http:\n      fail_if_body_not_matches_regexp: ['\"status\":\"ok\"']\n      preferred_ip_protocol: ip4\n      tls_config: {{ ca_file: {root} }}\n"
        );
        fs::write(&config, module).expect("a configuration");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
        let own = listener.local_addr().expect("bound").port();
        drop(listener);
        let mut program = Command::new("prometheus-blackbox-exporter")
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{own}"))
            .arg("--log.level=error")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let probe = format!(
            "GET /probe?module=health&target=https://127.0.0.1:{}/health HTTP/1.1\r\nhost: b\r\n\r\n",
            self.port
        );
        let end = Arc::new(AtomicBool::new(false));
        let lanes: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let (probe, end) = (probe.clone(), Arc::clone(&end));
                std::thread::spawn(move || ask_until(&end, own, &probe))
            })
            .collect();
        let spent =
            self.while_running("blackbox", program.id(), Duration::from_millis(1_500), Duration::from_millis(2_500));
        end.store(true, Ordering::Relaxed);
        lanes.into_iter().for_each(|lane| lane.join().expect("a lane"));
        let _ = program.kill();
        let _ = program.wait();
        Some(spent)
    }
}

/// Asks again and again over one connection, as Prometheus does.
fn ask_until(end: &AtomicBool, port: u16, probe: &str) {
    let mut kept = None;
    while !end.load(Ordering::Relaxed) {
        let answered = kept.take().map_or_else(|| TcpStream::connect(("127.0.0.1", port)).map(BufReader::new), Ok);
        match answered.and_then(|line| ask(line, probe)) {
            Ok(line) => kept = Some(line),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// One question and its whole answer, whose length its head tells or its chunks do.
fn ask(mut line: BufReader<TcpStream>, probe: &str) -> std::io::Result<BufReader<TcpStream>> {
    line.get_mut().write_all(probe.as_bytes())?;
    let length_of = |text: &str, radix| usize::from_str_radix(text.trim(), radix).map_err(std::io::Error::other);
    let (mut length, mut text) = (None, String::new());
    while {
        text.clear();
        line.read_line(&mut text)? > 2
    } {
        if let Some(told) = text.to_lowercase().strip_prefix("content-length:") {
            length = Some(length_of(told, 10)?);
        }
    }
    let skip = |line: &mut BufReader<TcpStream>, length: usize| line.read_exact(&mut vec![0; length]);
    if let Some(length) = length {
        return skip(&mut line, length).map(|()| line);
    }
    loop {
        text.clear();
        line.read_line(&mut text)?;
        let length = length_of(&text, 16)?;
        skip(&mut line, length + 2)?;
        if length == 0 {
            return Ok(line);
        }
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Floor, golive and peer by turns: a machine's speed changes from one minute to the next.
pub(crate) fn run() {
    for (resumes, what, goal) in [(false, "full handshake", "<= 1.2"), (true, "resumed", "<= 1.3")] {
        let target = Target::start(resumes);
        let rounds: Vec<_> = (0..5).map(|_| (target.floor(), target.golive(), target.blackbox())).collect();
        let floor = median(rounds.iter().map(|round| round.0).collect());
        let own = median(rounds.iter().map(|round| round.1).collect());
        print(&format!("CPU per 1,000 HTTPS checks, {what}, against rustls"), own, floor, "ms", goal);
        match rounds.iter().map(|round| round.2).collect::<Option<Vec<f64>>>().map(median) {
            Some(blackbox) => {
                print(&format!("CPU per 1,000 HTTPS checks, {what}, against blackbox"), own, blackbox, "ms", "<= 0.25");
            }
            None => println!("blackbox_exporter is not here: apt-get install prometheus-blackbox-exporter"),
        }
    }
}
