//! What the kinds' tests share: surroundings of made-up values, and a way to run one check from its keys.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::check::{Surroundings, kind};
use crate::clock;
use crate::core::evidence::Evidence;
use crate::model::duration::Span;
use crate::model::id::{CheckId, KindName};
use crate::model::item::Waivable;
use crate::model::plan::{self, Check, Retry, Run};
use crate::model::values::{Origin, Value, Values};
use crate::model::word::Severity;
use crate::network::Network;
use crate::notify::Roster;

pub(super) fn surroundings(values: &[(&str, &str)]) -> Arc<Surroundings> {
    let mut known = Values::default();
    for (name, value) in values {
        known.insert(name, Value::plain(value, Origin::Plan));
    }
    with(known, &plan::Network::default(), Path::new("."))
}

pub(super) fn secret(value: &str) -> Value {
    Value::secret(value.to_owned().into(), Origin::Plan)
}

pub(super) fn surroundings_with_secret(name: &str, value: &str) -> Arc<Surroundings> {
    let mut known = Values::default();
    known.insert(name, secret(value));
    with(known, &plan::Network::default(), Path::new("."))
}

pub(super) fn surroundings_in(folder: &Path) -> Arc<Surroundings> {
    with(Values::default(), &plan::Network::default(), folder)
}

/// Surroundings in which a name is reached on loopback, as `--resolve` would have it.
pub(super) fn surroundings_resolving(from: &str, to: &str, ca: Option<&Path>) -> Arc<Surroundings> {
    let resolve = BTreeMap::from([(from.to_owned(), to.to_owned())]);
    with(Values::default(), &plan::Network { resolve, ca: ca.map(Path::to_path_buf) }, Path::new("."))
}

fn with(values: Values, network: &plan::Network, folder: &Path) -> Arc<Surroundings> {
    let network = Network::new(network, folder).unwrap();
    Arc::new(Surroundings {
        values,
        folder: folder.to_path_buf(),
        trusted: true,
        clock: clock::now,
        network,
        notifiers: Roster::default(),
    })
}

pub(super) fn check(kind: &str, keys: &str) -> Check {
    let table: toml::Table = toml::from_str(keys).unwrap();
    Check {
        id: CheckId::new("the_check"),
        kind: KindName::new(kind),
        title: None,
        category: super::kind(kind).unwrap().spec().category,
        severity: Severity::Critical,
        every: Span::seconds(30),
        timeout: Span::seconds(10),
        fresh_for: Span::seconds(90),
        retry: Retry::NONE,
        depends_on: Vec::new(),
        run: Run::Scheduled,
        allow_in_production: false,
        waivable: Waivable::default(),
        impact: None,
        remedy: None,
        recovery: None,
        degradation: None,
        phase: None,
        options: serde_json::to_value(table).unwrap().as_object().unwrap().clone(),
    }
}

pub(super) async fn run(name: &str, keys: &str, surroundings: &Arc<Surroundings>) -> Evidence {
    run_within(name, keys, surroundings, Duration::from_secs(10)).await
}

pub(super) async fn run_within(
    name: &str,
    keys: &str,
    surroundings: &Arc<Surroundings>,
    timeout: Duration,
) -> Evidence {
    match kind(name).unwrap().build(&check(name, keys), surroundings) {
        Ok(probe) => probe.run(timeout).await,
        Err(evidence) => *evidence,
    }
}

/// Listeners on loopback that answer as a test says. Each ends with the test process.
pub(super) mod listener {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::{Arc, Mutex};

