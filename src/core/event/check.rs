//! Checks: started, finished, observed, demanded.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::event::micros;
use crate::core::evidence::{Evidence, Measured};
use crate::model::id::{CheckId, EffectId};
use crate::model::time::Now;

/// Checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckEvent {
    /// A run began. Volatile: never journalled; after a resume nothing is running.
    Started {
        /// Which.
        check: CheckId,
        /// The run's number.
        effect: EffectId,
    },
    /// A run ended: the full record.
    Finished(Box<Finished>),
    /// Runs that only repeated what was known: same outcome, same digest, same failure.
    Observed {
        /// One line a run.
        repeats: Vec<Repeat>,
    },
    /// A person asked for these to run now.
    Demanded {
        /// Which.
        checks: Vec<CheckId>,
    },
}

/// The full record of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Which check.
    pub check: CheckId,
    /// Which run: of one check the latest run's counts.
    pub effect: EffectId,
    /// How late it began.
    #[serde(with = "micros")]
    pub lateness: Duration,
    /// How long it took, all attempts together.
    #[serde(with = "micros")]
    pub took: Duration,
    /// What it saw.
    pub evidence: Evidence,
}

/// A run that repeated what was known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// Which check.
    pub check: CheckId,
    /// Which run.
    pub effect: EffectId,
    /// When it ended, by the wall clock.
    pub at: Timestamp,
    /// When it ended, in milliseconds since boot.
    pub up: u64,
    /// How long it took.
    #[serde(with = "micros")]
    pub took: Duration,
    /// How late it began.
    #[serde(with = "micros")]
    pub lateness: Duration,
    /// The number that it measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

impl Repeat {
    /// When it ended, by both clocks.
    #[must_use]
    pub const fn when(&self) -> Now {
        Now { at: self.at, up: Duration::from_millis(self.up) }
    }
}
