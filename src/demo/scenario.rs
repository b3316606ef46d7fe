//! The scenarios that the demo can fly: a name, a sentence, the faults that are injected, and what has to come out.

use crate::demo::Fault;

/// A go-live with something wrong in it, or nothing.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// As it is named on the command line.
    pub name: &'static str,
    /// What is wrong, in a sentence.
    pub sentence: &'static str,
    /// The faults that are there from the start.
    pub faults: &'static [Fault],
    /// The exit code that the flight ends with: 0 GO, 1 NO-GO, 3 HOLD.
    pub exit: u8,
    /// The check that has to fail, where one does.
    pub check: Option<&'static str>,
    /// The alert that has to fire, where one does.
    pub alert: Option<&'static str>,
}

/// Every scenario, the healthy one first. One scenario is one entry.
pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "healthy",
        sentence: "nothing is wrong: the go-live is flown to its close",
        faults: &[],
        exit: 0,
        check: None,
        alert: None,
    },
    failing("test-mode", "test mode is left on", &[Fault::TestMode], "test_mode_disabled"),
    failing("shared-secret", "the webhook secret is the API secret", &[Fault::SharedSecret], "credentials_distinct"),
    failing(
        "dev-credentials",
        "development credentials are configured",
        &[Fault::DevCredentials],
        "no_development_credentials",
    ),
    failing("weak-secret", "the API secret is short and of one class", &[Fault::WeakSecret], "api_secret_valid"),
    failing("missing-variable", "a required variable is missing", &[Fault::MissingVariable], "required_variables_set"),
    failing("plain-http", "the application is served without https", &[Fault::PlainHttp], "https_enforced"),
    failing(
        "expired-certificate",
        "the application's certificate has ended",
        &[Fault::ExpiredCertificate],
        "certificates_valid",
    ),
    failing("no-monitoring", "monitoring is switched off", &[Fault::NoMonitoring], "monitoring_enabled"),
    Scenario {
        alert: Some("payment_processing_failure"),
        ..failing("payment-outage", "the payment API is down", &[Fault::PaymentOutage], "ikhokha_api_status")
    },
    alerting("slow-api", "the payment API is slow", &[Fault::SlowApi], "high_payment_latency"),
    alerting("sync-delay", "buyers wait for their course", &[Fault::SyncDelay], "enrollment_sync_delay"),
    alerting("volume-drop", "the new version keeps customers away", &[Fault::VolumeDrop], "payment_volume_drop"),
    failing(
        "exposed-secret",
        "the API secret is compiled into the bundle",
        &[Fault::ExposedSecret],
        "secrets_not_public",
    ),
    failing(
        "service-role-key",
        "the bundle holds the key that goes past row security",
        &[Fault::ServiceRoleKey],
        "secrets_not_public",
    ),
    failing(
        "old-bundle",
        "the network's edge serves an older bundle",
        &[Fault::OldBundle],
        "served_bundle_is_the_build",
    ),
    Scenario {
        name: "failed-deploy",
        sentence: "the deployment fails half-way and is rolled back",
        faults: &[Fault::FailedDeploy],
        exit: 1,
        check: None,
        alert: None,
    },
    Scenario {
        name: "no-rehearsal",
        sentence: "nobody has rehearsed the rollback",
        faults: &[Fault::NoRehearsal],
        exit: 3,
        check: None,
        alert: None,
    },
    failing("open-webhook", "the webhook takes anything", &[Fault::OpenWebhook], "webhook_rejects_forgery"),
    failing(
        "replayed-webhook",
        "a callback that is sent again has a second effect",
        &[Fault::ReplayedWebhook],
        "webhook_rejects_replay",
    ),
    failing(
        "redirecting-callback",
        "the callback's URL redirects, which no provider follows",
        &[Fault::RedirectingCallback],
        "webhook_accepts_genuine",
    ),
    failing(
        "success-page",
        "the success page grants access to whoever opens it",
        &[Fault::SuccessPage],
        "success_page_grants_nothing",
    ),
    failing("any-amount", "a cent buys a course", &[Fault::AnyAmount], "amount_is_verified"),
    failing(
        "late-failure",
        "a failure that comes after the success takes the course away",
        &[Fault::LateFailure],
        "late_failure_changes_nothing",
    ),
    failing(
        "lost-callbacks",
        "callbacks are lost, and nothing finds the payments behind them",
        &[Fault::LostCallbacks],
        "lost_callbacks_reconciled",
    ),
    failing(
        "backend-test-mode",
        "the provider books payments as tests, whatever the variables say",
        &[Fault::BackendTestMode],
        "live_payment_in_history",
    ),
    failing(
        "short-payment",
        "a real smallest payment is charged in rand where cents are meant",
        &[Fault::ShortPayment],
        "smallest_payment_arrived",
    ),
    failing(
        "unrefunded-payment",
        "the refund of the real smallest payment never comes",
        &[Fault::UnrefundedPayment],
        "smallest_payment_refunded",
    ),
    failing("migration-behind", "the newest migration is not applied", &[Fault::MigrationBehind], "migrations_applied"),
    failing(
        "old-version-broken",
        "the migration took away what the version before still reads",
        &[Fault::OldVersionBroken],
        "old_version_on_new_schema",
    ),
    failing(
        "unlogged-refusals",
        "a refused callback leaves no event",
        &[Fault::UnloggedRefusals],
        "security_logging_enabled",
    ),
    failing(
        "known-vulnerability",
        "the dependency audit names a vulnerability",
        &[Fault::KnownVulnerability],
        "no_security_vulnerabilities",
    ),
    failing("exposed-files", "the site serves its env file", &[Fault::ExposedFiles], "site_hygiene"),
    failing("sick-replica", "one of two replicas is down", &[Fault::SickReplica], "every_replica_answers"),
    warning("clock-skew", "the application's clock is minutes ahead", &[Fault::ClockSkew], "clocks_agree"),
    warning("quota-low", "the payment API's quota is nearly used up", &[Fault::QuotaLow], "quota_has_room"),
    warning("flags-differ", "the running site has a flag off", &[Fault::FlagsDiffer], "feature_flags_served"),
    failing("database-down", "the database is gone", &[Fault::DatabaseDown], "database_connection"),
];

const fn failing(
    name: &'static str,
    sentence: &'static str,
    faults: &'static [Fault],
    check: &'static str,
) -> Scenario {
    Scenario { name, sentence, faults, exit: 1, check: Some(check), alert: None }
}

/// A flight that comes to its close although a check fails that only warns.
const fn warning(
    name: &'static str,
    sentence: &'static str,
    faults: &'static [Fault],
    check: &'static str,
) -> Scenario {
    Scenario { exit: 0, ..failing(name, sentence, faults, check) }
}

/// A flight that comes to its close with a warning.
const fn alerting(
    name: &'static str,
    sentence: &'static str,
    faults: &'static [Fault],
    alert: &'static str,
) -> Scenario {
    Scenario { name, sentence, faults, exit: 0, check: None, alert: Some(alert) }
}

/// The scenario of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name)
}
