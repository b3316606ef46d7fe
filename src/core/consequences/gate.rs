//! The gate's own rules, where the plan has them (DECISIONS 15). Without one only a person moves it.

use crate::core::event::{Body, Purpose, SessionEvent};
use crate::core::state::State;
use crate::core::status;
use crate::core::verdict::{self, Answer, Inquiry, Scope};
use crate::model::plan::Opening;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::{Outcome, Phase, Question};

/// `opens = "on_go"`: once in a go-live, on a plain GO to `open`. What was closed again is for a person to open, and
/// nothing opens while the go-live is held.
pub(super) fn opens(state: &State, now: Now) -> Option<Body> {
    let session = state.session();
    let moved = session.gate_opened.is_some() || session.gate_closed.is_some();
    let begun = session.is_open(Some(Phase::Deployment));
    let is_ruled =
        state.plan().gate.opens == Opening::OnGo && matches!(session.purpose, Purpose::GoLive | Purpose::Demo);
    if !is_ruled || moved || !begun || state.ceremony().hold.is_some() {
        return None;
    }
    let inquiry = Inquiry { question: Question::Open, scope: Scope::All };
    let is_go = verdict::verdict(state, &inquiry, now).answer() == Answer::Go;
    is_go.then_some(Body::Session(SessionEvent::GateOpened))
}

/// `closes_on`: an open gate is closed when one of these checks fails, and the reason names it.
pub(super) fn closes(state: &State, now: Now) -> Option<Body> {
    state.session().gate_opened?;
    let failing = state.plan().gate.closes_on.iter().find_map(|id| {
        let (check, known) = state.check(id)?;
        let failed = known.latest.as_ref().filter(|latest| latest.evidence.outcome == Outcome::Fail)?;
        let waived = status::is_waived(known.waiver.as_ref(), check.waivable, now);
        (!waived).then(|| format!("by the plan's rule closes_on: {id}: {}", failed.evidence.summary))
    })?;
    Some(Body::Session(SessionEvent::GateClosed { reason: SafeText::bounded(&failing, 300) }))
}
