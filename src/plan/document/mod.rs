//! The plan as it is written: one type a table. From these types come the shape that is checked, the JSON Schema that
//! editors complete from, and the reading itself, so the three cannot disagree.

mod alert;
mod check;
mod item;
mod notifier;
mod rollback;
mod service;
mod triage;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use alert::{AlertDocument, BaselineDocument};
pub(super) use check::{
    CheckDocument, CommonKeys, CredentialDocument, CredentialKeys, RotationDocument, RunDocument, SettingDocument,
    SettingKeys,
};
pub(super) use item::{ItemDocument, RequestDocument, RollbackStepDocument, StepDocument};
pub(super) use notifier::{MetricsDocument, NotifierDocument, NotifierKeys};
pub(super) use rollback::{
    FreezeDocument, PollDocument, ProcedureDocument, RehearsalStepDocument, RehearseDocument, UndoDocument,
    WindowDocument,
};
pub(super) use service::{
    GateDocument, LimitsDocument, NetworkDocument, ServiceDocument, SourcesDocument, ValueDocument,
};
pub(super) use triage::{ChangesDocument, ChangesKeys, HurtDocument, HurtKeys, RunbookDocument};

/// A whole plan, after `extends`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// What goes live.
    pub(super) service: Option<ServiceDocument>,
    /// How names are reached.
    #[serde(default)]
    pub(super) network: NetworkDocument,
    /// Where variables come from.
    #[serde(default)]
    pub(super) sources: SourcesDocument,
    /// Named values for texts.
    #[serde(default)]
    pub(super) variables: IndexMap<String, ValueDocument>,
    /// Credentials: each becomes the check `ID_valid`.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub(super) credentials: IndexMap<String, CredentialDocument>,
    /// Variables that must have certain values: each becomes a check.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub(super) settings: IndexMap<String, SettingDocument>,
    /// Validators and probes.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub(super) checks: IndexMap<String, CheckDocument>,
    /// Alert rules.
    #[serde(default)]
    pub(super) alerts: IndexMap<String, AlertDocument>,
    /// Where people are told.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub(super) notifiers: IndexMap<String, NotifierDocument>,
    /// Where changes from outside come from.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub(super) changes: IndexMap<String, ChangesDocument>,
    /// What says who is hurt.
    #[serde(default)]
    #[schemars(with = "IndexMap<String, serde_json::Value>")]
    pub(super) hurt: IndexMap<String, HurtDocument>,
    /// What is normal for a series, known from elsewhere.
    #[serde(default)]
    pub(super) baselines: IndexMap<String, BaselineDocument>,
    /// Where golive itself can be watched.
    pub(super) metrics: Option<MetricsDocument>,
    /// Items before the deployment.
    #[serde(default)]
    pub(super) pre_deployment: Vec<ItemDocument>,
    /// Items of the deployment.
    #[serde(default)]
    pub(super) deployment: Vec<ItemDocument>,
    /// Items after the deployment.
    #[serde(default)]
    pub(super) post_deployment: Vec<ItemDocument>,
    /// Rollback readiness.
    #[serde(default)]
    pub(super) rollback: Vec<ItemDocument>,
    /// The rollback procedure.
    #[serde(default)]
    pub(super) rollback_step: Vec<RollbackStepDocument>,
    /// What only a rehearsal does, around the procedure.
    #[serde(default)]
    pub(super) rehearsal_step: Vec<RehearsalStepDocument>,
    /// What deployments ask before they let customers in.
    #[serde(default)]
    pub(super) gate: GateDocument,
    /// The rollback beside its steps: verification, triggers, budget.
    #[serde(default)]
    pub(super) procedure: ProcedureDocument,
    /// The time that the go-live was given.
    pub(super) window: Option<WindowDocument>,
    /// Times in which nothing goes live.
    #[serde(default)]
    pub(super) freeze: Vec<FreezeDocument>,
    /// Who says go or no-go.
    #[serde(default)]
    pub(super) poll: PollDocument,
    /// Bounds of a run.
    #[serde(default)]
    pub(super) limits: LimitsDocument,
}
