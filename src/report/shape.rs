//! The report as data: exactly the fields that docs and scripts rely on, in the order in which they are read.
//!
//! Fields are only ever added. Times are RFC 3339 in UTC, durations are milliseconds (`_ms`); a field that does not
//! apply is null or absent. No field holds a value of a credential.

mod alerting;

use std::collections::BTreeMap;

pub use alerting::{AlertEntry, NoticeEntry, NotifierEntry};
use jiff::Timestamp;
use serde::Serialize;

use crate::core::state::{Mark, Point, SessionOutcome};
use crate::core::verdict::Answer;
use crate::model::text::SafeText;
use crate::model::word::{Category, Phase, Question, Severity};
use crate::report::triage::Triage;

/// The version of this shape.
pub const SCHEMA: u32 = 1;

/// Everything that is to be said about a session at a moment.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// What goes live.
    pub service: String,
    /// Where to.
    pub environment: String,
    /// The version that goes live, where it is known.
    pub version: Option<SafeText>,
    /// The session's id.
    pub session: String,
    /// What was asked.
    pub question: Question,
    /// Whose word counts: `all`, `machines`, `selection`.
    pub scope: &'static str,
    /// The answer.
    pub verdict: Answer,
    /// The answer if the blockers were mended.
    pub would_be: Answer,
    /// No critical error: what machines can judge holds and is known.
    pub is_valid: bool,
    /// The answer permits.
    pub is_production_ready: bool,
    /// Why the verdict is what it is, worst first; what is only noted stands last.
    pub reasons: Vec<ReasonEntry>,
    /// Those of the reasons that keep `is_valid` false.
    pub critical_errors: Vec<ReasonEntry>,
    /// Those that somebody should look at, and what waits for people.
    pub warnings: Vec<ReasonEntry>,
    /// Those that weigh nothing.
    pub recommendations: Vec<ReasonEntry>,
    /// What waits for people or steps.
    pub waiting: Vec<WaitingEntry>,
    /// The four phases, in their order.
    pub phases: Vec<PhaseEntry>,
    /// How the session ended, if it did.
    pub session_outcome: Option<SessionOutcome>,
    /// The checks that were asked about, in plan order.
    pub checks: Vec<CheckEntry>,
    /// The credentials, masked.
    pub credentials: Vec<CredentialEntry>,
    /// Alerts.
    pub alerts: Vec<AlertEntry>,
    /// The notifiers, in plan order.
    pub notifiers: Vec<NotifierEntry>,
    /// Rehearsals of the rollback.
    pub rehearsals: Vec<RehearsalEntry>,
    /// Booleans of the credentials, by the names of their checks.
    pub credential_validation: BTreeMap<&'static str, bool>,
    /// Booleans of the environment.
    pub environment_validation: BTreeMap<&'static str, bool>,
    /// Booleans of security.
    pub security_validation: BTreeMap<&'static str, bool>,
    /// Booleans of the configuration.
    pub configuration_validation: BTreeMap<&'static str, bool>,
    /// The moment that all of this is about.
    pub validation_timestamp: Timestamp,
    /// The version of golive that judged.
    pub validation_version: &'static str,
    /// Where it was judged, and by which plan.
    pub environment_info: EnvironmentInfo,
    /// The end of the journal that this was read from: `golive verify` gives the same for a journal that is untouched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub journal: Option<JournalEntry>,
    /// The time in which business rests, while one is declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lull: Option<WaiverEntry>,
    /// What is broken, who is hurt, what changed before, what is done about it.
    pub triage: Triage,
    /// What happened, oldest first. For people's forms: programs read the journal.
    #[serde(skip)]
    pub timeline: Vec<TimelineEntry>,
}

