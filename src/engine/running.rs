//! One run of a check: permit, deadline from outside, retries, cancellation. Whatever happens in a check, hang or
//! panic, is that check's `error` and nobody else's.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;

use crate::check::{Probe, Surroundings};
use crate::core::event::Finished;
use crate::core::evidence::{Evidence, LONGEST_SUMMARY};
use crate::engine::setup::{ProbeOf, own_error};
use crate::model::id::{CheckId, EffectId};
use crate::model::plan::{Backoff, Check, Retry, SharedPlan};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::Outcome;

/// A kind keeps its deadline by itself and says what it waited for; only one that does not is cut off from outside.
const GRACE: Duration = Duration::from_millis(250);
/// No wait between two attempts is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// A run that ended, and when.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) finished: Finished,
    pub(super) when: Now,
}

/// Runs checks in tasks.
pub(super) struct Runner {
    probes: ProbeOf,
    surroundings: Arc<Surroundings>,
    built: HashMap<CheckId, Arc<dyn Probe>>,
    permits: Arc<Semaphore>,
    tasks: JoinSet<()>,
    results: mpsc::Sender<Ran>,
    clock: fn() -> Now,
}

/// What one run needs.
struct Run {
    plan: SharedPlan,
    position: usize,
    effect: EffectId,
    due: Duration,
    probe: Result<Arc<dyn Probe>, Box<Evidence>>,
    permits: Arc<Semaphore>,
    clock: fn() -> Now,
}

impl Runner {
    pub(super) fn new(
        probes: ProbeOf,
        surroundings: Arc<Surroundings>,
        concurrency: u32,
        results: mpsc::Sender<Ran>,
    ) -> Self {
        let clock = surroundings.clock;
        let permits = usize::try_from(concurrency).unwrap_or(usize::MAX).clamp(1, Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(permits));
        Self { probes, surroundings, built: HashMap::new(), permits, tasks: JoinSet::new(), results, clock }
    }

    /// Starts a run of the check at this position of the plan; its end comes through the channel of results.
    pub(super) fn start(&mut self, plan: SharedPlan, position: usize, effect: EffectId, due: Duration) {
        // Ended tasks are taken out as new ones come in.
        while self.tasks.try_join_next().is_some() {}
        let probe = self.probe(&plan.checks[position]);
        let (permits, clock) = (Arc::clone(&self.permits), self.clock);
        let run = Run { plan, position, effect, due, probe, permits, clock };
        let results = self.results.clone();
        self.tasks.spawn(async move {
            let ran = run.through().await;
            // Nobody listens any more: golive is ending.
            let _ = results.send(ran).await;
        });
    }

    /// Forgets every probe: the plan is another one now.
    pub(super) fn forget(&mut self) {
        self.built.clear();
    }

    /// Looks with other values from now on.
    pub(super) fn renew(&mut self, surroundings: &Arc<Surroundings>) {
        self.surroundings = Arc::clone(surroundings);
        self.built.clear();
    }

    /// Drops every run under way.
    pub(super) fn cancel(&mut self) {
        self.tasks.abort_all();
    }

    fn probe(&mut self, check: &Check) -> Result<Arc<dyn Probe>, Box<Evidence>> {
        if let Some(probe) = self.built.get(&check.id) {
            return Ok(Arc::clone(probe));
        }
        let built = std::panic::catch_unwind(AssertUnwindSafe(|| (self.probes)(check, &self.surroundings)));
        let probe: Arc<dyn Probe> = match built {
            Ok(built) => Arc::from(built?),
            Err(_) => return Err(Box::new(own_error(check, "golive broke down while preparing this check"))),
        };
        self.built.insert(check.id.clone(), Arc::clone(&probe));
        Ok(probe)
    }
}

impl Run {
    fn check(&self) -> &Check {
        &self.plan.checks[self.position]
    }

