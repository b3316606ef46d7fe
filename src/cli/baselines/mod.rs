//! What was normal before, as facts for a session's start: the same hour in an earlier session, or in Prometheus. What
//! cannot be found out is noted, and counts as unknown: a rule that has no norm says so and does not fire.

mod earlier;
mod prometheus;

use crate::check::Surroundings;
use crate::cli::opening::Keeping;
use crate::core::event::{AlertEvent, Body, ItemEvent};
use crate::model::baseline::{Baseline, BaselineSource, Hour};
use crate::model::plan::Plan;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// The norms of a plan, one fact each.
pub(super) async fn known(plan: &Plan, keeping: &Keeping, surroundings: &Surroundings, now: Now) -> Vec<Body> {
    let mut facts = Vec::new();
    let earlier = earlier::Sessions::of(plan, keeping, now);
    for Baseline { series, from } in &plan.baselines {
        let found = match from {
            BaselineSource::Session { within } => earlier.norm(series, within.0, now),
            BaselineSource::Prometheus { url, headers, query, ago } => {
                let asked = prometheus::Asked { url, headers, query, ago: ago.0 };
                asked.norm(surroundings, keeping == &Keeping::Memory, now).await
            }
        };
        facts.push(match found {
            Ok((from, hours)) => Body::Alert(AlertEvent::BaselineKnown {
                series: series.clone(),
                from: SafeText::bounded(&from, 120),
                hours,
            }),
            Err(why) => {
                let text = SafeText::bounded(&format!("no baseline of {series} from before: {why}"), 300);
                Body::Item(ItemEvent::Noted { subject: None, text })
            }
        });
    }
    facts
}

/// Where a norm comes from, in words, and what it is hour by hour.
type Norm = (String, Vec<Hour>);
