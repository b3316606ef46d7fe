//! Notifiers as plain data: where people are told, how often it is tried, how much one of them takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::{KindName, NotifierId};
use crate::model::kind::Options;

/// Somewhere that people are told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notifier {
    /// Its name; rules name it in `notify` and `escalate.to`.
    pub id: NotifierId,
    /// Its kind: `slack`, `email`, …
    pub kind: KindName,
    /// How long one attempt may take.
    pub timeout: Span,
    /// The wait before the second attempt; it doubles from then on.
    pub retry_delay: Span,
    /// How long an undelivered notice is tried before it is put aside as a dead letter.
    pub give_up_after: Span,
    /// How much it takes.
    pub rate: Rate,
    /// The keys of its kind, as written: secrets by reference alone.
    pub options: Options,
}

/// At most so many attempts in so long a time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// How many.
    pub most: u32,
    /// In how long.
    pub per: Span,
}

impl Default for Rate {
    fn default() -> Self {
        Self { most: 30, per: Span::seconds(60) }
    }
}

impl Notifier {
    /// Whether it is told of alerts: a heartbeat only says that golive lives.
    #[must_use]
    pub fn takes_notices(&self) -> bool {
        self.kind.as_str() != "heartbeat"
    }

    /// Whether the cockpit itself is the messenger.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        self.kind.as_str() == "terminal"
    }
}
