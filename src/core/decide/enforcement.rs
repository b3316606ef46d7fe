//! Writing into the configuration, and putting it back: one at a time, and only what was shown.

use crate::core::decide::Refusal;
use crate::core::event::{Body, EnforcementEvent};
use crate::core::state::State;
use crate::model::id::{CheckId, EffectId};
use crate::model::text::SafeText;

pub(super) fn enforce(
    state: &State,
    checks: &[CheckId],
    variables: &[String],
    digest: &SafeText,
) -> Result<Body, Refusal> {
    idle(state)?;
    if variables.is_empty() || digest.is_empty() {
        return Err(Refusal::new("nothing was shown that could be written"));
    }
    if let Some(unknown) = checks.iter().find(|id| state.check(id).is_none()) {
        return Err(Refusal::new(format!("the plan has no check {unknown}")));
    }
    Ok(Body::Enforcement(EnforcementEvent::Intended {
        effect: state.next_effect(),
        checks: checks.to_vec(),
        variables: variables.iter().map(|name| SafeText::bounded(name, 120)).collect(),
        digest: digest.clone(),
    }))
}

pub(super) fn undo(state: &State, effect: EffectId) -> Result<Body, Refusal> {
    idle(state)?;
    let known = state.enforcements().iter().rfind(|known| known.effect == effect);
    if known.and_then(|known| known.written()).is_none() {
        return Err(Refusal::new("there is nothing written that could be put back"));
    }
    Ok(Body::Enforcement(EnforcementEvent::UndoIntended { effect }))
}

fn idle(state: &State) -> Result<(), Refusal> {
    if state.enforcements().iter().any(|known| known.is_under_way()) {
        return Err(Refusal::new("the configuration is being written already").instead("try again in a moment"));
    }
    Ok(())
}
