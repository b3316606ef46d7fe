//! The events of a session that rules can count, by the names that rules give them.

use crate::core::event::{Body, CheckEvent, ItemEvent, NoticeEvent, SessionEvent, StepEnd, StepEvent};
use crate::model::alert::COUNTED;
use crate::model::word::Outcome;

/// Which of them an event is.
pub(super) fn which(body: &Body) -> Option<usize> {
    let name = match body {
        Body::Watch(body) => body.counted(),
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
        Body::Notice(NoticeEvent::DeadLettered { .. }) => Some("notice_lost"),
        Body::Session(_)
        | Body::Item(_)
        | Body::Step(_)
        | Body::Check(_)
        | Body::Rotation(_)
        | Body::Alert(_)
        | Body::Notice(_)
        | Body::Procedure(_)
        | Body::Rehearsal(_)
        | Body::Ceremony(_)
        | Body::Triage(_)
        | Body::Task(_)
        | Body::Enforcement(_) => None,
    };
    name.and_then(|name| COUNTED.iter().position(|known| *known == name))
}
