//! Telling people, over real sockets: intent before act, tried until it arrives, one key through every death.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;
use crate::core::event::{AlertEvent, Body, NoticeEvent, SessionEvent, VERSION};
use crate::model::alert::{DuringLull, Level};
use crate::model::id::{AlertId, NotifierId};
use crate::model::notifier::Rate;
use crate::model::operator::Actor as By;

/// What the peer does with the n-th request: a status, or nothing at all.
type Does = fn(usize) -> Option<u16>;

/// The id and the type of each message that arrived.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// A peer that keeps the ids of what it was sent, with the type of each message.
fn peer(does: Does) -> (u16, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    std::thread::spawn(move || {
        let mut hanging = Vec::new();
        for mut stream in listener.incoming().flatten() {
            let mut request = vec![0; 16 << 10];
            let count = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..count]).into_owned();
            let part = |before: &str, after: &str| {
                let rest = text.split_once(before).map_or("", |(_, rest)| rest);
                rest.split(after).next().unwrap_or_default().to_owned()
            };
            let number = {
                let mut kept = kept.lock().unwrap();
                kept.push((part("webhook-id: ", "\r\n"), part("\"type\":\"", "\"")));
                kept.len() - 1
            };
            match does(number) {
                Some(status) => {
                    let _ = write!(stream, "HTTP/1.1 {status} So\r\ncontent-length: 0\r\n\r\n");
                }
                None => hanging.push(stream),
            }
        }
    });
    (port, seen)
}

fn scene(port: u16) -> Scene {
    let rule = Rule {
        id: AlertId::new("payments"),
        title: None,
        level: Level::Critical,
        when: "count(\"step_failed\", duration(\"5m\")) >= 0".to_owned(),
        hold: Span(Duration::ZERO),
        keep_firing: Span(Duration::ZERO),
        notify: vec!["ops".to_owned()],
        escalate: None,
        min_samples: 1,
        during_lull: DuringLull::Judged,
        examples: Vec::new(),
        impact: None,
        remedy: None,
    };
    let options = serde_json::json!({ "url": format!("http://127.0.0.1:{port}/"), "secret": "FAKE-secret" });
    let notifier = Notifier {
        id: NotifierId::new("ops"),
        kind: KindName::new("webhook"),
        timeout: Span(Duration::from_secs(20)),
        retry_delay: Span(Duration::from_millis(10)),
        give_up_after: Span(SECOND * 3_600),
        rate: Rate { most: 1_000, per: Span(SECOND) },
        options: options.as_object().unwrap().clone(),
    };
    Scene { rules: vec![rule], notifiers: vec![notifier], ..Scene::default() }
}

/// The events of a session in which the alert fired and golive died before anybody was told.
fn fired(scene: &Scene) -> Vec<Event> {
    let at = clock();
    let event = |body| Event {
        v: VERSION,
        id: ulid::Ulid::nil(),
        run: ulid::Ulid::nil(),
        at: at.at,
        up: u64::try_from(at.up.as_millis()).unwrap(),
        actor: By::Golive,
        body,
    };
    let text = SafeText::from_foreign;
    vec![
        event(Body::Session(SessionEvent::Opened {
            session: SessionId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            purpose: Purpose::GoLive,
            plan: Arc::new(scene.plan()),
            version: None,
            host: text("deploy-1"),
        })),
        event(Body::Alert(AlertEvent::Fired {
            alert: AlertId::new("payments"),
            transition: 1,
            value: text("5"),
            threshold: text(">= 5"),
            cause: None,
            held_by: None,
        })),
    ]
}

fn disk(events: &[Event]) -> Disk {
    let disk = Disk::default();
    let mut storage = disk.clone();
    storage.append(&events.iter().collect::<Vec<_>>()).unwrap();
    disk
}

fn resume(scene: Scene, disk: &Disk) -> Flight {
    scene.begin(disk.resumed(), disk.clone())
}

