//! SIGINT and SIGTERM while golive works without a screen: it ends in order and says so by its exit code.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::exit::{Exit, Stop};

pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From here on neither signal kills the process. Needs a runtime around it.
    pub(super) fn listen() -> Result<Self, Stop> {
        let heard = |kind| signal(kind).map_err(|error| Stop::own(format!("cannot listen for signals: {error}")));
        Ok(Self { interrupt: heard(SignalKind::interrupt())?, terminate: heard(SignalKind::terminate())? })
    }

    /// Waits for a signal.
    pub(super) async fn next(&mut self) -> Exit {
        tokio::select! {
            _ = self.interrupt.recv() => Exit::Interrupted,
            _ = self.terminate.recv() => Exit::Terminated,
        }
    }
}
