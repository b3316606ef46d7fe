//! Each check with what it saw.

use crate::core::evidence::Evidence;
use crate::core::state::{CheckState, State};
use crate::core::status::{self, CheckStatus};
use crate::core::verdict::{Inquiry, Scope};
use crate::model::plan::{Check, Run};
use crate::model::time::Now;
use crate::model::word::Outcome;
use crate::report::build::phases;
use crate::report::shape::{CheckEntry, DegradationEntry, EvidenceEntry, FailureEntry, TaskEntry};

pub(super) fn of(state: &State, inquiry: &Inquiry, now: Now) -> Vec<CheckEntry> {
    let asked = |check: &Check| match &inquiry.scope {
        Scope::All | Scope::Machines => true,
        Scope::Selection { checks, .. } => checks.contains(&check.id),
    };
    let positions = (0..state.plan().checks.len()).filter(|position| asked(state.check_at(*position).0));
    positions.map(|position| one(state, position, now)).collect()
}

fn one(state: &State, position: usize, now: Now) -> CheckEntry {
    let (check, known) = state.check_at(position);
    let status = status::check_status(state, position, now);
    let seen = known.latest.as_ref();
    let evidence = seen.map(|latest| &*latest.evidence);
    // Nothing is to be done about what is fine.
    let is_fine = status == CheckStatus::Fresh(Outcome::Pass);
    CheckEntry {
        id: check.id.to_string(),
        kind: check.kind.to_string(),
        category: check.category,
        severity: check.severity,
        outcome: status.word(),
        summary: summary(state, check, known, &status),
        at: seen.map(|latest| latest.when.at),
        latency_ms: seen.map(|latest| milliseconds(latest.evidence.timings.total.unwrap_or(latest.took))),
        attempts: evidence.map_or(0, |evidence| evidence.attempts),
        evidence: evidence.map(facts).unwrap_or_default(),
        failure: evidence.and_then(failure),
        blocked_by: match &status {
            CheckStatus::Blocked(roots) => Some(roots.iter().map(ToString::to_string).collect()),
            CheckStatus::Fresh(_) | CheckStatus::Stale(_) | CheckStatus::Running | CheckStatus::Missing => None,
        },
        waiver: phases::waiver(known.waiver.as_ref(), check.waivable, now),
        remedy: if is_fine { None } else { status::with_degradation(check, known, remedy(check, evidence)) },
        degradation: check.degradation.as_ref().filter(|_| !is_fine).map(|degradation| DegradationEntry {
            without: degradation.without.clone(),
            flags: degradation.flags.clone(),
        }),
        task: state.task(&check.id).map(|task| TaskEntry {
            opened: task.opened,
            to_do: task.remedy.clone().unwrap_or_else(|| task.what.clone()),
            taken_by: task.taken.as_ref().map(|(by, _)| by.to_string()),
            done_by: task.done.as_ref().map(|done| done.by.to_string()),
        }),
        history: known.history.iter().copied().collect(),
    }
}

fn summary(state: &State, check: &Check, known: &CheckState, status: &CheckStatus) -> String {
    let seen = known.latest.as_ref().map(|latest| latest.evidence.summary.to_string());
    match (status, seen) {
        (CheckStatus::Blocked(roots), _) => {
            let roots = roots.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("blocked by {roots}")
        }
        (CheckStatus::Fresh(_) | CheckStatus::Stale(_), Some(seen)) => seen,
        (CheckStatus::Running, _) => "first run under way".to_owned(),
        (_, _) if !state.session().is_open(check.phase) => "its phase is not open yet".to_owned(),
        (_, _) if status::is_kept_from_production(state, check) => {
            "may not run in production without allow_in_production = true".to_owned()
        }
        (_, _) if check.run == Run::OnDemand => "runs when a person asks for it".to_owned(),
        (CheckStatus::Fresh(_) | CheckStatus::Stale(_) | CheckStatus::Missing, _) => "no result yet".to_owned(),
    }
}

fn milliseconds(duration: std::time::Duration) -> f64 {
    // Three decimals: what a check measures is no better than microseconds.
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn facts(evidence: &Evidence) -> Vec<EvidenceEntry> {
    let entry = |name: &_, value: &_| EvidenceEntry { name: Clone::clone(name), value: Clone::clone(value) };
    evidence.facts.iter().map(|fact| entry(&fact.name, &fact.value)).collect()
}

fn failure(evidence: &Evidence) -> Option<FailureEntry> {
    let failure = evidence.failure.as_ref()?;
    Some(FailureEntry {
        class: failure.class.word(),
        category: failure.category,
        severity: failure.severity,
        impact: failure.impact.clone(),
        recovery: failure.recovery.word(),
    })
}

fn remedy(check: &Check, evidence: Option<&Evidence>) -> Option<String> {
    let own = evidence.and_then(|evidence| evidence.remedy.as_ref());
    own.map(ToString::to_string).or_else(|| check.remedy.clone())
}
