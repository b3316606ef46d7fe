//! What happened, in sentences: the events that people want to read, without the repeats that they do not.

use jiff::Timestamp;

use crate::core::event::{
    Body, CheckEvent, Event, ItemEvent, RotationEvent, RotationStep, SessionEvent, StepEnd, StepEvent, Subject,
    WatchEvent,
};
use crate::core::state::State;
use crate::model::operator::Actor;
use crate::model::word::Outcome;

/// How many entries the screen can scroll back through; the journal has them all.
pub(super) const KEPT: usize = 2_000;

/// One line of the timeline.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: Actor,
    /// Its tone.
    pub mark: Mark,
    /// What it is about, as its id.
    pub subject: String,
    /// What happened.
    pub text: String,
}

/// The tone of an entry: it chooses glyph and colour, never the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Something is good now.
    Good,
    /// Something to look at.
    Look,
    /// Something is bad now.
    Bad,
    /// A person decided.
    Decision,
    /// It happened, no more.
    Plain,
}

/// The entry for an event, told before it is applied; `None` for what nobody wants to read.
pub(super) fn entry(state: &State, event: &Event) -> Option<Entry> {
    let (mark, subject, text) = match &event.body {
        Body::Session(body) => session(state, body)?,
        Body::Check(body) => check(state, body)?,
        Body::Item(body) => item(body),
        Body::Step(body) => step(body)?,
        Body::Rotation(body) => rotation(body),
        Body::Watch(body) => watch(body)?,
    };
    Some(Entry { at: event.at, actor: event.actor.clone(), mark, subject, text })
}

fn session(state: &State, body: &SessionEvent) -> Option<(Mark, String, String)> {
    let (mark, text) = match body {
        SessionEvent::Opened { .. } => (Mark::Plain, "session opened".to_owned()),
        SessionEvent::Resumed { host } => (Mark::Plain, format!("session resumed on {host}")),
        SessionEvent::PlanChanged { .. } => (Mark::Look, "the plan changed".to_owned()),
        SessionEvent::PhaseOpened { phase } => (Mark::Plain, format!("{} opened", phase.word().replace('_', "-"))),
        SessionEvent::GateOpened => (Mark::Decision, "gate opened: traffic may come".to_owned()),
        SessionEvent::GateClosed { reason } => (Mark::Decision, format!("gate closed: {reason}")),
        SessionEvent::Closed => (Mark::Decision, "go-live closed".to_owned()),
        SessionEvent::Aborted { reason } => (Mark::Decision, format!("go-live aborted: {reason}")),
        // The first sight of a credential is no news, and a change of it is told by the watch or by its rotation.
        SessionEvent::CredentialSeen(_) => return None,
    };
    Some((mark, state.plan.service.name.clone(), text))
}

fn check(state: &State, body: &CheckEvent) -> Option<(Mark, String, String)> {
    match body {
        CheckEvent::Finished(finished) => {
            let (_, before) = state.check(&finished.check)?;
            let outcome = finished.evidence.outcome;
            if before.outcome() == Some(outcome) || (before.outcome().is_none() && outcome == Outcome::Pass) {
                return None;
            }
            let mark = match outcome {
                Outcome::Pass => Mark::Good,
                Outcome::Warn | Outcome::Error => Mark::Look,
                Outcome::Fail => Mark::Bad,
            };
            Some((mark, finished.check.to_string(), format!("{outcome}: {}", finished.evidence.summary)))
        }
        CheckEvent::Demanded { checks } => {
            let names = checks.iter().map(ToString::to_string).collect::<Vec<_>>();
            let subject = if names.len() == 1 { names[0].clone() } else { format!("{} checks", names.len()) };
            Some((Mark::Plain, subject, "asked to run again".to_owned()))
        }
        CheckEvent::Started { .. } | CheckEvent::Observed { .. } => None,
    }
}

fn item(body: &ItemEvent) -> (Mark, String, String) {
    match body {
        ItemEvent::Signed { item, note, .. } => {
            let text = note.as_ref().map_or_else(|| "signed off".to_owned(), |note| format!("signed off: {note}"));
            (Mark::Decision, item.to_string(), text)
        }
        ItemEvent::Unsigned { item } => (Mark::Decision, item.to_string(), "signature taken back".to_owned()),
        ItemEvent::Reopened { item, why } => (Mark::Look, item.to_string(), format!("opened again: {why}")),
        ItemEvent::Objected { item, reason } => (Mark::Decision, item.to_string(), format!("objection: {reason}")),
        ItemEvent::ObjectionWithdrawn { item } => (Mark::Decision, item.to_string(), "objection withdrawn".to_owned()),
        ItemEvent::Waived { subject, reason, until } => {
            (Mark::Decision, name(subject), format!("waived until {}: {reason}", until.strftime("%F %H:%M UTC")))
        }
        ItemEvent::WaiverEnded { subject, why } => (Mark::Look, name(subject), format!("waiver ended: {why}")),
        ItemEvent::Claimed { item } => (Mark::Decision, item.to_string(), "claimed".to_owned()),
        ItemEvent::Noted { subject, text } => {
            (Mark::Decision, subject.as_ref().map_or_else(|| "note".to_owned(), name), text.to_string())
        }
        ItemEvent::SoakStarted { item } => (Mark::Plain, item.to_string(), "quiet time began".to_owned()),
        ItemEvent::SoakBroken { item, by } => (Mark::Look, item.to_string(), format!("quiet time broken by {by}")),
        ItemEvent::Soaked { item } => (Mark::Good, item.to_string(), "quiet time passed".to_owned()),
    }
}

