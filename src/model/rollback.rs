//! The way back: how it is verified, rehearsed, recommended, and past which items there is none.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::{AlertId, CheckId, ItemId};
use crate::model::step::{Action, RollbackStep};

/// How long the old version may take to be seen working unless the plan says otherwise.
pub const VERIFY_WITHIN: Span = Span::seconds(120);

/// What the plan says of the rollback beside its steps (`[procedure]`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// Checks that have to pass on the old version once all steps are done.
    #[serde(default)]
    pub verify: Vec<CheckId>,
    /// How long they may take to pass.
    pub verify_within: Span,
    /// The same after a rehearsal, on what was rehearsed on.
    #[serde(default)]
    pub rehearsal_verify: Vec<CheckId>,
    /// How long all of it should take at most; the sum of the steps' budgets where the plan says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<Span>,
    /// What makes golive recommend it, once the deployment has begun.
    #[serde(default)]
    pub when: Vec<Trigger>,
    /// How long a trigger has to stand before it counts.
    pub after: Span,
    /// Whether golive may begin it by itself when it recommends it.
    #[serde(default)]
    pub unattended: bool,
    /// How long a person has, from the recommendation on: shown as a countdown; at its end golive begins where it may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub countdown: Option<Span>,
    /// Whether the steps that were done are taken back before the procedure's own steps, or behind them.
    #[serde(default)]
    pub undo: UndoPlace,
    /// Metrics whose growth since the deployment is told at the rollback's door.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub since: Vec<CheckId>,
    /// What only a rehearsal does, around the procedure.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rehearsal_steps: Vec<RehearsalStep>,
    /// Items past which one rolls forward and no longer back.
    #[serde(default)]
    pub no_return: Vec<ItemId>,
    /// SHA-256, in hex, of everything that makes the procedure what it is: a rehearsal of another one proves nothing.
    #[serde(default)]
    pub fingerprint: String,
}

impl Default for Rollback {
    fn default() -> Self {
        Self {
            verify: Vec::new(),
            verify_within: VERIFY_WITHIN,
            rehearsal_verify: Vec::new(),
            budget: None,
            when: Vec::new(),
            after: Span::seconds(0),
            unattended: false,
            countdown: None,
            undo: UndoPlace::First,
            since: Vec::new(),
            rehearsal_steps: Vec::new(),
            no_return: Vec::new(),
            fingerprint: String::new(),
        }
    }
}

/// Where the undoing of deployment steps stands among the steps of a rollback.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UndoPlace {
    /// Before the procedure's own steps.
    #[default]
    First,
    /// Behind them.
    Last,
}

/// What only a rehearsal does: a marker written before, found again after; callbacks at the old version; rolling forward.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RehearsalStep {
    /// What is done.
    pub step: RollbackStep,
    /// When.
    pub when: RehearsalMoment,
    /// What it measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measures: Option<Measure>,
}

/// When a step of a rehearsal is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RehearsalMoment {
    /// Before the first step of the rollback.
    Before,
    /// After the old version was seen working.
    After,
}

/// What a rehearsal measures beside the way back itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// Whether anything that was written before is lost.
    Data,
    /// Whether callbacks arrive at the old version.
    Callbacks,
    /// How long it takes to roll forward again.
    Forward,
}

impl Measure {
    /// The word as plans and reports write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Callbacks => "callbacks",
            Self::Forward => "forward",
        }
    }
}

/// What makes golive recommend the rollback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// This check is known to fail.
    Check(CheckId),
    /// This item's step failed.
    Step(ItemId),
    /// This alert fires; silencing mutes notices, never this.
    Alert(AlertId),
}

/// How a step of the procedure is rehearsed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RehearsalForm {
    /// What is done instead.
    pub action: Action,
    /// How near that is to the real thing.
    pub grade: Grade,
}

/// How near a rehearsal is to the real thing. Ordered: the nearest is the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// Nothing was changed anywhere.
    Dry,
    /// On a copy of the real thing.
    #[default]
    Staging,
    /// On the real thing.
    Real,
}

impl Grade {
    /// The word as plans and reports write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dry => "dry",
            Self::Staging => "staging",
            Self::Real => "real",
        }
    }
}
