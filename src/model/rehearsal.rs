//! A rehearsal that took place: what was done, in what time, and of which procedure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::{RollbackStepId, SessionId};
use crate::model::rollback::{Grade, Measure};
use crate::model::text::SafeText;

/// A rehearsal that took place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RehearsalRecord {
    /// Its session.
    pub id: SessionId,
    /// When it ended.
    pub at: Timestamp,
    /// Who rehearsed.
    pub by: SafeText,
    /// The least grade of its steps.
    pub grade: Grade,
    /// The fingerprint of the procedure that was rehearsed.
    pub fingerprint: String,
    /// How long all of it took.
    pub took: Span,
    /// How long it should have taken at most, where the plan says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Span>,
    /// Its steps, in order, as far as they were begun.
    pub steps: Vec<RehearsedStep>,
    /// Why it did not pass; absent when it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<SafeText>,
}

/// One step of a rehearsal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RehearsedStep {
    /// Which.
    pub id: RollbackStepId,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// How it ended, in words.
    pub end: SafeText,
    /// How long it took.
    pub took: Span,
    /// How long it should have taken at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Span>,
    /// What it measured, where it is no step of the rollback itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measure>,
}

impl RehearsalRecord {
    /// Whether it counts as passed: every step succeeded, verified, and within the budgets.
    #[must_use]
    pub const fn passed(&self) -> bool {
        self.failed.is_none()
    }
}
