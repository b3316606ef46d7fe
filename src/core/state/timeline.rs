//! What happened, in sentences: the events that people want to read, without the repeats that they do not.

mod credentials;
mod rollback;

use jiff::Timestamp;

use crate::core::event::{AlertEvent, Body, CheckEvent, Event, ItemEvent, SessionEvent, StepEnd, StepEvent, Subject};
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
        Body::Rotation(body) => credentials::rotation(body),
        Body::Watch(body) => credentials::watch(body)?,
        Body::Alert(body) => alert(state, body)?,
        Body::Procedure(body) => rollback::procedure(body)?,
        Body::Rehearsal(body) => rollback::rehearsal(body),
        Body::Ceremony(body) => rollback::ceremony(body),
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

fn alert(state: &State, body: &AlertEvent) -> Option<(Mark, String, String)> {
    let until = |until: &Timestamp| until.strftime("%F %H:%M UTC").to_string();
    let (mark, text) = match body {
        AlertEvent::Pending { value, threshold, .. } => (Mark::Look, format!("alert pending: {value} {threshold}")),
        AlertEvent::Calmed { .. } => (Mark::Plain, "alert calmed before it fired".to_owned()),
        AlertEvent::Fired { value, threshold, held_by: Some(by), .. } => {
            (Mark::Bad, format!("alert firing: {value} {threshold}; its cause is told by {by}"))
        }
        AlertEvent::Fired { value, threshold, .. } => (Mark::Bad, format!("alert firing: {value} {threshold}")),
        AlertEvent::HeldBack { by, .. } => (Mark::Plain, format!("notices held back: its cause is told by {by}")),
        AlertEvent::Released { .. } => (Mark::Look, "still fires without its cause: told now".to_owned()),
        AlertEvent::Resolved { .. } => (Mark::Good, "alert resolved".to_owned()),
        AlertEvent::Acknowledged { note: Some(note), .. } => (Mark::Decision, format!("alert acknowledged: {note}")),
        AlertEvent::Acknowledged { .. } => (Mark::Decision, "alert acknowledged".to_owned()),
        AlertEvent::Unacknowledged { .. } => (Mark::Decision, "acknowledgement taken back".to_owned()),
        AlertEvent::Escalated { to, .. } => (Mark::Bad, format!("alert escalated to {}", to.join(", "))),
        AlertEvent::Silenced { reason, until: end, .. } => {
            (Mark::Decision, format!("silenced until {}: {reason}", until(end)))
        }
        AlertEvent::SilenceEnded { why, .. } => (Mark::Look, format!("silence ended: {why}")),
        AlertEvent::FreezeDeclared { reason, until: end } => {
            (Mark::Decision, format!("freeze declared until {}: {reason}", until(end)))
        }
        AlertEvent::FreezeEnded { why } => (Mark::Look, format!("freeze ended: {why}")),
        AlertEvent::Unevaluable { why, .. } => (Mark::Look, format!("rule cannot be evaluated: {why}")),
        AlertEvent::Evaluable { .. } | AlertEvent::KeptFiring { .. } | AlertEvent::HoldsAgain { .. } => return None,
    };
    let subject = body.alert().map_or_else(|| state.plan.service.name.clone(), ToString::to_string);
    Some((mark, subject, text))
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Item(item) => item.to_string(),
        Subject::Check(check) => check.to_string(),
        Subject::Alert(alert) => alert.to_string(),
    }
}
