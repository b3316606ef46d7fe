//! A step that is a pipeline elsewhere, against a service on loopback: triggered once, found, followed, its commit
//! asserted, stopped, and after a restart followed again or left unknown, but never triggered again.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::{Value as Json, json};

use super::*;
use crate::core::decide::Command;
use crate::core::event::{Body, StepEnd, StepEvent};
use crate::core::state::StepStatus;
use crate::model::pipeline::{Call, Commit, Find, Pipeline};
use crate::model::step::{Action, Confirm, OnDisconnect, Step};
use crate::model::template::Template;

const COMMIT: &str = "a41f9c2d7e0b5c6f1a2b3c4d5e6f708192a3b4c5";

/// What the service saw: each request as `METHOD PATH BODY`.
#[derive(Clone, Default)]
struct Service(Arc<Mutex<Vec<String>>>);

impl Service {
    /// Serves; `answer` gets method, path, body and how often that path was asked before, and gives status and body, or
    /// nothing at all: then the connection hangs.
    fn start(answer: impl Fn(&str, &str, usize) -> Option<(u16, Json)> + Send + Sync + 'static) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let service = Self::default();
        let (seen, answer) = (service.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (seen, answer) = (seen.clone(), Arc::clone(&answer));
                std::thread::spawn(move || {
                    let mut bytes = vec![0; 16_384];
                    let mut length = 0;
                    while !whole(&bytes[..length]) {
                        match stream.read(&mut bytes[length..]) {
                            Ok(read) if read > 0 => length += read,
                            _ => return,
                        }
                    }
                    let text = String::from_utf8_lossy(&bytes[..length]).into_owned();
                    let (head, body) = text.split_once("\r\n\r\n").unwrap();
                    let mut words = head.split_whitespace();
                    let (method, path) = (words.next().unwrap(), words.next().unwrap());
                    let before = {
                        let mut seen = seen.0.lock().unwrap();
                        let before = seen.iter().filter(|line| line.split(' ').nth(1) == Some(path)).count();
                        seen.push(format!("{method} {path} {body}"));
                        before
                    };
                    match answer(path, body, before) {
                        Some((status, json)) => {
                            let json = json.to_string();
                            let length = json.len();
                            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: {length}\r\n\r\n");
                            let _ = stream.write_all((head + &json).as_bytes());
                        }
                        None => std::thread::sleep(Duration::from_secs(120)),
                    }
                });
            }
        });
        (service, url)
    }

    fn count(&self, path: &str) -> usize {
        self.0.lock().unwrap().iter().filter(|line| line.split(' ').nth(1) == Some(path)).count()
    }

    /// The bodies that were sent to a path.
    fn sent(&self, path: &str) -> Vec<String> {
        let seen = self.0.lock().unwrap();
        let to = seen.iter().filter(|line| line.split(' ').nth(1) == Some(path));
        to.map(|line| line.splitn(3, ' ').nth(2).unwrap_or_default().to_owned()).collect()
    }
}

