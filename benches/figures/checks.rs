//! CPU per 1,000 HTTP checks, saturated, 16 at a time, everything on: condition, events, journal. Floors: raw TCP by
//! tokio, and reqwest with a new connection each. Each runs in a process of its own, against a target in another.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::measure::{cpu_of, ms, print, watching};

const CHECKS: u64 = 3_000;
const AT_ONCE: usize = 16;
const BODY: &str = "{\"status\":\"ok\",\"version\":\"2026.11.3\",\"instance\":\"web-1\",\"padding\":\"................................................................................................................................................................................................................................\"}";

/// The target: answers 300 bytes of JSON and closes; `GET /count` says how many it has answered.
pub(crate) fn target() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    println!("{}", listener.local_addr().expect("bound").port());
    let count = Arc::new(AtomicU64::new(0));
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{BODY}",
        BODY.len()
    );
    for stream in listener.incoming().flatten() {
        serve(stream, &answer, &count);
    }
}

fn serve(mut stream: TcpStream, answer: &str, count: &AtomicU64) {
    let mut head = [0; 2048];
    let read = stream.read(&mut head).unwrap_or(0);
    let sent = if head[..read].starts_with(b"GET /count") {
        let number = count.load(Ordering::Relaxed).to_string();
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{number}", number.len())
    } else {
        count.fetch_add(1, Ordering::Relaxed);
        stream.write_all(answer.as_bytes())
    };
    // A client that went away is no affair of the target's.
    let _ = sent;
}

/// A floor: makes the checks and prints its own CPU time in nanoseconds.
pub(crate) fn floor(which: &str, port: u16) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let before = cpu_of(std::process::id());
    runtime.block_on(async {
        match which {
            "raw" => raw(port).await,
            _ => reqwest_new(port).await,
        }
    });
    println!("{}", (cpu_of(std::process::id()) - before).as_nanos());
}

async fn raw(port: u16) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let one = async || {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("the target");
        stream.write_all(b"GET /health HTTP/1.1\r\nhost: target\r\n\r\n").await.expect("written");
        let mut answer = Vec::with_capacity(1024);
        stream.read_to_end(&mut answer).await.expect("answered");
        assert!(answer.starts_with(b"HTTP/1.1 200"));
    };
    spread(one).await;
}

async fn reqwest_new(port: u16) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().pool_max_idle_per_host(0).no_proxy().build().expect("a client");
    let url = format!("http://127.0.0.1:{port}/health");
    let one = async || {
        let answer = client.get(&url).send().await.expect("answered");
        assert_eq!(answer.status(), 200);
        let _ = answer.bytes().await.expect("a body");
    };
    spread(one).await;
}

async fn spread(one: impl AsyncFn()) {
    let lanes = (0..AT_ONCE).map(|lane| {
        let one = &one;
        async move {
            let share = CHECKS / AT_ONCE as u64 + u64::from((lane as u64) < CHECKS % AT_ONCE as u64);
            for _ in 0..share {
                one().await;
            }
        }
    });
    futures_util::future::join_all(lanes).await;
}

pub(crate) fn run() {
    let own = std::env::current_exe().expect("this program");
    let mut target = Command::new(&own).arg("target").stdout(Stdio::piped()).spawn().expect("the target");
    let mut line = String::new();
    BufReader::new(target.stdout.take().expect("piped")).read_line(&mut line).expect("a port");
    let port: u16 = line.trim().parse().expect("a port");
    let measured = |which: &str| {
        let output = Command::new(&own).args(["floor", which, &port.to_string()]).output().expect("the floor");
        let nanos: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().expect("nanoseconds");
        per_thousand(Duration::from_nanos(nanos))
    };
    let rounds: Vec<(f64, f64, f64)> = (0..5).map(|_| (measured("raw"), measured("reqwest"), golive(port))).collect();
    let median = |pick: fn(&(f64, f64, f64)) -> f64| {
        let mut values: Vec<f64> = rounds.iter().map(pick).collect();
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let (raw, reqwest, own) = (median(|r| r.0), median(|r| r.1), median(|r| r.2));
    print("CPU per 1,000 HTTP checks, against raw TCP", own, raw, "ms", "<= 3");
    print("CPU per 1,000 HTTP checks, against reqwest new", own, reqwest, "ms", "<= 1.5");
    let _ = target.kill();
    let _ = target.wait();
}

fn per_thousand(cpu: Duration) -> f64 {
    ms(cpu) * 1_000.0 / CHECKS as f64
}

fn count(port: u16) -> u64 {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("the target");
    stream.write_all(b"GET /count HTTP/1.1\r\n\r\n").expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    answer.rsplit("\r\n").next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// `golive check --watch` over a plan whose checks are always due: CPU and checks between two moments, after the
/// start-up is over. What it costs to read a plan is another figure.
fn golive(port: u16) -> f64 {
    let home = tempfile::tempdir().expect("a folder");
    let mut plan = format!(
        "[service]\nname = \"bench\"\n[limits]\nconcurrency = {AT_ONCE}\n[[pre_deployment]]\nid = \"all\"\nchecks = [\"*\"]\n"
    );
    for number in 0..200 {
        plan.push_str(&format!("[checks.c{number}]\nkind = \"http\"\nevery = \"20ms\"\nurl = \"http://127.0.0.1:{port}/health\"\nexpect = 'status == 200 && json.status == \"ok\"'\n"));
    }
    let mut program = watching(&plan, home.path());
    std::thread::sleep(Duration::from_millis(800));
    let (counted, cpu) = (count(port), cpu_of(program.id()));
    std::thread::sleep(Duration::from_millis(1_500));
    let (checks, spent) = (count(port) - counted, cpu_of(program.id()) - cpu);
    let _ = program.kill();
    let _ = program.wait();
    assert!(checks > 1_000, "only {checks} checks were made");
    ms(spent) * 1_000.0 / checks as f64
}
