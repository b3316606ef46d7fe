//! A ULID as its 26 letters, read where they lie: a journal has two of them in every event.

use std::fmt;

use serde::{Deserializer, de};
use ulid::Ulid;

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Ulid, D::Error> {
    deserializer.deserialize_str(Letters)
}

struct Letters;

impl de::Visitor<'_> for Letters {
    type Value = Ulid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a ULID")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Ulid, E> {
        Ulid::from_string(text).map_err(E::custom)
    }
}
