//! Alert rules against Prometheus itself: a thousand random series go through `promtool test rules` and through golive's
//! own rules, with the same thresholds, windows, `for` and `keep_firing_for`, and every rule has to be inactive, pending
//! or firing at the same evaluation steps.
//!
//! What differs by design is written out in PromQL (`rules/forms.rs`) and in docs/PLAN.md: one that fires goes on firing
//! while nobody sees whether it still holds. `GOLIVE_SERIES=20000` and `GOLIVE_SEED=7` fly more and others.

mod forms;
pub(crate) mod random;
mod replica;

use std::fmt::Write as _;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use golive::core::alerts::Watch;
use golive::core::event::{Body, CheckEvent, Finished};
use golive::core::evidence::Evidence;
use golive::core::state::{Life, State};
use golive::model::id::CheckId;
use golive::model::operator::Actor;
use golive::model::time::Now;

use crate::scenario::{event, opened, plan_with};
use crate::servers::start::program;
use forms::{Case, Sample};
use random::Random;

/// How far two evaluations lie apart, and how many there are.
const STEP: Duration = Duration::from_secs(5);
const STEPS: usize = 144;
/// So many rules go through one `promtool`.
const TOGETHER: usize = 50;

/// Where a rule stands at one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Inactive,
    Pending,
    Firing,
}

/// What the random series brought about: a test in which nothing ever fires proves nothing.
#[derive(Default)]
struct Reached {
    fired: AtomicUsize,
    resolved: AtomicUsize,
    calmed: AtomicUsize,
    kept: AtomicUsize,
    blind: AtomicUsize,
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

#[test]
fn a_thousand_random_series_fire_and_resolve_at_the_steps_at_which_prometheus_says_so() {
    let Some(promtool) = program(&["promtool"]) else { return };
    let (seed, series) = (number("GOLIVE_SEED", 2026), number("GOLIVE_SERIES", 1_000));
    let (next, wrong, reached) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Reached::default());
    let chunks = usize::try_from(series).unwrap().div_ceil(TOGETHER);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let chunk = next.fetch_add(1, Ordering::Relaxed);
                    if chunk >= chunks {
                        return;
                    }
                    let mut random = Random::new(seed.wrapping_mul(1_000_003).wrapping_add(chunk as u64));
                    let cases: Vec<Case> = (0..TOGETHER).map(|number| Case::random(&mut random, number)).collect();
                    let stands = golives(&cases, &reached);
                    if let Err(said) = replica::prometheus_agrees(&promtool, &cases, &stands) {
                        wrong.lock().unwrap().push(told(&promtool, &cases, &stands, &said));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "seed {seed}: {} of {chunks} parts differ:\n{}", wrong.len(), wrong.join("\n"));
    let of = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    let all = [&reached.fired, &reached.resolved, &reached.calmed, &reached.kept, &reached.blind].map(of);
    let least = usize::try_from(series).unwrap() / 10;
    assert!(all.iter().all(|count| *count >= least), "fired, resolved, calmed, kept firing, blind: {all:?}");
}

/// The smallest part that differs, with what both made of it.
fn told(promtool: &std::path::Path, cases: &[Case], stands: &[Vec<Stands>], said: &str) -> String {
    for (case, stands) in cases.iter().zip(stands) {
        if let Err(said) =
            replica::prometheus_agrees(promtool, std::slice::from_ref(case), std::slice::from_ref(stands))
        {
            let mut text = format!("{}\n{}\n", case.rule_line(), case.expression());
            for feed in &case.feeds {
                let _ = writeln!(text, "{} = {}", feed.name, replica::values(&feed.shown()));
            }
            let steps: String = stands.iter().map(|stands| format!("{stands:?}").remove(0)).collect();
            let _ = write!(text, "golive: {steps}\n{}", said.chars().take(3_000).collect::<String>());
            return text;
        }
    }
    said.chars().take(3_000).collect()
}

/// Where golive's rules stand at each step: only what an input or a time that ran out made worth a look is looked at.
fn golives(cases: &[Case], reached: &Reached) -> Vec<Vec<Stands>> {
    let checks: Vec<String> = cases.iter().flat_map(|case| &case.feeds).map(forms::Feed::check_line).collect();
    let rules: Vec<String> = cases.iter().map(Case::rule_line).collect();
    let mut flight = Flight::begin(&checks, &rules);
    let mut stands = vec![Vec::with_capacity(STEPS); cases.len()];
    for step in 0..STEPS {
        flight.wait_for(STEP * u32::try_from(step).unwrap());
        for feed in cases.iter().flat_map(|case| &case.feeds) {
            if let Some(sample) = feed.samples[step] {
                flight.sample(&feed.name, sample);
            }
        }
        flight.settle();
        for (known, stands) in flight.state.alerts().map(|(_, known)| known).zip(&mut stands) {
            let now = match known.life {
                Life::Pending(_) => Stands::Pending,
                Life::Firing(_) => Stands::Firing,
                Life::Quiet | Life::Resolved(_) => Stands::Inactive,
            };
            let blind =
                now == Stands::Firing && known.word() == "firing" && known.sight != golive::core::state::Sight::Clear;
            reached.blind.fetch_add(usize::from(blind), Ordering::Relaxed);
            reached.kept.fetch_add(usize::from(known.calm_since.is_some()), Ordering::Relaxed);
            let counted = match (stands.last(), now) {
                (Some(Stands::Inactive | Stands::Pending) | None, Stands::Firing) => Some(&reached.fired),
                (Some(Stands::Firing), Stands::Inactive | Stands::Pending) => Some(&reached.resolved),
                (Some(Stands::Pending), Stands::Inactive) => Some(&reached.calmed),
                _ => None,
            };
            counted.map(|count| count.fetch_add(1, Ordering::Relaxed));
            stands.push(now);
        }
    }
    stands
}

/// A session in which nothing happens but samples and the time.
struct Flight {
    state: State,
    watch: Watch,
    begun: Now,
    now: Now,
}

impl Flight {
    fn begin(checks: &[String], rules: &[String]) -> Self {
        let opened = opened(plan_with(checks, &[], rules));
        let state = State::open(&opened).unwrap();
        let now = opened.when();
        Self { watch: Watch::new(&state), state, begun: now, now }
    }

    /// Lets what runs out until then run out at its own time.
    fn wait_for(&mut self, until: Duration) {
        let until = self.begun.after(until);
        while let Some(next) = self.watch.next().filter(|next| *next > self.now.at && *next < until.at) {
            self.now = self.begun.after(next.duration_since(self.begun.at).unsigned_abs());
            self.settle();
        }
        self.now = until;
    }

    fn settle(&mut self) {
        for _ in 0..64 {
            let follows = self.watch.follows(&self.state, self.now);
            if follows.is_empty() && !self.watch.is_due(self.now) {
                return;
            }
            follows.into_iter().for_each(|body| self.happens(body));
        }
        panic!("rules never settle");
    }

    fn happens(&mut self, body: Body) {
        let event = event(self.now, Actor::Golive, body);
        self.state.apply(&event);
        self.watch.after(&self.state, &event);
    }

    fn sample(&mut self, check: &str, sample: Sample) {
        let evidence = Evidence { measured: sample.measured(), ..replica::evidence(sample) };
        let (check, effect) = (CheckId::new(check), self.state.next_effect());
        let took = Duration::from_millis(20);
        let finished = Finished { check, effect, lateness: Duration::ZERO, took, evidence };
        self.happens(Body::Check(CheckEvent::Finished(Box::new(finished))));
    }
}
