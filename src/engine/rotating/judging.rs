//! Whether a new value may take a credential's place: the plan's own checks say it, run on the new value before it is
//! written anywhere.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value as Json, json};

use crate::engine::rotating::Walk;
use crate::model::kind::Options;
use crate::model::plan::Check;
use crate::model::values::{Lookup, Origin, Value};
use crate::model::word::Outcome;
use crate::notify::Roster;
use crate::source::name_of;

/// Everything that stands against the new value, worst first.
pub(super) async fn objections(walk: &Walk, old: Option<&SecretString>, new: &SecretString) -> Vec<String> {
    let id = walk.credential.as_str();
    if old.is_some_and(|old| old.expose_secret() == new.expose_secret()) {
        return vec![format!("the new value of {id} is the old one")];
    }
    let mut values = walk.shared.surroundings.values.clone();
    values.insert(&name_of(&walk.credential), Value::secret(new.clone(), Origin::File(Arc::from("the new value"))));
    let surroundings = Arc::new(walk.shared.surroundings.with_values(values, Roster::default()));
    let mut objections = Vec::new();
    let mut is_compared = false;
    for check in walk.plan.checks.iter().filter(|check| check.kind.as_str() == "credential") {
        is_compared |= is_on(&check.options, "distinct") && lists(&check.options, id);
        for options in about(&check.options, id) {
            let narrowed = Check { options, ..check.clone() };
            let evidence = match (walk.shared.probes)(&narrowed, &surroundings) {
                Ok(probe) => probe.run(check.timeout.0).await,
                Err(evidence) => *evidence,
            };
            if matches!(evidence.outcome, Outcome::Fail | Outcome::Error) {
                let problems = evidence.facts.iter().filter(|fact| fact.name.as_str() == "problem");
                let mut told: Vec<String> = problems.map(|fact| fact.value.to_string()).collect();
                if told.is_empty() {
                    told.push(evidence.summary.to_string());
                }
                objections.extend(told);
            }
        }
    }
    if !is_compared {
        objections.extend(another(walk, new));
    }
    objections.dedup();
    objections
}

/// Without a check of the plan's own: no credential may be another one, or hold it.
fn another(walk: &Walk, new: &SecretString) -> Option<String> {
    let others = walk.plan.credentials.keys().filter(|other| **other != walk.credential);
    let alike = others.into_iter().find(|other| match walk.shared.surroundings.values.get(&name_of(other)) {
        Lookup::Found(value) => {
            let (one, other) = (new.expose_secret(), value.text.expose_secret());
            !other.is_empty() && (one.contains(other) || other.contains(one))
        }
        Lookup::Missing | Lookup::Failed(_) => false,
    });
    alike.map(|other| format!("the new value of {} is {other}, or one holds the other", walk.credential))
}

fn is_on(options: &Options, key: &str) -> bool {
    options.get(key).and_then(Json::as_bool) == Some(true)
}

fn lists(options: &Options, id: &str) -> bool {
    options.get("credentials").and_then(Json::as_array).is_some_and(|ids| ids.iter().any(|listed| listed == id))
}

/// What a check says of this one credential alone: where others are wrong among themselves, that is not its fault. Age
/// and deployment come later: they are about places, not about the value.
fn about(options: &Options, id: &str) -> Vec<Options> {
    if options.get("credential").is_some_and(|named| named == id) {
        return vec![options.clone()];
    }
    if !lists(options, id) {
        return Vec::new();
    }
    let mut base = options.clone();
    for key in ["max_age", "warn_before", "read_as", "deployed_file", "distinct", "signed_with"] {
        base.remove(key);
    }
    let with = |credentials: Json, more: &[(&str, Json)]| {
        let mut options = base.clone();
        options.insert("credentials".to_owned(), credentials);
        options.extend(more.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        options
    };
    let mut about = Vec::new();
    if is_on(options, "no_development") {
        about.push(with(json!([id]), &[]));
    }
    if is_on(options, "distinct") {
        base.remove("no_development");
        let ids = options.get("credentials").and_then(Json::as_array).into_iter().flatten();
        for other in ids.filter(|other| *other != id) {
            let signed_with = options.get("signed_with").filter(|with| *with == id || *with == other);
            let mut more = vec![("distinct", json!(true))];
            more.extend(signed_with.map(|with| ("signed_with", with.clone())));
            let mut pair = base.clone();
            pair.insert("credentials".to_owned(), json!([id, other]));
            pair.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
            about.push(pair);
        }
    }
    about
}
