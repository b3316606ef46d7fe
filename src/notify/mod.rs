//! Notifiers: one file each, all of one shape, in one table.
//!
//! A notifier turns a [`Notice`] into what its other side takes, sends it once, and says whether it was taken. It
//! retries nothing, remembers nothing and knows no journal: the outbox does (`core/state/notices.rs`). Adding one is
//! one file, and one `mod` line with one line in [`KINDS`].

mod chat;
mod command;
mod discord;
mod email;
mod heartbeat;
mod keys;
#[cfg(test)]
mod kit;
mod ntfy;
mod pagerduty;
mod post;
mod roster;
mod slack;
mod teams;
mod terminal;
#[cfg(test)]
mod tests;
mod webhook;

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

pub use roster::{Roster, secrets};

use crate::core::notice::Notice;
use crate::model::kind::{KindSpec, Options};
use crate::model::text::SafeText;
use crate::model::values::Values;
use crate::network::{Network, Trouble};

/// Every notifier there is. From this table come the plan's keys, `golive schema`, docs and "did you mean".
pub const KINDS: &[&dyn Kind] = &[
    &slack::SLACK,
    &email::Email,
    &webhook::Webhook,
    &pagerduty::PagerDuty,
    &teams::TEAMS,
    &discord::DISCORD,
    &ntfy::Ntfy,
    &command::Command,
    &terminal::Terminal,
    &heartbeat::Heartbeat,
];

/// A kind of notifier.
pub trait Kind: Sync {
    /// What lint, schema and docs know of it.
    fn spec(&self) -> KindSpec;

    /// Makes a notifier of its keys, with the values put in. Called once a session.
    ///
    /// # Errors
    /// Why it cannot be used: a value is missing, a command is not trusted.
    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable>;
}

/// What a notifier is made of.
pub struct Given<'a> {
    /// Its keys, as the plan has them.
    pub options: &'a Options,
    /// The values of the sources.
    pub values: &'a Values,
    /// The folder that relative paths start from.
    pub folder: &'a Path,
    /// Whether the plan's commands may run.
    pub trusted: bool,
}

/// Why a notifier cannot be used, in a sentence without a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unusable {
    /// Why.
    pub why: String,
    /// Whether that lies with this machine, and says nothing about the notifier: a source failed, a command is not
    /// trusted.
    pub local: bool,
}

impl Unusable {
    fn new(why: impl Into<String>) -> Self {
        Self { why: why.into(), local: false }
    }
}

/// A notifier that is ready to send.
pub trait Notifier: Send + Sync {
    /// Sends once; ends by the deadline.
    fn send<'a>(&'a self, notice: &'a Notice, way: Way<'a>) -> Sending<'a>;

    /// Goes as far as can be gone without anybody being told.
    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a>;
}

/// What [`Notifier::send`] returns.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<Taken, Refused>> + Send + 'a>>;

/// How a notice goes.
#[derive(Clone, Copy)]
pub struct Way<'a> {
    /// How names are reached.
    pub network: &'a Network,
    /// Whether nothing may leave this machine.
    pub only_loopback: bool,
    /// When the attempt has to be over.
    pub deadline: Instant,
    /// The wall clock at its beginning.
    pub now: Timestamp,
}

/// The other side has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// What it answered.
    pub answer: SafeText,
}

impl Taken {
    fn new(answer: &str) -> Self {
        Self { answer: SafeText::bounded(answer, LONGEST_ANSWER) }
    }
}

/// The other side does not have it, or nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Why, in a sentence.
    pub why: SafeText,
    /// Whether another attempt makes sense.
    pub again: Again,
    /// Whether that lies with this machine, and says nothing about the other side.
    pub local: bool,
}

/// Whether another attempt makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// By the notifier's own rhythm.
    Later,
    /// Not before so long; the other side said so.
    After(Duration),
    /// This notice will never be taken.
    Never,
}

/// What is kept of an answer.
const LONGEST_ANSWER: usize = 200;

impl Refused {
    fn later(why: &str) -> Self {
        Self { why: SafeText::bounded(why, LONGEST_ANSWER), again: Again::Later, local: false }
    }

    /// Nobody answered in time.
    #[must_use]
    pub fn too_late() -> Self {
        Self::later("no answer in time")
    }

    fn never(why: &str) -> Self {
        Self { again: Again::Never, ..Self::later(why) }
    }
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        Self { local: !trouble.is_the_targets(), ..Self::later(&trouble.to_string()) }
    }
}

impl From<&Unusable> for Refused {
    fn from(unusable: &Unusable) -> Self {
        Self { local: unusable.local, ..Self::later(&unusable.why) }
    }
}

/// The specs of all notifiers, for the plan's loader.
#[must_use]
pub fn specs() -> Vec<KindSpec> {
    KINDS.iter().map(|kind| kind.spec()).collect()
}

/// The kind with this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.spec().name == name)
}
