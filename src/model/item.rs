//! One row of a phase's checklist, and the ways in which it can be settled.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::{CheckId, ItemId};
use crate::model::rollback::Grade;
use crate::model::step::Step;
use crate::model::word::{Phase, Severity};

/// One row of the checklist. It is settled when every way that it names is settled; the plan's judge makes sure that
/// it names at least one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Unique among items.
    pub id: ItemId,
    /// The phase it stands in.
    pub phase: Phase,
    /// What people read.
    pub title: String,
    /// How much it weighs while it is not settled.
    pub severity: Severity,
    /// Who may accept it unsettled.
    pub waivable: Waivable,
    /// Checks it rests on: globs and categories already resolved, in plan order, without repeats.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<CheckId>,
    /// What only people can judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manual: Option<Manual>,
    /// What is run on a person's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// A quiet time to be waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub soak: Option<Soak>,
    /// A rehearsal of the rollback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
    /// Items that have to be settled or waived before this one's step may start.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<ItemId>,
    /// What to do when it does not settle, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Whether an item or a check may be accepted although it is not settled, and by how many distinct people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Waivable {
    /// Never: the plan says that this must hold.
    Never,
    /// By this many distinct people, one or more.
    By(u8),
}

impl Default for Waivable {
    fn default() -> Self {
        Self::By(1)
    }
}

/// A question to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manual {
    /// The question, as it is asked.
    pub prompt: String,
    /// How many distinct people have to say yes.
    pub approvals: u8,
    /// Whose yes does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_by: Option<NotBy>,
}

/// Whose yes does not count: four eyes are two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotBy {
    /// Whoever started a step of this go-live.
    Runner,
}

/// A quiet time: it begins when its phase is open and nothing that counts is failing, and begins anew when broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soak {
    /// How long it has to stay quiet.
    #[serde(rename = "for")]
    pub length: Span,
    /// Failing checks (and alerts) above this level break it.
    pub no_alert_above: Severity,
}

/// A rehearsal that has to have passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rehearsal {
    /// Not longer ago than this.
    pub within: Span,
    /// Not slower than this.
    pub budget: Span,
    /// At least this near to the real thing.
    #[serde(default)]
    pub grade: Grade,
}
