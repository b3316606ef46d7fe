//! What triage asks of the world, as data: sightings of a source of changes, and what they mean beside what was known;
//! the answer of a query that says who is hurt. Who asks stands elsewhere.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::event::{Changed, TriageEvent};
use crate::core::state::State;
use crate::model::id::SourceId;
use crate::model::text::SafeText;

/// What happened before a session began is told so far back.
pub const LOOK_BACK: Duration = Duration::from_secs(86_400);
/// So much of one look counts.
pub const MOST_SIGHTINGS: usize = 200;
/// So many changes of one look are told one by one.
pub const MOST_CHANGES: usize = 30;
/// So many ids are kept to repair what was hurt.
pub const MOST_IDS: usize = 500;

/// One thing that a source shows: a commit, a run, a flag, a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// Its name within the source, as people know it: `flag checkout`.
    pub key: SafeText,
    /// What it is now, to be compared.
    pub face: SafeText,
    /// Whether the face says something to people: a digest does not.
    pub readable: bool,
    /// What it is now, in a sentence.
    pub what: SafeText,
    /// When that came about, where the source says so.
    pub at: Option<Timestamp>,
    /// Who did it, where the source says so.
    pub by: Option<SafeText>,
}

impl Sighting {
    /// A thing with what it is now; nobody says when it came about, or who did it.
    #[must_use]
    pub fn new(key: &str, face: &str, what: &str) -> Self {
        let (key, face) = (SafeText::bounded(key, 160), SafeText::bounded(face, 120));
        Self { key, face, readable: true, what: SafeText::bounded(what, 300), at: None, by: None }
    }
}

/// What one look at a source saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Everything, or the latest of it.
    pub sightings: Vec<Sighting>,
    /// Whether it is everything that there is: what is missing then is gone.
    pub whole: bool,
}

/// The answer of a query that says who is hurt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub count: u64,
    /// How much in all, in digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<SafeText>,
    /// What has to be repaired, by id; at most [`MOST_IDS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<SafeText>,
    /// Whether there may be more than were counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// What a look at a source means beside what is known of it: the beginning of the watch, changes, or nothing.
#[must_use]
pub fn meaning(state: &State, source: &SourceId, look: &Look) -> Vec<TriageEvent> {
    let sightings = &look.sightings[..look.sightings.len().min(MOST_SIGHTINGS)];
    let known = state.triage().source(source);
    let mut changes = Vec::new();
    let mut events = Vec::new();
    match known.filter(|known| known.began) {
        None => {
            let from = state.session().opened.at - LOOK_BACK;
            let news = |sighting: &&Sighting| sighting.at.is_some_and(|at| at >= from);
            let seen = sightings.iter().map(|one| (one.key.clone(), one.face.clone())).collect();
            events.push(TriageEvent::Watching { source: source.clone(), seen });
            changes.extend(sightings.iter().filter(news).map(|one| changed(source, one, None)));
        }
        Some(known) => {
            if known.lost.is_some() {
                events.push(TriageEvent::WatchedAgain { source: source.clone() });
            }
            for one in sightings {
                match known.face(&one.key) {
                    Some(face) if *face == one.face => {}
                    was => changes.push(changed(source, one, was.filter(|_| one.readable))),
                }
            }
            if look.whole && look.sightings.len() <= MOST_SIGHTINGS {
                let is_there = |key: &SafeText| sightings.iter().any(|one| one.key == *key);
                changes.extend(known.keys().filter(|key| !is_there(key)).map(|key| gone(source, key)));
            }
        }
    }
    // The latest are what somebody looks for.
    changes.sort_by_key(|change| std::cmp::Reverse(change.happened));
    let left_out = changes.split_off(changes.len().min(MOST_CHANGES)).len();
    changes.sort_by_key(|change| change.happened);
    if left_out > 0 {
        let seen = sightings.iter().map(|one| (one.key.clone(), one.face.clone())).collect();
        events.push(TriageEvent::Watching { source: source.clone(), seen });
        events.push(TriageEvent::Changed(Box::new(many(source, left_out))));
    }
    events.extend(changes.into_iter().map(|change| TriageEvent::Changed(Box::new(change))));
    events
}

fn changed(source: &SourceId, one: &Sighting, was: Option<&SafeText>) -> Changed {
    let what = was.map_or_else(|| one.what.clone(), |was| SafeText::bounded(&format!("{} (was {was})", one.what), 300));
    let (key, face) = (one.key.clone(), Some(one.face.clone()));
    Changed { source: source.clone(), key, face, what, happened: one.at, by: one.by.clone() }
}

fn gone(source: &SourceId, key: &SafeText) -> Changed {
    let what = SafeText::bounded(&format!("{key} is gone"), 300);
    Changed { source: source.clone(), key: key.clone(), face: None, what, happened: None, by: None }
}

fn many(source: &SourceId, left_out: usize) -> Changed {
    let what = SafeText::from_foreign(&format!("{left_out} more changes at once"));
    let key = SafeText::from_foreign("more changes");
    Changed { source: source.clone(), key, face: None, what, happened: None, by: None }
}
