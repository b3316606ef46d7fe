//! The one place that reads clocks: wall time and boot time together.
//!
//! Everything else is told what time it is, so that every rule can be tested at any moment.
#![expect(clippy::disallowed_methods, reason = "this is the clock")]

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, Timespec, clock_gettime};

use crate::model::time::Now;

/// How much processor time this process has used.
#[must_use]
pub fn used() -> Duration {
    length(clock_gettime(ClockId::ProcessCPUTime))
}

/// This moment by both clocks. The second one counts since boot, time asleep included, and cannot be set.
#[must_use]
pub fn now() -> Now {
    Now { at: Timestamp::now(), up: length(clock_gettime(ClockId::Boottime)) }
}

fn length(time: Timespec) -> Duration {
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
