//! Series: what was measured over time, in bounded memory. Full resolution for the hot window, downsampled beyond.
//!
//! Every sample carries running totals, so that what happened within a window is the difference of two of them and
//! costs a search and not a walk. Time is the wall clock's, and never goes backwards within a series.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::evidence::Measured;
use crate::core::state::samples::Samples;
use crate::model::plan::Plan;
use crate::model::word::Outcome;

/// Every series is kept whole for so long; longer where a rule looks back further.
pub(crate) const HOT: Duration = Duration::from_secs(15 * 60);
/// No more samples than these are kept whole, however often a check runs.
const MOST_HOT: usize = 8_192;
/// So many points stand for all that lies further back: when they are full, every other one goes.
const MOST_COLD: usize = 512;
/// The first distance between two points of what lies further back.
const MINUTE: i64 = 60_000_000;
/// The kind whose checks are there to measure: how long one took is of no interest.
const METRIC: &str = "metric";

/// What was measured over time.
#[derive(Clone, Debug)]
pub struct Series {
    hot: Samples,
    cold: Samples,
    apart: i64,
    keep: i64,
    /// Whether it holds what its check measures and not how long the check took.
    measured: bool,
    is_length: bool,
}

/// One sample, with what had come together when it was taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    /// When, in microseconds of the wall clock.
    pub at: i64,
    /// The number; `NaN` where there was none.
    pub value: f64,
    /// When the latest number was taken, this one included.
    numbered: i64,
    sum: f64,
    growth: f64,
    values: u32,
    runs: u32,
    failures: u32,
}

/// What came together within a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Within {
    /// Runs that ended.
    pub runs: u32,
    /// Runs that failed.
    pub failures: u32,
    /// Numbers.
    pub values: u32,
    /// Their sum.
    pub sum: f64,
    /// How much a counter grew; what it fell is a reset.
    pub growth: f64,
    /// Whether there was a number before the window from which it could grow.
    pub grew_from: bool,
}

impl Series {
    /// An empty series that is kept whole for at least so long. `measured`: its check measures something, and how long
    /// the check took is of no interest.
    #[must_use]
    pub fn new(keep: Duration, measured: bool) -> Self {
        let keep = i64::try_from(keep.max(HOT).as_micros()).unwrap_or(i64::MAX);
        Self { hot: Samples::default(), cold: Samples::default(), apart: MINUTE, keep, measured, is_length: !measured }
    }

    /// Keeps it whole for at least so long from now on.
    pub(super) fn keep(&mut self, keep: Duration) {
        self.keep = self.keep.max(i64::try_from(keep.as_micros()).unwrap_or(i64::MAX));
    }

