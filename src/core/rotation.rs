//! The walk of a rotation, as far as it goes by itself: what follows from where it stands, and what verifies it.

use jiff::Timestamp;

use crate::core::event::{Body, RotationEvent, RotationStep};
use crate::core::resting;
use crate::core::state::{RotationStage, RotationState, State};
use crate::core::status;
use crate::model::id::{CheckId, CredentialId};
use crate::model::plan::{Check, Plan};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::Outcome;

/// What follows by itself from where each walk stands.
pub(super) fn consequences(state: &State, now: Now) -> Vec<Body> {
    let walks = state.rotations().filter(|(_, walk)| walk.is_under_way());
    let next = walks.filter_map(|(id, walk)| {
        let step = if walk.interrupted { after_interruption(walk) } else { by_itself(state, id, walk, now) }?;
        Some(Body::Rotation(RotationEvent { credential: id.clone(), effect: walk.effect, step }))
    });
    next.collect()
}

fn by_itself(state: &State, id: &CredentialId, walk: &RotationState, now: Now) -> Option<RotationStep> {
    match walk.stage {
        RotationStage::Validated => Some(RotationStep::Distributing),
        RotationStage::Distributed => Some(RotationStep::Verifying { checks: verifying(state, id) }),
        RotationStage::Verifying => verified(state, id, walk, now),
        _ => None,
    }
}

/// golive was started again in the middle of a walk. What was being written may be half done: the old value is put
/// back. What was only being looked at is looked at again.
fn after_interruption(walk: &RotationState) -> Option<RotationStep> {
    let ended = |what: &str| SafeText::from_foreign(&format!("golive ended while {what}"));
    match walk.stage {
        RotationStage::Obtaining | RotationStage::Validated => Some(RotationStep::Refused {
            why: vec![ended("the new value was only in its memory: nothing was changed")],
        }),
        RotationStage::Distributing => {
            Some(RotationStep::Withdrawing { why: ended("the new value was being distributed") })
        }
        RotationStage::Distributed | RotationStage::Verifying => {
            Some(RotationStep::Verifying { checks: walk.checks.clone() })
        }
        RotationStage::Retiring => {
            let why = ended("the old value was being retired: nobody knows whether it was");
            Some(RotationStep::NotRetired { why })
        }
        _ => None,
    }
}

/// Whether every check that has to pass does, or the time for it is over.
fn verified(state: &State, id: &CredentialId, walk: &RotationState, now: Now) -> Option<RotationStep> {
    let open: Vec<&CheckId> = walk.checks.iter().filter(|check| !passes(state, check)).collect();
    let Some(first) = open.first() else { return Some(RotationStep::Verified) };
    if deadline(state, id, walk).is_some_and(|deadline| now.at < deadline) {
        return None;
    }
    let saw = state.check(first).and_then(|(_, known)| known.latest.as_ref());
    let saw = saw.map_or_else(|| "no result".to_owned(), |latest| latest.evidence.summary.to_string());
    let more = if open.len() > 1 { format!(" (and {} more)", open.len() - 1) } else { String::new() };
    Some(RotationStep::Withdrawing {
        why: SafeText::bounded(&format!("{first} did not pass with it: {saw}{more}"), 300),
    })
}

fn passes(state: &State, check: &CheckId) -> bool {
    let Some((_, known)) = state.check(check) else { return true };
    let latest = known.latest.as_ref().filter(|latest| !known.is_void(latest.effect));
    latest.is_some_and(|latest| matches!(latest.evidence.outcome, Outcome::Pass | Outcome::Warn))
}

/// Whether a walk waits for this check to pass.
pub(super) fn waits_for(state: &State, check: &CheckId) -> bool {
    let mut waiting = state.rotations().filter(|(_, walk)| walk.stage == RotationStage::Verifying);
    waiting.any(|(_, walk)| walk.checks.contains(check)) && !passes(state, check)
}

/// When the time for verification is over.
fn deadline(state: &State, id: &CredentialId, walk: &RotationState) -> Option<Timestamp> {
    let within = state.plan().credentials.get(id)?.rotation.verify_within.0;
    Some(walk.since.at.saturating_add(within.0).unwrap_or(Timestamp::MAX))
}

/// When time alone moves a walk on.
pub(super) fn next_change(state: &State) -> Option<Timestamp> {
    let verifying = state.rotations().filter(|(_, walk)| walk.stage == RotationStage::Verifying);
    verifying.filter_map(|(id, walk)| deadline(state, id, walk)).min()
}

/// The checks that have to pass with a new value: those that the plan names, or those that use the credential. What
/// cannot run yet, or not here, is left to the time when it can.
fn verifying(state: &State, id: &CredentialId) -> Vec<CheckId> {
    let can_run =
        |check: &&Check| state.session().is_open(check.phase) && !status::is_kept_from_production(state, check);
    let wanted = uses(state.plan(), id);
    let checks = state.plan().checks.iter().filter(|check| wanted.contains(&check.id));
    checks.filter(can_run).map(|check| check.id.clone()).collect()
}

/// The checks of a plan that verify a rotation of this credential.
#[must_use]
pub fn uses(plan: &Plan, id: &CredentialId) -> Vec<CheckId> {
    let Some(credential) = plan.credentials.get(id) else { return Vec::new() };
    if !credential.rotation.verify.is_empty() {
        return credential.rotation.verify.clone();
    }
    let using = plan.checks.iter().filter(|check| check.id == credential.check || makes_use_of(check, id));
    using.map(|check| check.id.clone()).collect()
}

/// Whether a check sends the credential, or compares it with what the application will read.
fn makes_use_of(check: &Check, id: &CredentialId) -> bool {
    let reads = check.options.get("read_as").and_then(serde_json::Value::as_object);
    reads.is_some_and(|reads| reads.contains_key(id.as_str()))
        || check.options.values().any(|value| mentions(value, &format!("credentials.{id}")))
}

/// Whether a text below this value names the credential, alone and not as the beginning of a longer name.
fn mentions(value: &serde_json::Value, name: &str) -> bool {
    match value {
        serde_json::Value::String(text) => resting::mentions(text, name),
        serde_json::Value::Array(items) => items.iter().any(|item| mentions(item, name)),
        serde_json::Value::Object(fields) => fields.values().any(|field| mentions(field, name)),
        _ => false,
    }
}
