//! What a signature is bound to: a digest of the material facts that were on the screen (DECISIONS 10).
//!
//! In it: check, outcome, failure class, and the facts that a kind declares material. Not in it: times, latencies,
//! wording. So the same finding seen again restores a signature, and another finding does not.

use sha2::{Digest as _, Sha256};

use crate::core::evidence::Evidence;
use crate::core::state::State;
use crate::model::item::Item;
use crate::model::text::SafeText;

/// The digest of the evidence under an item, as 16 hex digits.
#[must_use]
pub fn of_item(state: &State, item: &Item) -> SafeText {
    let mut hasher = Sha256::new();
    for id in &item.checks {
        field(&mut hasher, id.as_str());
        match state.check(id).and_then(|(_, known)| known.latest.as_ref()) {
            Some(latest) => add(&mut hasher, &latest.evidence),
            None => field(&mut hasher, "missing"),
        }
    }
    short(hasher)
}

/// The digest of one run's evidence: two runs with the same one are repeats of each other.
#[must_use]
pub fn of_evidence(evidence: &Evidence) -> SafeText {
    let mut hasher = Sha256::new();
    add(&mut hasher, evidence);
    short(hasher)
}

fn add(hasher: &mut Sha256, evidence: &Evidence) {
    field(hasher, evidence.outcome.word());
    field(hasher, evidence.failure.as_ref().map_or("", |failure| failure.class.word()));
    for fact in evidence.facts.iter().filter(|fact| fact.material) {
        field(hasher, fact.name.as_str());
        field(hasher, fact.value.as_str());
    }
}

/// Length first, so that no two lists of fields run together into the same bytes.
fn field(hasher: &mut Sha256, text: &str) {
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text.as_bytes());
}

fn short(hasher: Sha256) -> SafeText {
    SafeText::from_foreign(&hex::encode(&hasher.finalize()[..8]))
}
