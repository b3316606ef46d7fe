//! Rehearsals of the rollback, as they come in from elsewhere at the start of a session (DECISIONS 26).

use serde::{Deserialize, Serialize};

use crate::model::rehearsal::RehearsalRecord;

/// Rehearsals of the rollback.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalEvent {
    /// One took place before this session, or beside it.
    Known(Box<RehearsalRecord>),
}