/// The end of a journal.
#[derive(Clone, Debug, Serialize)]
pub struct JournalEntry {
    /// How many events it has.
    pub events: u64,
    /// The hash of the last one, over all before it.
    pub head: String,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct TimelineEntry {
    /// When.
    pub at: Timestamp,
    /// How it is to be taken.
    pub mark: Mark,
    /// The family of events that it belongs to.
    pub family: &'static str,
    /// What it is about.
    pub subject: String,
    /// What happened, in a few words.
    pub text: String,
    /// Who caused it, where that was a person.
    pub by: Option<String>,
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReasonEntry {
    /// The id of what it is about; `journal` for golive's own trouble.
    pub subject: String,
    /// The severity it was weighed with.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Something that waits for people or steps.
#[derive(Clone, Debug, Serialize)]
pub struct WaitingEntry {
    /// The item's id.
    pub subject: String,
    /// Whose move it is.
    pub whose: String,
    /// What is missing.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
}

/// One phase.
#[derive(Clone, Debug, Serialize)]
pub struct PhaseEntry {
    /// Which.
    pub id: Phase,
    /// `locked`, `open`, `settled`, `failing`.
    pub status: &'static str,
    /// How many items are settled or waived.
    pub settled: usize,
    /// How many there are.
    pub total: usize,
    /// The items, in plan order.
    pub items: Vec<ItemEntry>,
    /// The rollback procedure; in the phase `rollback` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub procedure: Option<ProcedureEntry>,
}

/// One item.
#[derive(Clone, Debug, Serialize)]
pub struct ItemEntry {
    /// Its id.
    pub id: String,
    /// What people read.
    pub title: String,
    /// `settled`, `waived`, `open`, `waiting`, `running`, `failing`, `stale`, `blocked`.
    pub status: &'static str,
    /// What settles it, in the plan's words: `checks`, `manual`, `step`, `soak`, `rehearsal`.
    pub settled_by: Vec<&'static str>,
    /// How much it weighs.
    pub severity: Severity,
    /// The checks it rests on.
    pub checks: Vec<String>,
    /// Who signed, in order; claimed names say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<Vec<String>>,
    /// The waiver in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverEntry>,
    /// What it goes on without, where somebody confirmed that.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degraded: Vec<String>,
    /// The latest note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A waiver.
#[derive(Clone, Debug, Serialize)]
pub struct WaiverEntry {
    /// Who gave it.
    pub by: Vec<String>,
    /// Why.
    pub reason: SafeText,
    /// Until when.
    pub until: Timestamp,
}

/// The rollback procedure.
#[derive(Clone, Debug, Serialize)]
pub struct ProcedureEntry {
    /// `not_run`, `running`, `rolled_back`, `failed`.
    pub status: &'static str,
    /// Its steps, in order.
    pub steps: Vec<ProcedureStepEntry>,
    /// Whether the old version was seen to work again.
    pub verified: bool,
    /// The checks that say so.
    pub verify: Vec<String>,
    /// Why golive recommends it, while it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommended: Option<Vec<SafeText>>,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
    /// What is left to do by hand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<SafeText>,
}

/// One step of the procedure.
#[derive(Clone, Debug, Serialize)]
pub struct ProcedureStepEntry {
    /// Its id.
    pub id: String,
    /// `not_run`, `running`, `succeeded`, `failed`, `unknown`.
    pub status: &'static str,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<String>,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct CheckEntry {
    /// Its id.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// What it is about.
    pub category: Category,
    /// How much it weighs.
    pub severity: Severity,
    /// `pass`, `warn`, `fail`, `error`, `blocked`, `stale`, `running`, `missing`.
    pub outcome: &'static str,
    /// One sentence.
    pub summary: String,
    /// When its latest run ended.
    pub at: Option<Timestamp>,
    /// How long that took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_ms: Option<f64>,
    /// How many attempts it took; 0 before the first run.
    pub attempts: u32,
    /// What was seen, in the order in which it should be read.
    pub evidence: Vec<EvidenceEntry>,
    /// Why it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<FailureEntry>,
    /// The root causes that keep it from being run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocked_by: Option<Vec<String>>,
    /// The waiver in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waiver: Option<WaiverEntry>,
    /// What to do about it, where it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What the service can go on without while it fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub degradation: Option<DegradationEntry>,
    /// What its failure asks a person to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskEntry>,
    /// Its latest runs, newest last. For people's forms.
    #[serde(skip)]
    pub history: Vec<Point>,
}

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

/// One thing that was seen.
#[derive(Clone, Debug, Serialize)]
pub struct EvidenceEntry {
    /// Its name.
    pub name: SafeText,
    /// Its value, redacted.
    pub value: SafeText,
}

/// Why a check did not pass.
#[derive(Clone, Debug, Serialize)]
pub struct FailureEntry {
    /// What happened: `dns`, `connect`, `status`, …
    pub class: &'static str,
    /// What it is about.
    pub category: Category,
    /// How much it weighs.
    pub severity: Severity,
    /// What it means for the go-live.
    pub impact: SafeText,
    /// What happens next about it.
    pub recovery: &'static str,
}

/// One credential. There is no field for its value.
#[derive(Clone, Debug, Serialize)]
pub struct CredentialEntry {
    /// Its id.
    pub id: String,
    /// Its masked form; null when its source could not be read.
    pub masked: Option<SafeText>,
    /// Characters.
    pub length: usize,
    /// Keyed and short: to compare, not to guess back.
    pub fingerprint: Option<SafeText>,
    /// Where it came from.
    pub source: SafeText,
    /// Whole days since it changed, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_days: Option<i64>,
    /// Whole days until it has to be rotated; negative when that is past.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_in_days: Option<i64>,
    /// What is wrong with it.
    pub problems: Vec<String>,
}

/// One rehearsal of the rollback.
#[derive(Clone, Debug, Serialize)]
pub struct RehearsalEntry {
    /// When it ended.
    pub at: Timestamp,
    /// `passed` or `failed`.
    pub outcome: &'static str,
    /// `dry`, `staging` or `real`.
    pub grade: &'static str,
    /// How long it took.
    pub took_ms: u64,
    /// How long it should have taken at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_ms: Option<u64>,
    /// Whether it was one of this very procedure.
    pub this_procedure: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
    /// Its steps, in order.
    pub steps: Vec<RehearsedStepEntry>,
}

/// One step of a rehearsal.
#[derive(Clone, Debug, Serialize)]
pub struct RehearsedStepEntry {
    /// Its id.
    pub id: String,
    /// `succeeded` or `failed`.
    pub status: &'static str,
    /// How it ended.
    pub exit: SafeText,
    /// How long it took.
    pub took_ms: u64,
    /// How long it should have taken at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget_ms: Option<u64>,
    /// What it measured, where it is no step of the way back itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measures: Option<&'static str>,
}

/// Where it was judged, and by which plan.
#[derive(Clone, Debug, Serialize)]
pub struct EnvironmentInfo {
    /// The machine.
    pub host: SafeText,
    /// Its operating system.
    pub os: &'static str,
    /// Who asked.
    pub operator: SafeText,
    /// The plan's file, or its folder where the file is not known any more.
    pub plan: String,
    /// What trust pins: SHA-256 of the plan after `extends`, in hex.
    pub plan_sha256: String,
}
