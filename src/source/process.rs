//! The environment of golive's own process, read once.
#![expect(clippy::disallowed_methods, reason = "this is where the process's environment is read")]

use std::collections::BTreeMap;

/// Every variable of the process that is UTF-8.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// One variable of the process; an empty one counts as absent.
#[must_use]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
