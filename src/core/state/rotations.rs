//! What is known of each credential's latest rotation: how far the walk is, and how it ended.

use std::sync::Arc;

use jiff::Timestamp;

use crate::core::event::{Event, NewValue, Obtain, RotationEvent, RotationStep};
use crate::core::state::{State, checks};
use crate::model::id::{CheckId, EffectId};
use crate::model::operator::Actor;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// The latest walk of one credential.
#[derive(Clone, Debug)]
pub struct RotationState {
    /// Its number.
    pub effect: EffectId,
    /// Who began it.
    pub by: Actor,
    /// When.
    pub begun: Timestamp,
    /// Where the new value comes from.
    pub obtain: Obtain,
    /// How far it is.
    pub stage: RotationStage,
    /// When it came so far.
    pub since: Now,
    /// What may be known of the new value.
    pub new: Option<NewValue>,
    /// Where it is written.
    pub places: Vec<SafeText>,
    /// The checks that have to pass with it.
    pub checks: Vec<CheckId>,
    /// Why it went the way it did: refused, withdrawn, not retired.
    pub why: Vec<SafeText>,
    /// golive ended while it was under way and was started again.
    pub interrupted: bool,
}

/// How far a walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationStage {
    /// The new value is being obtained and judged.
    Obtaining,
    /// It keeps every rule; nothing has been changed.
    Validated,
    /// It is being written.
    Distributing,
    /// It is everywhere.
    Distributed,
    /// The checks that use it run.
    Verifying,
    /// They pass; the old value waits to be retired.
    Verified,
    /// The old value is being put back.
    Withdrawing,
    /// The old value could not be put back everywhere.
    Stuck,
    /// The old value is being retired.
    Retiring,
    /// Over: the new value is in force, the old one is retired.
    Done,
    /// Over: there was no new value that keeps the rules.
    Refused,
    /// Over: the old value is in force again.
    PutBack,
}

impl RotationStage {
    /// Whether the walk is over.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Refused | Self::PutBack)
    }

    /// Whether files and values change by golive's own doing.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Distributing | Self::Withdrawing)
    }

    /// In words, as people read it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Obtaining => "obtaining the new value",
            Self::Validated => "the new value keeps every rule",
            Self::Distributing => "distributing the new value",
            Self::Distributed => "the new value is distributed",
            Self::Verifying => "verifying with the checks that use it",
            Self::Verified => "verified; the old value waits to be retired",
            Self::Withdrawing => "putting the old value back",
            Self::Stuck => "the old value could not be put back",
            Self::Retiring => "retiring the old value",
            Self::Done => "rotated",
            Self::Refused => "refused, nothing was changed",
            Self::PutBack => "put back, the old value is in force",
        }
    }
}

impl RotationState {
    /// Whether it is under way.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        !self.stage.is_over()
    }

    fn to(&mut self, stage: RotationStage, when: Now) {
        (self.stage, self.since, self.interrupted) = (stage, when, false);
    }
}

pub(super) fn apply(state: &mut State, body: &RotationEvent, event: &Event) {
    state.saw_effect(body.effect);
    let when = event.when();
    if let RotationStep::Begun { obtain } = &body.step {
        let begun = RotationState {
            effect: body.effect,
            by: event.actor.clone(),
            begun: event.at,
            obtain: *obtain,
            stage: RotationStage::Obtaining,
            since: when,
            new: None,
            places: Vec::new(),
            checks: Vec::new(),
            why: Vec::new(),
            interrupted: false,
        };
        state.rotations.insert(body.credential.clone(), Arc::new(begun));
        return;
    }
    let Some(walk) = state.rotations.get_mut(&body.credential).filter(|walk| walk.effect == body.effect) else {
        return;
    };
    // What comes late to a walk that is over, or is being taken back, changes nothing.
    if walk.stage.is_over() || !follows(walk.stage, &body.step) {
        return;
    }
    let walk = Arc::make_mut(walk);
    match &body.step {
        RotationStep::Begun { .. } => {}
        RotationStep::Refused { why } => {
            walk.why.clone_from(why);
            walk.to(RotationStage::Refused, when);
        }
        RotationStep::Validated { new, places } => {
            (walk.new, walk.places) = (Some(new.clone()), places.clone());
            walk.to(RotationStage::Validated, when);
        }
        RotationStep::Distributing => walk.to(RotationStage::Distributing, when),
        RotationStep::Distributed => walk.to(RotationStage::Distributed, when),
        RotationStep::Verifying { checks } => {
            walk.checks.clone_from(checks);
            walk.to(RotationStage::Verifying, when);
        }
        RotationStep::Verified => walk.to(RotationStage::Verified, when),
        RotationStep::Withdrawing { why } => {
            walk.why = vec![why.clone()];
            walk.to(RotationStage::Withdrawing, when);
        }
        RotationStep::PutBack => walk.to(RotationStage::PutBack, when),
        RotationStep::NotPutBack { why } => {
            walk.why.push(why.clone());
            walk.to(RotationStage::Stuck, when);
        }
        RotationStep::Retiring => walk.to(RotationStage::Retiring, when),
        RotationStep::Retired { how } => {
            walk.why = vec![how.clone()];
            walk.to(RotationStage::Done, when);
        }
        RotationStep::NotRetired { why } => {
            walk.why = vec![why.clone()];
            walk.to(RotationStage::Verified, when);
        }
    }
    if let RotationStep::Verifying { checks } = &body.step {
        checks::void(state, checks);
    }
}

/// Whether a step can come at this stage.
const fn follows(stage: RotationStage, step: &RotationStep) -> bool {
    use RotationStage as Stage;
    match step {
        RotationStep::Begun { .. } => false,
        RotationStep::Refused { .. } => matches!(stage, Stage::Obtaining | Stage::Validated),
        RotationStep::Validated { .. } => matches!(stage, Stage::Obtaining),
        RotationStep::Distributing => matches!(stage, Stage::Validated),
        RotationStep::Distributed => matches!(stage, Stage::Distributing),
        RotationStep::Verifying { .. } => matches!(stage, Stage::Distributed | Stage::Verifying),
        RotationStep::Verified => matches!(stage, Stage::Verifying),
        RotationStep::Withdrawing { .. } => !matches!(stage, Stage::Retiring | Stage::Withdrawing),
        RotationStep::PutBack | RotationStep::NotPutBack { .. } => matches!(stage, Stage::Withdrawing),
        RotationStep::Retiring => matches!(stage, Stage::Verified),
        RotationStep::Retired { .. } | RotationStep::NotRetired { .. } => matches!(stage, Stage::Retiring),
    }
}

/// golive was started again: what was under way then is so no more.
pub(super) fn interrupted(state: &mut State) {
    for walk in state.rotations.values_mut().filter(|walk| walk.is_under_way()) {
        Arc::make_mut(walk).interrupted = true;
    }
}
