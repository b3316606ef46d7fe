//! Steps: begun on a person's word after the intent is on disk, told by events, ended once.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::core::decide::Command;
use crate::core::event::{Body, StepEnd, StepEvent};
use crate::core::state::StepStatus;
use crate::model::step::{Action, Confirm, OnDisconnect, Step};
use crate::model::template::Template;

fn step(action: Action) -> Item {
    let step = Step {
        action,
        timeout: Span(SECOND * 5),
        confirm: Confirm::Yes,
        on_disconnect: OnDisconnect::Continue,
        undo: None,
    };
    Item { phase: Phase::PreDeployment, manual: None, step: Some(step), ..manual("release") }
}

fn request(url: &str) -> Item {
    step(Action::Request {
        method: "POST".to_owned(),
        url: Template::new(url),
        headers: BTreeMap::new(),
        body: Some(Template::new("go")),
        expect: None,
    })
}

fn start() -> Command {
    Command::StartStep { item: ItemId::new("release") }
}

fn trusted() -> Scene {
    Scene { trusted: true, ..Scene::default() }
}

/// Answers one request with this, or with nothing at all.
async fn listener(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/release", listener.local_addr().unwrap());
    #[expect(clippy::disallowed_methods, reason = "the world of this test")]
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4_096];
        let _ = stream.read(&mut request).await;
        match answer {
            Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap(),
            None => std::future::pending().await,
        }
    });
    url
}

/// Waits for the step's end, as whoever watches sees it.
async fn end_of(flight: &Flight) -> StepEnd {
    let mut states = flight.handle.watch();
    loop {
        let end = status(&states.borrow_and_update());
        if let Some(StepStatus::Ended { end, .. }) = end {
            return end;
        }
        states.changed().await.unwrap();
    }
}

fn status(state: &State) -> Option<StepStatus> {
    state.item(&ItemId::new("release")).unwrap().1.step.as_ref().map(|step| step.status.clone())
}

#[tokio::test]
async fn a_request_that_is_answered_well_settles_its_step() {
    let url = listener(Some("HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\nok")).await;
    let flight = trusted().item(request(&url)).start();
    flight.handle.decide(start(), thandi()).await.unwrap();
    let StepEnd::Succeeded(how) = end_of(&flight).await else { panic!() };
    assert!(how.as_str().starts_with("202 in "), "{how}");
    let kinds: Vec<&str> = flight
        .disk
        .events()
        .iter()
        .filter_map(|event| match &event.body {
            Body::Step(StepEvent::Intended { .. }) => Some("intended"),
            Body::Step(StepEvent::Started { .. }) => Some("started"),
            Body::Step(StepEvent::Output { .. }) => Some("output"),
            Body::Step(StepEvent::Ended { .. }) => Some("ended"),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["intended", "started", "output", "ended"]);
}

#[tokio::test]
async fn a_request_that_is_refused_fails_its_step() {
    let url = listener(Some("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")).await;
    let flight = trusted().item(request(&url)).start();
    flight.handle.decide(start(), thandi()).await.unwrap();
    assert!(matches!(end_of(&flight).await, StepEnd::Failed(_)));
}

#[tokio::test]
async fn a_request_under_way_can_be_stopped() {
    let url = listener(None).await;
    let flight = trusted().item(request(&url)).start();
    flight.handle.decide(start(), thandi()).await.unwrap();
    flight.handle.decide(Command::StopStep { item: ItemId::new("release") }, thandi()).await.unwrap();
    assert_eq!(end_of(&flight).await, StepEnd::Stopped);
}

#[tokio::test]
async fn what_would_be_run_is_told_masked_and_nothing_is_run_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("ran");
    let secret = format!("FAKE-{}", ulid::Ulid::generate());
    // A secret that somebody wrote into the plan itself: only the redactor knows it there.
    let action = Action::Command {
        run: vec![Template::new("/usr/bin/touch"), Template::new(marker.to_str().unwrap())],
        folder: None,
        environment: BTreeMap::from([("TOKEN".to_owned(), Template::new(&secret))]),
        tty: false,
        writes: vec!["dist".to_owned()],
    };
    let redactor = Redactor::new([(Arc::from("api_secret"), secret.clone().into())]);
    let flight = Scene { redactor, ..trusted() }.item(step(action)).start();
    let before = flight.disk.events().len();
    let steps = flight.handle.dry_run().await.unwrap();
    let told = format!("{steps:?}");
    assert!(told.contains("/usr/bin/touch") && told.contains("TOKEN=") && told.contains("dist"), "{told}");
    assert!(!told.contains(&secret), "{told}");
    let state = flight.after(Duration::from_millis(200)).await;
    assert_eq!(status(&state), None, "no step has begun");
    assert!(!marker.exists(), "and none has run");
    let steps = |event: &Event| matches!(event.body, Body::Step(_));
    assert!(!flight.disk.events().iter().skip(before).any(steps), "nor was any meant to");
}

#[tokio::test]
async fn a_request_that_golive_lost_sight_of_is_never_made_again() {
    let url = listener(None).await;
    let flight = trusted().item(request(&url)).start();
    flight.handle.decide(start(), thandi()).await.unwrap();
    flight.handle.quit();
    flight.ended.await.unwrap().unwrap();
    let again = trusted().item(request(&url)).begin(flight.disk.resumed(), flight.disk.clone());
    assert!(matches!(end_of(&again).await, StepEnd::Unknown(_)));
}

#[tokio::test(start_paused = true)]
async fn a_step_of_a_plan_that_nobody_allowed_is_refused() {
    let flight = Scene::default().item(request("http://127.0.0.1:9/release")).start();
    let refused = flight.handle.decide(start(), thandi()).await.unwrap_err();
    assert!(refused.instead.unwrap().contains("golive trust"));
    assert_eq!(status(&flight.handle.watch().borrow()), None);
}

#[tokio::test(start_paused = true)]
async fn a_step_does_not_start_while_the_disk_fails() {
    let flight = trusted().item(request("http://127.0.0.1:9/release")).start();
    flight.disk.full(true);
    flight.handle.decide(start(), thandi()).await.unwrap_err();
    assert_eq!(status(&*flight.after(SECOND).await), None);
}
