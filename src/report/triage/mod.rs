//! Triage as data, and as the page for the incident's channel: what broke first, who is hurt, what changed before,
//! what is done about it.

mod making;
mod page;

use jiff::Timestamp;
use serde::Serialize;

use crate::model::text::SafeText;
use crate::model::word::Severity;
use crate::report::shape::Report;
use crate::report::{Format, Look};

pub use making::of;
pub(super) use page::line;
pub use page::markdown;

pub(super) const FORMAT: Format = Format {
    name: "triage",
    doc: "a page for the incident's channel, as Markdown",
    write: |report: &Report, _: Look| markdown(report),
};

/// What is broken, and what is known about it.
#[derive(Clone, Debug, Serialize)]
pub struct Triage {
    /// How much it weighs: the greatest of the causes, what they block, and the alerts that fire.
    pub severity: Option<Severity>,
    /// Since when something is broken.
    pub since: Option<Timestamp>,
    /// For how long.
    pub elapsed_ms: Option<u64>,
    /// How many checks cannot look because of this machine, or wait for one that cannot.
    pub this_machine: usize,
    /// The checks that are bad for a reason of their own, the worst and oldest first.
    pub causes: Vec<CauseEntry>,
    /// Who is hurt, by query.
    pub hurt: Vec<HurtEntry>,
    /// The sources of changes, in plan order.
    pub sources: Vec<SourceEntry>,
    /// Kinds of sources that the plan does not watch.
    pub not_watched: Vec<&'static str>,
    /// What changed before the first cause, the latest first; the latest changes where nothing is broken.
    pub changes: Vec<ChangeEntry>,
    /// Who is told next unless somebody acknowledges.
    pub next_escalation: Option<EscalationEntry>,
    /// The scratch pad, oldest first.
    pub notes: Vec<NoteEntry>,
}

/// A check that is bad for a reason of its own, or this machine, told by the first check that cannot look from it.
#[derive(Clone, Debug, Serialize)]
pub struct CauseEntry {
    /// The check.
    pub check: String,
    /// Whether it is this machine, and all that cannot look from it are this one cause.
    pub this_machine: bool,
    /// How much it weighs.
    pub severity: Severity,
    /// Whether the target was seen failing; otherwise golive could not find out.
    pub failing: bool,
    /// What it says.
    pub summary: SafeText,
    /// Since when.
    pub since: Timestamp,
    /// When it was last seen well, and what that looked like.
    pub last_good: Option<LastGood>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<&'static str>,
    /// What only fails to run because of it.
    pub blocked: Vec<String>,
    /// What the runbook says, step by step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<RunbookEntry>,
}

/// What good looked like.
#[derive(Clone, Debug, Serialize)]
pub struct LastGood {
    /// When.
    pub at: Timestamp,
    /// What the check said.
    pub summary: SafeText,
}

/// A runbook with its ticks.
#[derive(Clone, Debug, Serialize)]
pub struct RunbookEntry {
    /// The document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Its steps.
    pub steps: Vec<StepEntry>,
}

/// A step of a runbook.
#[derive(Clone, Debug, Serialize)]
pub struct StepEntry {
    /// What to do.
    pub words: SafeText,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
}

/// Who is hurt, by one query.
#[derive(Clone, Debug, Serialize)]
pub struct HurtEntry {
    /// The query.
    pub id: String,
    /// What it counts.
    pub title: String,
    /// Since when it was counted; absent where it was never asked.
    pub since: Option<Timestamp>,
    /// When the latest answer came.
    pub as_of: Option<Timestamp>,
    /// How many; absent where nobody knows.
    pub count: Option<u64>,
    /// How much, in digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<SafeText>,
    /// In words: `12 payments failed (R 14 400.00)`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// What has to be repaired, by id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<SafeText>,
    /// Whether there may be more than were counted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
    /// Why nobody knows better.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
    /// How what was hurt is repaired.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
}

/// A source of changes.
#[derive(Clone, Debug, Serialize)]
pub struct SourceEntry {
    /// Its name.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// `watched`, `lost`, or `waiting` before its first look.
    pub state: &'static str,
    /// Why it cannot be looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
}

/// Something that changed.
#[derive(Clone, Debug, Serialize)]
pub struct ChangeEntry {
    /// When.
    pub at: Timestamp,
    /// What it is about.
    pub subject: String,
    /// What happened.
    pub what: String,
    /// Who did it, where that was a person in this session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Who is told next.
#[derive(Clone, Debug, Serialize)]
pub struct EscalationEntry {
    /// The alert.
    pub alert: String,
    /// When.
    pub at: Timestamp,
    /// Who, by notifier.
    pub to: Vec<String>,
}

/// A note on the scratch pad.
#[derive(Clone, Debug, Serialize)]
pub struct NoteEntry {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What it is about, where it is about one thing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The note.
    pub text: SafeText,
}
