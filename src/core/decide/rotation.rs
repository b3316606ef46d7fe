//! A rotation's doors: begin it, take it back, let the old value go. And what the watch saw, taken on oneself.

use crate::core::decide::Refusal;
use crate::core::event::{Body, Obtain, RotationEvent, RotationStep, WatchEvent};
use crate::core::state::{RotationStage, RotationState, State};
use crate::model::id::CredentialId;
use crate::model::operator::Operator;
use crate::model::plan::Credential;
use crate::model::text::SafeText;

fn find<'a>(state: &'a State, id: &CredentialId) -> Result<&'a Credential, Refusal> {
    let credential = state.plan().credentials.get(id);
    credential.ok_or_else(|| Refusal::new(format!("the plan has no credential {id}")))
}

fn walk<'a>(state: &'a State, id: &CredentialId) -> Result<&'a RotationState, Refusal> {
    find(state, id)?;
    let walk = state.rotation(id).filter(|walk| walk.is_under_way());
    walk.ok_or_else(|| Refusal::new(format!("no rotation of {id} is under way")))
}

fn event(credential: &CredentialId, walk: &RotationState, step: RotationStep) -> Body {
    Body::Rotation(RotationEvent { credential: credential.clone(), effect: walk.effect, step })
}

pub(super) fn begin(state: &State, id: &CredentialId, is_given: bool) -> Result<Body, Refusal> {
    let credential = find(state, id)?;
    if let Some(walk) = state.rotation(id).filter(|walk| walk.is_under_way()) {
        return Err(Refusal::new(format!("a rotation of {id} is under way: {}", walk.stage.words()))
            .instead("bring it to its end, or abort it"));
    }
    let obtain = match &credential.rotation {
        _ if is_given => Obtain::Given,
        rotation if rotation.obtain.is_some() => Obtain::Command,
        rotation if rotation.generate.is_some() => Obtain::Generated,
        _ => {
            return Err(Refusal::new(format!("nobody says where the new value of {id} comes from"))
                .instead("type it, or name rotation = { generate = 40 } or { obtain = [ … ] } in the plan"));
        }
    };
    let (credential, effect) = (id.clone(), state.next_effect());
    Ok(Body::Rotation(RotationEvent { credential, effect, step: RotationStep::Begun { obtain } }))
}

pub(super) fn abort(state: &State, id: &CredentialId, by: &Operator) -> Result<Body, Refusal> {
    let walk = walk(state, id)?;
    let why = SafeText::from_foreign(&format!("aborted by {}", by.id));
    let step = match walk.stage {
        RotationStage::Obtaining | RotationStage::Validated => RotationStep::Refused { why: vec![why] },
        RotationStage::Withdrawing => {
            return Err(Refusal::new(format!("the old value of {id} is being put back already")));
        }
        RotationStage::Retiring => {
            return Err(Refusal::new(format!("the old value of {id} is being retired: there is no way back"))
                .instead("wait for its end"));
        }
        _ => RotationStep::Withdrawing { why },
    };
    Ok(event(id, walk, step))
}

pub(super) fn retire(state: &State, id: &CredentialId) -> Result<Body, Refusal> {
    let walk = walk(state, id)?;
    match walk.stage {
        RotationStage::Verified => Ok(event(id, walk, RotationStep::Retiring)),
        RotationStage::Retiring => Err(Refusal::new(format!("the old value of {id} is being retired already"))),
        stage => Err(Refusal::new(format!("the old value of {id} is still needed: {}", stage.words()))
            .instead("wait until the new one is verified, or abort")),
    }
}

pub(super) fn acknowledge(state: &State, what: &str) -> Result<Body, Refusal> {
    if state.watched().of(what).is_none() {
        return Err(Refusal::new(format!("nothing stands of {what}")));
    }
    Ok(Body::Watch(WatchEvent::Acknowledged { what: SafeText::from_foreign(what) }))
}
