//! The kit's plan: a card payment of a course web app, small enough to be seen whole.

use std::sync::Arc;
use std::time::Duration;

use golive::core::event::CredentialSeen;
use golive::core::evidence::{Evidence, Hop, Part};
use golive::model::duration::Span;
use golive::model::failure::FailureClass;
use golive::model::id::{CheckId, CredentialId, KindName};
use golive::model::item::Waivable;
use golive::model::plan::{Credential, Plan, Run, SharedPlan, ValueSource};
use golive::model::text::SafeText;
use golive::model::word::{Category, Outcome};

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

/// The same with a flow, and with a check that sees things refused.
pub(super) fn plan_with_a_flow() -> SharedPlan {
    let mut plan: Plan = (*plan()).clone();
    let flow = plan.checks.iter_mut().find(|check| check.id.as_str() == "payment_flow").unwrap();
    (flow.kind, flow.run) = (KindName::new("flow"), Run::OnDemand);
    let named = |(name, ..): &(&str, &str, &str, &str, u64)| serde_json::json!({ "name": name });
    flow.options.insert("hops".into(), WAY.iter().map(named).collect());
    flow.options.insert("cleanup".into(), serde_json::json!([{ "name": "refund" }]));
    plan.checks.push(crate::scenario::plan::check("webhook_rejects_replay on-demand"));
    Arc::new(plan)
}

/// Name, what is done, who vouches, what is seen, how long it takes.
const WAY: &[(&str, &str, &str, &str, u64)] = &[
    ("create payment link", "POST https://pay.example/payment", "pay.example", "200 in 184 ms", 184),
    ("open the link", "GET https://pay.example/pay/8f31", "pay.example", "200 in 302 ms", 302),
    (
        "deliver the callback",
        "POST https://academy.example/hooks/pay",
        "golive's own delivery, not the provider",
        "200 in 41 ms",
        41,
    ),
    ("see the enrolment", "ask postgres://app@db.example/shop", "postgres://app@db.example/shop", "1 row in 3 ms", 303),
    ("see it live", "listen to \"subscribe\"", "academy.example", "the message came after 402 ms", 402),
    ("the course opens", "GET https://academy.example/courses/first", "academy.example", "200 in 97 ms", 97),
];

/// The flow as it goes until the hop at this place, which is refused; all of it where there is none.
pub(super) fn flow(ends_at: Option<usize>) -> Evidence {
    let hop = |(at, (name, done, vouched_by, seen, millis)): (usize, &(&str, &str, &str, &str, u64))| {
        let text = SafeText::from_foreign;
        let ahead = Hop::ahead(name, Part::Way);
        match ends_at {
            Some(end) if at > end => ahead,
            Some(end) if at == end => Hop {
                outcome: Some(Outcome::Fail),
                done: text(done),
                took: Some(Duration::from_millis(3_001)),
                seen: text("count == 1 does not hold: count is 0 (asked 15 times)"),
                vouched_by: text(vouched_by),
                ..ahead
            },
            _ => Hop {
                outcome: Some(Outcome::Pass),
                done: text(done),
                took: Some(Duration::from_millis(*millis)),
                seen: text(seen),
                vouched_by: text(vouched_by),
                ..ahead
            },
        }
    };
    let cleaned = Hop {
        outcome: Some(Outcome::Pass),
        done: SafeText::from_foreign("write to postgres://app@db.example/shop"),
        took: Some(Duration::from_millis(4)),
        seen: SafeText::from_foreign("1 row in 4 ms"),
        vouched_by: SafeText::from_foreign("postgres://app@db.example/shop"),
        ..Hop::ahead("refund", Part::CleanUp)
    };
    let hops = WAY.iter().enumerate().map(hop).chain([cleaned]);
    let impact = "customers pay and get nothing";
    match ends_at {
        None => Evidence::pass("all 6 hops went well in 1.3 s").hops(hops),
        Some(_) => Evidence::fail(
            super::failure(FailureClass::Condition, Category::Payment, impact),
            "hop 4 of 6, see the enrolment: count == 1 does not hold",
        )
        .hops(hops),
    }
}

/// What was refused, as it must be; the last one perhaps not.
pub(super) fn refusals(last: Outcome) -> Evidence {
    let refused = |name: &str, outcome: Outcome| Hop { outcome: Some(outcome), ..Hop::ahead(name, Part::Refusal) };
    let hops = [refused("unsigned", Outcome::Pass), refused("replay", Outcome::Pass), refused("twenty at once", last)];
    match last {
        Outcome::Pass => Evidence::pass("right for: replay, twenty at once"),
        _ => Evidence::fail(super::failure(FailureClass::Body, Category::Security, "paid once"), "20 effects"),
    }
    .hops(hops)
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
