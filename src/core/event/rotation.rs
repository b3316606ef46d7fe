//! Rotations of credentials: each step of the walk, journalled before it acts. Never a value.

use serde::{Deserialize, Serialize};

use crate::model::id::{CheckId, CredentialId, EffectId};
use crate::model::text::SafeText;

/// One step of one walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RotationEvent {
    /// Which credential.
    pub credential: CredentialId,
    /// The walk's number.
    pub effect: EffectId,
    /// What happened.
    pub step: RotationStep,
}

/// What happened in a walk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotationStep {
    /// A person began it. Nothing has been changed.
    Begun {
        /// Where the new value comes from.
        obtain: Obtain,
    },
    /// There is no new value, or it breaks a rule: nothing was changed, and the walk is over.
    Refused {
        /// Why, worst first.
        why: Vec<SafeText>,
    },
    /// The new value keeps every rule of its credential.
    Validated {
        /// What may be known of it.
        new: NewValue,
        /// Where it will be written.
        places: Vec<SafeText>,
    },
    /// It is written next; each place keeps the old one beside it.
    Distributing,
    /// It is everywhere.
    Distributed,
    /// These checks have to pass with it.
    Verifying {
        /// Which; none where nothing in the plan uses it.
        checks: Vec<CheckId>,
    },
    /// They pass. The old value waits to be retired.
    Verified,
    /// The old value is put back next.
    Withdrawing {
        /// Why.
        why: SafeText,
    },
    /// The old value is in force again everywhere, and the walk is over.
    PutBack,
    /// The old value could not be put back everywhere: it has to be done by hand, or tried again.
    NotPutBack {
        /// Why.
        why: SafeText,
    },
    /// A person gave their word for the old value's end; where the plan names a command it runs next.
    Retiring,
    /// The old value is no longer good for anything, and the walk is over.
    Retired {
        /// How: a command's end, or a person's word.
        how: SafeText,
    },
    /// The old value could not be retired; it can be tried again.
    NotRetired {
        /// Why.
        why: SafeText,
    },
}

/// Where a new value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obtain {
    /// A person gave it.
    Given,
    /// golive made it up.
    Generated,
    /// The plan's command prints it.
    Command,
}

/// What may be known of a new value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewValue {
    /// `••••7Q2M`, or `••••` for short ones.
    pub masked: SafeText,
    /// Characters.
    pub length: usize,
    /// Keyed, short.
    pub fingerprint: SafeText,
}
