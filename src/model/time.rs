//! A moment, by both clocks. Nothing here reads one: `clock.rs` does, and time comes in with events.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A moment by the wall clock and by the clock that counts since boot (sleep included).
///
/// The wall clock is for the record and for people; it can be set. The boot clock only goes forward, so intervals and
/// freshness are judged by both, and the safer answer counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Now {
    /// Wall clock, UTC.
    pub at: Timestamp,
    /// Time since boot, including time asleep.
    #[serde(rename = "up", with = "milliseconds")]
    pub up: Duration,
}

/// How far apart two machines' or two readings' clocks may stand before a moment counts as lying in the future.
const SKEW: Duration = Duration::from_secs(2);

impl Now {
    /// How long ago `then` was, by the clock that says more; `None` if either clock went backwards (set back, or the
    /// machine restarted), so that nothing can be said and the caller has to be careful.
    #[must_use]
    pub fn since(self, then: Self) -> Option<Duration> {
        let wall = signed(self.at, then.at);
        let wall = match wall {
            Ok(elapsed) => elapsed,
            Err(ahead) if ahead <= SKEW => Duration::ZERO,
            Err(_) => return None,
        };
        let up = self.up.checked_sub(then.up)?;
        Some(wall.max(up))
    }

    /// This moment, `duration` later by both clocks.
    #[must_use]
    pub fn after(self, duration: Duration) -> Self {
        let at = self.at.checked_add(duration).unwrap_or(Timestamp::MAX);
        Self { at, up: self.up.saturating_add(duration) }
    }
}

/// Wall time from `then` to `now`; `Err` holds how far `then` lies ahead.
fn signed(now: Timestamp, then: Timestamp) -> Result<Duration, Duration> {
    let elapsed = now.duration_since(then);
    if elapsed.is_negative() { Err(elapsed.unsigned_abs()) } else { Ok(elapsed.unsigned_abs()) }
}

mod milliseconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(up: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(up.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(at: i64, up: u64) -> Now {
        Now { at: Timestamp::from_second(at).unwrap(), up: Duration::from_secs(up) }
    }

    #[test]
    fn an_age_is_what_the_clock_that_says_more_says() {
        assert_eq!(moment(110, 15).since(moment(100, 10)), Some(Duration::from_secs(10)));
        assert_eq!(
            moment(105, 30).since(moment(100, 10)),
            Some(Duration::from_secs(20)),
            "the wall clock was set back a little"
        );
    }

    #[test]
    fn a_clock_that_went_backwards_says_nothing() {
        assert_eq!(moment(50, 15).since(moment(100, 10)), None);
        assert_eq!(moment(200, 3).since(moment(100, 10)), None, "the machine restarted");
    }
}