async fn until(flight: &Flight, what: impl Fn(&State) -> bool) -> Arc<State> {
    let mut states = flight.handle.watch();
    let waiting = async {
        loop {
            let state = Arc::clone(&states.borrow_and_update());
            if what(&state) {
                return state;
            }
            states.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(60), waiting).await.expect("it does not come to that")
}

fn delivered(state: &State) -> bool {
    state.notices().posted().any(|posted| posted.word() == "delivered")
}

#[tokio::test]
async fn a_notice_is_on_disk_before_it_is_sent_and_tried_until_it_arrives_under_one_key() {
    let (port, seen) = peer(|number| Some(if number < 4 { 500 } else { 200 }));
    let scene = scene(port);
    let disk = disk(&fired(&scene));
    let flight = resume(scene, &disk);
    let state = until(&flight, delivered).await;
    let attempts = state.notices().posted().next().unwrap().attempts;
    let seen = seen.lock().unwrap().clone();
    assert_eq!((attempts, seen.len()), (5, 5));
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
    assert_eq!(seen[0].1, "alert.fired");
    let story: Vec<&str> = disk
        .events()
        .iter()
        .filter_map(|event| match &event.body {
            Body::Notice(NoticeEvent::Queued(_)) => Some("queued"),
            Body::Notice(NoticeEvent::Failed { .. }) => Some("failed"),
            Body::Notice(NoticeEvent::Delivered { .. }) => Some("delivered"),
            _ => None,
        })
        .collect();
    assert_eq!(story, ["queued", "failed", "failed", "failed", "failed", "delivered"]);
}

#[tokio::test]
async fn a_process_that_dies_while_the_other_side_is_silent_sends_the_same_key_again() {
    // The first three deaths find the peer hanging; then it answers.
    let (port, seen) = peer(|number| (number >= 3).then_some(200));
    let disk = disk(&fired(&scene(port)));
    for death in 1..=3 {
        let flight = resume(scene(port), &disk);
        let asked = async {
            while seen.lock().unwrap().len() < death {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), asked).await.unwrap();
        // No orderly end: the task is gone as with kill -9.
        flight.ended.abort();
        let _ = flight.ended.await;
    }
    let flight = resume(scene(port), &disk);
    until(&flight, delivered).await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 4);
    assert!(seen.iter().all(|one| one.0 == seen[0].0), "{seen:?}");
    let queued =
        disk.events().iter().filter(|event| matches!(event.body, Body::Notice(NoticeEvent::Queued(_)))).count();
    assert_eq!(queued, 1, "what is owed is queued once, however often golive starts");
}

#[tokio::test]
async fn nobody_is_told_of_what_is_not_on_disk() {
    let (port, seen) = peer(|_| Some(200));
    let scene = scene(port);
    let disk = disk(&fired(&scene));
    disk.full(true);
    let flight = resume(scene, &disk);
    until(&flight, |state| state.trouble().is_some()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(seen.lock().unwrap().is_empty(), "it was sent although its intent is not kept");
    disk.full(false);
    until(&flight, delivered).await;
    assert_eq!(seen.lock().unwrap().len(), 1);
}

/// The body of the first message that comes.
fn first_message(listener: TcpListener) -> std::thread::JoinHandle<serde_json::Value> {
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut part) = (Vec::new(), [0; 4_096]);
        loop {
            let count = stream.read(&mut part).unwrap();
            request.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let body = text.split_once("\r\n\r\n").map(|(_, body)| serde_json::from_str(body));
            if let Some(Ok(message)) = body {
                let _ = write!(stream, "HTTP/1.1 200 So\r\ncontent-length: 0\r\n\r\n");
                return message;
            }
            assert_ne!(count, 0, "it ended in the middle of {text}");
        }
    })
}

#[tokio::test]
async fn a_notice_carries_the_head_that_the_journal_had_when_it_was_queued() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let scene = scene(listener.local_addr().unwrap().port());
    let message = first_message(listener);
    let folder = tempfile::tempdir().unwrap();
    let session = SessionId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let path = crate::journal::file_of(folder.path(), &session);
    let name = SafeText::from_foreign("thandi");
    let holder = crate::journal::lock::Holder::this_process(name.clone(), name, Timestamp::UNIX_EPOCH);
    let journal = Journal::create(&path, &session, &holder).unwrap();
    journal.append(fired(&scene).into()).await.unwrap();
    journal.close().unwrap();

    let (journal, state) = Journal::resume(&path, &holder).unwrap();
    let flight = scene.begin_with(Beginning::Resumed(Box::new(state)), journal, Disk::default());
    until(&flight, delivered).await;
    flight.handle.quit();
    flight.ended.await.unwrap().unwrap();
    let message = message.join().unwrap();

    let read = crate::journal::reading::read_all(&path).unwrap();
    assert_eq!(read.broken, None);
    let queued = |event: &Event| matches!(&event.body, Body::Notice(NoticeEvent::Queued(_)));
    let place = read.events.iter().position(queued).unwrap() as u64;
    let told = &message["data"]["journal"];
    let event = told["events"].as_u64().unwrap();
    // What was queued in one go with it is not under its head.
    assert!((2..=place).contains(&event), "event {event}, queued as {}", place + 1);
    let hash = crate::journal::reading::hash_at(&path, event).unwrap().unwrap().to_string();
    assert_eq!((told["head"].as_str(), told["session"].as_str()), (Some(hash.as_str()), Some(session.as_str())));
    let found = crate::journal::reading::place_of(&path, &hash).unwrap();
    assert_eq!(found, Some(event), "and is found by its hash alone");
}
