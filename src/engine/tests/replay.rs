//! The promise behind resume and replay: whatever checks do, people decide and disks refuse, what the journal folds to
//! is what was shown.

use proptest::prelude::*;

use super::*;
use crate::core::decide::Command;
use crate::core::event::Subject;
use crate::core::verdict::{Inquiry, Scope, verdict};
use crate::model::word::Question;

/// How long the flight takes, in seconds.
const LENGTH: u64 = 30;

#[derive(Clone, Debug)]
struct Script {
    /// Interval in milliseconds and what each run finds, over and over.
    checks: Vec<(u64, Vec<u8>)>,
    /// From which second on the disk is full, and for how many.
    outages: Vec<(u64, u64)>,
    /// In which second a person does what.
    decisions: Vec<(u64, u8)>,
}

fn scripts() -> impl Strategy<Value = Script> {
    let check = (300_u64..4_000, proptest::collection::vec(0_u8..5, 1..6));
    let checks = proptest::collection::vec(check, 1..5);
    let outages = proptest::collection::vec((0..LENGTH, 1_u64..6), 0..3);
    let decisions = proptest::collection::vec((0..LENGTH, 0_u8..4), 0..8);
    (checks, outages, decisions).prop_map(|(checks, outages, decisions)| Script { checks, outages, decisions })
}

fn finds(what: u8) -> Looking<'static> {
    Box::pin(async move {
        match what {
            0 => Evidence::pass("one thing").material("version", "1"),
            1 => Evidence::pass("another thing").material("version", "2"),
            2 => Evidence::warn("to look at"),
            3 => failed(),
            _ => panic!("a fault"),
        }
    })
}

fn command(what: u8) -> Command {
    let item = ItemId::new("backup");
    match what {
        0 => Command::Sign { item, note: None },
        1 => Command::TakeBackSignature { item },
        2 => Command::Waive {
            subject: Subject::Check(CheckId::new("c0")),
            reason: "known".to_owned(),
            until: clock().after(SECOND * 4).at,
        },
        _ => Command::RunAgain { checks: vec![CheckId::new("c0")] },
    }
}

async fn fly(script: &Script) -> (Arc<State>, State) {
    let mut scene = Scene::default();
    for (number, (every, found)) in script.checks.iter().cloned().enumerate() {
        let check = check(&format!("c{number}"), Duration::from_millis(every));
        scene = scene.check(check, move |run| finds(found[run % found.len()]));
    }
    let item = Item { checks: vec![CheckId::new("c0")], ..manual("backup") };
    let flight = scene.item(item).start();
    for second in 0..LENGTH {
        flight.disk.full(script.outages.iter().any(|(from, length)| (*from..from + length).contains(&second)));
        for (_, what) in script.decisions.iter().filter(|(at, _)| *at == second) {
            let _ = flight.handle.decide(command(*what), thandi()).await;
        }
        tokio::time::sleep(SECOND).await;
    }
    flight.disk.full(false);
    flight.after(SECOND * 3).await;
    flight.handle.quit();
    flight.ended.await.unwrap().unwrap();
    let shown = Arc::clone(&flight.handle.watch().borrow());
    (shown, State::fold(&flight.disk.events()).unwrap())
}

/// All that matters of a state, in words.
fn told(state: &State) -> Vec<String> {
    let mut told = Vec::new();
    for (check, known) in state.checks() {
        let episode = known.episode.as_ref().map(|episode| (episode.effect, episode.since));
        let latest = known.latest.as_ref().map(|latest| (latest.effect, latest.since, latest.evidence.outcome));
        let conclusive = known.conclusive.as_ref().map(|latest| latest.effect);
        told.push(format!("{} {latest:?} {conclusive:?} {episode:?} {} {:?}", check.id, known.runs, known.waiver));
    }
    for (item, known) in state.items() {
        told.push(format!("{} {:?} {:?}", item.id, known.signatures, known.waiver));
    }
    let inquiry = Inquiry { question: Question::Deploy, scope: Scope::All };
    told.push(verdict(state, &inquiry, clock()).answer().words().to_owned());
    told
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_journal_folds_to_what_was_shown(script in scripts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (shown, replayed) = runtime.block_on(fly(&script));
        let _guard = runtime.enter();
        // A run that was dropped at the end is not in the journal; the verdict of one that ran before is.
        prop_assert_eq!(told(&shown), told(&replayed));
    }
}