    /// Whether nothing was ever taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hot.is_empty()
    }

    /// Whether its numbers are lengths of time, in seconds.
    #[must_use]
    pub const fn is_length(&self) -> bool {
        self.is_length
    }

    /// Takes a run's result.
    pub(super) fn record(&mut self, at: Timestamp, outcome: Outcome, took: Duration, measured: Option<Measured>) {
        if let Some(measured) = measured {
            self.measured = true;
            self.is_length = matches!(measured, Measured::Seconds(_));
        }
        let value = match measured {
            Some(measured) => measured.number(),
            None if self.measured || outcome == Outcome::Error => f64::NAN,
            None => took.as_secs_f64(),
        };
        self.push(at, value, outcome == Outcome::Fail);
    }

    /// Takes an event: something that can be counted and no more.
    pub(super) fn count(&mut self, at: Timestamp) {
        self.push(at, f64::NAN, false);
    }

    fn push(&mut self, at: Timestamp, value: f64, failed: bool) {
        let last = self.hot.back().copied().unwrap_or_default();
        let mut sample = Sample { at: at.as_microsecond().max(last.at), value, ..last };
        sample.runs = last.runs.wrapping_add(1);
        sample.failures = last.failures.wrapping_add(u32::from(failed));
        if !value.is_nan() {
            sample.sum += value;
            sample.numbered = sample.at;
            sample.values = last.values.wrapping_add(1);
            if let Some(before) = self.hot.iter().rev().map(|sample| sample.value).find(|value| !value.is_nan()) {
                sample.growth += if value >= before { value - before } else { value };
            }
        }
        self.hot.push_back(sample);
        while self.hot.len() > MOST_HOT
            || self.hot.front().is_some_and(|first| sample.at - first.at > self.keep && self.hot.len() > 2)
        {
            let Some(old) = self.hot.pop_front() else { break };
            self.cool(old);
        }
    }

    /// Takes a sample over into what lies further back: one point for each stretch of time.
    fn cool(&mut self, old: Sample) {
        take_over(&mut self.cold, old, self.apart);
        if self.cold.len() > MOST_COLD {
            self.apart *= 2;
            let mut kept = Samples::default();
            self.cold.iter().for_each(|sample| take_over(&mut kept, *sample, self.apart));
            self.cold = kept;
        }
    }

    /// The latest number that is younger than `fresh_for`.
    #[must_use]
    pub fn value(&self, now: Timestamp, fresh_for: Duration) -> Option<f64> {
        let after = start(now, fresh_for);
        self.hot.iter().rev().take_while(|sample| sample.at > after).map(|sample| sample.value).find(|v| !v.is_nan())
    }

    /// What came together in the window that ends at `until`: behind its start, up to and with its end.
    #[must_use]
    pub fn within(&self, until: Timestamp, window: Duration) -> Within {
        let (from, until) = (start(until, window), until.as_microsecond());
        let Some(end) = self.at_or_before(until).filter(|end| end.at > from) else { return Within::default() };
        let before = self.at_or_before(from);
        let base = before.unwrap_or_default();
        // What a counter grew while nobody read it for longer than the window is not what it grew within it.
        let known_before = before.filter(|before| before.values > 0);
        let first = known_before.and_then(|_| self.first_number_after(from));
        let apart = |before: Sample, first: Sample| u64::try_from(first.at - before.numbered).unwrap_or_default();
        let within_reach = |before, first| u128::from(apart(before, first)) <= window.as_micros();
        let grew_from = known_before.zip(first).is_some_and(|(before, first)| within_reach(before, first));
        let growth_base = match (known_before, first) {
            (Some(_), Some(first)) if !grew_from => first.growth,
            _ => base.growth,
        };
        Within {
            runs: end.runs.wrapping_sub(base.runs),
            failures: end.failures.wrapping_sub(base.failures),
            values: end.values.wrapping_sub(base.values),
            sum: end.sum - base.sum,
            growth: (end.growth - growth_base).max(0.0),
            grew_from,
        }
    }

    /// The number below which that share of the window's numbers lies, and how many there were. Between two numbers it
    /// lies on the line from one to the other, as Prometheus' `quantile_over_time` has it.
    #[must_use]
    pub fn percentile(&self, until: Timestamp, window: Duration, share: f64) -> Option<(f64, usize)> {
        let (from, until) = (start(until, window), until.as_microsecond());
        let first = self.hot.partition_point(|sample| sample.at <= from);
        let in_window = self.hot.from(first).take_while(|sample| sample.at <= until);
        let mut numbers: Vec<f64> = in_window.map(|sample| sample.value).filter(|value| !value.is_nan()).collect();
        let count = numbers.len();
        let rank = share * (count.checked_sub(1)? as f64);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a small count")]
        let below = (rank.floor() as usize).min(count - 1);
        let (_, low, above) = numbers.select_nth_unstable_by(below, f64::total_cmp);
        let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(*low);
        let weight = rank - rank.floor();
        Some((*low * (1.0 - weight) + high * weight, count))
    }

    /// When the first sample was taken of all that is still known.
    #[must_use]
    pub fn begins(&self) -> Option<Timestamp> {
        let first = self.cold.front().or(self.hot.front())?;
        Timestamp::from_microsecond(first.at).ok()
    }

    /// When the latest number was taken.
    #[must_use]
    pub fn latest(&self, now: Timestamp) -> Option<Timestamp> {
        let until = now.as_microsecond();
        let latest = self.hot.iter().rev().find(|sample| sample.at <= until && !sample.value.is_nan())?;
        Timestamp::from_microsecond(latest.at).ok()
    }

    /// When time alone changes what lies in a window: when its oldest sample leaves it.
    #[must_use]
    pub fn leaves(&self, now: Timestamp, window: Duration) -> Option<Timestamp> {
        let first = self.first_after(start(now, window))?;
        Timestamp::from_microsecond(first.at).ok()?.checked_add(window).ok()
    }

    /// The numbers of a window, oldest first, with their times: for a chart.
    pub fn points(&self, until: Timestamp, window: Duration) -> impl Iterator<Item = (Timestamp, f64)> + '_ {
        let (from, until) = (start(until, window), until.as_microsecond());
        let all = self.cold.iter().chain(self.hot.iter());
        let in_window = all.filter(move |sample| sample.at > from && sample.at <= until && !sample.value.is_nan());
        in_window.filter_map(|sample| Some((Timestamp::from_microsecond(sample.at).ok()?, sample.value)))
    }

    /// How many samples are in memory.
    #[must_use]
    pub fn held(&self) -> usize {
        self.hot.len() + self.cold.len()
    }

    fn at_or_before(&self, at: i64) -> Option<Sample> {
        let search = |samples: &Samples| {
            let behind = samples.partition_point(|sample| sample.at <= at);
            behind.checked_sub(1).and_then(|last| samples.get(last).copied())
        };
        search(&self.hot).or_else(|| search(&self.cold))
    }

    fn first_number_after(&self, at: i64) -> Option<Sample> {
        let after = |samples: &Samples| {
            let first = samples.partition_point(|sample| sample.at <= at);
            samples.from(first).find(|sample| !sample.value.is_nan()).copied()
        };
        after(&self.cold).or_else(|| after(&self.hot))
    }

    fn first_after(&self, at: i64) -> Option<Sample> {
        let search = |samples: &Samples| samples.get(samples.partition_point(|s| s.at <= at)).copied();
        search(&self.cold).or_else(|| search(&self.hot))
    }
}

