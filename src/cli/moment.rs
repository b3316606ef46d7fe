//! Moments as people type them: `14:05`, `14:05:30`, `2026-11-23 14:05`, or RFC 3339.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;

/// Where the reader is. Without `TZ` that is what the system's own link names; it is read by itself, because a search
/// by name walks the whole database of zones, and the first frame would wait for it.
#[expect(clippy::disallowed_methods, reason = "the system's zone is a file")]
pub(super) fn zone(environment: &std::collections::BTreeMap<String, String>) -> TimeZone {
    if environment.contains_key("TZ") {
        return TimeZone::system();
    }
    let link = Path::new("/etc/localtime");
    let target = std::fs::read_link(link).unwrap_or_default();
    let name = target.to_string_lossy().rsplit_once("/zoneinfo/").map(|(_, name)| name.to_owned());
    let read = name.and_then(|name| TimeZone::tzif(&name, &std::fs::read(link).ok()?).ok());
    read.unwrap_or_else(TimeZone::system)
}

/// The moment that was typed. A time alone is one of the day on which `day` lies, both where the reader is; without an
/// offset so is a date with a time.
pub(super) fn of(text: &str, day: Timestamp) -> Result<Timestamp, String> {
    in_zone(text, day, &TimeZone::system())
}

fn in_zone(text: &str, day: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    // A date with a time is read first: as a time alone it would lose its date.
    let local = match text.parse::<DateTime>() {
        Ok(local) => local,
        Err(_) => {
            let time = text.parse::<Time>().map_err(|_| unclear(text))?;
            zone.to_datetime(day).date().to_datetime(time)
        }
    };
    zone.to_timestamp(local).map_err(|_| unclear(text))
}

fn unclear(text: &str) -> String {
    format!("{text} is no moment: write 14:05, 14:05:30, \"2026-11-23 14:05\" or 2026-11-23T14:05:00Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_alone_is_one_of_that_day_where_the_reader_is() {
        let day: Timestamp = "2026-11-23T22:30:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let read = |text: &str| in_zone(text, day, &zone).map(|moment| moment.to_string());
        assert_eq!(read("14:05"), Ok("2026-11-24T12:05:00Z".to_owned()), "it was past midnight there");
        assert_eq!(read("14:05:30"), Ok("2026-11-24T12:05:30Z".to_owned()));
        assert_eq!(read("2026-11-23 14:05"), Ok("2026-11-23T12:05:00Z".to_owned()));
        assert_eq!(read("2026-11-23T14:05:00Z"), Ok("2026-11-23T14:05:00Z".to_owned()));
        assert!(read("soon").unwrap_err().contains("no moment"));
    }
}
