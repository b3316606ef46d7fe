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
    /// No way leads to the address, or nobody is there.
    Connect,
    /// The address answers, and nothing listens on the port.
    Refused,
    /// The other side broke the connection off.
    Reset,
    /// TLS was refused, or its certificate is not right.
    Tls,
    /// No answer in time.
    Timeout,
    /// The answer broke the protocol or its bounds.
    Protocol,
    /// An answer with the wrong status.
    Status,
    /// An answer that says this caller may not: 401, 403, a wrong password.
    Denied,
    /// An answer that says there is no such thing: 404, 410.
    NotFound,
    /// An answer that says somebody was there first: 409.
    Conflict,
    /// An answer that asks to come more rarely: 429.
    Throttled,
    /// An answer that says the service itself is unwell: 5xx, still starting, too many connections.
    ServerError,
    /// An answer whose content is wrong.
    Body,
    /// The plan's condition does not hold.
    Condition,
    /// A value is missing, empty or not what it must be.
    Value,
    /// A credential itself is wrong: missing, weak, a placeholder, another one's copy.
    Credential,
    /// Something is set up otherwise than the plan has it: no such database, table, queue or user.
    Configuration,
    /// A file is missing, too old, too open or has the wrong content.
    File,
    /// A command ended with the wrong status.
    Exit,
    /// Nobody can look from this machine: it has no network, no resolver, or a source of its values gives nothing.
    ThisMachine,
    /// golive itself could not find out.
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
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Status => "status",
            Self::Denied => "denied",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Throttled => "throttled",
            Self::ServerError => "server_error",
            Self::Body => "body",
            Self::Condition => "condition",
            Self::Value => "value",
            Self::Credential => "credential",
            Self::Configuration => "configuration",
            Self::File => "file",
            Self::Exit => "exit",
            Self::ThisMachine => "this_machine",
            Self::Local => "local",
        }
    }

    /// Every class, in the order in which a request meets them.
    pub const ALL: &'static [Self] = &[
        Self::Dns,
        Self::Connect,
        Self::Refused,
        Self::Reset,
        Self::Tls,
        Self::Timeout,
        Self::Protocol,
        Self::Status,
        Self::Denied,
        Self::NotFound,
        Self::Conflict,
        Self::Throttled,
        Self::ServerError,
        Self::Body,
        Self::Condition,
        Self::Value,
        Self::Credential,
        Self::Configuration,
        Self::File,
        Self::Exit,
        Self::ThisMachine,
        Self::Local,
    ];

    /// What it means. This is the table of docs/FAILURES.md; a plan's own `impact`, `remedy` and `recovery` come first.
    #[must_use]
    pub const fn meaning(self) -> Meaning {
        use Recovery::{ManualIntervention, Retry};
        let (category, impact, recovery, remedy) = match self {
            Self::Dns => {
                (None, "nobody finds the service under its name", Retry, "see that the name exists and is spelt right")
            }
            Self::Connect => {
                (None, "no way leads to the service", Retry, "see that the host is up and no firewall is between")
            }
            Self::Refused => {
                (None, "the host is up and the service is not", Retry, "start the service, or mend its port")
            }
            Self::Reset => (None, "the service breaks off what it is asked", Retry, "look at the service's own log"),
            Self::Tls => (
                Some(Category::Security),
                "clients refuse to connect",
                ManualIntervention,
                "mend certificate or TLS settings where TLS ends",
            ),
            Self::Timeout => {
                (None, "the service is too slow to be used", Retry, "look at its load and at what it waits for")
            }
            Self::Protocol => {
                (None, "what answers there is not what was asked for", Retry, "see what listens on that port")
            }
            Self::Status => (None, "the service does not do what it is asked", Retry, "look at the service's own log"),
            Self::Denied => (
                Some(Category::Credential),
                "the service does not take the credential",
                ManualIntervention,
                "compare the credential and its rights with what the other side knows",
            ),
            Self::NotFound => (
                Some(Category::Configuration),
                "what is asked for is not there",
                ManualIntervention,
                "compare the address with what is deployed",
            ),
            Self::Conflict => {
                (None, "the state there is another one than expected", ManualIntervention, "see who changed it first")
            }
            Self::Throttled => {
                (None, "the quota is used up, for customers too", Retry, "ask more rarely, or have the quota raised")
            }
            Self::ServerError => {
                (None, "the service is unwell", Retry, "look at the service's own log and status page")
            }
            Self::Body => (
                None,
                "the answer is not what it has to be",
                ManualIntervention,
                "compare the deployed version with what the plan expects",
            ),
            Self::Condition => (
                None,
                "what the plan demands does not hold",
                ManualIntervention,
                "see the parts of the condition below",
            ),
            Self::Value => {
                (None, "a value is not what it must be", ManualIntervention, "mend the value where it is set")
            }
            Self::Credential => (
                Some(Category::Credential),
                "the credential cannot be relied on",
                ManualIntervention,
                "have it issued anew and put away where the plan looks for it",
            ),
            Self::Configuration => (
                Some(Category::Configuration),
                "the set-up is not what the plan says",
                ManualIntervention,
                "compare the plan's names with what is there",
            ),
            Self::File => (None, "a file is not what it must be", ManualIntervention, "mend the file"),
            Self::Exit => {
                (None, "the program says that something is wrong", ManualIntervention, "read what it printed")
            }
            Self::ThisMachine => (
                None,
                "nobody can look from this machine",
                Retry,
                "mend this machine's network, resolver or source of values; what needs them then looks again by itself",
            ),
            Self::Local => (None, "golive could not find out", Retry, "mend the plan, then run the check again"),
        };
        Meaning { category, impact, recovery, remedy }
    }
}

/// What a class of failures means, unless the plan says otherwise.
#[derive(Clone, Copy, Debug)]
pub struct Meaning {
    /// What it is about, where that follows from what happened; otherwise the check's own category.
    pub category: Option<Category>,
    /// What it means, as the beginning of a sentence.
    pub impact: &'static str,
    /// What the program or a person does next.
    pub recovery: Recovery,
    /// Where to begin.
    pub remedy: &'static str,
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
