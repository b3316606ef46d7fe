//! What the tests of notifiers share: notices, a roster of one, and a listener that keeps what it was sent.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;

use crate::core::notice::{About, Happened, Head, Notice, NoticeKey, OfAlert};
use crate::model::alert::Level;
use crate::model::id::{AlertId, KindName, NotifierId, SessionId};
use crate::model::notifier::{self, Rate};
use crate::model::plan;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::values::{Origin, Value, Values};
use crate::network::Network;
use crate::notify::{self, Given, Notifier, Refused, Taken, Unusable, Way};

pub(super) const SECRET: &str = "FAKE-secret-of-the-notifier";

/// A moment for signatures and dates.
pub(super) fn now() -> Now {
    Now { at: Timestamp::from_second(1_790_000_000).unwrap(), up: Duration::from_secs(100) }
}

/// A notice of an alert whose texts come from outside and want to do harm.
pub(super) fn notice(happened: Happened) -> Notice {
    let text = SafeText::from_foreign;
    let alert = AlertId::new("payment_processing_failure");
    Notice {
        key: NoticeKey::new(&SessionId::new("01S"), alert.as_str(), 7, &NotifierId::new("it")),
        to: NotifierId::new("it"),
        at: now().at,
        service: text("academy-checkout"),
        environment: text("production"),
        about: About::Alert(Box::new(OfAlert {
            alert,
            title: text("Payments <!channel> fail"),
            level: Level::Critical,
            happened,
            value: text("5 in 5m [x](http://evil.example)"),
            threshold: text(">= 5"),
            by: (happened == Happened::Acknowledged).then(|| text("thandi")),
            note: (happened == Happened::Acknowledged).then(|| text("calling the provider")),
            impact: Some(text("customers cannot pay")),
            remedy: Some(text("look at the provider's status page & call them")),
        })),
        head: None,
    }
}

/// The end of a journal, as a notice carries it.
pub(super) fn head() -> Head {
    let hash = SafeText::from_foreign(&"0f".repeat(32));
    Head { session: SessionId::new("01S"), event: 1_234, hash }
}

pub(super) fn test_notice(code: Option<&str>) -> Notice {
    let about =
        About::Test { code: code.map(SafeText::from_foreign), rules: vec![SafeText::from_foreign("a (critical)")] };
    Notice { key: NoticeKey::of_test("mark", &NotifierId::new("it")), about, ..notice(Happened::Fired) }
}

pub(super) fn values(known: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for (name, value) in known {
        values.insert(name, Value::secret((*value).to_owned().into(), Origin::Plan));
    }
    values
}

pub(super) fn wanted(kind: &str, keys: &str) -> notifier::Notifier {
    let table: toml::Table = toml::from_str(keys).unwrap();
    notifier::Notifier {
        id: NotifierId::new("it"),
        kind: KindName::new(kind),
        timeout: crate::model::duration::Span::seconds(5),
        retry_delay: crate::model::duration::Span::seconds(1),
        give_up_after: crate::model::duration::Span::seconds(60),
        rate: Rate::default(),
        options: serde_json::to_value(table).unwrap().as_object().unwrap().clone(),
    }
}

/// A notifier of these keys, in a trusted plan.
pub(super) fn build(kind: &str, keys: &str, values: &Values) -> Result<Box<dyn Notifier>, Unusable> {
    let wanted = wanted(kind, keys);
    let given = Given { options: &wanted.options, values, folder: Path::new("."), trusted: true };
    notify::kind(kind).unwrap().build(&given)
}

/// Sends one notice with these keys.
pub(super) async fn send(kind: &str, keys: &str, values: &Values, notice: &Notice) -> Result<Taken, Refused> {
    send_within(kind, keys, values, notice, Duration::from_secs(10)).await
}

pub(super) async fn send_within(
    kind: &str,
    keys: &str,
    values: &Values,
    notice: &Notice,
    time: Duration,
) -> Result<Taken, Refused> {
    let network = Network::new(&plan::Network::default(), Path::new(".")).unwrap();
    let built = build(kind, keys, values).unwrap_or_else(|unusable| panic!("{kind}: {unusable}"));
    let deadline = tokio::time::Instant::now() + time;
    let way = Way { network: &network, only_loopback: true, deadline, now: now().at };
    built.send(notice, way).await
}

/// What a listener was sent: head and body.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) head: String,
    pub(super) body: String,
}

impl Seen {
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    pub(super) fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_once(':')).map(|(_, value)| value.trim()).unwrap_or_default()
    }
}

/// Answers every request with these bytes, and keeps what it was sent. Ends with the test process.
pub(super) fn listener(answer: &str) -> (u16, Arc<Mutex<Vec<Seen>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (kept, answer) = (Arc::clone(&seen), answer.as_bytes().to_vec());
    let port = listening(move |mut stream| {
        if let Some(request) = read(&mut stream) {
            kept.lock().unwrap().push(request);
        }
        let _ = stream.write_all(&answer);
    });
    (port, seen)
}

pub(super) fn listening(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
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

pub(super) fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    let seen = Seen { head: String::from_utf8_lossy(&head).into_owned(), body: String::new() };
    let length: usize = seen.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(Seen { body: String::from_utf8_lossy(&body).into_owned(), ..seen })
}

/// Answers line by line, as a mail server does: each line that comes is answered by the first rule that it begins with.
pub(super) fn mail_server(greeting: &'static str, rules: &'static [(&'static str, &'static str)]) -> u16 {
    listening(move |mut stream| {
        let _ = stream.write_all(greeting.as_bytes());
        let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
        let mut line = String::new();
        while matches!(std::io::BufRead::read_line(&mut reader, &mut line), Ok(count) if count > 0) {
            let answer = rules.iter().find(|(start, _)| line.to_uppercase().starts_with(start));
            if let Some((_, answer)) = answer {
                let _ = stream.write_all(answer.as_bytes());
            }
            line.clear();
        }
    })
}
