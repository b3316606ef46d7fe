//! Alert rules as plain data: when one fires, how much it weighs, who is told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::AlertId;
use crate::model::word::Severity;

/// The events of a session that rules can count beside the checks: `count("step_failed", duration("10m")) >= 1`.
pub const COUNTED: [&str; 11] = [
    "credential_changed",
    "denied",
    "gate_closed",
    "mode_opened",
    "notice_lost",
    "objection",
    "plan_changed",
    "signature_struck_out",
    "source_changed",
    "step_failed",
    "tool_failed",
];

/// How much an alert weighs while it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The business suffers: a warning.
    Business,
    /// Something to look at: a warning.
    Warning,
    /// Nobody may go live over it: NO-GO.
    Critical,
}

impl Level {
    /// The word as plans, reports and scripts write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Business => "business",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity that it weighs with.
    #[must_use]
    pub const fn severity(self) -> Severity {
        match self {
            Self::Business | Self::Warning => Severity::Warning,
            Self::Critical => Severity::Critical,
        }
    }
}

/// A rule over series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Unique among checks and alerts.
    pub id: AlertId,
    /// What people read instead of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How much it weighs while it fires.
    pub level: Level,
    /// The condition, as it is written.
    pub when: String,
    /// How long the condition has to hold before it fires.
    pub hold: Span,
    /// How long the condition has to be false before it is resolved: protection against flapping.
    pub keep_firing: Span,
    /// Who is told at once, by notifier.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
    /// Who is told when nobody acknowledges it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalate: Option<Escalation>,
    /// How many samples within its window it takes to say anything.
    pub min_samples: u32,
    /// What becomes of it while business rests.
    #[serde(default, alias = "during_freeze")]
    pub during_lull: DuringLull,
    /// Series in, states out: run by `golive lint`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
    /// What it means, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What becomes of a rule while a lull is declared: a time in which business rests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DuringLull {
    /// It is judged as ever.
    #[default]
    Judged,
    /// It does not fire: fewer customers are what a lull is for.
    Muted,
}

/// An example of a rule: what its series hold, and what has to become of the alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// How far apart the samples lie.
    pub every: Span,
    /// The samples of each series, oldest first: numbers, lengths of time as texts, `pass`, `warn`, `fail`, `error`,
    /// and `-` for none.
    pub series: BTreeMap<String, Vec<ExampleSample>>,
    /// The state at moments after the first sample: `{ "2m" = "firing" }`.
    pub then: BTreeMap<Span, String>,
}

/// One sample of an example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ExampleSample {
    /// A number.
    Number(f64),
    /// An outcome, a length of time, or `-` for none.
    Word(String),
}

/// What happens when nobody acknowledges an alert.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Escalation {
    /// How long after it fired; `0s` for at once.
    pub after: Span,
    /// Who is told then, by notifier; whoever was told before unless said otherwise.
    #[serde(default)]
    pub to: Vec<String>,
}
