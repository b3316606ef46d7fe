//! `golive report SESSION`: the report of a past session, as a fold of its journal.

use std::path::PathBuf;

use clap::Args;
use jiff::Timestamp;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::formats::{self, Wanted};
use crate::cli::machine::Machine;
use crate::cli::moment;
use crate::cli::{sessions, signing};
use crate::core::event::Event;
use crate::core::state::State;
use crate::core::verdict::{Inquiry, Scope};
use crate::journal::reading::{self, Broken, Reading};
use crate::model::text::SafeText;
use crate::report::build::{self, Circumstances};
use crate::report::shape::JournalEntry;

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// The session's id, or the beginning of it.
    session: String,
    /// Judge it as it stood at this moment: 14:05, 14:05:30, or a whole date and time.
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[arg(long = "format", value_name = "F[=FILE]", value_parser = formats::wanted, help = formats::help())]
    formats: Vec<Wanted>,
    /// Sign each report that goes to a file with this ssh key: the signature lies beside it as FILE.sig.
    #[arg(long, value_name = "KEY")]
    sign: Option<PathBuf>,
}

pub(super) fn run(arguments: &ReportArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let read = whole(&arguments.session, console)?;
    let journal = JournalEntry { events: read.head.seq, head: read.head.hash.to_string() };
    let mut events = read.events;
    let asked = arguments.at.as_ref().zip(events.first());
    let asked = asked.map(|(at, first)| moment::of(at, first.at)).transpose().map_err(Stop::wrong)?;
    if let Some(at) = asked {
        until(&mut events, at)?;
    }
    let mut state = State::fold(&events).map_err(|error| Stop::because(&error))?;
    state.set_harm(read.broken.as_ref().map(harm));
    // A past session is judged at its own end: what was fresh then has gone stale since, and that is no news.
    let last = events.last().map(Event::when).expect("a folded session has its first event");
    let end = asked.map_or(last, |at| last.after(at.duration_since(last.at).unsigned_abs()));
    let inquiry = Inquiry { question: state.session().question(), scope: Scope::All };
    let circumstances = Circumstances { operator: machine.operator.id.clone(), plan: None, journal: Some(journal) };
    let report = build::report(&state, &inquiry, &circumstances, end);
    let files = formats::files(&arguments.formats);
    if arguments.sign.is_some() && files.is_empty() {
        return Err(Stop::wrong("there is no file to sign").instead("write one: --format json=report.json"));
    }
    formats::write(&arguments.formats, &report, console)?;
    if let Some(key) = &arguments.sign {
        signing::sign(key, &files)?;
    }
    Ok(if read.broken.is_some() { Exit::Differs } else { Exit::Go })
}

/// Leaves what had happened at a moment.
fn until(events: &mut Vec<Event>, at: Timestamp) -> Result<(), Stop> {
    match events.iter().take_while(|event| event.at <= at).count() {
        0 => Err(Stop::wrong(format!("the session had not begun at {at}"))
            .instead(format!("it began at {}", events.first().map_or(at, |first| first.at)))),
        happened => {
            events.truncate(happened);
            Ok(())
        }
    }
}

/// A session's state with its events.
pub(super) fn read(id: &str, console: &Console) -> Result<(State, Vec<Event>), Stop> {
    let read = whole(id, console)?;
    let mut state = State::fold(&read.events).map_err(|error| Stop::because(&error))?;
    state.set_harm(read.broken.as_ref().map(harm));
    Ok((state, read.events))
}

/// Where a journal stops being what was written, in a few words.
fn harm(broken: &Broken) -> SafeText {
    SafeText::bounded(&format!("event {} {}", broken.seq, broken.what), 300)
}

/// A session's events, as its journal has them.
pub(super) fn events(id: &str, console: &Console) -> Result<Vec<Event>, Stop> {
    Ok(whole(id, console)?.events)
}

/// A session's journal, read whole.
pub(super) fn whole(id: &str, console: &Console) -> Result<Reading, Stop> {
    let session = sessions::find(id)?;
    let reading = reading::read_all(&session.path).map_err(|error| Stop::because(&error))?;
    if let Some(broken) = &reading.broken {
        console.say(&format!("the journal was changed from outside: {}; this is what stands before it", harm(broken)));
    }
    Ok(reading)
}
