//! What a failure asks people to do, and what its service can go on without.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::text::SafeText;

/// What a service goes on without.
#[derive(Clone, Debug, Serialize)]
pub struct DegradationEntry {
    /// What customers go without.
    pub without: String,
    /// The feature flags to turn off.
    pub flags: Vec<String>,
}

/// What a failure asks a person to do.
#[derive(Clone, Debug, Serialize)]
pub struct TaskEntry {
    /// Since when.
    pub opened: Timestamp,
    /// What.
    pub to_do: SafeText,
    /// Who is on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<String>,
    /// Who says that it is done; the check has not said so yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_by: Option<String>,
}
