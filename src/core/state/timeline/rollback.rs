//! The sentences of the rollback, of rehearsals, and of what people agreed on.

use std::time::Duration;

use crate::core::event::{CeremonyEvent, PollWord, ProcedureEvent, RehearsalEvent};
use crate::core::state::timeline::{Mark, step};
use crate::model::duration;
use crate::model::id::ItemId;

type Line = (Mark, String, String);

pub(super) fn procedure(body: &ProcedureEvent) -> Option<Line> {
    let (mark, text) = match body {
        ProcedureEvent::Recommended { reasons } => {
            let reasons = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            (Mark::Bad, format!("rollback recommended: {reasons}"))
        }
        ProcedureEvent::RecommendationWithdrawn => (Mark::Good, "rollback no longer recommended".to_owned()),
        ProcedureEvent::Begun { reasons } => {
            let reasons = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            let why = if reasons.is_empty() { String::new() } else { format!(": {reasons}") };
            (Mark::Decision, format!("rollback begun{why}"))
        }
        ProcedureEvent::Step(body) => {
            return step(&body.clone().about(|id| ItemId::new(id.as_str())));
        }
        ProcedureEvent::VerificationBegan { .. } => (Mark::Plain, "all steps done, the old version is verified".into()),
        ProcedureEvent::RolledBack { verified: true } => (Mark::Good, "rolled back and verified".to_owned()),
        ProcedureEvent::RolledBack { verified: false } => (Mark::Look, "rolled back, verified by no check".to_owned()),
        ProcedureEvent::Failed { why, .. } => (Mark::Bad, format!("rollback failed: {why}")),
    };
    Some((mark, "rollback".to_owned(), text))
}

pub(super) fn rehearsal(body: &RehearsalEvent) -> Line {
    let RehearsalEvent::Known(record) = body;
    let (mark, text) = match &record.failed {
        None => (Mark::Good, format!("rehearsed ({}) in {}", record.grade.word(), in_short(record.took.0))),
        Some(why) => (Mark::Look, format!("rehearsal failed: {why}")),
    };
    (mark, "rollback".to_owned(), text)
}

pub(super) fn ceremony(body: &CeremonyEvent) -> Line {
    match body {
        CeremonyEvent::Polled { role, word, reason } => {
            let why = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            let mark = if *word == PollWord::NoGo { Mark::Bad } else { Mark::Decision };
            (mark, "poll".to_owned(), format!("{role}: {}{why}", word.words()))
        }
        CeremonyEvent::Held { reason } => (Mark::Decision, "hold".to_owned(), format!("held: {reason}")),
        CeremonyEvent::WindowOpened => (Mark::Good, "window".to_owned(), "the window is open".to_owned()),
        CeremonyEvent::WindowClosed => (Mark::Look, "window".to_owned(), "the window is closed".to_owned()),
        CeremonyEvent::HoldLifted => (Mark::Decision, "hold".to_owned(), "lifted: it goes on".to_owned()),
    }
}

/// How long something took, as people say it.
fn in_short(took: Duration) -> String {
    if took < Duration::from_secs(10) {
        format!("{} ms", took.as_millis())
    } else {
        duration::written(Duration::from_secs(took.as_secs()))
    }
}
