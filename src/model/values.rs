//! The values of a session: what the sources gave, each with where it came from.
//!
//! Names: a variable of the environment is `env.NAME`, a credential `credentials.ID`, an entry of the plan's
//! `[variables]` its own name; `service.name`, `version` and the like are built in.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// One value and where it came from. Every value is kept as a secret; `secret` says whether it must never be shown.
#[derive(Clone)]
pub struct Value {
    /// The value itself.
    pub text: SecretString,
    /// Whether it is a credential: known to the redactor, never shown.
    pub secret: bool,
    /// Where it came from.
    pub origin: Origin,
}

/// A value that a person gave: it is handed on, and neither shown nor stored.
#[derive(Clone)]
pub struct Given(pub SecretString);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Given")
    }
}

impl PartialEq for Given {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Given {}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The environment of golive's own process.
    Process,
    /// A line of an env file.
    Line {
        /// The file, as the plan names it.
        file: Arc<str>,
        /// Counted from 1.
        line: u32,
    },
    /// A whole file.
    File(Arc<str>),
    /// A command; its program, without arguments.
    Command(Arc<str>),
    /// An entry of the keyring.
    Keyring(Arc<str>),
    /// Written in the plan.
    Plan,
}

/// The answer to a look-up.
pub enum Lookup<'a> {
    /// The value.
    Found(&'a Value),
    /// No source names it.
    Missing,
    /// Its source could not be read; says why, never the value.
    Failed(&'a str),
}

/// All values of a session.
#[derive(Clone, Default)]
pub struct Values {
    found: BTreeMap<String, Value>,
    failed: BTreeMap<String, String>,
    known: BTreeMap<String, Record>,
}

/// What this machine knows of a credential's value beside the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Keyed, short: another one means another value.
    pub fingerprint: String,
    /// When golive first saw this very value here.
    pub since: Option<jiff::Timestamp>,
    /// Whether that was when it came into use: in a rotation.
    pub born: bool,
}

impl Value {
    /// A value that may be shown.
    #[must_use]
    pub fn plain(text: &str, origin: Origin) -> Self {
        Self { text: text.to_owned().into(), secret: false, origin }
    }

    /// A credential.
    #[must_use]
    pub const fn secret(text: SecretString, origin: Origin) -> Self {
        Self { text, secret: true, origin }
    }
}

impl Values {
    /// Looks a name up.
    #[must_use]
    pub fn get(&self, name: &str) -> Lookup<'_> {
        if let Some(value) = self.found.get(name) {
            return Lookup::Found(value);
        }
        // A variable may stand in the env file that could not be read: then nobody knows whether it is missing.
        let unread = || self.failed.get(Self::ENV_FILES).filter(|_| name.starts_with("env."));
        match self.failed.get(name).or_else(unread) {
            Some(why) => Lookup::Failed(why),
            None => Lookup::Missing,
        }
    }

    /// The name under which a failure to read the env files is kept.
    pub const ENV_FILES: &str = "env files";

    /// Adds or replaces a value.
    pub fn insert(&mut self, name: &str, value: Value) {
        self.failed.remove(name);
        self.found.insert(name.to_owned(), value);
    }

    /// Says that a name's source could not be read.
    pub fn fail(&mut self, name: &str, why: &str) {
        self.failed.insert(name.to_owned(), why.to_owned());
    }

    /// Says what this machine knows of a credential's value.
    pub fn know(&mut self, name: &str, known: Record) {
        self.known.insert(name.to_owned(), known);
    }

    /// What this machine knows of a credential's value, where somebody looked.
    #[must_use]
    pub fn known(&self, name: &str) -> Option<&Record> {
        self.known.get(name)
    }

    /// All values in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.found.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The secrets, for the redactor: name and value.
    pub fn secrets(&self) -> impl Iterator<Item = (Arc<str>, SecretString)> {
        self.found
            .iter()
            .filter(|(_, value)| value.secret && !value.text.expose_secret().is_empty())
            .map(|(name, value)| (Arc::from(name.as_str()), value.text.clone()))
    }

    /// The sources that could not be read: name and why.
    pub fn failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.failed.iter().map(|(name, why)| (name.as_str(), why.as_str()))
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.found.keys()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Value").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Origin {
    /// The file that the value stands in, as the plan names it.
    #[must_use]
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Line { file, .. } | Self::File(file) => Some(file),
            Self::Process | Self::Command(_) | Self::Keyring(_) | Self::Plan => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("process"),
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::File(file) => f.write_str(file),
            Self::Command(program) => write!(f, "command {program}"),
            Self::Keyring(name) => write!(f, "keyring {name}"),
            Self::Plan => f.write_str("plan"),
        }
    }
}
