//! `webhook` against endpoints on loopback that are right, or wrong in one respect.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::check::kit;
use crate::core::evidence::{Evidence, Part};
use crate::model::failure::FailureClass;
use crate::model::word::Outcome;
use crate::webhook::{self, Memory, Message, Profile, Reason};

/// What an endpoint does wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wrong {
    #[default]
    Nothing,
    /// Takes anything.
    Open,
    /// Takes what has any signature header.
    LooksOnlyForAHeader,
    /// Verifies a signature over nothing but the secret's own body: takes a right signature with any body.
    IgnoresTheBody,
    /// Answers 401 and grants all the same.
    RefusesAndGrants,
    /// Forgets what it took.
    Forgets,
    /// Does not look at the time.
    Timeless,
    /// Takes from anybody.
    FromAnybody,
    /// Takes bodies of any size.
    Swallows,
    /// Logs nothing.
    Silent,
    /// Redirects.
    Redirects,
    /// Refuses everything.
    Closed,
    /// Answers 500 to what is forged.
    FallsOver,
    /// Takes and does nothing.
    Idle,
}

#[derive(Default)]
struct Seen {
    memory: Memory,
    effects: HashMap<String, u32>,
    refused: u32,
    marked: u32,
    deliveries: u32,
}

struct Endpoint {
    port: u16,
    seen: Arc<Mutex<Seen>>,
    secret: String,
}

impl Endpoint {
    fn new(wrong: Wrong) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let secret = format!("FAKE-{}", ulid::Ulid::generate());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (kept, known) = (Arc::clone(&seen), secret.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, known) = (Arc::clone(&kept), known.clone());
                std::thread::spawn(move || serve(stream, wrong, &kept, &known));
            }
        });
        Self { port, seen, secret }
    }

    async fn look(&self, cases: &str, more: &str) -> Evidence {
        let surroundings = kit::surroundings_with_secret("credentials.hook", &self.secret);
        let port = self.port;
        let keys = format!(
            "url = \"http://127.0.0.1:{port}/hook\"\nscheme = \"slack\"\nsecret = \"{{{{ credentials.hook }}}}\"\n\
             id_field = \"transaction\"\nuser_agent = \"Provider/1\"\nsettle = \"100ms\"\noversized = 200000\n\
             cases = [{cases}]\n{more}"
        );
        // A generous ceiling: twenty deliveries at once on a machine that has other things to do.
        kit::run_within("webhook", &keys, &surroundings, Duration::from_secs(120)).await
    }

    /// With the effects counted.
    async fn counted(&self, cases: &str) -> Evidence {
        let port = self.port;
        let effect =
            format!("effect = {{ url = \"http://127.0.0.1:{port}/effects/{{id}}\", field = \"told.effects\" }}");
        self.look(cases, &effect).await
    }
}

fn serve(mut stream: TcpStream, wrong: Wrong, seen: &Mutex<Seen>, secret: &str) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut head = Vec::new();
    let mut byte = [0; 1];
    while !head.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, n)| n.parse().unwrap());
    let mut body = vec![0; length];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
    let (status, said) = answer(&path, &headers, &body, wrong, seen, secret);
    let extra = if status == 308 { "location: https://new.example/hook\r\n" } else { "" };
    let _ = write!(stream, "HTTP/1.1 {status} X\r\n{extra}content-length: {}\r\n\r\n{said}", said.len());
}

