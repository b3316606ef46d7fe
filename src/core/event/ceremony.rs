//! What people agree on around a go-live: the poll of roles, and holds.

use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;

/// What people agree on around a go-live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CeremonyEvent {
    /// A person spoke for a role.
    Polled {
        /// The role.
        role: SafeText,
        /// What was said.
        word: PollWord,
        /// Why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<SafeText>,
    },
    /// A person holds the go-live.
    Held {
        /// Why.
        reason: SafeText,
    },
    /// It goes on.
    HoldLifted,
    /// The window is open, and no freeze holds: an event of its own, so that time alone never makes a verdict better.
    WindowOpened,
    /// It is over, or a freeze holds.
    WindowClosed,
}

/// What a role says in the poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PollWord {
    /// Go.
    Go,
    /// No-go.
    NoGo,
    /// Neither.
    Abstain,
}

impl PollWord {
    /// As people read it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Go => "go",
            Self::NoGo => "no-go",
            Self::Abstain => "abstains",
        }
    }
}
