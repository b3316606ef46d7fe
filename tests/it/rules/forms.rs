//! Random rules in both tongues: as golive has them, and the PromQL that says the same.
//!
//! A window of golive holds what lies behind its start, up to and with its end, as Prometheus has it since version 3; a
//! millisecond less says so to every version. `increase` counts what was counted and extrapolates nothing. And where
//! nobody sees whether a firing rule still holds, it goes on firing: the second half of [`Case::expression`].

use golive::core::evidence::Measured;

use super::random::Random;
use super::{STEP, STEPS};

/// One sample of a check.
#[derive(Clone, Copy, Debug)]
pub(super) enum Sample {
    Number(f64),
    Pass,
    Fail,
    Error,
}

impl Sample {
    pub(super) const fn measured(self) -> Option<Measured> {
        match self {
            Self::Number(number) => Some(Measured::Number(number)),
            Self::Pass | Self::Fail | Self::Error => None,
        }
    }
}

/// What one check brings.
#[derive(Clone)]
pub(super) struct Feed {
    pub(super) name: String,
    /// Seconds for which a sample counts.
    fresh: u64,
    pub(super) samples: Vec<Option<Sample>>,
}

impl Feed {
    pub(super) fn check_line(&self) -> String {
        let numbers = self.samples.iter().flatten().any(|sample| matches!(sample, Sample::Number(_)));
        format!("{}{} warning fresh {}s", self.name, if numbers { " metric" } else { "" }, self.fresh)
    }

    fn number(sample: Sample) -> Option<f64> {
        match sample {
            Sample::Number(number) => Some(number),
            Sample::Pass => Some(0.0),
            Sample::Fail => Some(1.0),
            Sample::Error => None,
        }
    }

    /// Its conclusive samples as numbers; a failure is 1.
    pub(super) fn shown(&self) -> Vec<Option<f64>> {
        self.samples.iter().map(|sample| sample.and_then(Self::number)).collect()
    }

    /// Its runs as numbers: an error is no failure.
    fn runs(&self) -> Vec<Option<f64>> {
        self.samples.iter().map(|sample| sample.map(|sample| Self::number(sample).unwrap_or(0.0))).collect()
    }

    /// How much it grew since the sample before; a fall is a reset. What it grew while nobody read it for longer than a
    /// window is nobody's.
    fn growth(&self, window: u64) -> Vec<Option<f64>> {
        let mut last: Option<(usize, f64)> = None;
        let grew = self.shown().into_iter().enumerate().map(|(step, number)| {
            let number = number?;
            let (at, before) = last.replace((step, number))?;
            let grew = if number >= before { number - before } else { number };
            ((step - at) as u64 * STEP.as_secs() <= window).then_some(grew)
        });
        grew.collect()
    }

    /// The latest sample, while it is fresh.
    fn fresh(&self) -> String {
        format!("last_over_time({}[{}ms])", self.name, self.fresh * 1_000 - 1)
    }
}

/// A rule, the series that it asks, and what it is in PromQL.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) name: String,
    when: String,
    /// Holds where the rule does.
    holds: String,
    /// Is there where the rule can be answered, from fresh samples.
    seen: String,
    pub(super) hold: u64,
    pub(super) keep: u64,
    samples: u64,
    /// Seconds of its window.
    window: u64,
    pub(super) feeds: Vec<Feed>,
}

impl Case {
    pub(super) fn rule_line(&self) -> String {
        let Self { name, hold, keep, samples, when, .. } = self;
        format!("{name} warning for {hold}s keep {keep}s samples {samples}: {when}")
    }

    /// The rule as Prometheus has it: it holds; or it fires, and nobody sees whether it still does.
    pub(super) fn expression(&self) -> String {
        let Self { name, holds, seen, .. } = self;
        let firing = format!("sum(ALERTS{{alertname=\"{name}\",alertstate=\"firing\"}})");
        format!("sum({holds}) or ({firing} unless sum({seen}))")
    }

    /// All that Prometheus is given: the samples, the runs and the growth of each.
    pub(super) fn series(&self) -> Vec<(String, Vec<Option<f64>>)> {
        let of = |feed: &Feed| {
            let named = |part: &str| format!("{}{part}", feed.name);
            [(named(""), feed.shown()), (named("_runs"), feed.runs()), (named("_growth"), feed.growth(self.window))]
        };
        self.feeds.iter().flat_map(of).collect()
    }