fn answer(
    path: &str,
    headers: &[(String, String)],
    body: &[u8],
    wrong: Wrong,
    seen: &Mutex<Seen>,
    secret: &str,
) -> (u16, String) {
    let mut seen = seen.lock().unwrap();
    if let Some(id) = path.strip_prefix("/effects/") {
        let count = seen.effects.get(id).copied().unwrap_or(0);
        return (200, format!("{{\"told\":{{\"effects\":{count}}}}}"));
    }
    if path == "/audit" {
        return (200, format!("{{\"refused\":{}}}", seen.refused));
    }
    seen.deliveries += 1;
    let has = |name: &str, value: Option<&str>| {
        headers.iter().any(|(known, text)| known == name && value.is_none_or(|value| value == text))
    };
    seen.marked += u32::from(has("x-golive-probe", Some("the_check")));
    let judged = judged(headers, body, wrong, &mut seen, secret, &has);
    let transaction: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let mut grant = || {
        let id = transaction["transaction"].as_str().unwrap_or_default().to_owned();
        *seen.effects.entry(id).or_default() += 1;
    };
    match (wrong, judged) {
        (Wrong::Redirects, _) => (308, String::new()),
        (Wrong::Closed, _) => (404, String::new()),
        (Wrong::Idle, Ok(())) => (200, String::new()),
        (Wrong::RefusesAndGrants, Err(_)) => {
            grant();
            (401, String::new())
        }
        (Wrong::FallsOver, Err(_)) => (500, String::new()),
        (_, Ok(())) => {
            grant();
            (200, String::new())
        }
        (_, Err(reason)) => {
            seen.refused += u32::from(wrong != Wrong::Silent);
            (if reason == Reason::TooLarge { 413 } else { 401 }, String::new())
        }
    }
}

fn judged(
    headers: &[(String, String)],
    body: &[u8],
    wrong: Wrong,
    seen: &mut Seen,
    secret: &str,
    has: &dyn Fn(&str, Option<&str>) -> bool,
) -> Result<(), Reason> {
    if wrong == Wrong::Open || (wrong == Wrong::LooksOnlyForAHeader && has("x-slack-signature", None)) {
        return Ok(());
    }
    if body.len() > 100_000 && wrong != Wrong::Swallows {
        return Err(Reason::TooLarge);
    }
    if !has("user-agent", Some("Provider/1")) && wrong != Wrong::FromAnybody {
        return Err(Reason::UnknownUserAgent);
    }
    let profile = Profile::named("slack").unwrap();
    let now = crate::clock::now().at;
    let tolerance = Duration::from_secs(if wrong == Wrong::Timeless { 1 << 40 } else { 300 });
    let secrets = [secret.to_owned().into()];
    let verified =
        webhook::verify(&profile, &secrets, &Message { headers, body, ..Message::default() }, now, tolerance);
    let genuine = match verified {
        Err(Reason::BadSignature) if wrong == Wrong::IgnoresTheBody && seen.deliveries > 1 => return Ok(()),
        verified => verified?,
    };
    let new = seen.memory.remember(&genuine.fingerprint, now, Duration::from_secs(3600));
    if new || wrong == Wrong::Forgets { Ok(()) } else { Err(Reason::Replay) }
}

const ALL: &str = "\"genuine\", \"unsigned\", \"wrong_signature\", \"changed_body\", \"stale\", \"future\", \"replay\", \
                   \"at_once\", \"oversized\", \"unknown_source\"";

#[tokio::test]
async fn an_endpoint_that_does_what_it_should_passes_and_can_tell_the_deliveries_from_the_providers() {
    let endpoint = Endpoint::new(Wrong::Nothing);
    let evidence = endpoint.counted(ALL).await;
    assert_eq!(evidence.outcome, Outcome::Pass, "{} {:?}", evidence.summary, evidence.facts);
    let seen = endpoint.seen.lock().unwrap();
    assert_eq!(seen.marked, seen.deliveries, "every delivery is marked");
    assert!(seen.effects.values().all(|count| *count == 1), "{:?}", seen.effects);
}

