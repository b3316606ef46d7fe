//! What happened, in sentences: the events that people want to read, without the repeats that they do not.

mod credentials;
mod rollback;
mod triage;

use jiff::Timestamp;

use crate::core::event::{
    AlertEvent, Body, CheckEvent, EnforcementEvent, Event, ItemEvent, NoticeEvent, SessionEvent, StepEnd, StepEvent,
    Subject, TaskEvent, TriageEvent,
};
use crate::core::notice::NoticeKey;
use crate::core::state::State;
use crate::model::id::EffectId;
use crate::model::operator::Actor;
use crate::model::text::SafeText;
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
    /// The family of events that it belongs to: `check`, `item`, `alert`, …
    pub family: &'static str,
    /// Whether something is another thing since: what somebody asks for who looks for a cause.
    pub is_change: bool,
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
        Body::Item(ItemEvent::Noted { text, .. }) if event.actor == Actor::Golive => {
            (Mark::Plain, "note".to_owned(), text.to_string())
        }
        Body::Item(body) => item(body),
        Body::Step(body) => step(body)?,
        Body::Enforcement(body) => enforcement(state, body),
        Body::Rotation(body) => credentials::rotation(body),
        Body::Watch(body) => credentials::watch(body)?,
        Body::Alert(body) => alert(state, body)?,
        Body::Notice(body) => notice(state, body)?,
        Body::Procedure(body) => rollback::procedure(body)?,
        Body::Rehearsal(body) => rollback::rehearsal(body),
        Body::Ceremony(body) => rollback::ceremony(body),
        Body::Triage(body) => triage::told(state, body)?,
        Body::Task(body) => task(body),
    };
    let (family, is_change) = (event.body.family(), is_change(&event.body));
    Some(Entry { at: happened(event), actor: event.actor.clone(), mark, family, is_change, subject, text })
}

/// When it happened: what a source tells of the past stands where it belongs.
fn happened(event: &Event) -> Timestamp {
    match &event.body {
        Body::Triage(TriageEvent::Changed(changed)) => changed.happened.map_or(event.at, |at| at.min(event.at)),
        _ => event.at,
    }
}

const fn is_change(body: &Body) -> bool {
    match body {
        Body::Step(_) | Body::Enforcement(_) | Body::Rotation(_) | Body::Watch(_) | Body::Procedure(_) => true,
        Body::Ceremony(_) => true,
        Body::Session(body) => !matches!(body, SessionEvent::Opened { .. } | SessionEvent::Resumed { .. }),
        Body::Item(body) => !matches!(body, ItemEvent::Noted { .. } | ItemEvent::Claimed { .. }),
        Body::Alert(body) => {
            !matches!(body, AlertEvent::Pending { .. } | AlertEvent::Calmed { .. } | AlertEvent::Unevaluable { .. })
        }
        Body::Triage(body) => matches!(body, TriageEvent::Changed(_)),
        Body::Check(_) | Body::Notice(_) | Body::Rehearsal(_) | Body::Task(_) => false,
    }
}

fn session(state: &State, body: &SessionEvent) -> Option<(Mark, String, String)> {
    let (mark, text) = match body {
        SessionEvent::VersionBefore { version } => (Mark::Plain, format!("{version} runs before the go-live")),
        SessionEvent::Opened { .. } => (Mark::Plain, "session opened".to_owned()),
        SessionEvent::Resumed { host } => (Mark::Plain, format!("session resumed on {host}")),
        SessionEvent::PlanChanged { .. } => (Mark::Look, "the plan changed".to_owned()),
        SessionEvent::PhaseOpened { phase } => (Mark::Plain, format!("{} opened", phase.word().replace('_', "-"))),
        SessionEvent::GateOpened => (Mark::Decision, "gate opened: traffic may come".to_owned()),
        SessionEvent::GateClosed { reason } => (Mark::Decision, format!("gate closed: {reason}")),
        SessionEvent::GateKept(kept) => match (&kept.problem, &kept.file) {
            (Some(problem), _) => (Mark::Bad, format!("the gate: {problem}")),
            (None, file) if *file == state.session.gate_kept.file => return None,
            (None, Some(says)) => (Mark::Plain, format!("the gate's file says {says}")),
            (None, None) => return None,
        },
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
        ItemEvent::ClaimEnded { item, why } => (Mark::Plain, item.to_string(), format!("nobody is on it: {why}")),
        ItemEvent::Noted { subject, text } => {
            (Mark::Decision, subject.as_ref().map_or_else(|| "note".to_owned(), name), text.to_string())
        }
        ItemEvent::SoakStarted { item } => (Mark::Plain, item.to_string(), "quiet time began".to_owned()),
        ItemEvent::SoakBroken { item, by } => (Mark::Look, item.to_string(), format!("quiet time broken by {by}")),
        ItemEvent::Soaked { item } => (Mark::Good, item.to_string(), "quiet time passed".to_owned()),
    }
}

fn task(body: &TaskEvent) -> (Mark, String, String) {
    let (mark, check, text) = match body {
        TaskEvent::Opened { check, remedy: Some(remedy), .. } => {
            (Mark::Bad, check, format!("asks for a person: {remedy}"))
        }
        TaskEvent::Opened { check, what, .. } => (Mark::Bad, check, format!("asks for a person: {what}")),
        TaskEvent::Taken { check } => (Mark::Decision, check, "is being seen to".to_owned()),
        TaskEvent::Done { check, note: Some(note) } => (Mark::Decision, check, format!("said to be done: {note}")),
        TaskEvent::Done { check, .. } => (Mark::Decision, check, "said to be done".to_owned()),
        TaskEvent::Closed { check, why } => (Mark::Good, check, format!("asks for nobody any more: {why}")),
    };
    (mark, check.to_string(), text)
}

