//! The preset's environment and configuration, number by number: each check passes on the demo's configuration, and fails
//! for its own reason alone when one variable is another.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use golive::check::{self, Surroundings};
use golive::core::evidence::Evidence;
use golive::demo::{Fault, World};
use golive::model::word::Outcome;
use golive::network::Network;
use golive::notify::Roster;
use golive::{clock, plan, source};

struct Place {
    world: World,
    sound: String,
}

impl Place {
    fn new() -> Self {
        let world = World::start(None, &[]).unwrap();
        let sound = std::fs::read_to_string(world.folder().join(".env.production")).unwrap();
        Self { world, sound }
    }

    /// The demo's configuration with one variable set to something else, or taken out.
    fn with(&self, variable: &str, value: Option<&str>) {
        let others = self.sound.lines().filter(|line| !line.starts_with(&format!("{variable}=")));
        let mut text: String = others.map(|line| format!("{line}\n")).collect();
        if let Some(value) = value {
            text.push_str(&format!("{variable}={value}\n"));
        }
        std::fs::write(self.world.folder().join(".env.production"), text).unwrap();
    }

    async fn look(&self, id: &str) -> Evidence {
        let loaded = plan::load(&self.world.plan(), &check::specs()).unwrap_or_else(|error| panic!("{error}"));
        let values = source::load(&loaded.plan, true, &BTreeMap::new()).await;
        let network = Network::new(&loaded.plan.network, &loaded.plan.folder).unwrap();
        let notifiers = Roster::new(&loaded.plan, &values, true);
        let folder = loaded.plan.folder.clone();
        let surroundings =
            Arc::new(Surroundings { values, folder, trusted: true, clock: clock::now, network, notifiers });
        let check =
            loaded.plan.checks.iter().find(|check| check.id.as_str() == id).unwrap_or_else(|| panic!("no {id}"));
        match check::kind(check.kind.as_str()).unwrap().build(check, &surroundings) {
            Ok(probe) => probe.run(Duration::from_secs(5)).await,
            Err(evidence) => *evidence,
        }
    }
}

/// Number, check, variable, what it is instead, what is said.
const WRONG: &[(&str, &str, &str, Option<&str>, &str)] = &[
    ("E1", "node_env_production", "VITE_NODE_ENV", Some("development"), "must be \"production\""),
    ("E1", "node_env_production", "NODE_ENV", Some("development"), "one of production"),
    ("E2", "test_mode_disabled", "VITE_IKHOKHA_TEST_MODE", Some("False"), "must be \"false\""),
    (
        "E3",
        "production_endpoints",
        "VITE_IKHOKHA_API_URL",
        Some("https://api.ikhokha.com.evil.example/v1"),
        "on api.ikhokha.com",
    ),
    ("E3", "production_endpoints", "VITE_IKHOKHA_API_URL", Some("http://api.ikhokha.com/v1"), "is not https"),
    ("E3", "production_endpoints", "VITE_HELP_URL", Some("https://localhost:3000"), "VITE_HELP_URL leads to localhost"),
    ("E3", "production_endpoints", "VITE_HELP_URL", Some("https://10.1.2.3/"), "a private address"),
    ("E3", "production_endpoints", "VITE_HELP_URL", Some("https://staging.academy.example/"), "a test host"),
    ("E4", "required_variables_set", "VITE_IKHOKHA_API_URL", Some(""), "empty: VITE_IKHOKHA_API_URL"),
    ("E6", "production_urls", "VITE_APP_URL", Some("https://elsewhere.example"), "on academy.example"),
    ("E6", "production_urls", "VITE_PAYMENT_RETURN_URL", None, "VITE_PAYMENT_RETURN_URL is missing"),
    ("E6", "production_urls", "VITE_WEBHOOK_ENDPOINT", Some("https://hooks.academy.example/x"), "leads to"),
    ("E6", "return_url_reachable", "VITE_PAYMENT_RETURN_URL", Some("https://academy.example/no/such/page"), "404"),
    ("E7", "security_settings", "VITE_ENABLE_ENHANCED_WEBHOOK_VALIDATION", Some("false"), "must be \"true\""),
    ("E7", "security_settings", "VITE_WEBHOOK_SIGNATURE_ALGORITHM", Some("md5"), "must be \"sha256\""),
    ("E7", "security_settings", "VITE_WEBHOOK_TIMESTAMP_TOLERANCE", None, "from 1 to 300"),
    ("E7", "security_settings", "VITE_ENABLE_CARD_PAYMENT_THREAT_DETECTION", Some("no"), "must be \"true\""),
    ("E7", "security_settings", "VITE_ENABLE_CARD_PAYMENT_AUDIT_LOGGING", None, "is missing"),
    ("E8", "variable_values_valid", "VITE_IKHOKHA_TIMEOUT", Some("29999"), "at least 30000"),
    ("E8", "variable_values_valid", "VITE_IKHOKHA_RETRY_ATTEMPTS", Some("0"), "at least 1"),
    ("E8", "variable_values_valid", "VITE_IKHOKHA_RETRY_DELAY", Some("soon"), "at least 1"),
    ("E8", "variable_values_valid", "VITE_REQUIRE_HTTPS", Some("TRUE"), "one of true, false"),
    ("E8", "variable_values_valid", "VITE_WEBHOOK_TIMESTAMP_TOLERANCE", Some("301"), "from 1 to 300"),
    ("E9", "feature_flags", "VITE_ENABLE_OPTIMISTIC_UI_UPDATES", Some("false"), "must be \"true\""),
    ("F1", "production_settings_enforced", "VITE_ENABLE_SECURITY_LOGGING", Some("false"), "must be \"true\""),
    ("F1", "production_settings_enforced", "VITE_IKHOKHA_TEST_MODE", Some("true"), "must be \"false\""),
    ("F2", "debug_disabled", "VITE_DEBUG", Some("true"), "must be \"false\""),
    ("F2", "test_routes_disabled", "VITE_ENABLE_TEST_ROUTES", Some("true"), "must be \"false\""),
    ("F2", "console_logs_disabled", "VITE_ENABLE_CONSOLE_LOGS", Some("1"), "must be \"false\""),
    ("F3", "https_configured", "VITE_REQUIRE_HTTPS", Some("false"), "must be \"true\""),
    ("F3", "webhook_validation_configured", "VITE_ENABLE_WEBHOOK_VALIDATION", Some("false"), "must be \"true\""),
    ("F3", "payment_logging_configured", "VITE_ENABLE_PAYMENT_LOGGING", Some("false"), "must be \"true\""),
    ("F3", "security_logging_configured", "VITE_ENABLE_SECURITY_LOGGING", None, "is missing"),
    ("F4", "monitoring_config", "VITE_ENABLE_ERROR_TRACKING", Some("false"), "must be \"true\""),
    ("F4", "monitoring_config", "VITE_ENABLE_BUSINESS_METRICS", None, "is missing"),
    ("H3", "environment_variables", "VITE_HELP_URL", Some("https://academy.example/#/help"), "cut at the #"),
];

