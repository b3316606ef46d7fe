//! What only follows from something else: the failing check under an alert, and the alert that tells of it already.

use crate::core::alerts::book::Compiled;
use crate::core::state::{Life, State};
use crate::model::id::{AlertId, CheckId};
use crate::model::plan::Run;
use crate::model::time::Now;

/// The failing checks that what an alert looks at stands on: the roots, in plan order.
#[must_use]
pub fn causes(state: &State, position: usize) -> Vec<CheckId> {
    let Some(rule) = state.rules().rule(position) else { return Vec::new() };
    let failing: Vec<usize> = failing(state, rule).collect();
    let is_root = |check: &&usize| !state.index().dependencies(**check).iter().any(|below| failing.contains(below));
    failing.iter().filter(is_root).map(|check| state.check_at(*check).0.id.clone()).collect()
}

fn failing<'a>(state: &'a State, rule: &'a Compiled) -> impl Iterator<Item = usize> + 'a {
    rule.ancestors.iter().copied().filter(|check| state.check_at(*check).1.blocks())
}

/// The firing alert on a cause of the one at a position: while it fires, nobody is told of this one.
#[must_use]
pub fn held_by(state: &State, position: usize) -> Option<AlertId> {
    let rule = state.rules().rule(position)?;
    let failing: Vec<usize> = failing(state, rule).collect();
    if failing.is_empty() {
        return None;
    }
    let looks_at_a_cause =
        |other: usize| state.rules().rule(other).is_some_and(|other| other.checks.iter().any(|c| failing.contains(c)));
    let firing = state.alerts().enumerate().filter(|(_, (_, known))| known.is_firing() && known.held_by.is_none());
    let mut causes = firing.filter(|(other, _)| *other != position && looks_at_a_cause(*other));
    causes.next().map(|(_, (rule, _))| rule.id.clone())
}

/// Whether each check below has a result of its own since the alert's condition began to hold: a victim is not judged
/// before its cause. Nobody waits longer than a run of the check can take.
pub(super) fn causes_are_judged(state: &State, position: usize, now: Now) -> bool {
    waits_until(state, position, now).is_none()
}

/// Until when an alert that is about to fire waits for the checks below it, at most.
pub(super) fn waits_until(state: &State, position: usize, now: Now) -> Option<jiff::Timestamp> {
    let rule = state.rules().rule(position)?;
    let since = match state.alert_at(position).1.life {
        Life::Pending(since) => since,
        Life::Quiet | Life::Resolved(_) | Life::Firing(_) => now,
    };
    let waiting = rule.ancestors.iter().filter_map(|check| {
        let (check, known) = state.check_at(*check);
        let judged = known.latest.as_ref().is_some_and(|latest| latest.when.at >= since.at || known.blocks());
        let runs = check.run == Run::Scheduled && state.session().is_open(check.phase);
        let patience = since.after(check.every.0 + check.timeout.0).at;
        (runs && !judged && now.at < patience).then_some(patience)
    });
    waiting.max()
}