fn step(body: &StepEvent) -> Option<(Mark, String, String)> {
    Some(match body {
        StepEvent::Intended { item, .. } => (Mark::Decision, item.to_string(), "step started".to_owned()),
        StepEvent::StopAsked { item, .. } => (Mark::Decision, item.to_string(), "stop asked for".to_owned()),
        StepEvent::Elsewhere { item, run, link, .. } => {
            let link = link.as_ref().map(|link| format!(", {link}")).unwrap_or_default();
            (Mark::Plain, item.to_string(), format!("follows run {run}{link}"))
        }
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

fn enforcement(state: &State, body: &EnforcementEvent) -> (Mark, String, String) {
    let words = |names: &[SafeText]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let variables = |effect: EffectId| {
        let known = state.enforcements.iter().rfind(|known| known.effect == effect);
        known.map_or_else(|| "configuration".to_owned(), |known| words(&known.variables))
    };
    match body {
        EnforcementEvent::Intended { variables, .. } => {
            (Mark::Decision, words(variables), "to be put right in the configuration".to_owned())
        }
        EnforcementEvent::Written { effect, files } => {
            let paths: Vec<SafeText> = files.iter().map(|file| file.path.clone()).collect();
            (Mark::Good, variables(*effect), format!("written to {}; what was built before is void", words(&paths)))
        }
        EnforcementEvent::Failed { effect, why } => (Mark::Bad, variables(*effect), format!("not written: {why}")),
        EnforcementEvent::UndoIntended { effect } => {
            (Mark::Decision, variables(*effect), "to be put back to what it was".to_owned())
        }
        EnforcementEvent::Undone { effect } => {
            (Mark::Look, variables(*effect), "put back to what it was; what was built before is void".to_owned())
        }
    }
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
        AlertEvent::Escalated { to, .. } if to.is_empty() => {
            (Mark::Bad, "alert escalated: everybody there is knows of it".to_owned())
        }
        AlertEvent::Escalated { to, .. } => (Mark::Bad, format!("alert escalated to {}", to.join(", "))),
        AlertEvent::Silenced { reason, until: end, .. } => {
            (Mark::Decision, format!("silenced until {}: {reason}", until(end)))
        }
        AlertEvent::SilenceEnded { why, .. } => (Mark::Look, format!("silence ended: {why}")),
        AlertEvent::BaselineKnown { series, from, hours } => {
            (Mark::Plain, format!("baseline of {series} known for {} hours of the day: {from}", hours.len()))
        }
        AlertEvent::LullDeclared { reason, until: end } => {
            (Mark::Decision, format!("lull declared until {}: {reason}", until(end)))
        }
        AlertEvent::LullEnded { why } => (Mark::Look, format!("lull ended: {why}")),
        AlertEvent::Unevaluable { why, .. } => (Mark::Look, format!("rule cannot be evaluated: {why}")),
        AlertEvent::Evaluable { .. } | AlertEvent::KeptFiring { .. } | AlertEvent::HoldsAgain { .. } => return None,
    };
    let subject = body.alert().map_or_else(|| state.plan.service.name.clone(), ToString::to_string);
    Some((mark, subject, text))
}

/// What people want to read of the outbox: what arrived, the first failure, what was given up.
fn notice(state: &State, body: &NoticeEvent) -> Option<(Mark, String, String)> {
    let of = |key: &NoticeKey| state.notices.posted().find(|posted| posted.notice.key == *key);
    Some(match body {
        NoticeEvent::Delivered { key, .. } => {
            let posted = of(key)?;
            (Mark::Plain, posted.notice.to.to_string(), format!("told: {}", posted.notice.headline()))
        }
        NoticeEvent::Failed { key, why, .. } => {
            let posted = of(key).filter(|posted| posted.attempts == 0)?;
            let text = format!("not told yet: {}: {why}", posted.notice.headline());
            (Mark::Look, posted.notice.to.to_string(), text)
        }
        NoticeEvent::DeadLettered { key, why } => {
            let posted = of(key)?;
            (Mark::Bad, posted.notice.to.to_string(), format!("never told: {}: {why}", posted.notice.headline()))
        }
        NoticeEvent::Confirmed { check, notifier } => {
            (Mark::Decision, check.to_string(), format!("the code that went to {notifier} came back"))
        }
        NoticeEvent::Beat { notifier, arrives: true, .. } => {
            (Mark::Good, notifier.to_string(), "the heartbeat arrives".to_owned())
        }
        NoticeEvent::Beat { notifier, arrives: false, why } => {
            (Mark::Bad, notifier.to_string(), format!("the heartbeat does not arrive: {why}"))
        }
        NoticeEvent::Queued(_) => return None,
    })
}

fn name(subject: &Subject) -> String {
    match subject {
        Subject::Item(item) => item.to_string(),
        Subject::Check(check) => check.to_string(),
        Subject::Alert(alert) => alert.to_string(),
        Subject::Notifier(notifier) => notifier.to_string(),
    }
}
