//! What customers met: counted where they meet it, and told at the application's metrics endpoint. Probes of golive are
//! no customers and are not in it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::clock;

/// The rate is told over so long.
const LATELY: Duration = Duration::from_secs(2);
/// So many answers are remembered.
const MOST_ANSWERS: usize = 1_000;
/// Shares and lengths are told over the last so many.
const LAST: usize = 12;
/// So many payments that failed are remembered.
const REMEMBERED: usize = 1_000;

/// What customers met. Cheap to clone; all clones are one.
#[derive(Clone)]
pub(super) struct Met(Arc<Mutex<Counts>>);

struct Counts {
    since: Duration,
    ok: u64,
    failed: u64,
    webhooks_failed: u64,
    errors: u64,
    /// The payments that failed, oldest first.
    unpaid: VecDeque<(String, Timestamp)>,
    throttled: u64,
    /// When payments went through lately.
    lately: VecDeque<Duration>,
    durations: VecDeque<Duration>,
    syncs: VecDeque<Duration>,
    enrolled: VecDeque<bool>,
    /// Answers to customers lately: when, and how long each took.
    answers: VecDeque<(Duration, Duration)>,
    loads: VecDeque<Duration>,
    /// Processor time that was used when it was asked last, and when that was.
    used: (Duration, Duration),
}

impl Met {
    /// Nothing met yet.
    pub(super) fn nothing() -> Self {
        Self(Arc::new(Mutex::new(Counts {
            since: clock::now().up,
            ok: 0,
            failed: 0,
            webhooks_failed: 0,
            errors: 0,
            unpaid: VecDeque::new(),
            throttled: 0,
            lately: VecDeque::new(),
            durations: VecDeque::new(),
            syncs: VecDeque::new(),
            enrolled: VecDeque::new(),
            answers: VecDeque::new(),
            loads: VecDeque::new(),
            used: (Duration::ZERO, Duration::ZERO),
        })))
    }

    fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A payment went through and took so long.
    pub(super) fn paid(&self, took: Duration) {
        self.count(|met| {
            met.ok += 1;
            met.lately.push_back(clock::now().up);
            keep(&mut met.durations, took);
            keep(&mut met.enrolled, true);
        });
    }

    /// A payment failed.
    pub(super) fn failed(&self, transaction: &str) {
        self.count(|met| {
            met.failed += 1;
            if met.unpaid.len() == REMEMBERED {
                met.unpaid.pop_front();
            }
            met.unpaid.push_back((transaction.to_owned(), clock::now().at));
            keep(&mut met.enrolled, false);
        });
    }

    /// The payments that failed since a moment, with when they did.
    pub(super) fn failed_since(&self, since: Timestamp) -> Vec<(String, Timestamp)> {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.unpaid.iter().filter(|(_, at)| *at >= since).cloned().collect()
    }

    /// A buyer waited so long for the course.
    pub(super) fn waited(&self, length: Duration) {
        self.count(|met| keep(&mut met.syncs, length));
    }

    /// The application answered a customer, and took so long for it.
    pub(super) fn answered(&self, took: Duration) {
        self.count(|met| {
            if met.answers.len() == MOST_ANSWERS {
                met.answers.pop_front();
            }
            met.answers.push_back((clock::now().up, took));
        });
    }

    /// A customer's browser had the page after so long.
    pub(super) fn loaded(&self, took: Duration) {
        self.count(|met| keep(&mut met.loads, took));
    }

    /// A callback was refused or could not be taken.
    pub(super) fn webhook_failed(&self) {
        self.count(|met| met.webhooks_failed += 1);
    }

    /// The provider asked to be asked more rarely. No world is an hour old.
    pub(super) fn throttled(&self) {
        self.count(|met| met.throttled += 1);
    }

    /// The application answered with an error of its own.
    pub(super) fn error(&self) {
        self.count(|met| met.errors += 1);
    }

    /// All of it, as the metrics endpoint tells it. What nobody has met yet is null and no zero.
    pub(super) fn told(&self) -> Json {
        let now = clock::now().up;
        let mut met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while met.lately.front().is_some_and(|at| now.saturating_sub(*at) > LATELY) {
            met.lately.pop_front();
        }
        while met.answers.front().is_some_and(|(at, _)| now.saturating_sub(*at) > LATELY) {
            met.answers.pop_front();
        }
        let span = now.saturating_sub(met.since).min(LATELY).as_secs_f64().max(0.2);
        let per_minute = met.lately.len() as f64 * 60.0 / span;
        let enrolled = met.enrolled.iter().filter(|enrolled| **enrolled).count();
        let conversion = (!met.enrolled.is_empty()).then(|| enrolled as f64 / met.enrolled.len() as f64);
        json!({
            "payments": {
                "ok": met.ok, "failed": met.failed, "per_minute": per_minute, "conversion": conversion,
                "duration_ms": middle(&met.durations), "throttled_last_hour": met.throttled,
            },
            "webhooks": { "failed": met.webhooks_failed },
            "sync": { "delay_ms": middle(&met.syncs) },
            "errors": met.errors,
            "responses": { "p95_ms": met.slowest_but_few(), "per_minute": met.answers.len() as f64 * 60.0 / span },
            "resources": { "cpu_share": met.share_of_processors(now) },
            "vitals": { "load_ms": middle(&met.loads) },
        })
    }
}

impl Counts {
    /// What 95 of 100 answers were faster than.
    fn slowest_but_few(&self) -> Option<f64> {
        let mut sorted: Vec<Duration> = self.answers.iter().map(|(_, took)| *took).collect();
        sorted.sort_unstable();
        let at = (sorted.len() * 95).div_ceil(100).checked_sub(1)?;
        sorted.get(at).map(|took| took.as_secs_f64() * 1_000.0)
    }

    /// Which share of this machine's processors this process used since it was asked last.
    fn share_of_processors(&mut self, now: Duration) -> f64 {
        let used = clock::used();
        let (used_before, before) = std::mem::replace(&mut self.used, (used, now));
        let before = before.max(self.since);
        let processors = std::thread::available_parallelism().map_or(1, usize::from) as f64;
        let passed = now.saturating_sub(before).as_secs_f64().max(0.001);
        used.saturating_sub(used_before).as_secs_f64() / passed / processors
    }
}

fn keep<T>(list: &mut VecDeque<T>, item: T) {
    if list.len() == LAST {
        list.pop_front();
    }
    list.push_back(item);
}

/// The median in milliseconds: one slow customer is not all of them.
fn middle(lengths: &VecDeque<Duration>) -> Option<f64> {
    let mut sorted: Vec<Duration> = lengths.iter().copied().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).map(|length| length.as_secs_f64() * 1_000.0)
}
