//! Where everything stands at a moment, worked out once for many paints: verdict, phases, items, checks.
//!
//! A key press paints with the standing that is there; only a new state or a new second makes another one.

use crate::core::state::State;
use crate::core::status::{self, CheckStatus, ItemStatus, PhaseStatus, PhaseSummary};
use crate::core::verdict::{self, Verdict};
use crate::model::time::Now;
use crate::model::word::{Outcome, Phase, Severity};

/// Where everything stands.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The answer to the session's question.
    pub verdict: Verdict,
    /// The four phases in their order.
    pub phases: [(Phase, PhaseSummary); 4],
    /// By position in the plan.
    pub items: Vec<ItemStatus>,
    /// By position in the plan.
    pub checks: Vec<CheckStatus>,
}

impl Standing {
    /// Where everything stands in a state at a moment.
    #[must_use]
    pub fn of(state: &State, now: Now) -> Self {
        let phases = [Phase::PreDeployment, Phase::Deployment, Phase::PostDeployment, Phase::Rollback];
        Self {
            verdict: verdict::of_session(state, now),
            phases: phases.map(|phase| (phase, status::phase_summary(state, phase, now))),
            items: state.items().map(|(item, known)| status::item_status(state, item, known, now)).collect(),
            checks: (0..state.plan().checks.len()).map(|at| status::check_status(state, at, now)).collect(),
        }
    }

    /// A phase in numbers.
    #[must_use]
    pub fn phase(&self, phase: Phase) -> PhaseSummary {
        let known = self.phases.iter().find(|(known, _)| *known == phase);
        known.map_or(PhaseSummary { status: PhaseStatus::Locked, settled: 0, total: 0 }, |(_, summary)| *summary)
    }

    /// How urgently the check at a position wants to be looked at: 0 first, 9 last.
    #[must_use]
    pub fn rank(&self, state: &State, position: usize) -> u8 {
        let (check, known) = state.check_at(position);
        let status = &self.checks[position];
        match (status, check.severity) {
            (CheckStatus::Fresh(Outcome::Pass), _) => 9,
            _ if known.waiver.is_some() => 7,
            (CheckStatus::Blocked(_), _) => 3,
            (_, Severity::Critical) if known.known_failure().is_some() => 0,
            _ if known.known_failure().is_some() => 1,
            (CheckStatus::Fresh(Outcome::Error | Outcome::Fail), _) => 2,
            (CheckStatus::Fresh(Outcome::Warn), _) => 4,
            (CheckStatus::Stale(_), _) => 5,
            (CheckStatus::Missing | CheckStatus::Running, _) => 6,
        }
    }

    /// How many checks of the item at a position are in the way, how many to be looked at, how many good.
    #[must_use]
    pub fn tally(&self, state: &State, item: &crate::model::item::Item) -> Tally {
        let mut tally = Tally::default();
        for position in item.checks.iter().filter_map(|id| state.index().check(id)) {
            let (check, known) = state.check_at(position);
            let failing = known.known_failure().is_some();
            match (&self.checks[position], check.severity) {
                (CheckStatus::Fresh(Outcome::Pass), _) => tally.good += 1,
                _ if known.waiver.is_some() => tally.waived += 1,
                (_, Severity::Critical) if failing => tally.blockers += 1,
                (_, Severity::Warning) if failing => tally.warnings += 1,
                (CheckStatus::Fresh(Outcome::Warn), Severity::Critical | Severity::Warning) => tally.warnings += 1,
                (CheckStatus::Missing | CheckStatus::Running, _) => tally.unseen += 1,
                (_, Severity::Advice) => tally.good += 1,
                _ => tally.unknown += 1,
            }
        }
        tally
    }
}

/// The checks of an item in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Good, or only noted.
    pub good: usize,
    /// In the way.
    pub blockers: usize,
    /// To be looked at.
    pub warnings: usize,
    /// Accepted by people.
    pub waived: usize,
    /// Not yet seen.
    pub unseen: usize,
    /// Blocked, stale or inconclusive.
    pub unknown: usize,
}

impl Tally {
    /// All checks.
    #[must_use]
    pub const fn all(self) -> usize {
        self.good + self.blockers + self.warnings + self.waived + self.unseen + self.unknown
    }
}
