//! `golive report SESSION`: the report of a past session, as a fold of its journal.

use clap::Args;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::formats::{self, Wanted};
use crate::cli::machine::Machine;
use crate::cli::sessions;
use crate::core::event::Event;
use crate::core::state::State;
use crate::core::verdict::{Inquiry, Scope};
use crate::journal::reading;
use crate::report::build::{self, Circumstances};

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// The session's id, or the beginning of it.
    session: String,
    #[arg(long = "format", value_name = "F[=FILE]", value_parser = formats::wanted, help = formats::help())]
    formats: Vec<Wanted>,
}

pub(super) fn run(arguments: &ReportArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let (state, events) = read(&arguments.session, console)?;
    // A past session is judged at its own end: what was fresh then has gone stale since, and that is no news.
    let end = events.last().map(Event::when).expect("a folded session has its first event");
    let inquiry = Inquiry { question: state.session().question(), scope: Scope::All };
    let circumstances = Circumstances { operator: machine.operator.id.clone(), plan: None };
    let report = build::report(&state, &inquiry, &circumstances, end);
    formats::write(&arguments.formats, &report, console)?;
    Ok(Exit::Go)
}

/// A session's state with its events, as its journal has them.
pub(super) fn read(id: &str, console: &Console) -> Result<(State, Vec<Event>), Stop> {
    let session = sessions::find(id)?;
    let reading = reading::read_all(&session.path).map_err(|error| Stop::because(&error))?;
    if let Some(broken) = &reading.broken {
        console.say(&format!(
            "the journal was changed from outside at event {}: {}; this is what stands before it",
            broken.seq, broken.what
        ));
    }
    let state = State::fold(&reading.events).map_err(|error| Stop::because(&error))?;
    Ok((state, reading.events))
}
