//! The words of a scenario: what checks, steps and people do, one line each.

use std::time::Duration;

use golive::core::decide::{Command, decide};
use golive::core::event::{Body, CheckEvent, Finished, StepEnd, StepEvent, Subject};
use golive::core::evidence::Evidence;
use golive::model::duration;
use golive::model::failure::{Failure, FailureClass, Recovery};
use golive::model::id::{CheckId, ItemId};
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::text::SafeText;
use golive::model::word::{Category, Outcome, Severity};

use crate::scenario::Story;

pub(crate) fn name(subject: &Subject) -> String {
    match subject {
        Subject::Item(id) => id.to_string(),
        Subject::Check(id) => id.to_string(),
        Subject::Alert(id) => id.to_string(),
        Subject::Notifier(id) => id.to_string(),
    }
}

/// Evidence of an outcome; `seen` is its one material fact.
pub(crate) fn evidence(outcome: Outcome, seen: &str) -> Evidence {
    let failure = |class| Failure {
        class,
        category: Category::System,
        severity: Severity::Critical,
        impact: SafeText::from_foreign("customers cannot pay"),
        recovery: Recovery::Retry,
    };
    let evidence = match outcome {
        Outcome::Pass => Evidence::pass("as it should be"),
        Outcome::Warn => Evidence::warn("nearly as it should be"),
        Outcome::Fail => Evidence::fail(failure(FailureClass::Status), "not as it should be"),
        Outcome::Error => Evidence::error(failure(FailureClass::Local), "could not find out"),
    };
    evidence.material("seen", seen)
}

pub(crate) fn finished(story: &Story, check: &str, outcome: Outcome, seen: &str) -> Body {
    Body::Check(CheckEvent::Finished(Box::new(Finished {
        check: CheckId::new(check),
        effect: story.state.next_effect(),
        lateness: Duration::ZERO,
        took: Duration::from_millis(20),
        evidence: evidence(outcome, seen),
    })))
}

/// Lets one line happen. A line that ends in `refused` has to be refused.
pub(super) fn happen(story: &mut Story, line: &str) -> Result<(), String> {
    let (line, refused) = match line.strip_suffix(" refused") {
        Some(line) => (line, true),
        None => (line, false),
    };
    let words: Vec<&str> = line.split_whitespace().collect();
    if let Some(body) = by_itself(story, &words) {
        story.happens(Actor::Golive, body);
        return Ok(());
    }
    match words.as_slice() {
        ["the", "journal", "breaks"] => story.state.set_trouble(Some(SafeText::from_foreign("disk full"))),
        ["the", "journal", "is", "back"] => story.state.set_trouble(None),
        [person, rest @ ..] => {
            let by = Operator::new(person, Provenance::Os);
            let command = command(story, rest).ok_or("nobody knows these words")?;
            match (decide(&story.state, &command, &by, story.now), refused) {
                (Ok(bodies), false) => {
                    for body in bodies {
                        story.happens(Actor::Operator(by.clone()), body);
                    }
                }
                (Ok(_), true) => return Err("was allowed and should have been refused".into()),
                (Err(_), true) => {}
                (Err(refusal), false) => return Err(format!("refused: {refusal}")),
            }
        }
        [] => return Err("an empty line".into()),
    }
    Ok(())
}

fn by_itself(story: &Story, words: &[&str]) -> Option<Body> {
    let ended = |item: &str, end: StepEnd| {
        let id = ItemId::new(item);
        let effect = story.state.item(&id)?.1.step.as_ref()?.effect;
        Some(Body::Step(StepEvent::Ended { item: id, effect, end, took: Duration::from_secs(3) }))
    };
    match words {
        [check, "passes"] => Some(finished(story, check, Outcome::Pass, "usual")),
        [check, "passes", "seeing", seen] => Some(finished(story, check, Outcome::Pass, seen)),
        [check, "warns"] => Some(finished(story, check, Outcome::Warn, "usual")),
        [check, "fails"] => Some(finished(story, check, Outcome::Fail, "usual")),
        [check, "errs"] => Some(finished(story, check, Outcome::Error, "usual")),
        [check, "starts", "running"] => {
            let effect = story.state.next_effect();
            Some(Body::Check(CheckEvent::Started { check: CheckId::new(check), effect }))
        }
        [item, "runs"] => {
            let id = ItemId::new(item);
            let effect = story.state.item(&id)?.1.step.as_ref()?.effect;
            Some(Body::Step(StepEvent::Started { item: id, effect }))
        }
        [item, "succeeds"] => ended(item, StepEnd::Succeeded(SafeText::from_foreign("exit 0"))),
        [item, "breaks"] => ended(item, StepEnd::Failed(SafeText::from_foreign("exit 3"))),
        [item, "is", "lost"] => ended(item, StepEnd::Unknown(SafeText::from_foreign("its supervisor is gone"))),
        _ => None,
    }
}

fn command(story: &Story, words: &[&str]) -> Option<Command> {
    let reason = || "known and accepted".to_owned();
    let until = |text: &str| story.now.at + duration::parse(text).unwrap();
    Some(match words {
        ["signs", item] => Command::Sign { item: ItemId::new(item), note: None },
        ["takes", "back", item] => Command::TakeBackSignature { item: ItemId::new(item) },
        ["objects", "to", item] => Command::Object { item: ItemId::new(item), reason: reason() },
        ["withdraws", "from", item] => Command::WithdrawObjection { item: ItemId::new(item) },
        ["waives", "check", id, "for", time] => {
            Command::Waive { subject: Subject::Check(CheckId::new(id)), reason: reason(), until: until(time) }
        }
        ["waives", "item", id, "for", time] => {
            Command::Waive { subject: Subject::Item(ItemId::new(id)), reason: reason(), until: until(time) }
        }
        ["ends", "waiver", "of", "check", id] => Command::EndWaiver { subject: Subject::Check(CheckId::new(id)) },
        ["starts", item] => Command::StartStep { item: ItemId::new(item) },
        ["stops", item] => Command::StopStep { item: ItemId::new(item) },
        ["begins", "deployment"] => Command::BeginDeployment,
        ["opens", "gate"] => Command::OpenGate,
        ["closes", "gate"] => Command::CloseGate { reason: reason() },
        ["closes", "session"] => Command::CloseSession,
        ["aborts"] => Command::AbortSession { reason: reason() },
        ["runs", id, "again"] => Command::RunAgain { checks: vec![CheckId::new(id)] },
        _ => return None,
    })
}
