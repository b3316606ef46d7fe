//! The session as a whole: opened, phases, gate, credentials seen, ended.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::id::SessionId;
use crate::model::plan::SharedPlan;
use crate::model::text::SafeText;
use crate::model::word::Phase;

/// The session as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEvent {
    /// Always the first event. Holds the whole plan, without values: replay needs the journal alone.
    Opened {
        /// Its id.
        session: SessionId,
        /// What it is for.
        purpose: Purpose,
        /// The resolved plan.
        plan: SharedPlan,
        /// The version that goes live, where the plan's source gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<SafeText>,
        /// The machine.
        host: SafeText,
    },
    /// The version that ran when the session was opened: a rollback goes back to it, whatever runs by then.
    VersionBefore {
        /// Which.
        version: SafeText,
    },
    /// golive was started again on this session.
    Resumed {
        /// The machine.
        host: SafeText,
    },
    /// The plan was read again and differs.
    PlanChanged {
        /// The plan from now on.
        plan: SharedPlan,
    },
    /// A phase's checks run from now on.
    PhaseOpened {
        /// Which.
        phase: Phase,
    },
    /// The gate was opened: traffic may come.
    GateOpened,
    /// The gate was closed again.
    GateClosed {
        /// Why.
        reason: SafeText,
    },
    /// What whoever asks the gate is told now: written and answered by golive, on its own account.
    GateKept(GateKept),
    /// The go-live is done.
    Closed,
    /// The go-live was given up.
    Aborted {
        /// Why.
        reason: SafeText,
    },
    /// A credential was read: the masked form, for the credentials screen. Never the value.
    CredentialSeen(Box<CredentialSeen>),
}

/// How the gate is kept where deployments ask it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GateKept {
    /// What its file says: `open` or `closed`; absent without a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<SafeText>,
    /// Where its endpoint answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<SafeText>,
    /// Why its file or its endpoint is not as it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<SafeText>,
}

/// What may be known of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSeen {
    /// Which.
    pub id: crate::model::id::CredentialId,
    /// `••••7Q2M`, or `••••` for short ones. Absent when its source could not be read or has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked: Option<SafeText>,
    /// Characters.
    pub length: usize,
    /// Keyed, short; to compare, not to guess back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<SafeText>,
    /// `.env.production:4`, `command op`, …
    pub source: SafeText,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<SafeText>,
    /// When its file was last changed, where it is in one: the age until golive knows better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A go-live in the cockpit.
    GoLive,
    /// Somebody looks into what is failing.
    Triage,
    /// `golive check`.
    Check,
    /// `golive demo`: never offered for resume.
    Demo,
    /// `golive rotate`.
    Rotation,
    /// `golive rehearse`.
    Rehearsal,
}
