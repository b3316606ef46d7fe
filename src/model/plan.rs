//! A plan as plain data: what the text means once it is read, extended and judged.
//!
//! It holds no value of any source: templates stand as written, so it can be journalled and shown whole.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::alert::Rule;
use crate::model::baseline::Baseline;
use crate::model::ceremony::Ceremony;
use crate::model::degradation::Degradation;
use crate::model::duration::Span;
use crate::model::failure::Recovery;
use crate::model::id::{CheckId, CredentialId, ItemId, KindName};
use crate::model::item::{Item, Waivable};
use crate::model::kind::Options;
use crate::model::notifier::Notifier;
use crate::model::rollback::Rollback;
use crate::model::rotation::Rotation;
use crate::model::step::RollbackStep;
use crate::model::triage::Triage;
use crate::model::word::{Category, Phase, Severity};

/// A whole plan. Checks and items stand in plan order; every id that something refers to exists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What goes live.
    pub service: Service,
    /// How names are reached.
    pub network: Network,
    /// Where variables come from.
    pub sources: Sources,
    /// Named values for templates.
    pub variables: BTreeMap<String, ValueSource>,
    /// The credentials, in order of id.
    pub credentials: BTreeMap<CredentialId, Credential>,
    /// All checks, those that credentials and settings bring included.
    pub checks: Vec<Check>,
    /// All items, phase by phase.
    pub items: Vec<Item>,
    /// The alert rules, in plan order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<Rule>,
    /// What is normal for a series, known from elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<Baseline>,
    /// Where people are told, in plan order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notifiers: Vec<Notifier>,
    /// Where golive itself can be watched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Metrics>,
    /// The rollback procedure.
    pub procedure: Vec<RollbackStep>,
    /// What deployments ask before they let customers in.
    #[serde(default)]
    pub gate: Gate,
    /// What the plan says of the rollback beside its steps.
    #[serde(default)]
    pub rollback: Rollback,
    /// When a go-live may happen, and who is asked.
    #[serde(default)]
    pub ceremony: Ceremony,
    /// What is asked when something is broken.
    #[serde(default, skip_serializing_if = "Triage::is_empty")]
    pub triage: Triage,
    /// Bounds of a run.
    pub limits: Limits,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// SHA-256, in hex, of the plan after `extends` and before interpolation, with the scripts it names: what trust
    /// pins.
    pub digest: String,
}

/// What goes live.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Its name; typed at the doors.
    pub name: String,
    /// `production`, `staging`, …
    pub environment: String,
    /// The version that goes live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<ValueSource>,
    /// The version that runs before the go-live: what a rollback goes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_version: Option<ValueSource>,
    /// The hosts that are ours; all others are asked sparingly.
    #[serde(default)]
    pub hosts: Vec<String>,
}

impl Service {
    /// Whether this is where customers are.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.environment.eq_ignore_ascii_case("production")
    }
}

/// How names are reached, as curl's `--resolve` and `--cacert`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// `"api.ikhokha.com:443" = "127.0.0.1:9443"`.
    #[serde(default)]
    pub resolve: BTreeMap<String, String>,
    /// A PEM file with the roots to trust instead of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
}

/// Where variables come from; later wins.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sources {
    /// Env files, in order, relative to the plan's folder; missing ones are skipped.
    #[serde(default)]
    pub env_files: Vec<PathBuf>,
    /// Whether the environment of golive's own process counts, and wins.
    #[serde(default)]
    pub process_env: bool,
}

/// Where one value comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ValueSource {
    /// A variable of the environment, env files included.
    Env(String),
    /// The content of a file, without its last newline.
    File(PathBuf),
    /// The first line that a command prints; runs only when the plan is trusted.
    Command(Vec<String>),
    /// An entry of the operating system's keyring.
    Keyring(String),
    /// An encrypted file.
    Sealed(SealedFile),
    /// Written here. Never for credentials.
    Value(String),
}

/// An encrypted file in the age format, and what opens it: an identity or a passphrase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SealedFile {
    /// The file, relative to the plan's folder.
    pub age: PathBuf,
    /// A file with an age identity or an ssh key without a passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<PathBuf>,
    /// The variable of golive's own process that holds the passphrase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase_env: Option<String>,
}

