//! The alerts: where each stands, what was seen against what, who was told, who has seen it.

use crate::core::alerts;
use crate::core::state::{AlertState, Life, State};
use crate::model::alert::Rule;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::report::build::notices;
use crate::report::shape::AlertEntry;

/// Every alert of the plan, in plan order.
pub(super) fn of(state: &State, now: Now) -> Vec<AlertEntry> {
    let all = state.alerts().enumerate();
    all.map(|(position, (rule, known))| entry(state, position, rule, known, now)).collect()
}

fn entry(state: &State, position: usize, rule: &Rule, known: &AlertState, now: Now) -> AlertEntry {
    let seen = alerts::seen(state, position, now);
    let (value, threshold) = match (&known.life, &seen.holds) {
        // What it fired with is what people were told.
        (Life::Firing(_), _) | (_, Err(_)) => (known.value.clone(), known.threshold.clone()),
        (_, Ok(_)) => (Some(SafeText::bounded(&seen.value, 120)), Some(SafeText::bounded(&seen.threshold, 200))),
    };
    let escalated = known.escalated.as_ref().filter(|_| known.is_firing());
    AlertEntry {
        id: rule.id.to_string(),
        title: rule.title.clone(),
        level: rule.level,
        state: known.word(),
        since: known.since().map(|since| since.at),
        value,
        threshold,
        why: seen.holds.err().filter(|_| known.word() == "unknown").map(|why| SafeText::bounded(&why, 200)),
        cause: known.cause.as_ref().filter(|_| known.is_firing()).map(ToString::to_string),
        notified: notices::notified(state, &rule.id),
        notices: notices::of_alert(state, &rule.id),
        acknowledged_by: known.acknowledged.as_ref().filter(|_| known.is_firing()).map(|seen| seen.by.to_string()),
        escalated_at: escalated.map(|(at, _)| *at),
        silenced_until: known.silence.as_ref().map(|silence| silence.until),
        impact: rule.impact.clone(),
        remedy: rule.remedy.clone(),
    }
}