    async fn through(self) -> Ran {
        let mut began = None;
        let mut attempt = 1;
        let evidence = loop {
            let permit = self.permits.acquire().await;
            began.get_or_insert_with(|| (self.clock)().up);
            let evidence = self.attempt().await;
            drop(permit);
            let ended = matches!(evidence.outcome, Outcome::Pass | Outcome::Warn) || self.probe.is_err();
            if ended || attempt >= self.check().retry.attempts {
                break evidence;
            }
            let check = self.check();
            let Some(wait) = next_wait(attempt, &check.retry, evidence.retry_after, check.every.0) else {
                break evidence;
            };
            tokio::time::sleep(wait).await;
            attempt += 1;
        };
        let when = (self.clock)();
        let began = began.unwrap_or(when.up);
        let finished = Finished {
            check: self.check().id.clone(),
            effect: self.effect,
            lateness: began.saturating_sub(self.due),
            took: when.up.saturating_sub(began),
            evidence: told(evidence, attempt, self.check().retry.attempts),
        };
        Ran { finished, when }
    }

    async fn attempt(&self) -> Evidence {
        let probe = match &self.probe {
            Ok(probe) => probe,
            Err(evidence) => return (**evidence).clone(),
        };
        let timeout = self.check().timeout.0;
        // The call itself is guarded too: a kind may break down before it returns its future.
        let look = AssertUnwindSafe(async { probe.run(timeout).await }).catch_unwind();
        match tokio::time::timeout(timeout.saturating_add(GRACE), look).await {
            Ok(Ok(evidence)) => evidence,
            Ok(Err(_)) => own_error(self.check(), "golive broke down in this check"),
            Err(_) => own_error(self.check(), &format!("did not end within its {}", self.check().timeout)),
        }
    }
}

/// How long to wait before the next attempt; `None` if the other side asked for more time than there is before the
/// check's next turn: then this run is over, and nobody is asked too soon.
fn next_wait(attempts: u32, retry: &Retry, asked: Option<Duration>, every: Duration) -> Option<Duration> {
    let planned = jittered(wait_after(attempts, retry));
    match asked {
        Some(asked) if asked > every.max(planned) => None,
        Some(asked) => Some(planned.max(asked)),
        None => Some(planned),
    }
}

/// Up to a fifth more or less, so that many who fail at once do not come back at once.
fn jittered(wait: Duration) -> Duration {
    let share = u32::try_from(ulid::Ulid::generate().random() % 401).unwrap_or(200);
    wait.saturating_mul(800 + share) / 1_000
}

/// How long to wait after so many attempts.
fn wait_after(attempts: u32, retry: &Retry) -> Duration {
    let factor = match retry.backoff {
        Backoff::Constant => 1,
        Backoff::Exponential => 2_u32.saturating_pow(attempts - 1),
    };
    retry.delay.0.saturating_mul(factor).min(LONGEST_WAIT)
}

/// The evidence, with the attempts it took, said where it took more than one.
fn told(mut evidence: Evidence, attempts: u32, of: u32) -> Evidence {
    evidence.attempts = attempts;
    if attempts > 1 {
        let summary = match evidence.outcome {
            Outcome::Pass | Outcome::Warn => format!("{} (on attempt {attempts} of {of})", evidence.summary),
            Outcome::Fail | Outcome::Error => format!("{} (after {attempts} attempts)", evidence.summary),
        };
        evidence.summary = SafeText::bounded(&summary, LONGEST_SUMMARY);
    }
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::duration::Span;

    #[test]
    fn an_exponential_wait_doubles_and_has_an_end() {
        let mut retry = Retry { attempts: 40, delay: Span(Duration::from_secs(2)), backoff: Backoff::Exponential };
        let waits: Vec<u64> = [1, 2, 3, 12, 39].map(|attempts| wait_after(attempts, &retry).as_secs()).to_vec();
        assert_eq!(waits, [2, 4, 8, 3_600, 3_600]);
        retry.backoff = Backoff::Constant;
        assert_eq!(wait_after(39, &retry), Duration::from_secs(2));
    }

    #[test]
    fn who_asks_to_wait_is_waited_for_or_left_alone() {
        let retry = Retry { attempts: 3, delay: Span(Duration::from_secs(2)), backoff: Backoff::Constant };
        let every = Duration::from_secs(30);
        let wait = |asked: Option<u64>| next_wait(1, &retry, asked.map(Duration::from_secs), every);
        assert_eq!(wait(Some(10)), Some(Duration::from_secs(10)));
        assert_eq!(wait(Some(31)), None, "the next turn comes sooner than the other side wants");
        for _ in 0..1_000 {
            let planned = wait(None).unwrap();
            assert!((Duration::from_millis(1_600)..=Duration::from_millis(2_400)).contains(&planned), "{planned:?}");
        }
    }
}
