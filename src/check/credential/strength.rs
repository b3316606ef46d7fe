//! What is wrong with one value by itself: length, classes, entropy, patterns, what was pasted along. Pure: a value in,
//! sentences out, and never the value in a sentence.

use schemars::JsonSchema;
use serde::Deserialize;

/// Characters, at least and at most.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Length {
    /// At least.
    pub(super) min: Option<usize>,
    /// At most.
    pub(super) max: Option<usize>,
}

/// What a value has to be.
#[derive(Clone, Copy)]
pub(super) struct Demands {
    pub(super) length: Option<Length>,
    pub(super) classes: Option<u8>,
    /// Shannon's entropy, bits for a character.
    pub(super) entropy: Option<f64>,
}

/// zxcvbn's time grows with the square of the length; what is random shows it in so many characters.
const LOOKED_AT: usize = 32;

/// Everything that is wrong with this value, worst first.
pub(super) fn objections(id: &str, value: &str, demands: Demands) -> Vec<String> {
    if value.trim().is_empty() {
        return vec![format!("{id} is empty")];
    }
    let mut objections = pasted_along(id, value);
    let count = value.chars().count();
    if let Some(Length { min, max }) = demands.length {
        objections.extend(
            min.filter(|min| count < *min).map(|min| format!("{id} has {count} characters, at least {min} are needed")),
        );
        objections.extend(
            max.filter(|max| count > *max).map(|max| format!("{id} has {count} characters, at most {max} are allowed")),
        );
    }
    let mixed = classes_of(value);
    if let Some(classes) = demands.classes.filter(|classes| mixed.len() < usize::from(*classes)) {
        let of = mixed.join(" and ");
        objections.push(format!("{id} has only {of}: {classes} of upper, lower, digit, symbol are needed"));
    }
    if let Some(floor) = demands.entropy {
        let entropy = entropy_of(value);
        if entropy < floor {
            objections
                .push(format!("{id} repeats itself: {entropy:.1} bits a character, at least {floor:.1} are needed"));
        }
        if is_guessable(value) {
            objections.push(format!("{id} is guessable: words, keyboard rows, sequences or repeats make most of it"));
        }
    }
    objections
}

fn pasted_along(id: &str, value: &str) -> Vec<String> {
    let mut objections = Vec::new();
    if value.trim() != value {
        objections.push(format!("{id} has blanks before or behind it"));
    }
    if value.len() > 1 && value.starts_with(['"', '\'']) && value.ends_with(['"', '\'']) {
        objections.push(format!("{id} has its quotes pasted along"));
    }
    objections
}

fn classes_of(value: &str) -> Vec<&'static str> {
    let has = |test: fn(char) -> bool| value.chars().any(test);
    let classes = [
        ("upper case", char::is_uppercase as fn(char) -> bool),
        ("lower case", char::is_lowercase),
        ("digits", |c: char| c.is_ascii_digit()),
        ("symbols", |c: char| !c.is_alphanumeric()),
    ];
    classes.into_iter().filter(|(_, test)| has(*test)).map(|(name, _)| name).collect()
}

/// Shannon's entropy of the characters' frequencies, in bits for a character.
fn entropy_of(value: &str) -> f64 {
    let mut counts = std::collections::BTreeMap::new();
    for character in value.chars() {
        *counts.entry(character).or_insert(0_u32) += 1;
    }
    let all: f64 = counts.values().copied().map(f64::from).sum();
    counts.values().map(|count| f64::from(*count) / all).map(|share| -share * share.log2()).sum()
}

/// Whether words, rows of the keyboard, sequences or repeats make most of it. A random character is worth a factor of
/// ten in zxcvbn's estimate; where less than half of that is left, somebody thought the value up.
fn is_guessable(value: &str) -> bool {
    let looked_at: String = value.chars().take(LOOKED_AT).collect();
    let random = u32::try_from(looked_at.chars().count()).map_or(f64::MAX, f64::from);
    zxcvbn::zxcvbn(&looked_at, &[]).guesses_log10() < random / 2.0
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::test_runner::{Config, TestRunner};

    use super::*;

    const SECRET: Demands =
        Demands { length: Some(Length { min: Some(16), max: Some(128) }), classes: Some(3), entropy: Some(3.0) };

    fn says(value: &str, part: &str) {
        let objections = objections("api_secret", value, SECRET);
        assert!(objections.iter().any(|objection| objection.contains(part)), "{part}: {objections:?}");
        assert!(objections.iter().all(|objection| !objection.contains(value)), "{objections:?}");
    }

    #[test]
    fn each_weakness_is_named_for_itself() {
        says("   ", "is empty");
        says("Short-1", "7 characters, at least 16");
        says(&"Ab1-".repeat(40), "160 characters, at most 128");
        says("only-lower-case-letters", "only lower case and symbols");
        says(" K9-mQ2x.Vt7_bN4w ", "blanks");
        says("\"K9-mQ2x.Vt7_bN4w\"", "quotes");
        says("Aa1-Aa1-Aa1-Aa1-Aa1-", "repeats itself: 2.0 bits");
    }

    #[test]
    fn what_people_think_up_is_guessable() {
        for value in [
            "Password1234Password1234",
            "Qwertyuiop-Asdfghjkl-1234567890",
            "Abcdefghijklmnopqrstuvwxyz-0123456789",
            "Welcome1-Welcome1-Welcome1",
        ] {
            says(value, "guessable");
        }
    }

    /// A false alarm is a defect too: production-like keys as generators make them.
    #[test]
    fn random_keys_raise_no_alarm() {
        let mut runner = TestRunner::new_with_rng(
            Config::default(),
            proptest::test_runner::TestRng::deterministic_rng(proptest::test_runner::RngAlgorithm::ChaCha),
        );
        let mut flagged = 0;
        for round in 0..10_000_usize {
            let bytes: [u8; 32] = proptest::strategy::ValueTree::current(
                &proptest::strategy::Strategy::new_tree(&proptest::arbitrary::any::<[u8; 32]>(), &mut runner).unwrap(),
            );
            let value = match round % 4 {
                0 => hex::encode(bytes),
                1 => STANDARD.encode(bytes),
                2 => URL_SAFE_NO_PAD.encode(&bytes[..24]),
                _ => hex::encode(&bytes[..16]),
            };
            let demands = Demands { classes: Some(2), ..SECRET };
            let found = objections("key", &value, demands);
            let word = super::super::development::word(&value);
            flagged += usize::from(!found.is_empty() || word.is_some());
        }
        assert!(flagged < 10, "{flagged} of 10,000 random keys were flagged");
    }
}
