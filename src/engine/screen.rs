//! Publishing: whoever watches sees the newest state, decisions at once and results at most 20 times a second.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::core::state::State;
use crate::engine::handle::{Lateness, Starts};

/// At least this long between two publishings of results.
const BETWEEN: Duration = Duration::from_millis(50);

/// The state as it is shown.
#[derive(Debug)]
pub(super) struct Screen {
    states: watch::Sender<Arc<State>>,
    lateness: watch::Sender<Lateness>,
    starts: Starts,
    last: Option<Instant>,
    stale: bool,
}

impl Screen {
    pub(super) fn new(states: watch::Sender<Arc<State>>, lateness: watch::Sender<Lateness>) -> Self {
        Self { states, lateness, starts: Starts::default(), last: None, stale: false }
    }

    /// A check began so late.
    pub(super) fn began(&mut self, lateness: Duration) {
        self.starts.record(lateness);
    }

    /// Something changed that may wait for the next publishing.
    pub(super) const fn touch(&mut self) {
        self.stale = true;
    }

    /// When it has to be published; `None` when nothing changed.
    pub(super) fn due(&self) -> Option<Instant> {
        self.stale.then(|| self.last.map_or_else(Instant::now, |last| last + BETWEEN))
    }

    /// Shows this state now.
    pub(super) fn publish(&mut self, state: &State) {
        self.states.send_replace(Arc::new(state.clone()));
        self.lateness.send_replace(self.starts.figures());
        self.last = Some(Instant::now());
        self.stale = false;
    }
}
