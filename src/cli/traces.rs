//! `golive traces SESSION`: a session as an OTLP trace, for a collector. Sends nothing itself.

use clap::Args;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::sessions;
use crate::core::state::State;
use crate::journal::reading;
use crate::report::traces;

#[derive(Debug, Args)]
pub(super) struct TracesArguments {
    /// The session's id, or the beginning of it.
    session: String,
}

pub(super) fn run(arguments: &TracesArguments, console: &Console) -> Result<Exit, Stop> {
    let session = sessions::find(&arguments.session)?;
    let reading = reading::read_all(&session.path).map_err(|error| Stop::because(&error))?;
    let state = State::fold(&reading.events).map_err(|error| Stop::because(&error))?;
    console.result(&format!("{}\n", traces::traces(&reading.events, &state)))?;
    Ok(Exit::Go)
}