    pub(super) fn random(random: &mut Random, number: usize) -> Self {
        let mut case = Self {
            name: format!("r{number}"),
            when: String::new(),
            holds: String::new(),
            seen: String::new(),
            hold: random.one_of(&[0, 0, 5, 10, 15, 30, 60]),
            keep: random.one_of(&[0, 0, 5, 10, 20, 45]),
            samples: 1,
            window: random.one_of(&[15, 30, 60, 120]),
            feeds: Vec::new(),
        };
        match number % 8 {
            0 => case.value(random),
            1 => case.two_values(random),
            2 | 3 => case.percentile(random),
            4 => case.counter(random),
            5 => case.counter_with_gaps(random),
            6 => case.runs(random),
            _ => case.ratio(random),
        }
        case
    }

    fn feed(&mut self, random: &mut Random, samples: Vec<Option<Sample>>) -> Feed {
        let name = format!("x{}_{}", &self.name[1..], self.feeds.len());
        let feed = Feed { name, fresh: random.one_of(&[15, 30, 60, 120]), samples };
        self.feeds.push(feed.clone());
        feed
    }

    fn value(&mut self, random: &mut Random) {
        let samples = levels(random);
        let feed = self.feed(random, samples);
        let (than, line) = (than(random), 2 + random.below(7));
        self.when = format!("value(\"{}\") {than} {line}", feed.name);
        self.holds = format!("{} {than} {line}", feed.fresh());
        self.seen = feed.fresh();
    }

    fn two_values(&mut self, random: &mut Random) {
        let (one, other) = (levels(random), levels(random));
        let (one, other) = (self.feed(random, one), self.feed(random, other));
        let (than_one, line) = (than(random), 2 + random.below(7));
        let (than_other, limit) = (than(random), 2 + random.below(7));
        let (sign, word) = random.one_of(&[("&&", "and"), ("||", "or")]);
        self.when =
            format!("value(\"{}\") {than_one} {line} {sign} value(\"{}\") {than_other} {limit}", one.name, other.name);
        self.holds =
            format!("sum({} {than_one} {line}) {word} sum({} {than_other} {limit})", one.fresh(), other.fresh());
        self.seen = format!("sum({}) and sum({})", one.fresh(), other.fresh());
    }

    fn percentile(&mut self, random: &mut Random) {
        let samples = levels(random);
        let (feed, window) = (self.feed(random, samples), self.window);
        let (name, share) = random.one_of(&[("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99")]);
        // No whole number: what lies just on the line is a question of rounding.
        let (than, line) = (than(random), format!("{}.3", 2 + random.below(7)));
        self.samples = random.one_of(&[1, 1, 2, 3, 5]);
        let range = format!("{}[{}ms]", feed.name, window * 1_000 - 1);
        let enough = format!("(count_over_time({range}) >= {})", self.samples);
        let quantile = format!("quantile_over_time({share}, {range})");
        self.when = format!("{name}(\"{}\", duration(\"{window}s\")) {than} {line}", feed.name);
        self.holds = format!("({quantile} {than} {line}) and {enough}");
        self.seen = format!("{quantile} and {enough} and {}", feed.fresh());
    }

    /// A counter that is read at every step: Prometheus' own `increase` has nothing to extrapolate.
    fn counter(&mut self, random: &mut Random) {
        let window = self.window;
        let samples = counts(random, usize::try_from(window / STEP.as_secs()).unwrap() + 1, false);
        let feed = self.feed(random, samples);
        let (than, line) = (than(random), format!("{}.5", 1 + random.below(12)));
        self.samples = random.one_of(&[1, 2, 3]);
        // With the sample that stands just at the window's start.
        let range = format!("{}[{}ms]", feed.name, window * 1_000 + 1);
        let enough = format!("(count_over_time({range}) >= {})", self.samples.max(2));
        self.when = format!("increase(\"{}\", duration(\"{window}s\")) {than} {line}", feed.name);
        self.holds = format!("(increase({range}) {than} {line}) and {enough}");
        self.seen = format!("increase({range}) and {enough} and {}", feed.fresh());
    }

    /// One that is read now and then: what was counted between two samples counts when the second one comes.
    fn counter_with_gaps(&mut self, random: &mut Random) {
        let window = self.window;
        let samples = counts(random, 0, true);
        let feed = self.feed(random, samples);
        let (than, line) = (than(random), format!("{}.5", 1 + random.below(12)));
        let grew = format!("sum_over_time({}_growth[{}ms])", feed.name, window * 1_000 - 1);
        self.when = format!("increase(\"{}\", duration(\"{window}s\")) {than} {line}", feed.name);
        self.holds = format!("{grew} {than} {line}");
        self.seen = format!("{grew} and {}", feed.fresh());
    }

