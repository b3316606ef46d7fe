//! The kit's plan: a card payment of a course web app, small enough to be seen whole.

use std::sync::Arc;

use golive::core::event::CredentialSeen;
use golive::core::evidence::Evidence;
use golive::model::duration::Span;
use golive::model::id::{CheckId, CredentialId};
use golive::model::item::Waivable;
use golive::model::plan::{Credential, Plan, SharedPlan, ValueSource};
use golive::model::text::SafeText;
use golive::model::word::Category;

use crate::scenario::plan_of;

const CHECKS: &[&str] = &[
    "required_variables_set fresh 5m",
    "test_mode_disabled must-hold fresh 5m",
    "node_env_production fresh 5m",
    "api_key_valid fresh 5m",
    "api_secret_valid fresh 5m",
    "webhook_secret_valid fresh 5m",
    "credentials_distinct must-hold fresh 5m",
    "https_enforced fresh 5m",
    "secrets_not_public warning fresh 5m",
    "database_connection fresh 5m",
    "enrolments_table on database_connection fresh 5m",
    "payment_dns fresh 5m",
    "payment_api on payment_dns fresh 5m",
    "real_time_sync on database_connection fresh 5m",
    "new_version_serves fresh 5m",
    "payment_flow on payment_api on database_connection fresh 5m",
];

const ITEMS: &[&str] = &[
    "pre_deployment environment_variables_set: checks required_variables_set test_mode_disabled node_env_production",
    "pre_deployment credentials_validated: checks api_key_valid api_secret_valid webhook_secret_valid credentials_distinct",
    "pre_deployment security_measures_enabled: checks https_enforced secrets_not_public",
    "pre_deployment what_we_stand_on_answers: checks database_connection enrolments_table payment_dns payment_api real_time_sync",
    "pre_deployment backup_procedures_ready: 2 signatures",
    "deployment release: step",
    "deployment new_version_serves: checks new_version_serves, needs release",
    "post_deployment payment_processing_working: checks payment_flow",
    "post_deployment quiet: soak 1m, needs payment_processing_working",
    "rollback triggers_defined: 1 signature",
];

fn title(id: &str) -> String {
    let mut words = id.replace('_', " ");
    words[..1].make_ascii_uppercase();
    words
}

pub(super) fn plan_with_a_way_back() -> SharedPlan {
    let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
    let says = ["verify database_connection", "roles release payments"];
    crate::scenario::with_rollback(&plan(), &lines(&["switch_back 1m", "purge 30s"]), &lines(&says))
}

pub(super) fn plan() -> SharedPlan {
    let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
    let mut plan: Plan = (*plan_of(&lines(CHECKS), &lines(ITEMS))).clone();
    for item in &mut plan.items {
        item.title = title(item.id.as_str());
        if let Some(manual) = &mut item.manual {
            manual.prompt = "Restore of last night's backup seen working?".to_owned();
        }
    }
    for check in &mut plan.checks {
        if check.id.as_str().contains("secret") || check.id.as_str().contains("credential") {
            check.category = Category::Credential;
        }
    }
    for (id, variable) in
        [("api_key", "ACADEMY_KEY"), ("api_secret", "ACADEMY_SECRET"), ("webhook_secret", "ACADEMY_HOOK")]
    {
        plan.credentials.insert(
            CredentialId::new(id),
            Credential {
                from: ValueSource::Env(variable.to_owned()),
                check: CheckId::new(&format!("{id}_valid")),
                variable: None,
                rotate_every: Some(Span::seconds(90 * 86_400)),
                timeout: Span::seconds(10),
                rotation: Default::default(),
            },
        );
    }
    for check in plan.checks.iter_mut().filter(|check| check.id.as_str() == "payment_flow") {
        check.waivable = Waivable::By(2);
    }
    Arc::new(plan)
}

pub(super) fn credentials() -> Vec<CredentialSeen> {
    let seen = |id: &str, masked: &str, source: &str| CredentialSeen {
        id: CredentialId::new(id),
        masked: Some(SafeText::from_foreign(masked)),
        length: 32,
        fingerprint: Some(SafeText::from_foreign("00000000")),
        source: SafeText::from_foreign(source),
        problem: None,
        changed: Some("2026-11-12T08:00:00Z".parse().unwrap()),
    };
    vec![
        seen("api_key", "••••7Q2M", ".env.production:4"),
        seen("api_secret", "••••k0fT", "command op"),
        seen("webhook_secret", "••••k0fT", ".env.production:7"),
    ]
}

/// What a check sees when all is well.
pub(super) fn good(check: &str) -> Evidence {
    match check {
        "payment_api" => Evidence::pass("200 in 121 ms").material("status", "200").fact("latency", "121 ms"),
        "database_connection" => Evidence::pass("answers").fact("address", "127.0.0.1:5432"),
        _ => Evidence::pass("as it should be").material("seen", "usual"),
    }
}
