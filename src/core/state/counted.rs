//! The events of a session that rules can count, by the names that rules give them.

use crate::core::event::{Body, CheckEvent, ItemEvent, SessionEvent, StepEnd, StepEvent, WatchEvent};
use crate::model::word::Outcome;

/// The names that `count("…", window)` knows beside the checks.
pub const COUNTED: [&str; 10] = [
    "credential_changed",
    "denied",
    "gate_closed",
    "mode_opened",
    "objection",
    "plan_changed",
    "signature_struck_out",
    "source_changed",
    "step_failed",
    "tool_failed",
];

/// Which of them an event is, told before it is applied.
pub(super) fn which(body: &Body) -> Option<usize> {
    let name = match body {
        Body::Session(SessionEvent::GateClosed { .. }) => Some("gate_closed"),
        Body::Session(SessionEvent::PlanChanged { .. }) => Some("plan_changed"),
        Body::Item(ItemEvent::Objected { .. }) => Some("objection"),
        Body::Item(ItemEvent::Reopened { .. }) => Some("signature_struck_out"),
        Body::Step(StepEvent::Ended { end, .. }) => {
            (!matches!(end, StepEnd::Succeeded(_) | StepEnd::Stopped)).then_some("step_failed")
        }
        Body::Check(CheckEvent::Finished(finished)) => {
            (finished.evidence.outcome == Outcome::Error).then_some("tool_failed")
        }
        Body::Watch(body) => watched(body),
        Body::Session(_)
        | Body::Item(_)
        | Body::Step(_)
        | Body::Check(_)
        | Body::Alert(_)
        | Body::Procedure(_)
        | Body::Rehearsal(_)
        | Body::Rotation(_)
        | Body::Ceremony(_) => None,
    };
    name.and_then(|name| COUNTED.iter().position(|known| *known == name))
}

/// What golive itself does to a file is no sign of anybody else.
const fn watched(body: &WatchEvent) -> Option<&'static str> {
    match body {
        WatchEvent::FingerprintChanged { .. } => Some("credential_changed"),
        WatchEvent::SourceChanged { own: false, .. } => Some("source_changed"),
        WatchEvent::ModeOpened { .. } => Some("mode_opened"),
        WatchEvent::Denied { .. } => Some("denied"),
        _ => None,
    }
}
