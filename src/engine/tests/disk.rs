//! A disk that fails: never a better verdict, never a decision half done, and on by itself when it is back.

use super::*;
use crate::core::decide::Command;
use crate::core::event::{Body, ItemEvent};
use crate::core::verdict::{Answer, Inquiry, Scope, verdict};
use crate::model::word::Question;

fn answer(state: &State) -> Answer {
    verdict(state, &Inquiry { question: Question::Deploy, scope: Scope::Machines }, clock()).answer()
}

fn note(text: &str) -> Command {
    Command::Note { subject: None, text: text.to_owned() }
}

fn scene() -> Scene {
    Scene::default().check(check("api", SECOND), |run| if run < 4 { passes(run) } else { fails(run) })
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_is_hold_and_refuses_decisions() {
    let flight = scene().start();
    assert_eq!(answer(&*flight.after(SECOND).await), Answer::Go);
    flight.disk.full(true);
    let state = flight.after(SECOND * 2).await;
    assert_eq!(answer(&state), Answer::Hold);
    let refused = flight.handle.decide(note("onwards"), thandi()).await.unwrap_err();
    assert!(refused.what.contains("no space left on device"), "{}", refused.what);
    assert!(!serde_json::to_string(&flight.disk.events()).unwrap().contains("onwards"));
}

#[tokio::test(start_paused = true)]
async fn results_are_taken_while_the_disk_fails() {
    let flight = scene().start();
    flight.after(SECOND).await;
    flight.disk.full(true);
    let state = flight.after(SECOND * 6).await;
    assert_eq!(outcome(&state, "api"), Some(Outcome::Fail));
    assert_eq!(answer(&state), Answer::NoGo, "HOLD at least: what is known to be worse stays worse");
}

#[tokio::test(start_paused = true)]
async fn golive_goes_on_when_the_disk_is_back_and_nothing_is_missing() {
    let flight = scene().start();
    flight.after(SECOND).await;
    flight.disk.full(true);
    flight.after(SECOND * 6).await;
    flight.disk.full(false);
    let state = flight.after(SECOND * 2).await;
    assert!(state.trouble().is_none());
    flight.handle.decide(note("onwards"), thandi()).await.unwrap();
    let (shown, replayed) = (Arc::clone(&flight.handle.watch().borrow()), flight.replayed());
    assert_eq!(of(&replayed, "api").runs, of(&shown, "api").runs);
    assert_eq!(of(&replayed, "api").episode.as_ref().unwrap().when, of(&shown, "api").episode.as_ref().unwrap().when);
    let told = flight.disk.events().into_iter().any(|event| match event.body {
        Body::Item(ItemEvent::Noted { text, .. }) => text.as_str().starts_with("the journal could not be written"),
        _ => false,
    });
    assert!(told, "the outage is on record");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_back_is_found_without_any_result() {
    let flight = Scene::default().item(manual("backup")).start();
    flight.after(SECOND).await;
    flight.disk.full(true);
    flight.handle.decide(note("lost"), thandi()).await.unwrap_err();
    flight.disk.full(false);
    let state = flight.after(SECOND * 2).await;
    assert!(state.trouble().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_decision_finds_a_disk_that_is_just_back() {
    let flight = Scene::default().item(manual("backup")).start();
    flight.disk.full(true);
    flight.handle.decide(note("lost"), thandi()).await.unwrap_err();
    flight.disk.full(false);
    flight.handle.decide(note("kept"), thandi()).await.unwrap();
}

/// A storage whose disk hangs in each append until it is let go.
#[derive(Debug)]
struct Hanging {
    disk: Disk,
    go_on: std::sync::mpsc::Receiver<()>,
}

impl Storage for Hanging {
    fn append(&mut self, batch: &[&Event]) -> Result<Vec<Stored>, StorageError> {
        self.go_on.recv().map_err(|_| StorageError("gone".to_owned()))?;
        self.disk.append(batch)
    }

    fn read(&mut self, from: u64, limit: usize) -> Result<Vec<(Stored, Event)>, StorageError> {
        self.disk.read(from, limit)
    }

    fn head(&mut self) -> Result<Head, StorageError> {
        self.disk.head()
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_is_hold_until_it_answers_and_the_decision_stands() {
    let (let_go, go_on) = std::sync::mpsc::channel();
    let disk = Disk::default();
    let journal = Journal::over(Hanging { disk: disk.clone(), go_on });
    let flight = Scene::default().item(manual("backup")).start_with(journal, disk);
    let_go.send(()).unwrap();
    let mut states = flight.handle.watch();
    let decided = flight.handle.decide(note("onwards"), thandi());
    let shown = async {
        states.wait_for(|state| state.trouble().is_some()).await.unwrap();
        assert_eq!(answer(&states.borrow()), Answer::Hold);
        // The decision, and what may be left of the opening.
        (0..3).for_each(|_| let_go.send(()).unwrap());
    };
    let (decided, ()) = tokio::join!(decided, shown);
    decided.unwrap();
    assert!(flight.handle.watch().borrow().trouble().is_none());
    assert!(serde_json::to_string(&flight.disk.events()).unwrap().contains("onwards"));
}

#[tokio::test(start_paused = true)]
async fn quitting_does_not_wait_for_a_dead_disk() {
    let (let_go, go_on) = std::sync::mpsc::channel();
    let disk = Disk::default();
    let journal = Journal::over(Hanging { disk: disk.clone(), go_on });
    let flight = Scene::default().item(manual("backup")).start_with(journal, disk);
    flight.after(SECOND).await;
    flight.handle.quit();
    let ended = flight.ended.await.unwrap();
    assert_eq!(ended.unwrap_err().to_string(), "the disk does not answer");
    drop(let_go);
}
