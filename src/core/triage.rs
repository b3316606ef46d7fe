//! What broke first, since when, what only follows from it, what changed before, who is told next. Functions of state:
//! screen, report and headless run say the same.

use jiff::Timestamp;

use crate::core::state::{Entry, Latest, State};
use crate::core::status::{self, CheckStatus};
use crate::model::failure::FailureClass;
use crate::model::id::{AlertId, CheckId};
use crate::model::time::Now;
use crate::model::word::{Outcome, Severity};

/// A check that is bad for a reason of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootCause {
    /// Where it stands in the plan.
    pub position: usize,
    /// Since when it is bad, where that was seen.
    pub since: Timestamp,
    /// Whether the target was seen failing; otherwise golive cannot find out.
    pub failing: bool,
    /// Whether it is this machine: all checks that cannot look from here are one cause (DECISIONS 22), told by the first
    /// of them. The others are among the victims.
    pub this_machine: bool,
    /// What only fails to run because of it, in plan order.
    pub victims: Vec<CheckId>,
}

/// Somebody who is told next unless an alert is acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextEscalation {
    /// Which alert.
    pub alert: AlertId,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub to: Vec<String>,
}

/// Checks that are bad for a reason of their own: critical failures first, then the oldest.
#[must_use]
pub fn causes(state: &State, now: Now) -> Vec<RootCause> {
    let statuses: Vec<CheckStatus> =
        (0..state.plan().checks.len()).map(|position| status::check_status(state, position, now)).collect();
    let victims = |root: &CheckId| {
        let blocked = statuses.iter().enumerate();
        let blocked =
            blocked.filter(|(_, status)| matches!(status, CheckStatus::Blocked(roots) if roots.contains(root)));
        blocked.map(|(position, _)| state.check_at(position).0.id.clone()).collect()
    };
    let cause = |(position, status): (usize, &CheckStatus)| {
        let (check, known) = state.check_at(position);
        let failing = known.known_failure().is_some();
        let bad = failing || matches!(status, CheckStatus::Fresh(Outcome::Fail | Outcome::Error));
        let blocked = matches!(status, CheckStatus::Blocked(_));
        if !bad || blocked || known.waiver.is_some() || *status == CheckStatus::Fresh(Outcome::Pass) {
            return None;
        }
        let since = known.episode.as_ref().or(known.latest.as_ref()).map(|latest| latest.since)?;
        let this_machine = !failing && known.latest.as_ref().is_some_and(cannot_look);
        Some(RootCause { position, since, failing, this_machine, victims: victims(&check.id) })
    };
    let mut causes = fold_this_machine(state, statuses.iter().enumerate().filter_map(cause).collect());
    causes.sort_by_key(|cause| {
        let first = cause.failing && state.check_at(cause.position).0.severity == Severity::Critical;
        (!first, cause.since, cause.position)
    });
    causes
}

/// Whether a run could not look from this machine.
fn cannot_look(latest: &Latest) -> bool {
    latest.evidence.failure.as_ref().is_some_and(|failure| failure.class == FailureClass::ThisMachine)
}

/// Takes all causes that are this machine together: the first that went bad tells of it.
fn fold_this_machine(state: &State, causes: Vec<RootCause>) -> Vec<RootCause> {
    let (mut here, mut folded): (Vec<_>, Vec<_>) = causes.into_iter().partition(|cause| cause.this_machine);
    here.sort_by_key(|cause| (cause.since, cause.position));
    let mut here = here.into_iter();
    if let Some(mut first) = here.next() {
        let mut victims: Vec<CheckId> = std::mem::take(&mut first.victims);
        for cause in here {
            victims.push(state.check_at(cause.position).0.id.clone());
            victims.extend(cause.victims);
        }
        victims.sort_by_key(|id| state.index().check(id));
        victims.dedup();
        first.victims = victims;
        folded.push(first);
    }
    folded
}

/// The last moment at which a cause was seen well; where it never was, when it was first seen bad.
#[must_use]
pub fn well_until(state: &State, cause: &RootCause) -> Timestamp {
    let good = state.check_at(cause.position).1.last_good.as_ref().map(|latest| latest.when.at);
    good.filter(|good| *good <= cause.since).unwrap_or(cause.since)
}

/// Since when somebody may be hurt: the last moment before the oldest failure or alert that stands. Nothing while
/// nothing fails: what golive cannot find out hurts nobody that it knows of.
#[must_use]
pub fn hurt_since(state: &State, now: Now) -> Option<Timestamp> {
    let failing = causes(state, now).into_iter().filter(|cause| cause.failing);
    let failing = failing.map(|cause| well_until(state, &cause));
    let firing = state.alerts().filter(|(_, known)| known.is_firing());
    failing.chain(firing.filter_map(|(_, known)| known.began.map(|began| began.at))).min()
}

/// What changed up to a moment, the latest first: steps, enforcements, credentials, sign-offs, alerts, and what the
/// sources saw outside. What checks said and who was told is not among it.
pub fn changes_before(state: &State, before: Timestamp) -> impl Iterator<Item = &Entry> {
    state.timeline().rev().filter(move |entry| entry.is_change && entry.at <= before)
}

/// How many checks cannot look because of this machine, or wait for one that cannot.
#[must_use]
pub fn troubled_here(causes: &[RootCause]) -> usize {
    causes.iter().filter(|cause| cause.this_machine).map(|cause| 1 + cause.victims.len()).sum()
}

/// Who is told next, and when, unless somebody acknowledges.
#[must_use]
pub fn next_escalation(state: &State) -> Option<NextEscalation> {
    let due = state.alerts().filter_map(|(rule, known)| {
        let at = known.escalates(rule)?.at;
        let to = rule.escalate.as_ref().map(|escalation| escalation.to.clone()).unwrap_or_default();
        let to = if to.is_empty() { rule.notify.clone() } else { to };
        Some(NextEscalation { alert: rule.id.clone(), at, to })
    });
    due.min_by_key(|next| next.at)
}

/// How much what is broken weighs: the greatest of the causes, what they block, and the alerts that fire.
#[must_use]
pub fn severity(state: &State, causes: &[RootCause]) -> Option<Severity> {
    let of_check = |id: &CheckId| state.check(id).map(|(check, _)| check.severity);
    let of_causes = causes.iter().flat_map(|cause| {
        let own = state.check_at(cause.position).0.severity;
        cause.victims.iter().filter_map(of_check).chain([own]).collect::<Vec<_>>()
    });
    let firing = state.alerts().filter(|(_, known)| known.is_firing()).map(|(rule, _)| rule.level.severity());
    of_causes.chain(firing).max()
}
