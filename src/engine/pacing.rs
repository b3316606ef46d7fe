//! When to wake up: due times are rounded up to a common tick, so that several checks share one wake-up; with nothing
//! to do there is none.

use std::time::Duration;

use jiff::Timestamp;

use crate::model::time::Now;

/// The common tick. Half of it is the mean lateness it costs.
pub(super) const TICK: Duration = Duration::from_millis(20);

/// A timer counts no time asleep: after a suspend it would be late by all of it. So no sleep is longer than this.
const LONGEST: Duration = Duration::from_secs(30);

/// How long from now until the tick at or after a boot time.
pub(super) fn until_due(due: Duration, now: Now) -> Duration {
    let tick = TICK.as_nanos();
    let nanos = due.as_nanos().div_ceil(tick) * tick;
    let due = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
    due.saturating_sub(now.up).min(LONGEST)
}

/// How long from now until a moment of the wall clock.
pub(super) fn until_moment(moment: Timestamp, now: Now) -> Duration {
    let left = moment.duration_since(now.at);
    if left.is_negative() { Duration::ZERO } else { left.unsigned_abs().min(LONGEST) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(milliseconds: u64) -> Now {
        Now { at: Timestamp::UNIX_EPOCH, up: Duration::from_millis(milliseconds) }
    }

    #[test]
    fn due_times_within_a_tick_share_a_wake_up() {
        let due = |milliseconds| until_due(Duration::from_millis(milliseconds), now(1_000));
        assert_eq!(due(1_001), due(1_020));
        assert_eq!(due(1_020), TICK);
        assert_eq!(due(1_021), TICK * 2);
        assert_eq!(due(900), Duration::ZERO, "what is due already is due");
    }

    #[test]
    fn a_suspend_makes_nothing_late_for_long() {
        assert_eq!(until_due(Duration::from_secs(9_000), now(0)), LONGEST);
        let hour = Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(1);
        assert_eq!(until_moment(hour, now(0)), LONGEST);
        assert_eq!(until_moment(Timestamp::UNIX_EPOCH, now(5)), Duration::ZERO);
    }
}
