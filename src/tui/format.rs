//! Times, lengths and shares as people read them: `2 s ago`, `T+00:12:41`, `14:02:33 SAST`, `98.0 %`.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A length of time in one unit: `40 s`, `11 min`, `3 h`, `12 d`.
#[must_use]
pub fn age(length: Duration) -> String {
    match length.as_secs() {
        seconds @ 0..=119 => format!("{seconds} s"),
        seconds @ 120..=7_199 => format!("{} min", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

/// How long ago a moment was: `2 s ago`, `now`.
#[must_use]
pub fn ago(then: Timestamp, now: Timestamp) -> String {
    let length = between(then, now);
    if length < Duration::from_secs(1) { "now".to_owned() } else { format!("{} ago", age(length)) }
}

/// The time from one moment to a later one; zero when it is not later.
#[must_use]
pub fn between(then: Timestamp, now: Timestamp) -> Duration {
    let length = now.duration_since(then);
    if length.is_negative() { Duration::ZERO } else { length.unsigned_abs() }
}

/// What something took: `4 ms`, `1.9 s`, `41 s`, `3:02`.
#[must_use]
pub fn took(length: Duration) -> String {
    let millis = length.as_millis();
    match millis {
        0 => format!("{} µs", length.as_micros()),
        1..=999 => format!("{millis} ms"),
        1_000..=9_949 => format!("{:.1} s", length.as_secs_f64()),
        9_950..=99_999 => format!("{:.0} s", length.as_secs_f64()),
        _ => format!("{}:{:02}", length.as_secs() / 60, length.as_secs() % 60),
    }
}

/// Time since the session began: `T+00:12:41`.
#[must_use]
pub fn elapsed(length: Duration) -> String {
    let seconds = length.as_secs();
    format!("T+{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// A moment as a local time of day: `14:02:33`.
#[must_use]
pub fn time_of_day(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M:%S").to_string()
}

/// A moment as a local time, with its day where that is another one: `18:00`, `Nov 26 18:00`.
#[must_use]
pub fn until(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned_datetime(zone.clone()), now.to_zoned_datetime(zone.clone()));
    let form = if at.date() == now.date() { "%H:%M" } else { "%b %d %H:%M" };
    at.strftime(form).to_string()
}

/// A moment as a local time of day with its zone: `14:02:33 SAST`.
#[must_use]
pub fn clock(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%H:%M:%S %Z").to_string()
}

/// A share: `100 %`, `98.0 %`, `–` of nothing. Only what is whole is shown as whole.
#[must_use]
pub fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    if part == whole {
        return "100 %".to_owned();
    }
    // Tenths of a percent, rounded down: 99.96 % is never shown as 100 %.
    let tenths = u128::from(part) * 1_000 / u128::from(whole);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A number with its word: `1 blocker`, `2 blockers`.
#[must_use]
pub fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_human_units() {
        let seconds = Duration::from_secs;
        assert_eq!([0, 119, 120, 7_200, 172_800].map(|s| age(seconds(s))), ["0 s", "119 s", "2 min", "2 h", "2 d"]);
        assert_eq!(took(Duration::from_micros(120)), "120 µs");
        assert_eq!(
            [4, 999, 1_900, 10_200, 182_000].map(|ms| took(Duration::from_millis(ms))),
            ["4 ms", "999 ms", "1.9 s", "10 s", "3:02"]
        );
        assert_eq!(elapsed(seconds(761)), "T+00:12:41");
    }

    #[test]
    fn nearly_all_is_never_shown_as_all() {
        assert_eq!(
            [share(0, 0), share(3, 3), share(99_999, 100_000), share(49, 50)],
            ["–", "100 %", "99.9 %", "98.0 %"]
        );
    }

    #[test]
    fn a_moment_is_shown_where_the_reader_is() {
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at: Timestamp = "2026-11-24T12:02:33Z".parse().unwrap();
        assert_eq!(clock(at, &zone), "14:02:33 +02");
        assert_eq!(until(at, at, &zone), "14:02");
        assert_eq!(until(at, "2026-11-23T12:00:00Z".parse().unwrap(), &zone), "Nov 24 14:02");
    }
}