#[tokio::test]
async fn every_number_fails_for_its_own_reason() {
    let place = Place::new();
    for (number, id, variable, value, says) in WRONG {
        place.with("NOTHING", None);
        let evidence = place.look(id).await;
        assert_eq!(evidence.outcome, Outcome::Pass, "{number} {id}: {}", evidence.summary);
        place.with(variable, *value);
        let evidence = place.look(id).await;
        assert_eq!(evidence.outcome, Outcome::Fail, "{number} {id} with {variable}={value:?}: {}", evidence.summary);
        assert!(evidence.summary.as_str().contains(says), "{number} {id}: {}", evidence.summary);
    }
}

#[tokio::test]
async fn a_default_that_is_used_is_said() {
    let place = Place::new();
    place.with("VITE_IKHOKHA_TIMEOUT", None);
    let evidence = place.look("variable_values_valid").await;
    assert_eq!(evidence.outcome, Outcome::Pass, "{}", evidence.summary);
    assert!(evidence.summary.as_str().contains("by default: VITE_IKHOKHA_TIMEOUT"), "{}", evidence.summary);
    let shown = evidence.facts.iter().find(|fact| fact.name.as_str() == "VITE_IKHOKHA_TIMEOUT").unwrap();
    assert_eq!(shown.value.as_str(), "\"45000\" by default");
}

#[tokio::test]
async fn monitoring_that_is_on_in_a_file_alone_is_not_enabled() {
    let place = Place::new();
    assert_eq!(place.look("monitoring_enabled").await.outcome, Outcome::Pass);
    assert_eq!(place.look("error_tracking_enabled").await.outcome, Outcome::Pass);
    place.world.set(Fault::NoMonitoring, true).unwrap();
    place.with("NOTHING", None);
    assert_eq!(place.look("monitoring_config").await.outcome, Outcome::Pass, "the file says on");
    assert_eq!(place.look("monitoring_enabled").await.outcome, Outcome::Fail, "and it does not answer");
}

#[test]
fn the_names_of_variables_are_the_plans_own() {
    let text = "extends = [{ preset = \"ikhokha\", with = { app_url = \"https://x.example\", app_host = \"x.example\", test_mode_variable = \"PAY_TEST\", flag_fast_track = \"FAST\" } }]\n\
        [service]\nname = \"x\"\n[[pre_deployment]]\nid = \"a\"\nchecks = [\"category:environment\"]\n";
    let loaded = plan::load_text("golive.toml", text, std::path::Path::new("."), &check::specs()).unwrap();
    let variables = check::variables(&loaded.plan);
    assert!(variables.contains("PAY_TEST") && variables.contains("FAST"), "{variables:?}");
    assert!(!variables.contains("VITE_IKHOKHA_TEST_MODE"), "{variables:?}");
}
