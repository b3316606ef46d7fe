//! What a failure means: a closed type from the start, so that every failure says its class, weight and way out.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;
use crate::model::word::{Category, Severity};

/// What really happened, as far as a check can tell. The class, not the wording, goes into a digest of material facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The name does not exist, or its resolver refuses.
    Dns,
    /// The connection was refused, reset, or nobody answered.
    Connect,
    /// TLS was refused, or its certificate is not right.
    Tls,
    /// No answer in time.
    Timeout,
    /// The answer broke the protocol or its bounds.
    Protocol,
    /// An answer with the wrong status.
    Status,
    /// An answer that says this caller may not.
    Denied,
    /// An answer whose content is wrong.
    Body,
    /// The plan's condition does not hold.
    Condition,
    /// A value is missing, empty or not what it must be.
    Value,
    /// A file is missing, too old, too open or has the wrong content.
    File,
    /// A command ended with the wrong status.
    Exit,
    /// This machine or golive itself could not find out.
    Local,
}

/// What the program or a person does next about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Recovery {
    /// Try again; it may pass by itself.
    Retry,
    /// Use the alternative that the check names.
    Fallback,
    /// A person has to act.
    ManualIntervention,
    /// Go on without the part that is named.
    GracefulDegradation,
}

/// A classified failure or inconclusive end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What happened.
    pub class: FailureClass,
    /// What it is about.
    pub category: Category,
    /// How much it weighs.
    pub severity: Severity,
    /// What it means for the go-live, in a sentence.
    pub impact: SafeText,
    /// What to do about it.
    pub recovery: Recovery,
}

impl FailureClass {
    /// The word as it stands in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Status => "status",
            Self::Denied => "denied",
            Self::Body => "body",
            Self::Condition => "condition",
            Self::Value => "value",
            Self::File => "file",
            Self::Exit => "exit",
            Self::Local => "local",
        }
    }

    /// The way out that fits this class unless the plan names another: what may pass by itself is tried again, what
    /// is wrong by configuration needs a person.
    #[must_use]
    pub const fn usual_recovery(self) -> Recovery {
        match self {
            Self::Dns | Self::Connect | Self::Timeout | Self::Protocol | Self::Status | Self::Local => Recovery::Retry,
            Self::Tls | Self::Denied | Self::Body | Self::Condition | Self::Value | Self::File | Self::Exit => {
                Recovery::ManualIntervention
            }
        }
    }
}

impl Recovery {
    /// The word as it stands in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Fallback => "fallback",
            Self::ManualIntervention => "manual_intervention",
            Self::GracefulDegradation => "graceful_degradation",
        }
    }
}

impl fmt::Display for FailureClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.word().replace('_', " "))
    }
}