fn whole(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn call(url: &str, path: &str) -> Call {
    Call { method: None, url: Template::new(&format!("{url}{path}")), headers: BTreeMap::new(), body: None }
}

/// As GitLab has it: the trigger's answer names the run.
fn pipeline(url: &str) -> Pipeline {
    Pipeline {
        trigger: Call { body: Some(Template::new("{\"id\":\"{{ pipeline.id }}\"}")), ..call(url, "/trigger") },
        run: Some("json.id".to_owned()),
        find: None,
        poll: call(url, "/runs/{{ pipeline.run }}"),
        every: Span(Duration::from_millis(50)),
        state: vec!["json.conclusion".to_owned(), "json.status".to_owned()],
        succeeded: vec!["success".to_owned()],
        failed: vec!["failure".to_owned(), "cancelled".to_owned()],
        commit: Commit { at: "json.sha".to_owned(), is: Template::new(COMMIT) },
        link: Some("json.url".to_owned()),
        cancel: None,
    }
}

/// As GitHub has it: the trigger says nothing, the run is found by what was sent along.
fn found(url: &str) -> Pipeline {
    let find = Find {
        list: call(url, "/runs"),
        at: "json.runs".to_owned(),
        has: BTreeMap::from([("title".to_owned(), Template::new("{{ pipeline.id }}"))]),
        run: "id".to_owned(),
        within: Span(SECOND),
    };
    Pipeline { run: None, find: Some(find), ..pipeline(url) }
}

fn item(pipeline: Pipeline, timeout: Duration) -> Item {
    let step = Step {
        action: Action::Pipeline(Box::new(pipeline)),
        timeout: Span(timeout),
        confirm: Confirm::Yes,
        on_disconnect: OnDisconnect::Continue,
        undo: None,
    };
    Item { phase: Phase::PreDeployment, manual: None, step: Some(step), ..manual("release") }
}

fn scene(pipeline: Pipeline) -> Scene {
    Scene { trusted: true, ..Scene::default() }.item(item(pipeline, SECOND * 60))
}

async fn started(scene: Scene) -> Flight {
    let flight = scene.start();
    flight.handle.decide(Command::StartStep { item: ItemId::new("release") }, thandi()).await.unwrap();
    flight
}

async fn end_of(flight: &Flight) -> StepEnd {
    let mut states = flight.handle.watch();
    loop {
        let status = states.borrow_and_update().item(&ItemId::new("release")).unwrap().1.step.clone();
        if let Some(StepStatus::Ended { end, .. }) = status.map(|step| step.status) {
            return end;
        }
        tokio::time::timeout(Duration::from_secs(60), states.changed()).await.expect("it ends").unwrap();
    }
}

async fn ends(pipeline: Pipeline) -> StepEnd {
    end_of(&started(scene(pipeline)).await).await
}

fn run(status: &str, conclusion: Json) -> Json {
    json!({ "status": status, "conclusion": conclusion, "sha": COMMIT, "url": "https://ci.example/runs/7" })
}

/// Triggered as run 7, queued, running, and then as it should.
fn usual(path: &str, _: &str, before: usize) -> Option<(u16, Json)> {
    Some(match (path, before) {
        ("/trigger", _) => (201, json!({ "id": 7 })),
        ("/runs/7", 0) => (200, run("queued", Json::Null)),
        ("/runs/7", 1) => (200, run("in_progress", Json::Null)),
        ("/runs/7", _) => (200, run("completed", "success".into())),
        _ => (404, Json::Null),
    })
}

#[tokio::test]
async fn a_run_is_triggered_once_followed_and_seen_to_succeed() {
    let (service, url) = Service::start(usual);
    let flight = started(scene(pipeline(&url))).await;
    assert_eq!(end_of(&flight).await, StepEnd::Succeeded(SafeText::from_foreign("run 7 success")));
    assert_eq!(service.count("/trigger"), 1);
    let events = flight.disk.events();
    let kinds: Vec<&str> = events
        .iter()
        .filter_map(|event| match &event.body {
            Body::Step(StepEvent::Intended { .. }) => Some("intended"),
            Body::Step(StepEvent::Started { .. }) => Some("started"),
            Body::Step(StepEvent::Elsewhere { link: None, .. }) => Some("run known"),
            Body::Step(StepEvent::Elsewhere { .. }) => Some("link known"),
            Body::Step(StepEvent::Ended { .. }) => Some("ended"),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, ["intended", "started", "run known", "link known", "ended"]);
    let state = flight.replayed();
    let step = state.item(&ItemId::new("release")).unwrap().1.step.as_ref().unwrap();
    let said: Vec<&str> = step.output.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(said, ["triggered: 201", "run 7: queued", "run 7: in_progress", "run 7: success"]);
}

#[tokio::test]
async fn a_run_without_a_name_is_found_by_the_id_that_was_sent_along() {
    let asked = Arc::new(Mutex::new(String::new()));
    let own = Arc::clone(&asked);
    let (service, url) = Service::start(move |path, body, before| {
        Some(match (path, before) {
            ("/trigger", _) => {
                own.lock().unwrap().push_str(serde_json::from_str::<Json>(body).unwrap()["id"].as_str().unwrap());
                (204, Json::Null)
            }
            // Not there yet; then among others.
            ("/runs", 0) => (200, json!({ "runs": [{ "id": 6, "title": "deploy golive-other-1" }] })),
            ("/runs", _) => {
                let title = format!("deploy {}", own.lock().unwrap());
                (200, json!({ "runs": [{ "id": 6, "title": "deploy" }, { "id": 7, "title": title }] }))
            }
            _ => return usual(path, body, 9),
        })
    });
    assert!(matches!(ends(found(&url)).await, StepEnd::Succeeded(_)));
    assert_eq!(service.count("/trigger"), 1);
    assert!(asked.lock().unwrap().starts_with("golive-01ARZ3NDEKTSV4RRFFQ69G5FAV-"), "its own in all sessions");
}

#[tokio::test]
async fn how_a_run_ends_is_how_the_step_ends() {
    let ended = |conclusion: &str| {
        let conclusion = Json::from(conclusion);
        move |path: &str, body: &str, _: usize| match path {
            "/runs/7" => Some((200, run("completed", conclusion.clone()))),
            _ => usual(path, body, 0),
        }
    };
    let (_, url) = Service::start(ended("failure"));
    let StepEnd::Failed(how) = ends(pipeline(&url)).await else { panic!("it did not fail") };
    assert_eq!(how.as_str(), "run 7 ended: failure (https://ci.example/runs/7)");
    // A state that the plan does not know is no end: the time runs out, and the run may go on.
    let (_, url) = Service::start(ended("action_required"));
    let scene = Scene { trusted: true, ..Scene::default() }.item(item(pipeline(&url), SECOND));
    let StepEnd::Unknown(why) = end_of(&started(scene).await).await else { panic!("it is known") };
    assert!(why.as_str().starts_with("its time is over: run 7 (action_required) may go on"), "{why}");
}

#[tokio::test]
async fn a_run_of_another_commit_is_never_a_success() {
    for (sha, says) in [
        (json!("b52e8d1c7e0b5c6f1a2b3c4d5e6f708192a3b4c5"), "it is of commit b52e8d1"),
        (Json::Null, "it does not say which commit it is of"),
    ] {
        let (_, url) = Service::start(move |path, body, _| match path {
            "/runs/7" => Some((200, json!({ "status": "completed", "conclusion": "success", "sha": sha }))),
            _ => usual(path, body, 0),
        });
        let StepEnd::Failed(how) = ends(pipeline(&url)).await else { panic!("it was taken") };
        assert!(how.as_str().contains(says), "{how}");
    }
}

#[tokio::test]
async fn what_was_never_triggered_failed_and_what_may_have_been_is_unknown() {
    let (refusing, url) = Service::start(|_, _, _| Some((422, json!({ "message": "no ref main" }))));
    let StepEnd::Failed(how) = ends(pipeline(&url)).await else { panic!("it was taken") };
    assert_eq!(how.as_str(), "was refused: 422: no ref main");
    assert_eq!(refusing.count("/trigger"), 1);
    // Nobody listens: nothing can have begun.
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let StepEnd::Failed(how) = ends(pipeline(&format!("http://{gone}"))).await else { panic!("it was taken") };
    assert!(how.as_str().starts_with("was not triggered: "), "{how}");
    // It broke down over the request: a run may have begun.
    let (broken, url) = Service::start(|_, _, _| Some((502, Json::Null)));
    assert!(matches!(ends(pipeline(&url)).await, StepEnd::Unknown(_)));
    assert_eq!(broken.count("/trigger"), 1, "it was triggered again");
    // Where it can be looked for, that says so.
    let (_, url) = Service::start(|path, _, _| match path {
        "/trigger" => Some((502, Json::Null)),
        _ => Some((200, json!({ "runs": [] }))),
    });
    let StepEnd::Unknown(why) = ends(found(&url)).await else { panic!("it is known") };
    assert_eq!(why.as_str(), "no run with this step's id was found within 1s");
}

#[tokio::test]
async fn a_service_that_is_not_to_be_had_for_a_while_is_asked_again() {
    let (service, url) = Service::start(|path, body, before| match (path, before) {
        ("/runs/7", 0) => Some((503, json!({ "message": "maintenance" }))),
        ("/runs/7", 1) => Some((200, json!({ "no": "state" }))),
        _ => usual(path, body, before),
    });
    assert!(matches!(ends(pipeline(&url)).await, StepEnd::Succeeded(_)));
    assert_eq!((service.count("/trigger"), service.count("/runs/7")), (1, 3));
}

/// A service whose run never ends by itself.
fn endless(path: &str, body: &str, _: usize) -> Option<(u16, Json)> {
    usual(path, body, 1)
}

async fn until_followed(flight: &Flight) {
    let mut states = flight.handle.watch();
    let followed = states.wait_for(|state| {
        let step = state.item(&ItemId::new("release")).unwrap().1.step.as_ref();
        step.is_some_and(|step| step.output.iter().any(|line| line.text.as_str().contains("in_progress")))
    });
    tokio::time::timeout(Duration::from_secs(60), followed).await.expect("it is followed").unwrap();
}

async fn stop(flight: &Flight) -> StepEnd {
    until_followed(flight).await;
    flight.handle.decide(Command::StopStep { item: ItemId::new("release") }, thandi()).await.unwrap();
    end_of(flight).await
}

#[tokio::test]
async fn a_run_is_stopped_where_the_plan_says_how_and_else_left_alone_and_said() {
    let (_, url) = Service::start(endless);
    let flight = started(scene(pipeline(&url))).await;
    let StepEnd::Unknown(why) = stop(&flight).await else { panic!("it is known") };
    assert!(why.as_str().contains("may go on (https://ci.example/runs/7)"), "{why}");

    let cancelled = Arc::new(Mutex::new(false));
    let (service, url) = Service::start(move |path, body, _| match path {
        "/runs/7/cancel" => {
            *cancelled.lock().unwrap() = true;
            Some((202, Json::Null))
        }
        "/runs/7" if *cancelled.lock().unwrap() => Some((200, run("completed", "cancelled".into()))),
        _ => endless(path, body, 0),
    });
    let cancel = Some(call(&url, "/runs/{{ pipeline.run }}/cancel"));
    let flight = started(scene(Pipeline { cancel, ..pipeline(&url) })).await;
    assert_eq!(stop(&flight).await, StepEnd::Stopped);
    assert_eq!(service.count("/runs/7/cancel"), 1);
}

/// The next golive on what an earlier one left in the journal.
async fn again(flight: Flight, scene: Scene) -> Flight {
    flight.handle.quit();
    flight.ended.await.unwrap().unwrap();
    let disk = flight.disk.clone();
    scene.begin(disk.resumed(), disk)
}

#[tokio::test]
async fn after_a_restart_the_run_is_followed_again_and_not_triggered_again() {
    let over = Arc::new(Mutex::new(false));
    let ends = Arc::clone(&over);
    let (service, url) = Service::start(move |path, body, _| match path {
        "/runs/7" if *ends.lock().unwrap() => usual(path, body, 9),
        _ => endless(path, body, 0),
    });
    let flight = started(scene(pipeline(&url))).await;
    until_followed(&flight).await;
    *over.lock().unwrap() = true;
    let flight = again(flight, scene(pipeline(&url))).await;
    assert!(matches!(end_of(&flight).await, StepEnd::Succeeded(_)));
    assert_eq!(service.count("/trigger"), 1);
    // Nobody has allowed this plan here: no credential of it goes anywhere.
    let untrusted = Scene::default().item(item(pipeline(&url), SECOND * 60));
    let (service, url) = Service::start(endless);
    let flight = started(scene(pipeline(&url))).await;
    until_followed(&flight).await;
    let asked = service.count("/runs/7");
    let flight = again(flight, untrusted).await;
    assert!(matches!(end_of(&flight).await, StepEnd::Unknown(_)));
    assert!(service.count("/runs/7") <= asked + 1, "it was asked all the same");
}

#[tokio::test]
async fn a_trigger_that_was_never_answered_is_looked_for_or_unknown() {
    // The trigger hangs: golive ends over it.
    let hangs = |find: bool| {
        move |path: &str, body: &str, before: usize| match path {
            "/trigger" => None,
            "/runs" if find => {
                let own = "golive-01ARZ3NDEKTSV4RRFFQ69G5FAV-1";
                Some((200, json!({ "runs": [{ "id": 7, "title": own }] })))
            }
            _ => usual(path, body, before),
        }
    };
    let triggered = |service: Service| async move {
        while service.count("/trigger") == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (service, url) = Service::start(hangs(true));
    let flight = started(scene(found(&url))).await;
    triggered(service.clone()).await;
    let flight = again(flight, scene(found(&url))).await;
    assert!(matches!(end_of(&flight).await, StepEnd::Succeeded(_)), "it is found by its own id");
    assert_eq!(service.count("/trigger"), 1);
    assert!(service.sent("/trigger")[0].contains("golive-01ARZ3NDEKTSV4RRFFQ69G5FAV-1"));

    let (service, url) = Service::start(hangs(false));
    let flight = started(scene(pipeline(&url))).await;
    triggered(service.clone()).await;
    let flight = again(flight, scene(pipeline(&url))).await;
    let StepEnd::Unknown(why) = end_of(&flight).await else { panic!("it is known") };
    assert!(why.as_str().contains("whether a run was begun is not known"), "{why}");
    assert_eq!(service.count("/trigger"), 1);
}
