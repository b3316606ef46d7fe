//! The words of a scenario: what checks, steps and people do, one line each.

use std::time::Duration;

use golive::core::decide::{Command, decide};
use golive::core::event::{
    Body, CheckEvent, Finished, PollWord, ProcedureEvent, RehearsalEvent, StepEnd, StepEvent, Subject,
};
use golive::core::evidence::{Evidence, Measured};
use golive::core::state::{AlertState, Stage, State};
use golive::core::verdict::{Cause, Waiting};
use golive::model::duration;
use golive::model::duration::Span;
use golive::model::failure::{Failure, FailureClass, Recovery};
use golive::model::id::{AlertId, CheckId, ItemId, SessionId};
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::rehearsal::RehearsalRecord;
use golive::model::rollback::Grade;
use golive::model::text::SafeText;
use golive::model::word::{Category, Outcome, Severity};

use crate::scenario::Story;

/// What waits: the item, or `poll`, `hold`; with whose move it is where that is asked for.
pub(crate) fn waits(waiting: &Waiting, with_whose: bool) -> String {
    let name = match (&waiting.subject, &waiting.cause) {
        (Some(subject), _) => name(subject),
        (None, Cause::Poll) => "poll".to_owned(),
        (None, _) => "hold".to_owned(),
    };
    if with_whose { format!("{name} ({})", waiting.whose) } else { name }
}

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

/// The word of an alert, and what stands beside it.
pub(super) fn alert(known: &AlertState) -> String {
    let mut words = known.word().to_owned();
    for (is_so, word) in [
        (known.escalated.is_some() && known.is_firing(), ", escalated"),
        (known.silence.is_some(), ", silenced"),
        (known.held_by.is_some(), ", held back"),
        (known.calm_since.is_some(), ", kept firing"),
    ] {
        words.push_str(if is_so { word } else { "" });
    }
    words
}

/// Lets one line happen. A line that ends in `refused` has to be refused.
pub(crate) fn happen(story: &mut Story, line: &str) -> Result<(), String> {
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
        let took = Duration::from_secs(3);
        if let Some((step, run)) = story.state.rollback_steps().find(|(step, _)| step.id.as_str() == item) {
            let ended = StepEvent::Ended { item: step.id.clone(), effect: run?.effect, end, took };
            return Some(Body::Procedure(ProcedureEvent::Step(ended)));
        }
        let effect = story.state.item(&id)?.1.step.as_ref()?.effect;
        Some(Body::Step(StepEvent::Ended { item: id, effect, end, took }))
    };
    match words {
        [check, "passes"] => Some(finished(story, check, Outcome::Pass, "usual")),
        [check, "passes", "seeing", seen] => Some(finished(story, check, Outcome::Pass, seen)),
        [check, "warns"] => Some(finished(story, check, Outcome::Warn, "usual")),
        [check, "fails"] => Some(finished(story, check, Outcome::Fail, "usual")),
        [check, "measures", number] => {
            let mut body = finished(story, check, Outcome::Pass, "usual");
            if let Body::Check(CheckEvent::Finished(finished)) = &mut body {
                let length = duration::parse(number).ok().map(|length| Measured::Seconds(length.as_secs_f64()));
                finished.evidence.measured = length.or_else(|| number.parse().ok().map(Measured::Number));
            }
            Some(body)
        }
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
        [item, "is", "stopped"] => ended(item, StepEnd::Stopped),
        ["rehearsed", rest @ ..] => Some(rehearsal(story, rest)),
        [item, "succeeds"] => ended(item, StepEnd::Succeeded(SafeText::from_foreign("exit 0"))),
        [item, "breaks"] => ended(item, StepEnd::Failed(SafeText::from_foreign("exit 3"))),
        [item, "is", "lost"] => ended(item, StepEnd::Unknown(SafeText::from_foreign("its supervisor is gone"))),
        _ => None,
    }
}

/// `staging FINGERPRINT in 2m [3d ago] [failing]`
fn rehearsal(story: &Story, words: &[&str]) -> Body {
    let grade = match words[0] {
        "dry" => Grade::Dry,
        "staging" => Grade::Staging,
        _ => Grade::Real,
    };
    let span = |text: &str| Span(duration::parse(text).unwrap());
    let ago = words.iter().position(|word| *word == "ago").map(|at| span(words[at - 1]).0).unwrap_or_default();
    Body::Rehearsal(RehearsalEvent::Known(Box::new(RehearsalRecord {
        id: SessionId::new(&words.join("-")),
        at: story.now.at - ago,
        by: SafeText::from_foreign("sipho"),
        grade,
        fingerprint: words[1].to_owned(),
        took: span(words[3]),
        budget: None,
        steps: Vec::new(),
        failed: words.contains(&"failing").then(|| SafeText::from_foreign("switch: exit 1")),
    })))
}

/// Where the way back stands, in words.
pub(crate) fn stage(state: &State) -> String {
    let step = |status: &str| match state.next_rollback_step() {
        Some((step, _)) => format!("{status} {}", step.id),
        None => status.to_owned(),
    };
    match &state.procedure().stage {
        Stage::NotRun if state.procedure().recommended.is_some() => "recommended".to_owned(),
        Stage::NotRun => "not run".to_owned(),
        Stage::Running => step("running"),
        Stage::Verifying { .. } => "verifying".to_owned(),
        Stage::RolledBack { verified: true, .. } => "verified".to_owned(),
        Stage::RolledBack { verified: false, .. } => "rolled back".to_owned(),
        Stage::Failed { left, .. } => format!("failed, {} left", left.len()),
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
        ["stops", "rollback"] => Command::StopRollback,
        ["stops", item] => Command::StopStep { item: ItemId::new(item) },
        ["is", "on", item] => Command::Claim { item: ItemId::new(item) },
        ["lets", "go", "of", item] => Command::Unclaim { item: ItemId::new(item) },
        ["rolls", "back"] => Command::RollBack { reason: None },
        ["says", word, "for", role] => Command::SayInPoll {
            role: (*role).to_owned(),
            word: match *word {
                "go" => PollWord::Go,
                "no-go" => PollWord::NoGo,
                _ => PollWord::Abstain,
            },
            reason: Some(reason()),
        },
        ["holds"] => Command::Hold { reason: reason() },
        ["goes", "on"] => Command::LiftHold,
        ["begins", "deployment"] => Command::BeginDeployment,
        ["opens", "gate"] => Command::OpenGate,
        ["closes", "gate"] => Command::CloseGate { reason: reason() },
        ["closes", "session"] => Command::CloseSession,
        ["aborts"] => Command::AbortSession { reason: reason() },
        ["acknowledges", id] => Command::Acknowledge { alert: AlertId::new(id), note: None },
        ["takes", "back", "acknowledgement", "of", id] => Command::TakeBackAcknowledgement { alert: AlertId::new(id) },
        ["silences", id, "for", time] => {
            Command::Silence { alert: AlertId::new(id), reason: reason(), until: until(time) }
        }
        ["ends", "silence", "of", id] => Command::EndSilence { alert: AlertId::new(id) },
        ["declares", "lull", "for", time] => Command::DeclareLull { reason: reason(), until: until(time) },
        ["ends", "lull"] => Command::EndLull,
        ["runs", id, "again"] => Command::RunAgain { checks: vec![CheckId::new(id)] },
        _ => return None,
    })
}
