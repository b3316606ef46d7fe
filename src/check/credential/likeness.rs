//! Whether one credential is another one (C6): two that are equal or hold each other leak together.

use secrecy::ExposeSecret as _;

use crate::check::credential::{Loaded, Objection};

/// Every pair that is not two. Where the provider signs its callbacks with `signed_with`, another credential may be
/// that very value: then it is something to look at, with the compensating controls, and no failure.
pub(super) fn objections(loaded: &[Loaded<'_>], signed_with: Option<&str>) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (at, first) in loaded.iter().enumerate() {
        for second in &loaded[at + 1..] {
            let Some((alike, equal)) = likeness(first, second) else { continue };
            let declared = equal && signed_with.is_some_and(|id| id == first.id || id == second.id);
            objections.push(if declared {
                Objection::warning(format!("{alike}, as the plan declares: confirm each payment with the provider"))
            } else {
                Objection::failure(alike)
            });
        }
    }
    objections
}

/// How two are alike, and whether they are equal.
fn likeness(first: &Loaded<'_>, second: &Loaded<'_>) -> Option<(String, bool)> {
    let (one, other) = (first.secret.expose_secret(), second.secret.expose_secret());
    let (first, second) = (first.id, second.id);
    if one.is_empty() || other.is_empty() {
        None
    } else if one == other {
        Some((format!("{second} is the same value as {first}"), true))
    } else if one.contains(other) {
        Some((format!("{first} contains {second}"), false))
    } else if other.contains(one) {
        Some((format!("{second} contains {first}"), false))
    } else {
        None
    }
}
