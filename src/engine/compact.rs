//! A thousand results a second are mostly the same thousand again: repeats become one short line each (DECISIONS 27).

use std::collections::HashMap;

use crate::core::digest;
use crate::core::event::{Body, CheckEvent, Event, Finished, Repeat};
use crate::core::evidence::Evidence;
use crate::core::state::State;
use crate::model::id::CheckId;
use crate::model::text::SafeText;

/// Splits a flush into the events that say something new, in order, and the repeats of what is known.
pub(super) fn split(state: &State, events: Vec<Event>) -> (Vec<Event>, Vec<Repeat>) {
    let mut known: HashMap<CheckId, Face> = HashMap::new();
    let (mut new, mut repeats) = (Vec::with_capacity(events.len()), Vec::new());
    for event in events {
        let Body::Check(CheckEvent::Finished(finished)) = &event.body else {
            new.push(event);
            continue;
        };
        let face = Face::of(&finished.evidence);
        let before = known.insert(finished.check.clone(), face.clone());
        if before.or_else(|| known_face(state, finished)).is_some_and(|before| before == face) {
            repeats.push(repeat(finished, &event));
        } else {
            new.push(event);
        }
    }
    (new, repeats)
}

/// What makes a result the same as another: the digest (outcome, failure class, material facts), and whether it took
/// as many attempts. A check that starts to need its retries is news.
#[derive(Clone, PartialEq, Eq)]
struct Face {
    digest: SafeText,
    attempts: u32,
}

impl Face {
    fn of(evidence: &Evidence) -> Self {
        Self { digest: digest::of_evidence(evidence), attempts: evidence.attempts }
    }
}

fn known_face(state: &State, finished: &Finished) -> Option<Face> {
    let (_, known) = state.check(&finished.check)?;
    let latest = known.latest.as_ref()?;
    // A result of an older run than the latest changes nothing, and as a repeat it would say something it is not.
    (latest.effect < finished.effect).then(|| Face::of(&latest.evidence))
}

fn repeat(finished: &Finished, event: &Event) -> Repeat {
    Repeat {
        check: finished.check.clone(),
        effect: finished.effect,
        at: event.at,
        up: event.up,
        took: finished.took,
        lateness: finished.lateness,
        measured: finished.evidence.measured,
    }
}
