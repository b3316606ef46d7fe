//! What triage learnt, in sentences.

use crate::core::event::TriageEvent;
use crate::core::state::{HurtState, Mark, State};

pub(super) fn told(state: &State, body: &TriageEvent) -> Option<(Mark, String, String)> {
    Some(match body {
        TriageEvent::Watching { .. } => return None,
        TriageEvent::Changed(changed) => {
            let by = changed.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
            // What was so before anybody looked is no news: it must not stand before what waits for a person.
            let is_old = changed.happened.is_some_and(|at| at < state.session().opened.at);
            let mark = if is_old { Mark::Plain } else { Mark::Look };
            (mark, changed.source.to_string(), format!("{}{by}", changed.what))
        }
        TriageEvent::Unwatched { source, why } => {
            (Mark::Look, source.to_string(), format!("changes there are not seen: {why}"))
        }
        TriageEvent::WatchedAgain { source } => (Mark::Good, source.to_string(), "changes there are seen again".into()),
        TriageEvent::Counted { query, since, counted } => {
            let planned = state.plan.triage.query(query)?;
            if !HurtState::is_news(HurtState::told(state.triage.hurt(query), *since), counted.count) {
                return None;
            }
            (Mark::Look, query.to_string(), format!("hurt: {}", planned.words(counted.count, counted.amount.as_ref())))
        }
        TriageEvent::NotCounted { query, why, .. } => {
            if state.triage.hurt(query).is_some_and(|known| known.why.as_ref() == Some(why)) {
                return None;
            }
            (Mark::Look, query.to_string(), format!("nobody knows who is hurt: {why}"))
        }
        TriageEvent::Ticked { check, step, words, done } => {
            let how = if *done { "done" } else { "open again" };
            (Mark::Decision, check.to_string(), format!("runbook step {} {how}: {words}", step + 1))
        }
    })
}
