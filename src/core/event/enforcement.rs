//! Enforcement: the configuration put right on a person's word, and put back.

use serde::{Deserialize, Serialize};

use crate::model::id::{CheckId, EffectId};
use crate::model::text::SafeText;

/// Enforcement: journalled as intent before a file is touched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnforcementEvent {
    /// A person said yes to a diff; nothing has been written yet.
    Intended {
        /// Its number.
        effect: EffectId,
        /// The checks that it is to mend.
        checks: Vec<CheckId>,
        /// The variables that change.
        variables: Vec<SafeText>,
        /// Digest of the texts before and after: only what was shown is written.
        digest: SafeText,
    },
    /// The files are written.
    Written {
        /// Its number.
        effect: EffectId,
        /// Each with its backup.
        files: Vec<WrittenFile>,
    },
    /// Nothing was written, or nothing was put back.
    Failed {
        /// Its number.
        effect: EffectId,
        /// Why.
        why: SafeText,
    },
    /// A person wants it undone.
    UndoIntended {
        /// Which.
        effect: EffectId,
    },
    /// The files are what they were.
    Undone {
        /// Which.
        effect: EffectId,
    },
}

/// A file that enforcement wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenFile {
    /// The file, as the plan names it.
    pub path: SafeText,
    /// What it was, beside it; absent where the file is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<SafeText>,
    /// SHA-256 of what was written, in hex: a file that changed since is not put back.
    pub digest: SafeText,
}
