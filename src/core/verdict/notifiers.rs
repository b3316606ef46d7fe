//! What a notifier that tells nobody weighs: a warning, for whoever relies on being told is not.

use crate::core::event::Subject;
use crate::core::state::State;
use crate::core::verdict::{Answer, Cause, Reason};
use crate::model::duration;
use crate::model::time::Now;
use crate::model::word::Severity;

/// One reason for each notifier that is down or lost something since it last took anything.
pub(super) fn notifiers(state: &State, now: Now) -> Vec<Reason> {
    let failing = state.notices().notifiers().filter(|(_, health)| health.is_down() || health.dead_letters > 0);
    let reason = failing.map(|(notifier, health)| {
        let why = health.why.as_ref().map_or("it does not say why", |why| why.as_str());
        let message = match (health.dead_letters, health.failing_since.and_then(|since| now.since(since))) {
            (0, Some(past)) => {
                format!("notifier {notifier} has taken nothing for {}: {why}", duration::written(whole_seconds(past)))
            }
            (0, None) => format!("notifier {notifier} takes nothing: {why}"),
            (lost, _) => format!("{lost} notices to {notifier} were given up: {why}"),
        };
        Reason {
            weight: Answer::GoWithWarnings,
            subject: Some(Subject::Notifier(notifier.clone())),
            severity: Severity::Warning,
            cause: Cause::Untold,
            message,
            remedy: Some("mend the notifier, or tell those people in another way".to_owned()),
            since: health.failing_since.map(|since| since.at),
        }
    });
    reason.collect()
}

const fn whole_seconds(past: std::time::Duration) -> std::time::Duration {
    std::time::Duration::from_secs(past.as_secs())
}
