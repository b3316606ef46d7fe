//! The one place that reads clocks: wall time and boot time together.
//!
//! Everything else is told what time it is, so that every rule can be tested at any moment.
#![expect(clippy::disallowed_methods, reason = "this is the clock")]

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

use crate::model::time::Now;

/// This moment by both clocks. The second one counts since boot, time asleep included, and cannot be set.
#[must_use]
pub fn now() -> Now {
    let up = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(up.tv_sec).unwrap_or(0);
    let nanoseconds = u32::try_from(up.tv_nsec).unwrap_or(0);
    Now { at: Timestamp::now(), up: Duration::new(seconds, nanoseconds) }
}