    fn listening(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serve = Arc::new(serve);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let serve = Arc::clone(&serve);
                std::thread::spawn(move || serve(stream));
            }
        });
        port
    }

    fn read_head(stream: &mut TcpStream) -> String {
        let mut seen = Vec::new();
        let mut byte = [0; 1];
        while !seen.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
            seen.push(byte[0]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    }

    /// Answers every request with these bytes, and closes.
    pub(crate) fn answering(answer: &str) -> u16 {
        let answer = answer.as_bytes().to_vec();
        listening(move |mut stream| {
            read_head(&mut stream);
            let _ = stream.write_all(&answer);
        })
    }

    /// Answers so many requests on one connection.
    pub(crate) fn answering_on_one_connection(answer: &str, times: usize) -> u16 {
        let answer = answer.as_bytes().to_vec();
        listening(move |mut stream| {
            for _ in 0..times {
                if read_head(&mut stream).is_empty() {
                    return;
                }
                let _ = stream.write_all(&answer);
            }
        })
    }

    /// Answers with these bytes and keeps what it was asked.
    pub(crate) fn recording(answer: &str) -> (u16, Arc<Mutex<String>>) {
        recording_bytes(answer.as_bytes())
    }

    /// The same, with bytes that are no text.
    pub(crate) fn recording_bytes(answer: &[u8]) -> (u16, Arc<Mutex<String>>) {
        let seen = Arc::new(Mutex::new(String::new()));
        let (kept, answer) = (Arc::clone(&seen), answer.to_vec());
        let port = listening(move |mut stream| {
            let head = read_head(&mut stream);
            kept.lock().unwrap().push_str(&head);
            let _ = stream.write_all(&answer);
        });
        (port, seen)
    }

    /// Says this to everybody who comes, unasked, and closes when they do.
    pub(crate) fn greeting(text: &str) -> u16 {
        let text = text.as_bytes().to_vec();
        listening(move |mut stream| {
            let _ = stream.write_all(&text);
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        })
    }

    /// Greets, then answers each line it is told with the next of these, and closes after the last.
    pub(crate) fn conversing(greeting: &str, answers: &[&str]) -> u16 {
        let greeting = format!("{greeting}\r\n");
        let answers: Vec<String> = answers.iter().map(|answer| format!("{answer}\r\n")).collect();
        listening(move |mut stream| {
            let _ = stream.write_all(greeting.as_bytes());
            for answer in &answers {
                let mut byte = [0; 1];
                while matches!(stream.read(&mut byte), Ok(1)) && byte[0] != b'\n' {}
                let _ = stream.write_all(answer.as_bytes());
            }
        })
    }

    /// Answers by what it is asked, and keeps that.
    pub(crate) fn routed(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> (u16, Arc<Mutex<String>>) {
        let seen = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&seen);
        let port = listening(move |mut stream| {
            let head = read_head(&mut stream);
            kept.lock().unwrap().push_str(&head);
            let _ = stream.write_all(answer(&head).as_bytes());
        });
        (port, seen)
    }

    /// Takes connections and says nothing.
    pub(crate) fn silent() -> u16 {
        listening(|mut stream| {
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
        })
    }

    /// Closes every connection at once.
    pub(crate) fn closing() -> u16 {
        listening(drop)
    }

    /// Answers with a head and then these bytes over and over, 200 MB at most.
    pub(crate) fn flooding(head: &str, part: &str) -> u16 {
        let (head, part) = (head.as_bytes().to_vec(), part.repeat(1 + 65_536 / part.len()).into_bytes());
        listening(move |mut stream| {
            read_head(&mut stream);
            let mut written = stream.write_all(&head);
            for _ in 0..(200 << 20) / part.len() {
                written = written.and_then(|()| stream.write_all(&part));
            }
            let _ = written;
        })
    }

    /// Answers with a byte a second.
    pub(crate) fn dripping(text: &str) -> u16 {
        dripping_after("", text)
    }

    /// Answers with a head at once, and then with a byte a second.
    pub(crate) fn dripping_after(head: &str, text: &str) -> u16 {
        let (head, text) = (head.as_bytes().to_vec(), text.as_bytes().to_vec());
        listening(move |mut stream| {
            if !head.is_empty() {
                read_head(&mut stream);
                let _ = stream.write_all(&head);
            }
            for byte in &text {
                if stream.write_all(&[*byte]).is_err() {
                    return;
                }
                std::thread::sleep(std::time::Duration::from_secs(1));
            }
        })
    }

    /// Floods whoever comes, unasked, with 200 MB at most.
    pub(crate) fn flooding_at_once(part: &str) -> u16 {
        let part = part.repeat(1 + 65_536 / part.len()).into_bytes();
        listening(move |mut stream| {
            for _ in 0..(200 << 20) / part.len() {
                if stream.write_all(&part).is_err() {
                    return;
                }
            }
        })
    }

    /// Redirects every request to itself.
    pub(crate) fn circling() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = format!("HTTP/1.1 302 Round\r\nlocation: http://127.0.0.1:{port}/\r\ncontent-length: 0\r\n\r\n");
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let answer = answer.clone();
                std::thread::spawn(move || {
                    read_head(&mut stream);
                    let _ = stream.write_all(answer.as_bytes());
                });
            }
        });
        port
    }

    /// Answers with what it was sent, head and all, as the body.
    pub(crate) fn echoing() -> u16 {
        listening(|mut stream| {
            let head = read_head(&mut stream);
            let _ = write!(stream, "HTTP/1.1 500 Oops\r\ncontent-length: {}\r\n\r\n{head}", head.len());
        })
    }

    /// A port on which nobody listens.
    pub(crate) fn closed_port() -> u16 {
        TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
    }
}