fn step(body: &StepEvent) -> Option<(Mark, String, String)> {
    Some(match body {
        StepEvent::Intended { item, .. } => (Mark::Decision, item.to_string(), "step started".to_owned()),
        StepEvent::StopAsked { item, .. } => (Mark::Decision, item.to_string(), "stop asked for".to_owned()),
        StepEvent::WaitsForInput { item, waits: true, .. } => {
            (Mark::Look, item.to_string(), "step waits for input".to_owned())
        }
        StepEvent::Ended { item, end, .. } => {
            let (mark, text) = match end {
                StepEnd::Succeeded(how) => (Mark::Good, format!("step succeeded: {how}")),
                StepEnd::Failed(how) => (Mark::Bad, format!("step failed: {how}")),
                StepEnd::TimedOut => (Mark::Bad, "step took too long and was stopped".to_owned()),
                StepEnd::Stopped => (Mark::Bad, "step stopped".to_owned()),
                StepEnd::Unknown(why) => (Mark::Look, format!("nobody knows how the step ended: {why}")),
            };
            (mark, item.to_string(), text)
        }
        StepEvent::Started { .. } | StepEvent::Output { .. } | StepEvent::WaitsForInput { .. } => return None,
    })
}

fn rotation(body: &RotationEvent) -> (Mark, String, String) {
    let (mark, text) = match &body.step {
        RotationStep::Begun { .. } => (Mark::Decision, "rotation begun".to_owned()),
        RotationStep::Refused { why } => {
            let why = why.first().map(ToString::to_string).unwrap_or_default();
            (Mark::Look, format!("rotation over, nothing was changed: {why}"))
        }
        RotationStep::Validated { new, .. } => {
            (Mark::Plain, format!("new value {} keeps every rule, {} characters", new.masked, new.length))
        }
        RotationStep::Distributing => (Mark::Plain, "distributing the new value".to_owned()),
        RotationStep::Distributed => (Mark::Plain, "the new value is distributed".to_owned()),
        RotationStep::Verifying { checks } => {
            (Mark::Plain, format!("verifying the new value with {} checks", checks.len()))
        }
        RotationStep::Verified => (Mark::Good, "the new value is verified; the old one waits to be retired".to_owned()),
        RotationStep::Withdrawing { why } => (Mark::Look, format!("putting the old value back: {why}")),
        RotationStep::PutBack => (Mark::Look, "the old value is in force again".to_owned()),
        RotationStep::NotPutBack { why } => (Mark::Bad, format!("the old value could not be put back: {why}")),
        RotationStep::Retiring => (Mark::Decision, "the old value may go".to_owned()),
        RotationStep::Retired { how } => (Mark::Good, format!("rotated; the old value is retired: {how}")),
        RotationStep::NotRetired { why } => (Mark::Bad, format!("the old value is not retired: {why}")),
    };
    (mark, body.credential.to_string(), text)
}

fn watch(body: &WatchEvent) -> Option<(Mark, String, String)> {
    Some(match body {
        WatchEvent::SourceChanged { file, how, own, values, .. } => {
            let mark = if *own || values.is_empty() { Mark::Plain } else { Mark::Look };
            let by = if *own { " by the rotation" } else { "" };
            (mark, file.to_string(), format!("{how}{by}"))
        }
        WatchEvent::FingerprintChanged { credential, from, to } => {
            let to = to.as_ref().map_or_else(|| "gone".to_owned(), ToString::to_string);
            (Mark::Bad, credential.to_string(), format!("changed under the session: fingerprint {from} → {to}"))
        }
        WatchEvent::FingerprintRestored { credential } => {
            (Mark::Good, credential.to_string(), "is again what it was".to_owned())
        }
        WatchEvent::ModeOpened { file, from, to } => {
            (Mark::Bad, file.to_string(), format!("opened: mode {from} → {to}"))
        }
        WatchEvent::ModeClosed { file, mode } => (Mark::Good, file.to_string(), format!("closed again: mode {mode}")),
        WatchEvent::Acknowledged { what } => (Mark::Decision, what.to_string(), "acknowledged".to_owned()),
        // The check's own line tells it.
        WatchEvent::Denied { .. } => return None,
    })
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Item(item) => item.to_string(),
        Subject::Check(check) => check.to_string(),
    }
}
