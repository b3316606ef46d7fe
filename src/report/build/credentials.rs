//! The credentials, masked, with what is wrong with each. Made of what was seen at loading, never of a value.

use jiff::Timestamp;

use crate::core::event::CredentialSeen;
use crate::core::state::State;
use crate::model::plan::Credential;
use crate::model::time::Now;
use crate::model::word::Outcome;
use crate::report::shape::CredentialEntry;

const DAY: i64 = 86_400;

pub(super) fn of(state: &State, now: Now) -> Vec<CredentialEntry> {
    state.session().credentials.values().map(|seen| one(state, seen, now)).collect()
}

fn one(state: &State, seen: &CredentialSeen, now: Now) -> CredentialEntry {
    let planned = state.plan().credentials.get(&seen.id);
    CredentialEntry {
        id: seen.id.to_string(),
        masked: seen.masked.clone(),
        length: seen.length,
        fingerprint: seen.fingerprint.clone(),
        source: seen.source.clone(),
        age_days: seen.changed.map(|changed| days(now.at, changed)),
        rotate_in_days: seen.changed.and_then(|changed| rotate_in(planned?, changed, now)),
        problems: problems(state, planned, seen),
    }
}

fn days(to: Timestamp, from: Timestamp) -> i64 {
    to.duration_since(from).as_secs().div_euclid(DAY)
}

fn rotate_in(planned: &Credential, changed: Timestamp, now: Now) -> Option<i64> {
    let due = changed.checked_add(planned.rotate_every?.0).ok()?;
    Some(days(due, now.at))
}

/// Why it could not be read, and what its check found, where that is not a pass.
fn problems(state: &State, planned: Option<&Credential>, seen: &CredentialSeen) -> Vec<String> {
    let mut problems: Vec<String> = seen.problem.iter().map(ToString::to_string).collect();
    let latest = planned.and_then(|planned| state.check(&planned.check)).and_then(|(_, known)| known.latest.as_ref());
    let Some(evidence) = latest.map(|latest| &latest.evidence).filter(|found| found.outcome != Outcome::Pass) else {
        return problems;
    };
    let named: Vec<_> = evidence.facts.iter().filter(|fact| fact.name.as_str() == "problem").collect();
    problems.extend(named.iter().map(|fact| fact.value.to_string()));
    if named.is_empty() && problems.is_empty() {
        problems.push(evidence.summary.to_string());
    }
    problems
}
