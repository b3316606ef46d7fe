//! Items, and what people decide about them and about checks.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::id::{AlertId, CheckId, ItemId, NotifierId};
use crate::model::text::SafeText;

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An item of the checklist.
    Item(ItemId),
    /// A check.
    Check(CheckId),
    /// A notifier: what it weighs that nobody is told.
    Notifier(NotifierId),
    /// An alert: it is acknowledged and silenced, never waived.
    Alert(AlertId),
}

/// Items, and what people decide about them and about checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemEvent {
    /// A person said yes.
    Signed {
        /// To which item.
        item: ItemId,
        /// Digest of the material facts that were on the screen.
        digest: SafeText,
        /// What they noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<SafeText>,
    },
    /// A person took their signature back.
    Unsigned {
        /// From which item.
        item: ItemId,
    },
    /// The evidence under a signed item became another: its signatures no longer count.
    Reopened {
        /// Which item.
        item: ItemId,
        /// What changed.
        why: SafeText,
    },
    /// A person objects.
    Objected {
        /// To which item.
        item: ItemId,
        /// Why.
        reason: SafeText,
    },
    /// The objector is content.
    ObjectionWithdrawn {
        /// To which item.
        item: ItemId,
    },
    /// A person accepts something although it is not settled.
    Waived {
        /// What.
        subject: Subject,
        /// Why.
        reason: SafeText,
        /// Until when.
        until: Timestamp,
    },
    /// A waiver is over.
    WaiverEnded {
        /// Of what.
        subject: Subject,
        /// Why.
        why: SafeText,
    },
    /// A person says "I am on it".
    Claimed {
        /// Which item.
        item: ItemId,
    },
    /// Nobody is on it any more: its time is over, or the person said so.
    ClaimEnded {
        /// Which item.
        item: ItemId,
        /// Why.
        why: SafeText,
    },
    /// A person wrote something down.
    Noted {
        /// About what; about the session when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<Subject>,
        /// The note.
        text: SafeText,
    },
    /// The quiet time begins.
    SoakStarted {
        /// Of which item.
        item: ItemId,
    },
    /// The quiet time was broken and has to begin anew.
    SoakBroken {
        /// Of which item.
        item: ItemId,
        /// By what.
        by: SafeText,
    },
    /// The quiet time was long enough, over fresh evidence.
    Soaked {
        /// Of which item.
        item: ItemId,
    },
}
