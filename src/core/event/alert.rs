//! Alerts: what rules found, and what people did about it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::baseline::Hour;
use crate::model::id::{AlertId, CheckId};
use crate::model::text::SafeText;

/// The life of an alert. What people are told of is a transition with a number, counted through the session, so that
/// each can be told once: `fired`, `released`, `resolved`, `acknowledged`, `escalated`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertEvent {
    /// There are samples enough to evaluate its rule.
    Evaluable {
        /// Which.
        alert: AlertId,
    },
    /// Its rule cannot be evaluated any more; one that fires goes on firing.
    Unevaluable {
        /// Which.
        alert: AlertId,
        /// Why.
        why: SafeText,
    },
    /// Its condition holds, not yet for long enough.
    Pending {
        /// Which.
        alert: AlertId,
        /// What was seen.
        value: SafeText,
        /// What it was held against.
        threshold: SafeText,
    },
    /// Its condition no longer holds, and it had not fired.
    Calmed {
        /// Which.
        alert: AlertId,
    },
    /// It fires.
    Fired {
        /// Which.
        alert: AlertId,
        /// The transition's number.
        transition: u64,
        /// What was seen.
        value: SafeText,
        /// What it was held against.
        threshold: SafeText,
        /// The failing check that what it looks at stands on, where one is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<CheckId>,
        /// The alert on that cause, which fires: while it does, nobody is told of this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        held_by: Option<AlertId>,
    },
    /// Its cause's alert fires now too: nobody more is told of this one.
    HeldBack {
        /// Which.
        alert: AlertId,
        /// The alert on its cause.
        by: AlertId,
    },
    /// Its cause's alert or its silence is over and it still fires: whoever was not told is told now, as if it had
    /// fired now.
    Released {
        /// Which.
        alert: AlertId,
        /// The transition's number.
        transition: u64,
        /// Whether people had been told before it was held back: then there is nothing new to tell them.
        told_before: bool,
    },
    /// Its condition no longer holds; it goes on firing for a while, lest it flap.
    KeptFiring {
        /// Which.
        alert: AlertId,
    },
    /// Its condition holds again after all, or nobody can see any more that it does not.
    HoldsAgain {
        /// Which.
        alert: AlertId,
    },
    /// It is over, on fresh samples.
    Resolved {
        /// Which.
        alert: AlertId,
        /// The transition's number.
        transition: u64,
    },
    /// A person says: seen.
    Acknowledged {
        /// Which.
        alert: AlertId,
        /// The transition's number.
        transition: u64,
        /// What they noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<SafeText>,
    },
    /// A person takes their acknowledgement back.
    Unacknowledged {
        /// Which.
        alert: AlertId,
    },
    /// Nobody acknowledged it in time.
    Escalated {
        /// Which.
        alert: AlertId,
        /// The transition's number.
        transition: u64,
        /// Who is told now, by notifier.
        to: Vec<String>,
    },
    /// A person wants no notices of it for a while. It counts for the verdict all the same.
    Silenced {
        /// Which.
        alert: AlertId,
        /// Why.
        reason: SafeText,
        /// Until when.
        until: Timestamp,
    },
    /// A silence is over.
    SilenceEnded {
        /// Which.
        alert: AlertId,
        /// Why.
        why: SafeText,
    },
    /// What is normal for a series, known from elsewhere: told at the session's start.
    BaselineKnown {
        /// Whose series.
        series: CheckId,
        /// Where from.
        from: SafeText,
        /// Hour by hour of the day.
        hours: Vec<Hour>,
    },
    /// A person says that business rests for a while: rules that the plan mutes in a lull are not judged.
    #[serde(alias = "freeze_declared")]
    LullDeclared {
        /// Why.
        reason: SafeText,
        /// Until when.
        until: Timestamp,
    },
    /// The lull is over.
    #[serde(alias = "freeze_ended")]
    LullEnded {
        /// Why.
        why: SafeText,
    },
}

impl AlertEvent {
    /// Which alert it is about; `None` where it is about all.
    #[must_use]
    pub const fn alert(&self) -> Option<&AlertId> {
        match self {
            Self::Evaluable { alert }
            | Self::Unevaluable { alert, .. }
            | Self::Pending { alert, .. }
            | Self::Calmed { alert }
            | Self::Fired { alert, .. }
            | Self::HeldBack { alert, .. }
            | Self::Released { alert, .. }
            | Self::KeptFiring { alert }
            | Self::HoldsAgain { alert }
            | Self::Resolved { alert, .. }
            | Self::Acknowledged { alert, .. }
            | Self::Unacknowledged { alert }
            | Self::Escalated { alert, .. }
            | Self::Silenced { alert, .. }
            | Self::SilenceEnded { alert, .. } => Some(alert),
            Self::BaselineKnown { .. } | Self::LullDeclared { .. } | Self::LullEnded { .. } => None,
        }
    }

    /// The number of a transition that people are told of.
    #[must_use]
    pub const fn transition(&self) -> Option<u64> {
        match self {
            Self::Fired { transition, .. }
            | Self::Released { transition, .. }
            | Self::Resolved { transition, .. }
            | Self::Acknowledged { transition, .. }
            | Self::Escalated { transition, .. } => Some(*transition),
            Self::Evaluable { .. }
            | Self::Unevaluable { .. }
            | Self::Pending { .. }
            | Self::Calmed { .. }
            | Self::HeldBack { .. }
            | Self::KeptFiring { .. }
            | Self::HoldsAgain { .. }
            | Self::Unacknowledged { .. }
            | Self::Silenced { .. }
            | Self::SilenceEnded { .. }
            | Self::BaselineKnown { .. }
            | Self::LullDeclared { .. }
            | Self::LullEnded { .. } => None,
        }
    }
}
