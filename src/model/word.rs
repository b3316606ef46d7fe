//! The closed vocabularies of the field: phases, questions, severities, outcomes, categories.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! spelled {
    ($name:ident { $($variant:ident => $text:literal),+ $(,)? }) => {
        impl $name {
            /// Every variant, in its own order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as plans, reports and scripts write it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

/// A part of a go-live. `Rollback` holds readiness items, open from the start; the procedure stands under them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before anything is changed.
    PreDeployment,
    /// The change itself.
    Deployment,
    /// After the change, until the go-live is closed.
    PostDeployment,
    /// Whether the way back is ready.
    Rollback,
}
spelled!(Phase {
    PreDeployment => "pre_deployment",
    Deployment => "deployment",
    PostDeployment => "post_deployment",
    Rollback => "rollback",
});

/// What a verdict answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// May we deploy? Rests on pre_deployment and rollback readiness.
    Deploy,
    /// May customers pay, may traffic come? Adds deployment.
    Open,
    /// Is the go-live done? Adds post_deployment.
    Close,
}
spelled!(Question { Deploy => "deploy", Open => "open", Close => "close" });

impl Question {
    /// Whether items and checks of `phase` count for this question.
    #[must_use]
    pub const fn includes(self, phase: Phase) -> bool {
        match phase {
            Phase::PreDeployment | Phase::Rollback => true,
            Phase::Deployment => !matches!(self, Self::Deploy),
            Phase::PostDeployment => matches!(self, Self::Close),
        }
    }
}

impl Phase {
    /// The first question that this phase counts for.
    #[must_use]
    pub const fn first_question(self) -> Question {
        match self {
            Self::PreDeployment | Self::Rollback => Question::Deploy,
            Self::Deployment => Question::Open,
            Self::PostDeployment => Question::Close,
        }
    }
}

/// How much a check or an item weighs. Ordered: critical is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Noted, never in the way.
    Advice,
    /// A failure is a warning.
    Warning,
    /// A failure blocks.
    Critical,
}
spelled!(Severity { Advice => "advice", Warning => "warning", Critical => "critical" });

/// What a check found; these four are stored. `blocked`, `stale`, `running`, `missing` are derived when asked.
/// Ordered from best to worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The claim holds.
    Pass,
    /// It holds, with something to look at.
    Warn,
    /// It could not be found out: inconclusive, never a pass.
    Error,
    /// The claim does not hold.
    Fail,
}
spelled!(Outcome { Pass => "pass", Warn => "warn", Error => "error", Fail => "fail" });

impl Outcome {
    /// Whether the run came to a conclusion about the target.
    #[must_use]
    pub const fn is_conclusive(self) -> bool {
        !matches!(self, Self::Error)
    }

    /// Whether the claim holds, with or without something to look at.
    #[must_use]
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Pass | Self::Warn)
    }
}

/// What a check or failure is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// A secret and how it is kept.
    Credential,
    /// Variables and the files they come from.
    Environment,
    /// Certificates, webhooks, exposure.
    Security,
    /// Settings of the system.
    Configuration,
    /// Hosts, databases, services.
    System,
    /// Payments and what follows from them.
    Payment,
    /// What watches the system.
    Monitoring,
}
spelled!(Category {
    Credential => "credential",
    Environment => "environment",
    Security => "security",
    Configuration => "configuration",
    System => "system",
    Payment => "payment",
    Monitoring => "monitoring",
});
