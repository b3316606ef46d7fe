//! The booleans by name that scripts ask for. Each is the check of that name, and true only on a fresh pass or warning:
//! what is missing, stale or could not be found out is false, and the reasons say why.

use std::collections::BTreeMap;

use crate::core::state::State;
use crate::core::status::{self, CheckStatus};
use crate::core::verdict::{Inquiry, Scope};
use crate::model::id::CheckId;
use crate::model::time::Now;
use crate::model::word::Outcome;

pub(super) const CREDENTIAL: &[&str] =
    &["api_key_valid", "api_secret_valid", "webhook_secret_valid", "credentials_secure", "no_development_credentials"];

pub(super) const ENVIRONMENT: &[&str] = &[
    "node_env_production",
    "test_mode_disabled",
    "production_endpoints",
    "required_variables_set",
    "variable_values_valid",
];

pub(super) const SECURITY: &[&str] = &[
    "https_enforced",
    "webhook_validation_enabled",
    "security_logging_enabled",
    "certificates_valid",
    "no_security_vulnerabilities",
];

pub(super) const CONFIGURATION: &[&str] = &[
    "production_settings_enforced",
    "fallback_credentials_disabled",
    "monitoring_enabled",
    "error_tracking_enabled",
    "deployment_ready",
];

/// Each name with why it is false; `None` when it is true.
pub(super) struct Validation(BTreeMap<&'static str, Option<&'static str>>);

pub(super) fn of(state: &State, inquiry: &Inquiry, now: Now) -> Validation {
    let names = [CREDENTIAL, ENVIRONMENT, SECURITY, CONFIGURATION].concat();
    Validation(names.into_iter().map(|name| (name, why_false(state, inquiry, name, now))).collect())
}

impl Validation {
    pub(super) fn booleans(&self, names: &[&'static str]) -> BTreeMap<&'static str, bool> {
        names.iter().map(|name| (*name, self.0.get(name).is_some_and(Option::is_none))).collect()
    }

    /// The booleans that are false and of which no reason speaks yet.
    pub(super) fn unexplained(&self, is_told: impl Fn(&str) -> bool) -> Vec<(&'static str, &'static str)> {
        let untold = self.0.iter().filter(|(name, _)| !is_told(name));
        untold.filter_map(|(name, why)| why.map(|why| (*name, why))).collect()
    }
}

fn why_false(state: &State, inquiry: &Inquiry, name: &str, now: Now) -> Option<&'static str> {
    let Some(position) = state.index().check(&CheckId::new(name)) else {
        return Some("the plan has no check of this name");
    };
    if let Scope::Selection { checks, .. } = &inquiry.scope
        && !checks.contains(name)
    {
        return Some("it was not selected");
    }
    let (check, _) = state.check_at(position);
    match status::check_status(state, position, now) {
        CheckStatus::Fresh(Outcome::Pass | Outcome::Warn) => None,
        CheckStatus::Fresh(Outcome::Error) => Some("it could not be found out"),
        CheckStatus::Fresh(Outcome::Fail) => Some("it does not hold"),
        CheckStatus::Blocked(_) => Some("what it stands on is down"),
        CheckStatus::Stale(_) => Some("its evidence is too old"),
        CheckStatus::Running => Some("its first run is under way"),
        CheckStatus::Missing if check.phase.is_some_and(|phase| !inquiry.question.includes(phase)) => {
            Some("it is not asked before a later phase")
        }
        CheckStatus::Missing => Some("no result yet"),
    }
}
