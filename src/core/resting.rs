//! Which checks rest on which values and files: what has to be looked at again when one of them is another.

use serde_json::Value as Json;

use crate::model::id::CheckId;
use crate::model::plan::{Check, Plan};

/// The checks of a plan that rest on one of these values (`env.NAME`, `credentials.ID`, a variable of the plan) or
/// files, as the plan names them. One too many costs a run; one too few would let old evidence stand.
#[must_use]
pub fn on(plan: &Plan, values: &[String], files: &[String]) -> Vec<CheckId> {
    let rests = |check: &&Check| check.options.iter().any(|(_, option)| names(option, values, files));
    plan.checks.iter().filter(rests).map(|check| check.id.clone()).collect()
}

fn names(option: &Json, values: &[String], files: &[String]) -> bool {
    match option {
        Json::String(text) => files.iter().any(|file| file == text) || values.iter().any(|name| is_named(text, name)),
        Json::Array(items) => items.iter().any(|item| names(item, values, files)),
        Json::Object(fields) => {
            fields.iter().any(|(key, field)| names(field, values, files) || values.iter().any(|name| bare(name) == key))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => false,
    }
}

/// By its bare name, as the keys of kinds do, or in a template.
fn is_named(text: &str, name: &str) -> bool {
    text == bare(name) || (text.contains("{{") && mentions(text, name))
}

fn bare(name: &str) -> &str {
    name.strip_prefix("env.").or_else(|| name.strip_prefix("credentials.")).unwrap_or(name)
}

/// Whether a text has this name in it, and not as a part of a longer one.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    text.match_indices(name).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + name.len()..].chars().next());
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}
