//! Latencies as a small chart: one bar a run, as tall as it took long, bad runs in another colour and full height.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::core::state::Point;
use crate::model::word::Outcome;

const HEIGHT: f64 = 24.0;
const BAR: f64 = 3.0;
const GAP: f64 = 1.0;

/// The runs of a check, oldest first. Nothing where there are fewer than two.
pub(super) fn runs(id: &str, history: &[Point]) -> Markup {
    if history.len() < 2 {
        return html! {};
    }
    let slowest = history.iter().map(|point| point.latency.as_secs_f64()).fold(f64::EPSILON, f64::max);
    let count = |wanted: &[Outcome]| history.iter().filter(|point| wanted.contains(&point.outcome)).count();
    let good = count(&[Outcome::Pass, Outcome::Warn]);
    let width = f64::from(u32::try_from(history.len()).unwrap_or(u32::MAX)) * (BAR + GAP);
    let told = format!("{id}: {good} of {} runs good, slowest {:.1} ms", history.len(), slowest * 1e3);
    html! {
        svg role="img" aria-label=(told) width=(width) height=(HEIGHT) viewBox=(format!("0 0 {width} {HEIGHT}")) {
            @for (at, point) in history.iter().enumerate() { (bar(at, point, slowest)) }
        }
    }
}

fn bar(at: usize, point: &Point, slowest: f64) -> Markup {
    let (class, share) = match point.outcome {
        Outcome::Pass => ("run", point.latency.as_secs_f64() / slowest),
        Outcome::Warn => ("runlook", point.latency.as_secs_f64() / slowest),
        Outcome::Fail | Outcome::Error => ("runbad", 1.0),
    };
    let height = (share * HEIGHT).max(1.0);
    let left = f64::from(u32::try_from(at).unwrap_or(u32::MAX)) * (BAR + GAP);
    html! {
        rect class=(class) x=(left) y=(format!("{:.1}", HEIGHT - height)) width=(BAR) height=(format!("{height:.1}")) {}
    }
}

/// How wide the lane of an alert is.
const LANE: f64 = 160.0;
const LANE_HEIGHT: f64 = 12.0;

/// When something was so, over the whole of a time. Nothing where it never was.
pub(super) fn lane(id: &str, lengths: &[(Timestamp, Timestamp)], (from, to): (Timestamp, Timestamp)) -> Markup {
    if lengths.is_empty() {
        return html! { span class="quiet" { "never" } };
    }
    let whole = to.duration_since(from).as_secs_f64().max(f64::EPSILON);
    let place = |at: Timestamp| (at.duration_since(from).as_secs_f64() / whole).clamp(0.0, 1.0) * LANE;
    let seconds: f64 = lengths.iter().map(|(from, to)| to.duration_since(*from).as_secs_f64()).sum();
    let times = if lengths.len() == 1 { "once".to_owned() } else { format!("{} times", lengths.len()) };
    let told = format!("{id} fired {times}, {seconds:.0} s in all");
    html! {
        svg role="img" aria-label=(told) width=(LANE) height=(LANE_HEIGHT) viewBox=(format!("0 0 {LANE} {LANE_HEIGHT}")) {
            rect class="lane" x="0" y="5" width=(LANE) height="2" {}
            @for (from, to) in lengths {
                rect class="runbad" x=(format!("{:.1}", place(*from))) y="0" width=(format!("{:.1}", (place(*to) - place(*from)).max(2.0))) height=(LANE_HEIGHT) {}
            }
        }
        span class="quiet" { (times) ", " (format!("{seconds:.0}")) " s" }
    }
}
