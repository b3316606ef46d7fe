//! The rollback procedure: recommended, begun, its steps, the verification of the old version, the end.

use serde::{Deserialize, Serialize};

use crate::core::event::StepEvent;
use crate::model::id::{EffectId, RollbackStepId};
use crate::model::text::SafeText;

/// The rollback procedure. Its steps run by the same machinery as those of items.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcedureEvent {
    /// What the plan names as triggers has stood long enough.
    Recommended {
        /// What.
        reasons: Vec<SafeText>,
    },
    /// None of it stands any more.
    RecommendationWithdrawn,
    /// It was begun, or begun again where it failed: what succeeded stays done.
    Begun {
        /// Why, in the person's words or the triggers'.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        reasons: Vec<SafeText>,
    },
    /// One of its steps.
    Step(StepEvent<RollbackStepId>),
    /// All steps succeeded: results of runs with a higher number say whether the old version works.
    VerificationBegan {
        /// The number.
        effect: EffectId,
    },
    /// The old version is back.
    RolledBack {
        /// Whether checks saw it work; the plan may name none.
        verified: bool,
    },
    /// It did not come to its end.
    Failed {
        /// Why.
        why: SafeText,
        /// What is left to do by hand, in order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        left: Vec<SafeText>,
    },
}
