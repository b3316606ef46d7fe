//! The events of a session that rules can count, by the names that rules give them.

use crate::core::event::{Body, CheckEvent, ItemEvent, SessionEvent, StepEnd, StepEvent};
use crate::core::state::State;
use crate::model::word::Outcome;

/// The names that `count("…", window)` knows beside the checks.
pub const COUNTED: [&str; 7] = [
    "credential_changed",
    "gate_closed",
    "objection",
    "plan_changed",
    "signature_struck_out",
    "step_failed",
    "tool_failed",
];

/// Which of them an event is, told before it is applied.
pub(super) fn which(state: &State, body: &Body) -> Option<usize> {
    let name = match body {
        Body::Session(SessionEvent::CredentialSeen(seen)) => {
            let before = state.session.credentials.get(&seen.id)?;
            (before.fingerprint != seen.fingerprint).then_some("credential_changed")
        }
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
        Body::Session(_)
        | Body::Item(_)
        | Body::Step(_)
        | Body::Check(_)
        | Body::Alert(_)
        | Body::Procedure(_)
        | Body::Rehearsal(_)
        | Body::Ceremony(_) => None,
    };
    name.and_then(|name| COUNTED.iter().position(|known| *known == name))
}
