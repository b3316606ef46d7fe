//! The poll of roles, and holds.

use crate::core::decide::{Refusal, written};
use crate::core::event::{Body, CeremonyEvent, PollWord};
use crate::core::state::State;
use crate::model::text::SafeText;

pub(super) fn poll(state: &State, role: &str, word: PollWord, reason: Option<&String>) -> Result<Body, Refusal> {
    let roles = &state.plan().ceremony.roles;
    let Some(role) = roles.iter().find(|known| known.eq_ignore_ascii_case(role.trim())) else {
        return Err(match roles.is_empty() {
            true => Refusal::new("the plan asks no roles").instead("add [poll] roles = [\"release\", \"payments\"]"),
            false => Refusal::new(format!("the plan has no role {}", role.trim()))
                .instead(format!("there are: {}", roles.join(", "))),
        });
    };
    let reason = reason.filter(|reason| !reason.trim().is_empty());
    if word != PollWord::Go && reason.is_none() {
        return Err(Refusal::new(format!(
            "{} needs a reason",
            if word == PollWord::NoGo { "a no-go" } else { "an abstention" }
        )));
    }
    let reason = reason.map(|reason| written(reason, "a reason")).transpose()?;
    Ok(Body::Ceremony(CeremonyEvent::Polled { role: SafeText::from_foreign(role), word, reason }))
}

pub(super) fn hold(state: &State, reason: &str) -> Result<Body, Refusal> {
    if let Some(hold) = &state.ceremony().hold {
        return Err(Refusal::new(format!("it is held already by {}: {}", hold.by, hold.reason)));
    }
    Ok(Body::Ceremony(CeremonyEvent::Held { reason: written(reason, "a hold")? }))
}

pub(super) fn lift_hold(state: &State) -> Result<Body, Refusal> {
    match state.ceremony().hold {
        Some(_) => Ok(Body::Ceremony(CeremonyEvent::HoldLifted)),
        None => Err(Refusal::new("nothing is held")),
    }
}
