//! The codes of a test: what a check says of them in its evidence, and whether what a person types is one of them. The
//! code itself is in the message alone; the evidence has its salted digest.

use sha2::{Digest as _, Sha256};

use crate::core::evidence::{Evidence, Fact};

/// The name of the fact under which a check keeps the digest of the code that went to a notifier.
const WAITS: &str = "code of ";

/// The name of that fact.
#[must_use]
pub fn fact_name(notifier: &str) -> String {
    format!("{WAITS}{notifier}")
}

/// What the evidence keeps of a code.
#[must_use]
pub fn digest(code: &str, salt: &str) -> String {
    let mut hasher = Sha256::new();
    hasher.update(salt.as_bytes());
    hasher.update([0]);
    hasher.update(plain(code).as_bytes());
    format!("{salt}:{}", hex::encode(hasher.finalize()))
}

/// Whether a typed code is the one of this digest. Case, spaces and hyphens do not matter.
#[must_use]
pub fn fits(code: &str, kept: &str) -> bool {
    kept.split_once(':').is_some_and(|(salt, _)| !plain(code).is_empty() && digest(code, salt) == kept)
}

fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|character| character.to_ascii_uppercase()).collect()
}

/// The notifier whose code a fact is about.
#[must_use]
pub fn code_of(fact: &Fact) -> Option<&str> {
    fact.name.as_str().strip_prefix(WAITS)
}

/// The codes that have not come back: notifier and digest.
pub fn waiting(evidence: &Evidence) -> impl Iterator<Item = (&str, &str)> {
    evidence.facts.iter().filter_map(|fact| Some((code_of(fact)?, fact.value.as_str())))
}
