//! Alert rules: when one fires, how much it weighs, who is told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::alert::{DuringLull, Escalation, Example, Level};
use crate::model::duration::Span;
use crate::model::template::Template;

/// An alert rule.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertDocument {
    /// What people read instead of the id.
    pub(crate) title: Option<String>,
    /// How much it weighs while it fires.
    pub(crate) level: Level,
    /// The condition over series: `increase("payments_failed", duration("5m")) >= 5`.
    pub(crate) when: String,
    /// How long the condition has to hold before it fires.
    #[serde(rename = "for")]
    pub(crate) hold: Option<Span>,
    /// How long the condition has to be false before it is resolved.
    pub(crate) keep_firing_for: Option<Span>,
    /// Who is told, by notifier.
    #[serde(default)]
    pub(crate) notify: Vec<String>,
    /// Who is told when nobody acknowledges it.
    pub(crate) escalate: Option<Escalation>,
    /// How many samples within a window it takes to say anything; one unless said otherwise.
    pub(crate) min_samples: Option<u32>,
    /// What becomes of it while a lull is declared.
    #[serde(default)]
    pub(crate) during_lull: DuringLull,
    /// Series in, states out; `golive lint` runs them.
    #[serde(default)]
    pub(crate) examples: Vec<Example>,
    /// What it means, in a sentence.
    pub(crate) impact: Option<String>,
    /// What to do about it.
    pub(crate) remedy: Option<String>,
}

/// What is normal for a series, known from elsewhere: for the rules that ask `baseline`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BaselineDocument {
    /// From an earlier session of this service and environment, at most so old: the same hour of the day.
    pub(crate) session_within: Option<Span>,
    /// From a Prometheus: where it is.
    pub(crate) prometheus: Option<Template>,
    /// What Prometheus is asked with: a bearer's token, a tenant.
    #[serde(default)]
    pub(crate) headers: BTreeMap<String, Template>,
    /// What Prometheus is asked: an expression of one series. Its mean over each hour counts.
    pub(crate) query: Option<Template>,
    /// How long ago Prometheus is asked for; `1d` unless said otherwise: the same hour yesterday.
    pub(crate) ago: Option<Span>,
}
