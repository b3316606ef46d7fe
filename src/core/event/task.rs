//! Tasks for people: what a failure asks for that no retry mends.

use serde::{Deserialize, Serialize};

use crate::model::id::CheckId;
use crate::model::text::SafeText;

/// Tasks for people. A check has one at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskEvent {
    /// A failure asks for a person; or what a person did did not mend it.
    Opened {
        /// The check that fails.
        check: CheckId,
        /// What it saw.
        what: SafeText,
        /// What to do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remedy: Option<SafeText>,
    },
    /// A person is on it.
    Taken {
        /// The check.
        check: CheckId,
    },
    /// A person says that it is done. Whether it is, the check says.
    Done {
        /// The check.
        check: CheckId,
        /// What they did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<SafeText>,
    },
    /// Nobody has to do anything any more.
    Closed {
        /// The check.
        check: CheckId,
        /// Why: seen good, or accepted.
        why: SafeText,
    },
}
