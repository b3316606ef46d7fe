//! How strong a value is, in one word for people. It is judged as the kind judges it, without a plan's own demands; a
//! word tells no length, no class and no character.

use super::development;
use super::strength::{self, Demands, Length};

/// What generators make at least; a value that somebody thought up passes for one only by luck.
const SOUND: Demands =
    Demands { length: Some(Length { min: Some(16), max: None }), classes: Some(2), entropy: Some(3.0) };

/// From so many sound characters on nobody tries them all, whichever alphabet they are from.
const STRONG: usize = 24;

/// How strong a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Short, guessable, of one class, repeating itself, or a placeholder.
    Weak,
    /// Sound, and not long.
    Fair,
    /// Sound and long.
    Strong,
}

impl Strength {
    /// Judges a value. `None` for what is no key by itself: a document (a key in PEM or JSON) or an address with a
    /// password in it shows by its characters not how strong it is.
    #[must_use]
    pub fn of(value: &str) -> Option<Self> {
        let value = value.trim();
        let is_no_key = value.contains(char::is_whitespace) || value.contains("://") || value.starts_with(['{', '[']);
        if is_no_key {
            return None;
        }
        let is_sound = strength::objections("it", value, SOUND).is_empty() && development::word(value).is_none();
        Some(match value.chars().count() {
            _ if !is_sound => Self::Weak,
            ..STRONG => Self::Fair,
            _ => Self::Strong,
        })
    }

    /// As it is shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Weak => "weak",
            Self::Fair => "fair",
            Self::Strong => "strong",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_weak_fair_or_strong_and_what_is_no_key_is_none_of_them() {
        let random = hex::encode(ulid::Ulid::generate().to_bytes());
        // The last characters are the random ones.
        let (short, long) = (format!("K9-{}", &random[14..]), format!("{}-K9mQ2xVt7", &random[12..]));
        for (value, strength) in [
            ("", Some(Strength::Weak)),
            ("hunter2", Some(Strength::Weak)),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Some(Strength::Weak)),
            ("Qwertyuiop-Asdfghjkl-1234567890", Some(Strength::Weak)),
            (&format!("sk_test_{long}"), Some(Strength::Weak)),
            (&short, Some(Strength::Fair)),
            (&long, Some(Strength::Strong)),
            (&format!("postgres://shop:{long}@db.example/shop"), None),
            (&format!("-----BEGIN FAKE KEY-----\n{long}\n-----END FAKE KEY-----"), None),
            (&format!("{{\"key\":\"{long}\"}}"), None),
        ] {
            assert_eq!(Strength::of(value), strength, "{} characters", value.chars().count());
        }
    }
}