/// Takes a sample over: the last one of each stretch of time stays.
fn take_over(points: &mut Samples, sample: Sample, apart: i64) {
    match points.back() {
        Some(last) if last.at / apart == sample.at / apart => points.set_back(sample),
        _ => points.push_back(sample),
    }
}

/// An empty series for each check of a plan.
pub(super) fn of_checks(plan: &Plan, reach: &[Duration]) -> Vec<Arc<Series>> {
    let series = plan.checks.iter().zip(reach);
    series.map(|(check, reach)| Arc::new(Series::new(*reach, check.kind.as_str() == METRIC))).collect()
}

fn start(until: Timestamp, window: Duration) -> i64 {
    until.as_microsecond().saturating_sub(i64::try_from(window.as_micros()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn counter(values: &[f64]) -> Series {
        let mut series = Series::new(HOT, true);
        for (second, value) in (0_i64..).zip(values) {
            series.record(at(second * 10), Outcome::Pass, Duration::ZERO, Some(Measured::Number(*value)));
        }
        series
    }

    #[test]
    fn a_counter_grows_and_what_it_falls_is_a_reset() {
        let series = counter(&[100.0, 102.0, 105.0, 1.0, 3.0]);
        let within = series.within(at(40), Duration::from_secs(30));
        assert_eq!((within.values, within.grew_from), (3, true), "10 s lies before the window and 20 s in it");
        assert!((within.growth - 6.0).abs() < 1e-9, "3 up, a reset to 1, 2 up: {within:?}");
        assert!((series.within(at(40), Duration::from_secs(3_600)).growth - 8.0).abs() < 1e-9);
        assert_eq!(series.within(at(90), Duration::from_secs(30)).values, 0, "nothing came lately");
    }

    #[test]
    fn growth_over_a_long_gap_is_not_growth_within_the_window() {
        let mut series = counter(&[5.0]);
        series.record(at(10_000), Outcome::Pass, Duration::ZERO, Some(Measured::Number(900.0)));
        series.record(at(10_010), Outcome::Pass, Duration::ZERO, Some(Measured::Number(902.0)));
        let within = series.within(at(10_010), Duration::from_secs(60));
        assert!(!within.grew_from && (within.growth - 2.0).abs() < 1e-9, "{within:?}");
    }

    #[test]
    fn runs_that_found_nothing_out_make_a_gap_no_shorter() {
        let mut series = counter(&[5.0]);
        (1..50).for_each(|number| series.record(at(number * 10), Outcome::Error, Duration::ZERO, None));
        series.record(at(500), Outcome::Pass, Duration::ZERO, Some(Measured::Number(900.0)));
        series.record(at(510), Outcome::Pass, Duration::ZERO, Some(Measured::Number(901.0)));
        let within = series.within(at(520), Duration::from_secs(60));
        assert!(!within.grew_from && (within.growth - 1.0).abs() < 1e-9, "{within:?}");
        let within = series.within(at(520), Duration::from_secs(3_600));
        assert!((within.growth - 896.0).abs() < 1e-9, "a window that holds both readings: {within:?}");
    }

    #[test]
    fn percentiles_are_those_of_the_window_and_lie_between_two_numbers_where_they_have_to() {
        let series = counter(&(1..=21).map(f64::from).collect::<Vec<_>>());
        let (number, count) = series.percentile(at(200), Duration::from_secs(600), 0.95).unwrap();
        assert!((number - 20.0).abs() < 1e-9 && count == 21, "{number} of {count}");
        assert_eq!(series.percentile(at(200), Duration::from_secs(100), 0.5), Some((16.5, 10)));
        assert_eq!(series.percentile(at(0), Duration::from_secs(100), 0.99), Some((1.0, 1)));
        assert_eq!(series.percentile(at(9_000), Duration::from_secs(100), 0.5), None);
    }

    #[test]
    fn a_value_is_the_latest_one_while_it_is_fresh() {
        let mut series = counter(&[7.0]);
        series.record(at(5), Outcome::Error, Duration::from_secs(1), None);
        assert_eq!(series.value(at(6), Duration::from_secs(30)), Some(7.0), "an error measures nothing");
        assert_eq!(series.value(at(31), Duration::from_secs(30)), None);
        assert_eq!(series.leaves(at(6), Duration::from_secs(30)), Some(at(30)));
    }

    #[test]
    fn a_week_takes_no_more_memory_than_its_bounds() {
        let mut series = Series::new(HOT, false);
        for second in 0..7 * 86_400 / 5 {
            series.record(at(second * 5), Outcome::Pass, Duration::from_millis(3), None);
            assert!(series.held() <= MOST_COLD + 182);
        }
        let day = series.within(at(7 * 86_400), Duration::from_secs(86_400));
        assert!(day.runs.abs_diff(17_280) <= 400, "a day of runs, to within a point: {}", day.runs);
        assert!(series.begins().unwrap() < at(3_600), "the whole week is known");
    }
}
