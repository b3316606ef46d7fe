//! The engine: the only room with tasks. It does what the core asks of the world, and answers with events.
//!
//! One thread with a current-thread runtime, one journal thread, a small pool for what blocks. The sequencer is the one
//! place where events are made, kept and applied; checks and steps run in tasks that never touch state. The terminal
//! knows only [`handle`].

pub mod handle;
pub mod headless;

mod compact;
mod delivering;
mod enforcing;
mod events;
mod gate;
mod inquiring;
mod keeper;
mod pacing;
mod redaction;
mod rotating;
mod running;
mod screen;
mod seeing;
mod sequencer;
mod setup;
mod stepping;
mod watching;

#[cfg(test)]
mod tests;

use std::thread::JoinHandle;

pub use gate::Keeping as GateKeeping;
pub use seeing::{Reader, credentials as credentials_seen};
pub use setup::{Beginning, OpenError, ProbeOf, Setup, probes_of_kinds};

use crate::engine::handle::Handle;
use crate::engine::sequencer::Sequencer;
use crate::journal::storage::StorageError;

/// Checks nest conditions, and conditions nest: the stack is that of a main thread.
const STACK: usize = 8 * 1024 * 1024;
/// So many threads at most for what blocks: files, the system's resolver.
const BLOCKING: usize = 8;

/// The engine's thread.
#[derive(Debug)]
pub struct Running(JoinHandle<Result<(), EngineError>>);

/// How an engine can end badly.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The runtime could not be made.
    #[error("cannot start the engine: {0}")]
    Runtime(std::io::Error),
    /// The journal's end was not in order; what was shown as done is kept all the same.
    #[error("the journal did not end in order: {0}")]
    Journal(StorageError),
    /// A fault of golive.
    #[error("the engine broke down; what was shown as done is kept")]
    Panicked,
}

impl Running {
    /// Waits for the engine's end; it comes after [`Handle::quit`], or when the last handle is gone.
    ///
    /// # Errors
    /// If it did not end in order.
    pub fn join(self) -> Result<(), EngineError> {
        self.0.join().unwrap_or(Err(EngineError::Panicked))
    }
}

/// Starts the engine of a session. Returns at once: nothing has been written or asked of the network by then.
///
/// # Errors
/// If the events handed over are no session, or there is no thread to be had.
pub fn open(setup: Setup) -> Result<(Handle, Running), OpenError> {
    let (handle, sequencer) = Sequencer::new(setup)?;
    let thread = std::thread::Builder::new()
        .name("engine".to_owned())
        .stack_size(STACK)
        .spawn(move || run(sequencer))
        .map_err(OpenError::Thread)?;
    Ok((handle, Running(thread)))
}

fn run(sequencer: Sequencer) -> Result<(), EngineError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING)
        .build()
        .map_err(EngineError::Runtime)?;
    let ended = runtime.block_on(sequencer.run());
    // What still blocks on a dead file system must not keep the terminal.
    runtime.shutdown_background();
    ended.map_err(EngineError::Journal)
}
