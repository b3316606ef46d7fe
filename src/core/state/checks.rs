//! What is known of each check: the latest run, the last conclusive one, and enough history for a sparkline.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::event::{CheckEvent, Event, Finished, Repeat};
use crate::core::evidence::Evidence;
use crate::core::state::{State, Waiver};
use crate::model::id::{CheckId, EffectId};
use crate::model::operator::Actor;
use crate::model::plan::Run;
use crate::model::time::Now;
use crate::model::word::Outcome;

/// How many runs a sparkline can show.
pub(crate) const HISTORY: usize = 60;

/// What is known of one check.
#[derive(Clone, Debug, Default)]
pub struct CheckState {
    /// The run that is under way.
    pub running: Option<Running>,
    /// The latest run that ended.
    pub latest: Option<Latest>,
    /// The last run that came to a conclusion (pass, warn, fail): an error never replaces it.
    pub conclusive: Option<Latest>,
    /// The last run that passed or warned: what "good" looked like.
    pub last_good: Option<Latest>,
    /// Since when it has not been good, and what its first failure saw.
    pub episode: Option<Latest>,
    /// Who last asked for it to run, and when.
    pub demanded: Option<(Actor, Timestamp)>,
    /// Accepted although it does not pass.
    pub waiver: Option<Waiver>,
    /// Runs that ended, newest last.
    pub history: VecDeque<Point>,
    /// How many runs ended well (pass or warn), and how many in all.
    pub good_runs: u64,
    /// All runs that ended.
    pub runs: u64,
    /// How late the latest run began.
    pub lateness: Duration,
    /// What runs with a lower number saw is void: what they looked at is another thing now.
    void_before: Option<EffectId>,
}

/// A run that ended.
#[derive(Clone, Debug)]
pub struct Latest {
    /// Its number.
    pub effect: EffectId,
    /// When it ended (the latest repeat of it).
    pub when: Now,
    /// When this outcome was first seen in a row.
    pub since: Timestamp,
    /// What it saw.
    pub evidence: Arc<Evidence>,
    /// How long it took.
    pub took: Duration,
}

/// A run under way.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    /// Its number.
    pub effect: EffectId,
    /// Since when.
    pub since: Now,
}

/// One run in the history.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// What it found.
    pub outcome: Outcome,
    /// The latency it measured, or how long it took.
    pub latency: Duration,
}

impl CheckState {
    /// The latest outcome.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.latest.as_ref().map(|latest| latest.evidence.outcome)
    }

    /// Whether its last conclusive result is a fail, whatever its age and whatever errors came since.
    #[must_use]
    pub fn known_failure(&self) -> Option<&Latest> {
        self.conclusive.as_ref().filter(|latest| latest.evidence.outcome == Outcome::Fail)
    }

    /// Whether it has run, and nothing that it saw counts any more: what it looked at is another thing now.
    #[must_use]
    pub const fn is_voided(&self) -> bool {
        self.latest.is_none() && self.runs > 0
    }

    /// Whether it stands in the way of what depends on it.
    #[must_use]
    pub fn blocks(&self) -> bool {
        matches!(self.outcome(), Some(Outcome::Fail | Outcome::Error))
    }

    /// Whether what a run saw does not count any more.
    #[must_use]
    pub fn is_void(&self, effect: EffectId) -> bool {
        self.void_before.is_some_and(|first| effect < first)
    }

    /// Takes a result; says whether it is the latest.
    fn finish(&mut self, finished: &Finished, when: Now) -> bool {
        if self.is_void(finished.effect) || self.latest.as_ref().is_some_and(|latest| latest.effect > finished.effect) {
            return false;
        }
        if self.running.is_some_and(|running| running.effect <= finished.effect) {
            self.running = None;
        }
        let outcome = finished.evidence.outcome;
        let since = match &self.latest {
            Some(latest) if latest.evidence.outcome == outcome => latest.since,
            _ => when.at,
        };
        let evidence = Arc::new(finished.evidence.clone());
        let latest = Latest { effect: finished.effect, when, since, evidence, took: finished.took };
        self.record(outcome, finished.evidence.timings.total.unwrap_or(finished.took), finished.lateness);
        match outcome {
            Outcome::Pass | Outcome::Warn => {
                self.last_good = Some(latest.clone());
                self.episode = None;
            }
            Outcome::Fail | Outcome::Error => {
                self.episode.get_or_insert_with(|| latest.clone());
            }
        }
        if outcome.is_conclusive() {
            self.conclusive = Some(latest.clone());
        }
        self.latest = Some(latest);
        true
    }

    /// A repeat carries no evidence: what is known of the check is confirmed at a later time. Says which outcome.
    fn repeat(&mut self, repeat: &Repeat) -> Option<Outcome> {
        let when = repeat.when();
        let outcome = self.outcome()?;
        if self.is_void(repeat.effect) || self.latest.as_ref().is_some_and(|latest| latest.effect > repeat.effect) {
            return None;
        }
        if self.running.is_some_and(|running| running.effect <= repeat.effect) {
            self.running = None;
        }
        self.record(outcome, repeat.took, repeat.lateness);
        let renew = |latest: &mut Option<Latest>| {
            if let Some(latest) = latest {
                (latest.effect, latest.when, latest.took) = (repeat.effect, when, repeat.took);
            }
        };
        renew(&mut self.latest);
        if outcome.is_conclusive() {
            renew(&mut self.conclusive);
        }
        if matches!(outcome, Outcome::Pass | Outcome::Warn) {
            renew(&mut self.last_good);
        }
        Some(outcome)
    }

    fn record(&mut self, outcome: Outcome, latency: Duration, lateness: Duration) {
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(Point { outcome, latency });
        self.runs += 1;
        self.good_runs += u64::from(matches!(outcome, Outcome::Pass | Outcome::Warn));
        self.lateness = lateness;
    }
}