#[tokio::test]
async fn each_fault_is_found_by_its_own_case_and_by_no_other() {
    for (wrong, case, class, says) in [
        (Wrong::LooksOnlyForAHeader, "wrong_signature", FailureClass::Status, "was taken with 200"),
        (Wrong::IgnoresTheBody, "changed_body", FailureClass::Status, "was taken with 200"),
        (Wrong::RefusesAndGrants, "wrong_signature", FailureClass::Body, "had an effect all the same"),
        (Wrong::Forgets, "replay", FailureClass::Body, "2 effects"),
        (Wrong::Forgets, "at_once", FailureClass::Body, "20 effects"),
        (Wrong::Timeless, "stale", FailureClass::Status, "was taken with 200"),
        (Wrong::Timeless, "future", FailureClass::Status, "was taken with 200"),
        (Wrong::FromAnybody, "unknown_source", FailureClass::Status, "from another user agent, was taken"),
        (Wrong::Swallows, "oversized", FailureClass::Status, "was taken with 200"),
        (Wrong::Open, "unsigned", FailureClass::Status, "was taken with 200"),
        (Wrong::FallsOver, "unsigned", FailureClass::Status, "neither taken nor refused"),
        (
            Wrong::Redirects,
            "genuine",
            FailureClass::Status,
            "to https://new.example/hook: providers follow no redirect",
        ),
        (Wrong::Closed, "genuine", FailureClass::Status, "was refused with 404"),
        (Wrong::Idle, "genuine", FailureClass::Body, "had no effect within"),
    ] {
        let evidence = Endpoint::new(wrong).counted(&format!("\"{case}\"")).await;
        assert_eq!(evidence.outcome, Outcome::Fail, "{wrong:?} {case}: {}", evidence.summary);
        assert!(evidence.summary.as_str().contains(says), "{wrong:?} {case}: {}", evidence.summary);
        assert_eq!(evidence.failure.unwrap().class, class, "{wrong:?} {case}: {}", evidence.summary);
    }
    let untouched = [
        (Wrong::Forgets, "\"unsigned\", \"stale\", \"changed_body\""),
        (Wrong::Timeless, "\"unsigned\", \"wrong_signature\", \"replay\", \"at_once\""),
        (Wrong::FromAnybody, "\"unsigned\", \"stale\", \"replay\", \"oversized\""),
        (Wrong::Swallows, "\"unsigned\", \"stale\", \"replay\", \"unknown_source\""),
    ];
    for (wrong, cases) in untouched {
        let evidence = Endpoint::new(wrong).counted(cases).await;
        assert_eq!(evidence.outcome, Outcome::Pass, "{wrong:?} {cases}: {}", evidence.summary);
    }
}

#[tokio::test]
async fn where_nothing_is_taken_a_refusal_proves_nothing() {
    let evidence = Endpoint::new(Wrong::Closed).look("\"unsigned\", \"stale\"", "").await;
    assert_eq!(evidence.outcome, Outcome::Error, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains("would prove nothing"), "{}", evidence.summary);
}

#[tokio::test]
async fn without_a_count_of_effects_two_takings_of_one_message_prove_nothing() {
    let endpoint = Endpoint::new(Wrong::Forgets);
    let evidence = endpoint.look("\"replay\"", "").await;
    assert_eq!(evidence.outcome, Outcome::Error, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains("where effects are counted"), "{}", evidence.summary);
    let refusing = Endpoint::new(Wrong::Nothing);
    assert_eq!(refusing.look("\"replay\", \"at_once\"", "").await.outcome, Outcome::Pass);
}

#[tokio::test]
async fn a_refusal_leaves_an_event_where_the_plan_says_so() {
    for (wrong, outcome) in [(Wrong::Nothing, Outcome::Pass), (Wrong::Silent, Outcome::Fail)] {
        let endpoint = Endpoint::new(wrong);
        let audit = format!("audit = {{ url = \"http://127.0.0.1:{}/audit\", field = \"refused\" }}", endpoint.port);
        let evidence = endpoint.look("\"audited\"", &audit).await;
        assert_eq!(evidence.outcome, outcome, "{wrong:?}: {}", evidence.summary);
    }
    let nowhere = Endpoint::new(Wrong::Nothing).look("\"audited\"", "audit = { file = \"\" }").await;
    assert_eq!(nowhere.outcome, Outcome::Error, "{}", nowhere.summary);
    assert!(nowhere.summary.as_str().contains("names no audit trail"), "{}", nowhere.summary);
}

