//! The last runs of a check as a line of small bars: height is latency, a failed run is a mark of its own.

use std::time::Duration;

use crate::core::state::Point;
use crate::model::word::Outcome;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// What takes less is as quick as can be: a bar between 1 and 8 µs would draw this machine's own noise.
const INSTANT: Duration = Duration::from_millis(1);

/// The newest `most` runs, oldest first. The height is on a scale of powers of two over the median, so that one slow
/// run does not flatten all others.
#[must_use]
pub fn sparkline<'a>(history: impl ExactSizeIterator<Item = &'a Point> + Clone, most: usize) -> String {
    let skipped = history.len().saturating_sub(most);
    let median = percentile(history.clone().map(|point| point.latency), 50).unwrap_or_default();
    history.skip(skipped).map(|point| bar(point, median)).collect()
}

fn bar(point: &Point, median: Duration) -> char {
    match point.outcome {
        Outcome::Fail => '✗',
        Outcome::Error => '?',
        Outcome::Pass | Outcome::Warn => {
            let ratio = point.latency.max(INSTANT).div_duration_f64(median.max(INSTANT));
            // The median stands at the second bar; each further bar is half as slow again.
            let steps = (ratio.ln() / 1.5_f64.ln()).round();
            let level = (1.0 + steps).clamp(0.0, 7.0);
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=7")]
            BARS[level as usize]
        }
    }
}

/// The length below which so many percent lie (nearest rank).
#[must_use]
pub fn percentile(lengths: impl Iterator<Item = Duration>, percent: usize) -> Option<Duration> {
    let mut sorted: Vec<Duration> = lengths.collect();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(outcome: Outcome, millis: u64) -> Point {
        Point { outcome, latency: Duration::from_millis(millis) }
    }

    #[test]
    fn the_usual_is_low_the_slow_is_high_and_a_failure_is_marked() {
        let history =
            [run(Outcome::Pass, 100), run(Outcome::Pass, 100), run(Outcome::Pass, 900), run(Outcome::Fail, 10)];
        assert_eq!(sparkline(history.iter(), 60), "▂▂▇✗");
        assert_eq!(sparkline(history.iter(), 2), "▇✗");
        assert_eq!(sparkline([].iter(), 5), "");
    }

    #[test]
    fn what_takes_no_time_is_level() {
        let history =
            [1, 8, 2, 900].map(|micros| Point { outcome: Outcome::Pass, latency: Duration::from_micros(micros) });
        assert_eq!(sparkline(history.iter(), 60), "▂▂▂▂");
    }

    #[test]
    fn a_percentile_is_a_run_that_was() {
        let lengths = (1..=100).map(Duration::from_millis);
        assert_eq!(percentile(lengths.clone(), 50), Some(Duration::from_millis(50)));
        assert_eq!(percentile(lengths, 95), Some(Duration::from_millis(95)));
        assert_eq!(percentile(std::iter::empty(), 50), None);
    }
}
