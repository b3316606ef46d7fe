//! Durations as people write them: `250ms`, `15s`, `1m30s`, `36h`, `90d`. One parser for plans, conditions and the
//! command line.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Why a text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing was written.
    #[error("a duration is missing, for example \"30s\"")]
    Empty,
    /// A number without a unit behind it.
    #[error("\"{0}\" has no unit; write \"{0}s\" or \"{0}ms\"")]
    NoUnit(String),
    /// A unit that is not known.
    #[error("\"{0}\" is no unit of time; there are ms, s, m, h, d, w")]
    UnknownUnit(String),
    /// Something that is not a number where a number has to stand.
    #[error("\"{0}\" is not a duration; write for example \"250ms\", \"15s\", \"1m30s\" or \"90d\"")]
    NotANumber(String),
    /// More than a duration can hold.
    #[error("\"{0}\" is too long a time")]
    TooLong(String),
}

/// Reads `250ms`, `1m30s`, `90d`. Units: `us`, `ms`, `s`, `m`, `h`, `d`, `w`; whole or decimal numbers; no sign.
///
/// # Errors
/// Says what is wrong with the text and how to write it.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number: f64 = rest[..digits].parse().map_err(|_| DurationError::NotANumber(text.to_owned()))?;
        rest = rest[digits..].trim_start();
        let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        if letters == 0 {
            return Err(DurationError::NoUnit(text.trim().to_owned()));
        }
        let seconds = number * seconds_of(&rest[..letters])?;
        let part = Duration::try_from_secs_f64(seconds).map_err(|_| DurationError::TooLong(text.to_owned()))?;
        total = total.checked_add(part).ok_or_else(|| DurationError::TooLong(text.to_owned()))?;
        rest = rest[letters..].trim_start();
    }
    Ok(total)
}

fn seconds_of(unit: &str) -> Result<f64, DurationError> {
    Ok(match unit {
        "us" | "µs" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "w" => 604_800.0,
        other => return Err(DurationError::UnknownUnit(other.to_owned())),
    })
}

/// Writes a duration so that [`parse`] reads the same one back (to the microsecond): `1m30s`, `250ms`, `90d`.
#[must_use]
pub fn written(duration: Duration) -> String {
    if duration.is_zero() {
        return "0s".to_owned();
    }
    let mut text = String::new();
    let mut seconds = duration.as_secs();
    for (unit, length) in [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)] {
        let count = seconds / length;
        seconds %= length;
        if count > 0 {
            text.push_str(&format!("{count}{unit}"));
        }
    }
    let micros = duration.subsec_micros();
    if !micros.is_multiple_of(1000) {
        text.push_str(&format!("{micros}us"));
    } else if micros > 0 {
        text.push_str(&format!("{}ms", micros / 1000));
    }
    text
}

/// A length of time that reads and writes itself as people do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&written(self.0))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&written(self.0))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&written(self.0))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        parse(&text).map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "golive-duration",
            "description": "A length of time: 250ms, 15s, 1m30s, 36h, 90d.",
            "examples": ["30s", "250ms", "90d"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(parse("90d"), Ok(Duration::from_secs(90 * 86_400)));
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse("1m30s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse("1.5h"), Ok(Duration::from_secs(5400)));
        assert_eq!(parse("30"), Err(DurationError::NoUnit("30".into())));
        assert_eq!(parse("3 fortnights"), Err(DurationError::UnknownUnit("fortnights".into())));
        assert_eq!(parse("3y"), Err(DurationError::UnknownUnit("y".into())));
        assert!(parse("-5s").is_err() && parse("").is_err() && parse("9999999999999999999999d").is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in 0u64..4_000_000_000_000) {
            let duration = Duration::from_micros(micros);
            let read = parse(&written(duration)).unwrap();
            prop_assert!(read.abs_diff(duration) <= Duration::from_nanos(1000));
        }
    }
}