#[tokio::test]
async fn what_a_scheme_does_not_offer_is_said_with_the_way_out() {
    let secret = format!("FAKE-{}", ulid::Ulid::generate());
    let port = kit::listener::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let surroundings = kit::surroundings_with_secret("credentials.hook", &secret);
    let keys = format!(
        "url = \"http://127.0.0.1:{port}/\"\nscheme = \"ikhokha\"\nsecret = \"{{{{ credentials.hook }}}}\"\ncases = [\"stale\"]"
    );
    let evidence = kit::run("webhook", &keys, &surroundings).await;
    assert_eq!(evidence.outcome, Outcome::Warn, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains("signs no timestamp"), "{}", evidence.summary);
    assert!(evidence.remedy.unwrap().as_str().contains("confirm its state"));
}

#[tokio::test]
async fn what_the_database_says_counts_more_than_what_the_endpoint_answers() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE seen (id TEXT);").unwrap();
    let by = |query: &str| {
        let url = file.display();
        format!("effect = {{ sql = {{ url = \"sqlite:{url}\", query = \"{query}\", with = [\"{{id}}\"] }} }}")
    };
    // Everything leaves a row: twenty refusals with a row behind them are no refusal.
    let endpoint = Endpoint::new(Wrong::Nothing);
    let evidence = endpoint.look("\"unsigned\"", &by("SELECT 1 AS row WHERE ?1 <> ''")).await;
    let says = "unsigned: was refused with 401 and had an effect all the same";
    assert_eq!((evidence.outcome, evidence.summary.as_str()), (Outcome::Fail, says));
    let hop = &evidence.hops[0];
    assert_eq!((hop.part, hop.outcome), (Part::Refusal, Some(Outcome::Fail)));
    assert!(hop.vouched_by.as_str().ends_with("shop.db"), "who counted: {}", hop.vouched_by);
    // Twenty at once that are all taken, and one row: the database let one of them in.
    let forgetful = Endpoint::new(Wrong::Forgets);
    let evidence = forgetful.look("\"at_once\"", &by("SELECT 1 AS row WHERE ?1 <> ''")).await;
    let says = "twenty at once: were taken 20 times of 20, with one effect";
    assert_eq!((evidence.outcome, evidence.summary.as_str()), (Outcome::Pass, says));
    // Nothing leaves a row: what was taken did nothing. And where nobody can count, nobody knows.
    let evidence = endpoint.look("\"genuine\"", &by("SELECT id FROM seen WHERE id = ?1")).await;
    assert_eq!(evidence.outcome, Outcome::Fail, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains("had no effect within"), "{}", evidence.summary);
    let evidence = endpoint.look("\"genuine\"", &by("SELECT id FROM gone WHERE id = ?1")).await;
    assert_eq!(evidence.outcome, Outcome::Error, "{}", evidence.summary);
}

#[tokio::test]
async fn a_host_that_turns_out_to_be_the_providers_is_sent_nothing_forged() {
    let endpoint = Endpoint::new(Wrong::Nothing);
    let own = "provider_hosts = [\"127.0.0.1\"]";
    let evidence = endpoint.look("\"genuine\", \"changed_body\"", own).await;
    assert_eq!(evidence.outcome, Outcome::Error, "{}", evidence.summary);
    let says = "127.0.0.1 is the payment provider's own: it is never sent a forged delivery (changed body)";
    assert_eq!(evidence.summary.as_str(), says);
    assert_eq!(endpoint.seen.lock().unwrap().deliveries, 0, "not even the first of them");
    assert_eq!(endpoint.look("\"genuine\"", own).await.outcome, Outcome::Pass, "what is genuine may be sent");
}
