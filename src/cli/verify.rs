//! `golive verify SESSION`: proves that a session's journal is as golive wrote it. 0 whole, 1 changed from outside.
#![expect(clippy::disallowed_methods, reason = "a report is read to be held against the journal")]

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::sessions;
use crate::journal::reading::{self, Verification};

#[derive(Debug, Args)]
pub(super) struct VerifyArguments {
    /// The session's id, or the beginning of it; or the path of a journal.
    session: String,
    /// Hold the journal against a report of it: the head that stands in the report has to be in the journal.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(super) fn run(arguments: &VerifyArguments, console: &Console) -> Result<Exit, Stop> {
    let path = journal(&arguments.session)?;
    let (events, head) = match reading::verify(&path).map_err(|error| Stop::because(&error))? {
        Verification::Whole { events, head } => (events, head),
        Verification::Broken { seq, what } => {
            console.result(&format!("changed from outside at event {seq}: {what}\n"))?;
            return Ok(Exit::Differs);
        }
    };
    if let Some(report) = &arguments.report {
        return against(report, &path, console);
    }
    console.result(&format!("whole: {events} events, head {}\n", head.hash))?;
    Ok(Exit::Go)
}

/// A chain that somebody recomputed from end to end is whole, and not the one that a report from before was made of.
fn against(report: &Path, journal: &Path, console: &Console) -> Result<Exit, Stop> {
    let text = std::fs::read_to_string(report)
        .map_err(|error| Stop::wrong(format!("{} cannot be read: {error}", report.display())))?;
    let (seq, head) = head_in(&text).ok_or_else(|| {
        Stop::wrong(format!("{} holds no head of a journal", report.display()))
            .instead("make one: golive report SESSION --format json=FILE")
    })?;
    let found = reading::hash_at(journal, seq).map_err(|error| Stop::because(&error))?;
    if found.is_some_and(|found| found.to_string() == head) {
        console.result(&format!("whole, and the journal that the report was made of: event {seq} is {head}\n"))?;
        return Ok(Exit::Go);
    }
    let found = found.map_or_else(|| "not there".to_owned(), |found| found.to_string());
    console.result(&format!("another journal than the report's: event {seq} was {head} and is {found}\n"))?;
    Ok(Exit::Differs)
}

/// The head that a JSON report carries: its place and its hash.
fn head_in(report: &str) -> Option<(u64, String)> {
    let report: serde_json::Value = serde_json::from_str(report).ok()?;
    let journal = report.get("journal")?;
    Some((journal.get("events")?.as_u64()?, journal.get("head")?.as_str()?.to_owned()))
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
