//! Latencies as a small chart: one bar a run, as tall as it took long, bad runs in another colour and full height.

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
