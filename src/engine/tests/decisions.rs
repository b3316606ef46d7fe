//! Decisions: on disk before anybody sees them, one at a time, redacted.

use super::*;
use crate::core::decide::Command;
use crate::core::event::{Body, ItemEvent};
use crate::core::verdict::{Answer, Inquiry, Scope, verdict};
use crate::engine::headless;
use crate::model::word::Question;

fn sign(item: &str) -> Command {
    Command::Sign { item: ItemId::new(item), note: None }
}

fn signed(state: &State, item: &str) -> bool {
    !state.item(&ItemId::new(item)).unwrap().1.signatures.is_empty()
}

#[tokio::test(start_paused = true)]
async fn a_decision_is_on_disk_before_it_is_seen() {
    let flight = Scene::default().item(manual("backup")).start();
    let mut states = flight.handle.watch();
    let decided = flight.handle.decide(sign("backup"), thandi());
    let seen = async {
        loop {
            states.changed().await.unwrap();
            let kept = signed(&flight.replayed(), "backup");
            if signed(&states.borrow(), "backup") {
                return kept;
            }
        }
    };
    let (answer, kept) = tokio::join!(decided, seen);
    answer.unwrap();
    assert!(kept, "when it was seen, it was kept");
}

#[tokio::test(start_paused = true)]
async fn an_answered_decision_is_in_the_state_that_is_shown() {
    let flight = Scene::default().item(manual("backup")).start();
    flight.handle.decide(sign("backup"), thandi()).await.unwrap();
    assert!(signed(&flight.handle.watch().borrow(), "backup"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_why_and_leaves_no_trace() {
    let flight = Scene::default().item(manual("backup")).start();
    flight.handle.decide(sign("backup"), thandi()).await.unwrap();
    let before = flight.disk.events().len();
    let refused = flight.handle.decide(sign("backup"), thandi()).await.unwrap_err();
    assert_eq!(refused.what, "thandi has signed backup already");
    assert_eq!(flight.disk.events().len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_decision_takes_along_the_results_that_wait() {
    let flight = Scene::default().check(check("a", SECOND * 60), takes(SECOND)).item(manual("backup")).start();
    flight.after(SECOND + Duration::from_millis(5)).await;
    let before = flight.disk.commits();
    flight.handle.decide(sign("backup"), thandi()).await.unwrap();
    assert_eq!(flight.disk.commits(), before + 1);
    let events = flight.disk.events();
    let [.., result, signature] = events.as_slice() else { panic!("{events:?}") };
    assert!(matches!(result.body, Body::Check(_)) && signature.is_decision());
}

#[tokio::test(start_paused = true)]
async fn what_golive_knows_already_counts_before_it_is_shown() {
    let flight = Scene::default().check(check("api", SECOND * 2), |run| {
        Box::pin(async move {
            tokio::time::sleep(SECOND).await;
            if run == 0 { Evidence::pass("200") } else { failed() }
        })
    });
    let flight = flight.item(Item { phase: Phase::Deployment, ..manual("watch_traffic") }).start();
    flight.after(SECOND * 2).await;
    // The second run fails; until its result is flushed, the screen still shows a GO.
    let mut shown = flight.handle.watch();
    while of(&shown.borrow(), "api").running.is_none() {
        shown.changed().await.unwrap();
    }
    let ends = of(&shown.borrow(), "api").running.unwrap().since.up + SECOND;
    tokio::time::sleep(ends.saturating_sub(clock().up) + Duration::from_millis(2)).await;
    assert_eq!(outcome(&shown.borrow(), "api"), Some(Outcome::Pass));
    let refused = flight.handle.decide(Command::BeginDeployment, thandi()).await.unwrap_err();
    assert!(refused.what.contains("NO-GO"), "{}", refused.what);
}

#[tokio::test(start_paused = true)]
async fn a_secret_in_a_note_or_an_answer_reaches_no_event() {
    let secret = format!("FAKE-{}", "s3cret-value-of-a-test");
    let told = secret.clone();
    let redactor = Redactor::new([(Arc::from("api_secret"), secret.clone().into())]);
    let scene = Scene { redactor, ..Scene::default() };
    let flight = scene
        .check(check("leaks", SECOND), move |_| {
            let told = told.clone();
            Box::pin(async move { Evidence::pass(&format!("got {told}")).fact("body", &told) })
        })
        .start();
    flight.after(SECOND).await;
    let note = Command::Note { subject: None, text: format!("the key is {secret}") };
    flight.handle.decide(note, thandi()).await.unwrap();
    let kept = serde_json::to_string(&flight.disk.events()).unwrap();
    assert!(!kept.contains(&secret) && kept.contains("the key is ‹api_secret›") && kept.contains("got ‹api_secret›"));
}

#[tokio::test(start_paused = true)]
async fn a_session_goes_on_where_it_stood() {
    let scene = || Scene::default().check(check("api", SECOND), passes).item(manual("backup"));
    let first = scene().start();
    first.after(SECOND).await;
    first.handle.decide(sign("backup"), thandi()).await.unwrap();
    first.handle.quit();
    first.ended.await.unwrap().unwrap();
    let second = scene().begin(first.disk.resumed(), first.disk.clone());
    let state = second.after(SECOND).await;
    assert!(signed(&state, "backup"));
    assert!(of(&state, "api").runs >= 2, "everything due runs");
    let effects: Vec<_> = second.disk.events().iter().map(|event| event.id).collect();
    let mut unique = effects.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), effects.len(), "no id is given twice");
}

#[tokio::test(start_paused = true)]
async fn a_waiver_ends_by_an_event_of_its_own() {
    let flight = Scene::default().item(manual("backup")).start();
    let until = clock().after(SECOND * 90).at;
    let subject = crate::core::event::Subject::Item(ItemId::new("backup"));
    let waive = Command::Waive { subject, reason: "restored by hand".to_owned(), until };
    flight.handle.decide(waive, thandi()).await.unwrap();
    flight.after(SECOND * 89).await;
    let ended = |flight: &Flight| {
        flight.disk.events().iter().any(|event| matches!(event.body, Body::Item(ItemEvent::WaiverEnded { .. })))
    };
    assert!(!ended(&flight));
    flight.after(SECOND * 2).await;
    assert!(ended(&flight), "time alone woke the engine");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_go_ends_with_it() {
    let flight = Scene::default()
        .check(check("late", SECOND), |run| if run < 5 { fails(run) } else { passes(run) })
        .item(Item { checks: vec![CheckId::new("late")], manual: None, ..manual("api_up") })
        .start();
    let inquiry = Inquiry { question: Question::Deploy, scope: Scope::Machines };
    assert!(!headless::until_go(&flight.handle, &inquiry, clock, SECOND * 2, Answer::permits).await);
    assert!(headless::until_go(&flight.handle, &inquiry, clock, SECOND * 20, Answer::permits).await);
    let state = Arc::clone(&flight.handle.watch().borrow());
    assert_eq!(verdict(&state, &inquiry, clock()).answer(), Answer::Go);
}
