//! The cockpit from its first frame on: the plan is drawn at once, and once it stands there sources are read and the
//! journal is opened behind it. A vault that takes seconds to answer keeps nobody waiting before an empty terminal.
//!
//! Until the engine is there nothing can be decided, and the screen says so; from then on this passes everything through.

use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cli::exit::Stop;
use crate::core::decide::{Command, Refusal};
use crate::core::state::State;
use crate::engine::Running;
use crate::engine::handle::Handle;
use crate::model::id::CheckId;
use crate::model::operator::Operator;
use crate::tui::cockpit::{Answer, Cockpit, DryRun, Proposing};

/// What opens the engine: run beside the first frames.
pub(super) type Opening = Box<dyn FnOnce() -> Result<(Handle, Running), Stop> + Send>;

/// A cockpit whose engine is on its way.
pub(super) struct Arriving {
    states: watch::Receiver<Arc<State>>,
    handle: Arc<OnceLock<Handle>>,
    left: CancellationToken,
    /// Wakes the opener: both would want the same processor, and the frame is waited for.
    shown: Sender<()>,
    opener: JoinHandle<Result<(), Stop>>,
}

impl Arriving {
    /// Shows `first` until the engine that `opening` gives has a state of its own; it opens when the first frame stands.
    pub(super) fn begin(first: State, opening: Opening) -> Result<Self, Stop> {
        let (newest, states) = watch::channel(Arc::new(first));
        let handle = Arc::new(OnceLock::new());
        let left = CancellationToken::new();
        let (arrived, gone) = (Arc::clone(&handle), left.clone());
        let (shown, standing) = std::sync::mpsc::channel();
        let opener = std::thread::Builder::new()
            .name("opening".into())
            .spawn(move || {
                // Nothing ever stood on the screen: then there is nothing to open either.
                if standing.recv().is_err() {
                    return Ok(());
                }
                arrive(opening, &newest, &arrived, &gone)
            })
            .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
        Ok(Self { states, handle, left, shown, opener })
    }

    /// The newest state, once the cockpit was left; whatever went wrong on the way.
    pub(super) fn end(self) -> Result<Arc<State>, Stop> {
        self.left.cancel();
        drop(self.shown);
        let ended = self.opener.join().map_err(|_| Stop::own("golive broke down while it opened the session"))?;
        ended.map(|()| Arc::clone(&self.states.borrow()))
    }
}

/// Opens the engine and passes its states on until it ends.
fn arrive(
    opening: Opening,
    shown: &watch::Sender<Arc<State>>,
    handle: &OnceLock<Handle>,
    left: &CancellationToken,
) -> Result<(), Stop> {
    let (engine, running) = opening()?;
    let mut states = engine.watch();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    shown.send_replace(Arc::clone(&states.borrow_and_update()));
    let quitting = engine.clone();
    // Set only now: nobody can decide on a state that the screen has not got.
    if handle.set(engine).is_err() {
        return Err(Stop::own("the session was opened twice"));
    }
    runtime.block_on(async {
        loop {
            tokio::select! {
                changed = states.changed() => match changed {
                    Ok(()) => { shown.send_replace(Arc::clone(&states.borrow_and_update())); }
                    Err(_) => return,
                },
                () = left.cancelled() => return,
            }
        }
    });
    quitting.quit();
    drop(quitting);
    let ended = running.join().map_err(|error| Stop::because(&error));
    // What was decided last may have come after the last look.
    shown.send_replace(Arc::clone(&states.borrow()));
    ended
}

fn still_opening() -> Refusal {
    Refusal::new("golive is still opening the session").instead("try again in a moment")
}

impl Cockpit for Arriving {
    fn decide(&self, command: Command, by: Operator) -> Answer {
        match self.handle.get() {
            Some(handle) => Box::pin(handle.decide(command, by)),
            None => Box::pin(std::future::ready(Err(still_opening()))),
        }
    }

    fn propose(&self, checks: Vec<CheckId>) -> Proposing {
        match self.handle.get() {
            Some(handle) => Box::pin(handle.propose(checks)),
            None => Box::pin(std::future::ready(Err(still_opening()))),
        }
    }

    fn dry_run(&self) -> DryRun {
        match self.handle.get() {
            Some(handle) => Box::pin(handle.dry_run()),
            None => Box::pin(std::future::ready(Err(still_opening()))),
        }
    }

    fn watch(&self) -> watch::Receiver<Arc<State>> {
        self.states.clone()
    }

    fn shown(&self) {
        // An opener that is gone says at the end why.
        let _ = self.shown.send(());
    }

    fn quit(&self) {
        self.left.cancel();
        if let Some(handle) = self.handle.get() {
            handle.quit();
        }
    }
}
