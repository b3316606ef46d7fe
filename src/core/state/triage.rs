//! What is known for triage: the sources of changes, who is hurt, ticked steps, and the scratch pad.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::core::event::{Event, Subject, TriageEvent};
use crate::core::inquiry::Counted;
use crate::core::state::{Note, State};
use crate::model::id::{CheckId, HurtId, SourceId};
use crate::model::operator::Actor;
use crate::model::text::SafeText;

/// So many things of one source are known by their faces.
const MOST_KNOWN: usize = 400;
/// So many notes are at hand; the journal has them all.
const MOST_NOTES: usize = 200;

/// What is known for triage.
#[derive(Clone, Debug, Default)]
pub struct TriageState {
    sources: BTreeMap<SourceId, SourceState>,
    hurt: BTreeMap<HurtId, HurtState>,
    ticked: BTreeMap<(CheckId, usize), Tick>,
    pad: VecDeque<Jotted>,
}

/// What is known of a source of changes.
#[derive(Clone, Debug, Default)]
pub struct SourceState {
    /// Whether it ever answered.
    pub began: bool,
    /// Why it cannot be looked at, while it cannot.
    pub lost: Option<SafeText>,
    faces: BTreeMap<SafeText, SafeText>,
    order: VecDeque<SafeText>,
}

/// What is known of who is hurt.
#[derive(Clone, Debug)]
pub struct HurtState {
    /// Since when it was counted.
    pub since: Timestamp,
    /// The latest answer for that time, and when it came.
    pub counted: Option<(Counted, Timestamp)>,
    /// Why there is no newer one.
    pub why: Option<SafeText>,
    /// The number that the time line told last.
    told: u64,
}

impl HurtState {
    /// Whether a number is news to somebody who was told the last one: it is the first, has doubled, or has fallen. One
    /// that grows with every look would leave room for nothing else on the time line.
    pub(super) const fn is_news(told: u64, count: u64) -> bool {
        count < told || count >= told.saturating_mul(2) && count > 0
    }

    /// The number that was told last of those who were hurt since then.
    pub(super) fn told(known: Option<&Self>, since: Timestamp) -> u64 {
        known.filter(|known| known.since == since).map_or(0, |known| known.told)
    }
}

/// A step that is done.
#[derive(Clone, Debug)]
pub struct Tick {
    /// Who ticked it off.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
}

/// A note on the scratch pad.
#[derive(Clone, Debug)]
pub struct Jotted {
    /// What it is about, where it is about one thing.
    pub about: Option<Subject>,
    /// The note.
    pub note: Note,
}

impl TriageState {
    /// What is known of a source; nothing before its first look.
    #[must_use]
    pub fn source(&self, id: &SourceId) -> Option<&SourceState> {
        self.sources.get(id)
    }

    /// What is known of who is hurt, by query; nothing where it was never asked.
    #[must_use]
    pub fn hurt(&self, id: &HurtId) -> Option<&HurtState> {
        self.hurt.get(id)
    }

    /// Who ticked a step of a check's runbook off.
    #[must_use]
    pub fn tick(&self, check: &CheckId, step: usize) -> Option<&Tick> {
        self.ticked.get(&(check.clone(), step))
    }

    /// What people wrote down, oldest first.
    pub fn pad(&self) -> impl DoubleEndedIterator<Item = &Jotted> + ExactSizeIterator {
        self.pad.iter()
    }

    /// What golive remarks itself stands on the time line: the pad is for people.
    pub(super) fn jot(&mut self, about: Option<&Subject>, text: &SafeText, event: &Event) {
        if event.actor == Actor::Golive {
            return;
        }
        if self.pad.len() == MOST_NOTES {
            self.pad.pop_front();
        }
        let note = Note { by: event.actor.clone(), at: event.at, text: text.clone() };
        self.pad.push_back(Jotted { about: about.cloned(), note });
    }
}

impl SourceState {
    /// What a thing was when it was last seen.
    #[must_use]
    pub fn face(&self, key: &SafeText) -> Option<&SafeText> {
        self.faces.get(key)
    }

    /// Everything that was seen and is not gone.
    pub fn keys(&self) -> impl Iterator<Item = &SafeText> {
        self.faces.keys()
    }

    fn know(&mut self, key: &SafeText, face: &SafeText) {
        if self.faces.insert(key.clone(), face.clone()).is_some() {
            return;
        }
        self.order.push_back(key.clone());
        if self.order.len() > MOST_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.faces.remove(&oldest);
        }
    }

    fn forget(&mut self, key: &SafeText) {
        if self.faces.remove(key).is_some() {
            self.order.retain(|known| known != key);
        }
    }
}

impl State {
    /// What is known for triage.
    #[must_use]
    pub fn triage(&self) -> &TriageState {
        &self.triage
    }
}

pub(super) fn apply(triage: &mut TriageState, body: &TriageEvent, event: &Event) {
    match body {
        TriageEvent::Watching { source, seen } => {
            let known = triage.sources.entry(source.clone()).or_default();
            *known = SourceState { began: true, ..SourceState::default() };
            seen.iter().for_each(|(key, face)| known.know(key, face));
        }
        TriageEvent::Changed(changed) => {
            let known = triage.sources.entry(changed.source.clone()).or_default();
            match &changed.face {
                Some(face) => known.know(&changed.key, face),
                None => known.forget(&changed.key),
            }
        }
        TriageEvent::Unwatched { source, why } => {
            triage.sources.entry(source.clone()).or_default().lost = Some(why.clone());
        }
        TriageEvent::WatchedAgain { source } => triage.sources.entry(source.clone()).or_default().lost = None,
        TriageEvent::Counted { query, since, counted } => {
            let told = HurtState::told(triage.hurt.get(query), *since);
            let told = if HurtState::is_news(told, counted.count) { counted.count } else { told };
            let state = HurtState { since: *since, counted: Some((counted.clone(), event.at)), why: None, told };
            triage.hurt.insert(query.clone(), state);
        }
        TriageEvent::NotCounted { query, since, why } => {
            let told = HurtState::told(triage.hurt.get(query), *since);
            // What was counted for another time says nothing about this one.
            let before = triage.hurt.remove(query).filter(|before| before.since == *since);
            let counted = before.and_then(|before| before.counted);
            triage.hurt.insert(query.clone(), HurtState { since: *since, counted, why: Some(why.clone()), told });
        }
        TriageEvent::Ticked { check, step, done: true, .. } => {
            let tick = Tick { by: event.actor.clone(), at: event.at };
            triage.ticked.insert((check.clone(), *step), tick);
        }
        TriageEvent::Ticked { check, step, done: false, .. } => {
            triage.ticked.remove(&(check.clone(), *step));
        }
    }
}