    fn runs(&mut self, random: &mut Random) {
        let samples = outcomes(random);
        let (feed, window) = (self.feed(random, samples), self.window);
        let (than, line) = (than(random), 1 + random.below(4));
        self.samples = random.one_of(&[1, 1, 2, 4]);
        let range = format!("{}_runs[{}ms]", feed.name, window * 1_000 - 1);
        let enough = format!("(count_over_time({range}) >= {})", self.samples);
        let failures = !random.once_in(3);
        let (name, over) = if failures { ("failures", "sum") } else { ("count", "count") };
        let counted = format!("{over}_over_time({range})");
        self.when = format!("{name}(\"{}\", duration(\"{window}s\")) {than} {line}", feed.name);
        self.holds = format!("({counted} {than} {line}) and {enough}");
        let fresh = if failures { feed.fresh() } else { feed.fresh().replace('[', "_runs[") };
        self.seen = format!("{counted} and {enough} and {fresh}");
    }

    fn ratio(&mut self, random: &mut Random) {
        let window = self.window;
        let (one, other) = (counts(random, 0, true), counts(random, 0, true));
        let (one, other) = (self.feed(random, one), self.feed(random, other));
        let (than, line) = (than(random), random.one_of(&["0.137", "0.317", "0.517", "0.717"]));
        let grew = |feed: &Feed| format!("sum_over_time({}_growth[{}ms])", feed.name, window * 1_000 - 1);
        let share = format!("({} / (({} + {}) > 0))", grew(&one), grew(&one), grew(&other));
        self.when = format!("ratio(\"{}\", \"{}\", duration(\"{window}s\")) {than} {line}", one.name, other.name);
        self.holds = format!("{share} {than} {line}");
        self.seen = format!("sum({share}) and sum({}) and sum({})", one.fresh(), other.fresh());
    }
}

fn than(random: &mut Random) -> &'static str {
    random.one_of(&[">", ">", ">=", ">=", "<", "<="])
}

/// When there is a sample: at every first, second or third step, with gaps up to minutes.
fn present(random: &mut Random) -> Vec<bool> {
    let (every, mut gap) = (random.one_of(&[1, 1, 2, 3]), 0);
    let steps = (0..STEPS).map(|step| {
        if gap == 0 && random.once_in(12) {
            gap = if random.once_in(4) { 10 + random.below(30) } else { 1 + random.below(6) };
        }
        let there = gap == 0 && step % every == 0;
        gap = gap.saturating_sub(1);
        there
    });
    steps.collect()
}

/// A number that stays about where it is, and jumps now and then.
fn levels(random: &mut Random) -> Vec<Option<Sample>> {
    let present = present(random);
    let mut level = random.below(11);
    let levels = present.into_iter().map(|there| {
        level = if random.once_in(9) { random.below(11) } else { (level + random.below(3)).saturating_sub(1).min(10) };
        // A source that gives no number is no sample of one, and no fresh one.
        let gone = random.once_in(40);
        there.then_some(if gone { Sample::Error } else { Sample::Number(level as f64) })
    });
    levels.collect()
}

/// A counter: quiet for so many steps, then in bursts; a process that starts anew counts from zero.
fn counts(random: &mut Random, quiet: usize, gaps: bool) -> Vec<Option<Sample>> {
    let present = if gaps { present(random) } else { vec![true; STEPS] };
    let (mut count, mut busy) = (random.below(40), false);
    let counts = present.into_iter().enumerate().map(|(step, there)| {
        busy ^= random.once_in(8);
        if step >= quiet {
            count = if random.once_in(40) { random.below(3) } else { count + if busy { random.below(4) } else { 0 } };
        }
        there.then_some(Sample::Number(count as f64))
    });
    counts.collect()
}

/// Runs of a check that fail in spells, and sometimes find nothing out.
fn outcomes(random: &mut Random) -> Vec<Option<Sample>> {
    let present = present(random);
    let mut bad = false;
    let outcomes = present.into_iter().map(|there| {
        bad ^= random.once_in(7);
        let outcome = match (random.once_in(10), bad) {
            (true, _) => Sample::Error,
            (false, true) if !random.once_in(4) => Sample::Fail,
            (false, _) => Sample::Pass,
        };
        there.then_some(outcome)
    });
    outcomes.collect()
}
