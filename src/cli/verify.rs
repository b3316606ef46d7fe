//! `golive verify SESSION`: proves that a session's journal is as golive wrote it. 0 whole, 1 changed from outside.

use std::path::PathBuf;

use clap::Args;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::sessions;
use crate::journal::reading::{self, Verification};

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// The session's id, or the beginning of it; or the path of a journal.
    session: String,
}

pub(super) fn run(arguments: &VerifyArguments, console: &Console) -> Result<Exit, Stop> {
    let path = journal(&arguments.session)?;
    match reading::verify(&path).map_err(|error| Stop::because(&error))? {
        Verification::Whole { events, head } => {
            console.result(&format!("whole: {events} events, head {}\n", head.hash))?;
            Ok(Exit::Go)
        }
        Verification::Broken { seq, what } => {
            console.result(&format!("changed from outside at event {seq}: {what}\n"))?;
            Ok(Exit::Differs)
        }
    }
}

/// A file is taken as it is: a journal so harmed that no list shows it can still be named.
fn journal(session: &str) -> Result<PathBuf, Stop> {
    let path = PathBuf::from(session);
    if path.is_file() {
        return Ok(path);
    }
    match sessions::find(session) {
        Ok(session) => Ok(session.path),
        Err(stop) => sessions::named(session)?.ok_or(stop),
    }
}
