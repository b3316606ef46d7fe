//! What people agreed on around the go-live: who said what in the poll, and whether it is held.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::core::event::{CeremonyEvent, Event, PollWord};
use crate::core::state::State;
use crate::model::operator::Actor;
use crate::model::text::SafeText;

/// What people agreed on around the go-live.
#[derive(Clone, Debug, Default)]
pub struct CeremonyState {
    /// What each role said last.
    pub poll: BTreeMap<String, Said>,
    /// Who holds the go-live, since when, and why.
    pub hold: Option<HeldBy>,
    /// Whether the plan's window was seen open.
    pub window_open: bool,
}

/// What a role said.
#[derive(Clone, Debug)]
pub struct Said {
    /// What.
    pub word: PollWord,
    /// Who spoke for it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: Option<SafeText>,
}

/// A hold.
#[derive(Clone, Debug)]
pub struct HeldBy {
    /// Who.
    pub by: Actor,
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: SafeText,
}

impl State {
    /// What people agreed on around the go-live.
    #[must_use]
    pub const fn ceremony(&self) -> &CeremonyState {
        &self.ceremony
    }
}

pub(super) fn apply(state: &mut State, body: &CeremonyEvent, event: &Event) {
    let (by, at) = (event.actor.clone(), event.at);
    match body {
        CeremonyEvent::Polled { role, word, reason } => {
            let said = Said { word: *word, by, at, reason: reason.clone() };
            state.ceremony.poll.insert(role.to_string(), said);
        }
        CeremonyEvent::Held { reason } => state.ceremony.hold = Some(HeldBy { by, at, reason: reason.clone() }),
        CeremonyEvent::HoldLifted => state.ceremony.hold = None,
        CeremonyEvent::WindowOpened => state.ceremony.window_open = true,
        CeremonyEvent::WindowClosed => state.ceremony.window_open = false,
    }
}
