//! Steps: what was run in the world, and how it ended.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::event::micros;
use crate::model::id::{EffectId, ItemId};
use crate::model::text::SafeText;

/// Steps: journalled as intent before they act. A step belongs to an item, or to the rollback procedure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEvent<Of = ItemId> {
    /// A person started it; nothing has been run yet.
    Intended {
        /// The item it settles, or the procedure's step.
        item: Of,
        /// Its number.
        effect: EffectId,
    },
    /// It runs.
    Started {
        /// The item.
        item: Of,
        /// Its number.
        effect: EffectId,
    },
    /// It printed something.
    Output {
        /// The item.
        item: Of,
        /// Its number.
        effect: EffectId,
        /// What it printed: redacted and harmless.
        lines: Vec<OutputLine>,
    },
    /// It waits for input, or no longer does.
    WaitsForInput {
        /// The item.
        item: Of,
        /// Its number.
        effect: EffectId,
        /// Whether.
        waits: bool,
    },
    /// What it began elsewhere is known: from now on it can be found again.
    Elsewhere {
        /// The item.
        item: Of,
        /// Its number.
        effect: EffectId,
        /// The run's own id over there.
        run: SafeText,
        /// Where people look at it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<SafeText>,
    },
    /// A person asked for it to be stopped.
    StopAsked {
        /// The item.
        item: Of,
        /// Its number.
        effect: EffectId,
    },
    /// It ended.
    Ended {
        /// The item.
        item: Of,
        /// Its number.
        effect: EffectId,
        /// How.
        end: StepEnd,
        /// How long it ran.
        #[serde(with = "micros")]
        took: Duration,
    },
}

impl<Of> StepEvent<Of> {
    /// The same about something else.
    #[must_use]
    pub fn about<To>(self, to: impl FnOnce(Of) -> To) -> StepEvent<To> {
        match self {
            Self::Intended { item, effect } => StepEvent::Intended { item: to(item), effect },
            Self::Started { item, effect } => StepEvent::Started { item: to(item), effect },
            Self::Output { item, effect, lines } => StepEvent::Output { item: to(item), effect, lines },
            Self::WaitsForInput { item, effect, waits } => StepEvent::WaitsForInput { item: to(item), effect, waits },
            Self::Elsewhere { item, effect, run, link } => StepEvent::Elsewhere { item: to(item), effect, run, link },
            Self::StopAsked { item, effect } => StepEvent::StopAsked { item: to(item), effect },
            Self::Ended { item, effect, end, took } => StepEvent::Ended { item: to(item), effect, end, took },
        }
    }

    /// What it is about, and the number of its run.
    #[must_use]
    pub const fn run(&self) -> (&Of, EffectId) {
        match self {
            Self::Intended { item, effect }
            | Self::Started { item, effect }
            | Self::Output { item, effect, .. }
            | Self::WaitsForInput { item, effect, .. }
            | Self::Elsewhere { item, effect, .. }
            | Self::StopAsked { item, effect }
            | Self::Ended { item, effect, .. } => (item, *effect),
        }
    }
}

/// A line that a step printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLine {
    /// When.
    pub at: Timestamp,
    /// Whether it came on standard error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub error: bool,
    /// The line.
    pub text: SafeText,
}

/// How a step ended. Only `Succeeded` settles its item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEnd {
    /// It did what it should; the code or status as text.
    Succeeded(SafeText),
    /// It failed; says how.
    Failed(SafeText),
    /// It took too long and was stopped.
    TimedOut,
    /// A person stopped it.
    Stopped,
    /// Nobody knows how it ended: HOLD, and never run again by itself.
    Unknown(SafeText),
}