pub(super) fn apply(state: &mut State, body: &CheckEvent, event: &Event) {
    let when = event.when();
    match body {
        CheckEvent::Started { check, effect } => {
            state.saw_effect(*effect);
            if let Some(check) = state.check_mut(check) {
                check.running = Some(Running { effect: *effect, since: when });
            }
        }
        CheckEvent::Finished(finished) => {
            state.saw_effect(finished.effect);
            if let Some(check) = state.check_mut(&finished.check) {
                let is_news = check.finish(finished, when);
                if is_news {
                    let took = finished.evidence.timings.total.unwrap_or(finished.took);
                    let (outcome, measured) = (finished.evidence.outcome, finished.evidence.measured);
                    state.measure(&finished.check, |series| series.record(when.at, outcome, took, measured));
                }
            }
        }
        CheckEvent::Observed { repeats } => {
            for repeat in repeats {
                state.saw_effect(repeat.effect);
                if let Some(check) = state.check_mut(&repeat.check)
                    && let Some(outcome) = check.repeat(repeat)
                {
                    state.measure(&repeat.check, |s| s.record(repeat.at, outcome, repeat.took, repeat.measured));
                }
            }
        }
        CheckEvent::Demanded { checks } => {
            for id in checks {
                if let Some(check) = state.check_mut(id) {
                    check.demanded = Some((event.actor.clone(), event.at));
                }
            }
        }
    }
}

/// What these checks saw is void: values that they rest on are others now. A known failure stays known until the next
/// run; time and changes never turn a fail into a maybe.
pub(super) fn void(state: &mut State, checks: &[CheckId]) {
    let first = state.next_effect();
    for id in checks {
        let Some(check) = state.check_mut(id) else { continue };
        (check.running, check.void_before) = (None, Some(first));
        if check.known_failure().is_none() {
            (check.latest, check.conclusive) = (None, None);
        }
    }
}

/// What probes on demand saw is void once a deployment step ran: the thing they looked at is another one now.
pub(super) fn void_on_demand(state: &mut State) {
    let probes: Vec<_> = state
        .plan
        .checks
        .iter()
        .enumerate()
        .filter(|(_, check)| check.run == Run::OnDemand)
        .map(|(position, _)| position)
        .collect();
    for position in probes {
        let check = Arc::make_mut(&mut state.checks[position]);
        // A known failure stays known: time and steps never turn a fail into a maybe.
        let stands = check.latest.as_ref().is_some_and(|latest| latest.evidence.outlives_deployment);
        if check.known_failure().is_none() && !stands {
            (check.latest, check.conclusive) = (None, None);
        }
    }
}
