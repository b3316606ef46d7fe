//! What weighs beside checks and items: the rollback, holds, the poll, windows and freezes.

use jiff::Timestamp;

use crate::core::event::PollWord;
use crate::core::rollback;
use crate::core::state::{Stage, State};
use crate::core::verdict::{Answer, Cause, Reason, Waiting};
use crate::model::time::Now;
use crate::model::word::{Question, Severity};

fn reason(weight: Answer, cause: Cause, message: String, since: Option<Timestamp>) -> Reason {
    Reason { weight, subject: None, severity: Severity::Critical, cause, message, remedy: None, since }
}

/// A rollback is NO-GO while it runs, when it is done, and when it failed (DECISIONS 12).
pub(super) fn procedure(state: &State) -> Option<Reason> {
    let since = state.procedure().begun.as_ref().map(|begun| begun.when.at);
    let no_go = |message: String| reason(Answer::NoGo, Cause::Rollback, message, since);
    match &state.procedure().stage {
        Stage::NotRun => None,
        Stage::Running => Some(no_go(match state.next_rollback_step() {
            Some((step, _)) => format!("rolling back: {}", step.title),
            None => "rolling back".to_owned(),
        })),
        Stage::Verifying { .. } => Some(no_go("rolling back: the old version is being verified".to_owned())),
        Stage::RolledBack { verified, .. } => {
            let mut reason = no_go(match verified {
                true => "rolled back, and the old version seen working".to_owned(),
                false => "rolled back; no check of the plan verifies the old version".to_owned(),
            });
            let left = rollback::half_done(state).iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            reason.remedy = (!left.is_empty()).then(|| format!("by hand: {left}"));
            Some(reason)
        }
        Stage::Failed { why, left, .. } => {
            let mut reason = no_go(format!("the rollback failed: {why}"));
            let left = left.iter().map(ToString::to_string).collect::<Vec<_>>().join(", then ");
            reason.remedy = Some(match left.is_empty() {
                true => "look at the old version; R verifies it again".to_owned(),
                false => format!("left to do: {left}; R tries again from there"),
            });
            Some(reason)
        }
    }
}

/// Holds, the poll, windows and freezes.
pub(super) fn people(state: &State, question: Question, now: Now) -> Vec<Reason> {
    let mut reasons = Vec::new();
    let ceremony = state.ceremony();
    if let Some(hold) = &ceremony.hold {
        let message = format!("held by {}: {}", hold.by, hold.reason);
        reasons.push(reason(Answer::Hold, Cause::Held, message, Some(hold.at)));
    }
    for role in &state.plan().ceremony.roles {
        let said = ceremony.poll.get(role);
        let why = said.and_then(|said| said.reason.as_ref()).map(|why| format!(": {why}")).unwrap_or_default();
        let (weight, message) = match said.map(|said| said.word) {
            None => (Answer::Hold, format!("{role} has not spoken")),
            Some(PollWord::NoGo) => (Answer::NoGo, format!("{role} says no-go{why}")),
            Some(PollWord::Abstain) => (Answer::Go, format!("{role} abstains{why}")),
            Some(PollWord::Go) => continue,
        };
        reasons.push(reason(weight, Cause::Poll, message, said.map(|said| said.at)));
    }
    if question == Question::Deploy {
        reasons.extend(window(state, now));
    }
    reasons
}

/// The roles that have not spoken, and whoever holds the go-live: whose move it is, and since when.
pub(super) fn waiting(state: &State) -> Vec<Waiting> {
    let (planned, ceremony) = (&state.plan().ceremony, state.ceremony());
    let held = ceremony.hold.iter().map(|hold| Waiting {
        subject: None,
        cause: Cause::Held,
        whose: format!("{} (H lets it go on)", hold.by),
        what: format!("held: {}", hold.reason),
        since: hold.at,
    });
    let silent = planned.roles.iter().filter(|role| !ceremony.poll.contains_key(*role));
    let silent = silent.map(|role| Waiting {
        subject: None,
        cause: Cause::Poll,
        whose: match planned.people.iter().find(|(known, _)| known.trim().eq_ignore_ascii_case(role)) {
            Some((_, person)) => format!("{role}: {person}"),
            None => role.clone(),
        },
        what: format!("{role} has not spoken"),
        since: state.session().opened.at,
    });
    held.chain(silent).collect()
}

/// A deployment begins within its window and in no freeze.
fn window(state: &State, now: Now) -> Vec<Reason> {
    let ceremony = &state.plan().ceremony;
    let written = |at: Timestamp| at.strftime("%F %H:%M UTC").to_string();
    let hold = |message: String| reason(Answer::Hold, Cause::Window, message, None);
    let mut reasons = Vec::new();
    if let Some(window) = &ceremony.window {
        if let Some(from) = window.from.filter(|from| now.at < *from) {
            reasons.push(hold(format!("the window opens at {}", written(from))));
        }
        if let Some(until) = window.until.filter(|until| *until <= now.at) {
            reasons.push(hold(format!("the window ended at {}", written(until))));
        }
    }
    for freeze in ceremony.freezes.iter().filter(|freeze| freeze.holds(now.at)) {
        reasons.push(hold(format!("frozen until {}: {}", written(freeze.until), freeze.reason)));
    }
    if reasons.is_empty() && ceremony.has_window() && !state.ceremony().window_open {
        reasons.push(hold("the window was not seen open yet".to_owned()));
    }
    reasons
}

/// The next moment at which a window or a freeze begins or ends.
pub(super) fn next_change(state: &State) -> impl Iterator<Item = Timestamp> {
    let ceremony = &state.plan().ceremony;
    let window = ceremony.window.iter().flat_map(|window| [window.from, window.until]).flatten();
    window.chain(ceremony.freezes.iter().flat_map(|freeze| [freeze.from, freeze.until]))
}
