//! What a go-live keeps to beside its checklist: when it may happen, and who has to say go.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// When a go-live may happen, and who is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ceremony {
    /// When it may happen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<Window>,
    /// When it may not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub freezes: Vec<Freeze>,
    /// The roles that say go or no-go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Who speaks for a role, where the plan names somebody.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub people: BTreeMap<String, String>,
}

impl Ceremony {
    /// Whether the plan says when a go-live may happen.
    #[must_use]
    pub const fn has_window(&self) -> bool {
        self.window.is_some() || !self.freezes.is_empty()
    }

    /// Whether a deployment may begin at a moment: within the window, and in no freeze.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let within = self.window.is_none_or(|window| {
            window.from.is_none_or(|from| from <= at) && window.until.is_none_or(|until| at < until)
        });
        within && !self.freezes.iter().any(|freeze| freeze.holds(at))
    }
}

/// The time that a go-live was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// From then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A time in which nothing goes live.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    /// From then on.
    pub from: Timestamp,
    /// Until then.
    pub until: Timestamp,
    /// Why.
    pub reason: String,
}

impl Freeze {
    /// Whether it holds at a moment.
    #[must_use]
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.until
    }
}
