//! What a report says of alerts: where each stands, who was told of it, and how the notifiers fare.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::alert::Level;
use crate::model::text::SafeText;

/// Something that somebody was to be told.
#[derive(Clone, Debug, Serialize)]
pub struct NoticeEntry {
    /// Its idempotency key, as it was sent.
    pub key: String,
    /// The notifier.
    pub to: String,
    /// `alert.fired`, `alert.acknowledged`, `alert.escalated`, `alert.resolved`.
    pub about: &'static str,
    /// `waiting`, `retrying`, `delivered`, `dead`.
    pub state: &'static str,
    /// Since when it had to be told.
    pub queued: Timestamp,
    /// When that was last changed.
    pub at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// What the other side answered, or why it did not take it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<SafeText>,
}

/// How a notifier fares.
#[derive(Clone, Debug, Serialize)]
pub struct NotifierEntry {
    /// Its name.
    pub id: String,
    /// Its kind.
    pub kind: String,
    /// Whether it takes nothing.
    pub down: bool,
    /// Notices that it took.
    pub delivered: u64,
    /// Notices that wait for it.
    pub waiting: usize,
    /// Notices that were given up.
    pub dead: u64,
    /// What it answered, where it takes nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
}

/// One alert.
#[derive(Clone, Debug, Serialize)]
pub struct AlertEntry {
    /// Its id.
    pub id: String,
    /// What people read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// `critical`, `warning` or `business`.
    pub level: Level,
    /// `inactive`, `pending`, `firing`, `acknowledged`, `resolved`, or `unknown` while its rule cannot be evaluated.
    pub state: &'static str,
    /// Since when it is pending or fires.
    pub since: Option<Timestamp>,
    /// What was seen: when it fired, while it fires, else now.
    pub value: Option<SafeText>,
    /// What it was held against.
    pub threshold: Option<SafeText>,
    /// Why its rule cannot be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<SafeText>,
    /// The failing check that it stands on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Who has it that it fires, by notifier: it arrived there.
    pub notified: Vec<String>,
    /// What was sent to whom, and whether it arrived, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<NoticeEntry>,
    /// Who has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged_by: Option<String>,
    /// When it was escalated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub escalated_at: Option<Timestamp>,
    /// Until when its notices are muted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub silenced_until: Option<Timestamp>,
    /// What it means.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impact: Option<String>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}
