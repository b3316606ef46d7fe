//! The faults that can be injected, and the switchboard on which they are turned on and off while the world runs.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// A real fault in the running target or its configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// `VITE_IKHOKHA_TEST_MODE` is true.
    TestMode,
    /// The webhook secret is the API secret.
    SharedSecret,
    /// The credentials are development values.
    DevCredentials,
    /// The API secret is short and of one class of characters.
    WeakSecret,
    /// `VITE_IKHOKHA_API_URL` is missing.
    MissingVariable,
    /// The application is served over plain http without a redirect.
    PlainHttp,
    /// The application's certificate has ended.
    ExpiredCertificate,
    /// The database file is gone.
    DatabaseDown,
    /// The payment API answers 503.
    PaymentOutage,
    /// Monitoring is switched off, in the configuration and in the running application.
    NoMonitoring,
    /// The payment API takes long to make a link.
    SlowApi,
    /// Buyers wait long until they see their course.
    SyncDelay,
    /// The new version keeps most customers away.
    VolumeDrop,
    /// The deployment script fails half-way.
    FailedDeploy,
    /// The API secret stands in a public variable, and the build compiles it into the bundle.
    ExposedSecret,
    /// The key of the rows' service in the bundle is the one that goes past their security.
    ServiceRoleKey,
    /// The network's edge serves the bundle of a version before.
    OldBundle,
    /// Nobody has rehearsed the rollback.
    NoRehearsal,
    /// The webhook takes anything, signed or not.
    OpenWebhook,
    /// A callback that is sent again has a second effect.
    ReplayedWebhook,
    /// The callback's URL redirects.
    RedirectingCallback,
    /// Opening the success page grants access.
    SuccessPage,
    /// The webhook grants access whatever was paid, in whatever money, to whomever.
    AnyAmount,
    /// A failure that comes after the success takes the access away again.
    LateFailure,
    /// Half of the provider's callbacks are lost, and the job that finds them stands still.
    LostCallbacks,
    /// The provider books the application's payments as tests.
    BackendTestMode,
    /// What one of the team really pays is charged in rand where cents are meant.
    ShortPayment,
    /// The refund of that payment never comes.
    UnrefundedPayment,
    /// The newest migration is not applied.
    MigrationBehind,
    /// The migration took away what the version before still reads.
    OldVersionBroken,
    /// The application's clock is minutes ahead.
    ClockSkew,
    /// The payment API's quota is nearly used up.
    QuotaLow,
    /// The running application has a flag off that is on in the files.
    FlagsDiffer,
    /// A refused callback leaves no event.
    UnloggedRefusals,
    /// The dependency audit names a vulnerability.
    KnownVulnerability,
    /// The application serves its env file.
    ExposedFiles,
    /// The second of two replicas is down.
    SickReplica,
}

impl Fault {
    /// Every fault.
    pub const ALL: &'static [Self] = &[
        Self::TestMode,
        Self::SharedSecret,
        Self::DevCredentials,
        Self::WeakSecret,
        Self::MissingVariable,
        Self::PlainHttp,
        Self::ExpiredCertificate,
        Self::DatabaseDown,
        Self::PaymentOutage,
        Self::NoMonitoring,
        Self::SlowApi,
        Self::SyncDelay,
        Self::VolumeDrop,
        Self::FailedDeploy,
        Self::ExposedSecret,
        Self::ServiceRoleKey,
        Self::OldBundle,
        Self::NoRehearsal,
        Self::OpenWebhook,
        Self::ReplayedWebhook,
        Self::RedirectingCallback,
        Self::SuccessPage,
        Self::AnyAmount,
        Self::LateFailure,
        Self::LostCallbacks,
        Self::BackendTestMode,
        Self::ShortPayment,
        Self::UnrefundedPayment,
        Self::MigrationBehind,
        Self::OldVersionBroken,
        Self::ClockSkew,
        Self::QuotaLow,
        Self::FlagsDiffer,
        Self::UnloggedRefusals,
        Self::KnownVulnerability,
        Self::ExposedFiles,
        Self::SickReplica,
    ];

    /// Its name, as the switchboard and the scenarios write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::TestMode => "test-mode",
            Self::SharedSecret => "shared-secret",
            Self::DevCredentials => "dev-credentials",
            Self::WeakSecret => "weak-secret",
            Self::MissingVariable => "missing-variable",
            Self::PlainHttp => "plain-http",
            Self::ExpiredCertificate => "expired-certificate",
            Self::DatabaseDown => "database-down",
            Self::PaymentOutage => "payment-outage",
            Self::NoMonitoring => "no-monitoring",
            Self::SlowApi => "slow-api",
            Self::SyncDelay => "sync-delay",
            Self::VolumeDrop => "volume-drop",
            Self::FailedDeploy => "failed-deploy",
            Self::ExposedSecret => "exposed-secret",
            Self::ServiceRoleKey => "service-role-key",
            Self::OldBundle => "old-bundle",
            Self::NoRehearsal => "no-rehearsal",
            Self::OpenWebhook => "open-webhook",
            Self::ReplayedWebhook => "replayed-webhook",
            Self::RedirectingCallback => "redirecting-callback",
            Self::SuccessPage => "success-page",
            Self::AnyAmount => "any-amount",
            Self::LateFailure => "late-failure",
            Self::LostCallbacks => "lost-callbacks",
            Self::BackendTestMode => "backend-test-mode",
            Self::ShortPayment => "short-payment",
            Self::UnrefundedPayment => "unrefunded-payment",
            Self::MigrationBehind => "migration-behind",
            Self::OldVersionBroken => "old-version-broken",
            Self::ClockSkew => "clock-skew",
            Self::QuotaLow => "quota-low",
            Self::FlagsDiffer => "flags-differ",
            Self::UnloggedRefusals => "unlogged-refusals",
            Self::KnownVulnerability => "known-vulnerability",
            Self::ExposedFiles => "exposed-files",
            Self::SickReplica => "sick-replica",
        }
    }

    /// The fault of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.name() == name)
    }
}

/// The switchboard. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<BTreeSet<Fault>>>);

impl Faults {
    /// Whether a fault is on.
    #[must_use]
    pub fn is_on(&self, fault: Fault) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&fault)
    }

    /// Turns a fault on or off.
    pub fn set(&self, fault: Fault, on: bool) {
        let mut faults = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if on {
            faults.insert(fault);
        } else {
            faults.remove(&fault);
        }
    }

    /// The faults that are on.
    #[must_use]
    pub fn on(&self) -> Vec<Fault> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
