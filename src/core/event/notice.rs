//! Notices: the outbox. Queued before it is sent, and not out of it before it has arrived or was given up for everybody
//! to see.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::event::micros;
use crate::core::notice::{Notice, NoticeKey};
use crate::model::id::{CheckId, NotifierId};
use crate::model::text::SafeText;

/// What became of notices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeEvent {
    /// Somebody has to be told; nothing has been sent yet.
    Queued(Box<Notice>),
    /// The other side has it.
    Delivered {
        /// Which.
        key: NoticeKey,
        /// What it answered.
        answer: SafeText,
    },
    /// An attempt failed, or nobody knows what came of it.
    Failed {
        /// Which.
        key: NoticeKey,
        /// Why.
        why: SafeText,
        /// How long the other side wants to be left alone; zero where it did not say.
        #[serde(default, with = "micros")]
        pause: Duration,
        /// Whether it will never be taken.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        for_good: bool,
    },
    /// It is not tried any more.
    DeadLettered {
        /// Which.
        key: NoticeKey,
        /// Why.
        why: SafeText,
    },
    /// A person typed back the code of a test: the message was seen at its other end.
    Confirmed {
        /// The check that sent it.
        check: CheckId,
        /// The notifier that it went through.
        notifier: NotifierId,
    },
    /// A heartbeat arrives, or no longer does.
    Beat {
        /// Which.
        notifier: NotifierId,
        /// Whether.
        arrives: bool,
        /// What was answered.
        why: SafeText,
    },
}