/// A credential: where it is and what it has to be. It becomes the check `ID_valid`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Credential {
    /// Where it is.
    pub from: ValueSource,
    /// The check that judges it.
    pub check: CheckId,
    /// The variable under which a command gets it; that of its source unless named.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// How old it may grow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_every: Option<Span>,
    /// How long its source may take.
    pub timeout: Span,
    /// How it is rotated.
    #[serde(default)]
    pub rotation: Rotation,
}

/// One validator or probe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Unique among checks and alerts.
    pub id: CheckId,
    /// Its kind.
    pub kind: KindName,
    /// What people read instead of the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it is about.
    pub category: Category,
    /// How much its failure weighs.
    pub severity: Severity,
    /// How often it runs.
    pub every: Span,
    /// How long one attempt may take.
    pub timeout: Span,
    /// How long its evidence counts.
    pub fresh_for: Span,
    /// What happens when an attempt does not pass.
    pub retry: Retry,
    /// What it stands on: while one of these is in `fail` or `error`, it is blocked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<CheckId>,
    /// When it runs.
    pub run: Run,
    /// Whether an on-demand probe may run in production.
    #[serde(default)]
    pub allow_in_production: bool,
    /// Who may accept its failure.
    pub waivable: Waivable,
    /// What a failure means, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
    /// What to do about a failure, in a sentence or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// What is done about a failure, where the plan says otherwise than docs/FAILURES.md.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    /// What its service can go on without while it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub degradation: Option<Degradation>,
    /// The phase from whose opening on it runs; `None` for a check that no item uses: from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<Phase>,
    /// The keys of its kind, as written.
    pub options: Options,
}

/// When a check runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Run {
    /// By its interval.
    #[default]
    Scheduled,
    /// When a person asks, or `golive check`.
    OnDemand,
    /// Only while the old version is verified after a rollback: before that it says nothing about the go-live.
    AfterRollback,
}

/// What happens when an attempt does not pass.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all, one or more.
    pub attempts: u32,
    /// The wait before the second attempt.
    pub delay: Span,
    /// How the wait grows.
    pub backoff: Backoff,
}

impl Retry {
    /// One attempt, no second.
    pub const NONE: Self = Self { attempts: 1, delay: Span(std::time::Duration::ZERO), backoff: Backoff::Constant };
}

/// How the wait between attempts grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Always the same.
    #[default]
    Constant,
    /// Twice as long each time.
    Exponential,
}

/// Where the gate can be asked, and what moves it without a person (DECISIONS 15).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// A file that says `open` or `closed`, relative to the plan's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// An address of loopback on which `/gate` answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<std::net::SocketAddr>,
    /// Who opens it.
    #[serde(default)]
    pub opens: Opening,
    /// Checks whose failure closes it again, and says which it was; none: only a person closes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closes_on: Vec<CheckId>,
}

/// Who opens the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Opening {
    /// A person, on a verdict that permits.
    #[default]
    ByPerson,
    /// The plan's rule: by itself, the first time in a go-live that the verdict on `open` is GO. Warnings are a person's
    /// to accept, and what was closed again is a person's to open.
    OnGo,
}

/// Where golive itself can be watched: Prometheus' text format over HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// An address of this machine alone, with a port.
    pub listen: std::net::SocketAddr,
}

/// Bounds of a run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limits {
    /// How many checks run at once.
    pub concurrency: u32,
    /// How long "I am on it" stands.
    #[serde(default = "half_an_hour")]
    pub claims: Span,
}

const fn half_an_hour() -> Span {
    Span::seconds(1_800)
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 32, claims: half_an_hour() }
    }
}

impl Plan {
    /// The check with this id.
    #[must_use]
    pub fn check(&self, id: &CheckId) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == *id)
    }

    /// The item with this id.
    #[must_use]
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        self.items.iter().find(|item| item.id == *id)
    }

    /// The items of one phase, in plan order.
    pub fn items_of(&self, phase: Phase) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(move |item| item.phase == phase)
    }
}

/// A plan as the house passes it around: read once, never changed.
pub type SharedPlan = Arc<Plan>;
