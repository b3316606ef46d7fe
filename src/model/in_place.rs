//! Text out of a journal, taken where it lies: a long one holds hundreds of thousands, and none has to be a `String` first.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use serde::{Deserializer, de};

/// Makes a value of a text that is borrowed for so long.
///
/// # Errors
/// If there is no text, or `make` refuses it.
pub(crate) fn in_place<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    make: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Making(make, PhantomData))
}

struct Making<M, T>(M, PhantomData<T>);

impl<T, E: Display, M: FnOnce(&str) -> Result<T, E>> de::Visitor<'_> for Making<M, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<F: de::Error>(self, text: &str) -> Result<T, F> {
        (self.0)(text).map_err(F::custom)
    }
}
