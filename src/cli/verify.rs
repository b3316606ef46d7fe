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
    /// Hold the journal against a head that a notice carried: `1234:HASH`, or the hash alone.
    #[arg(long, value_name = "HEAD", conflicts_with = "report")]
    head: Option<String>,
}

pub(super) fn run(arguments: &VerifyArguments, console: &Console) -> Result<Exit, Stop> {
    // What cannot be read is said before a long journal is.
    let held = match (&arguments.report, &arguments.head) {
        (Some(report), _) => Some(of_report(report)?),
        (None, Some(head)) => Some(written(head)?),
        (None, None) => None,
    };
    let path = journal(&arguments.session)?;
    let (events, head) = match reading::verify(&path).map_err(|error| Stop::because(&error))? {
        Verification::Whole { events, head } => (events, head),
        Verification::Broken { seq, what } => {
            console.result(&format!("changed from outside at event {seq}: {what}\n"))?;
            return Ok(Exit::Differs);
        }
    };
    if let Some(held) = held {
        return against(&held, &path, console);
    }
    console.result(&format!("whole: {events} events, head {}\n", head.hash))?;
    Ok(Exit::Go)
}

/// A head from outside, and what it stood in.
struct Held {
    stood_in: &'static str,
    /// The number of the event; not known where only the hash was written down.
    event: Option<u64>,
    hash: String,
}

/// A chain that somebody recomputed from end to end is whole, and not the one whose head left the machine before.
fn against(held: &Held, journal: &Path, console: &Console) -> Result<Exit, Stop> {
    let Held { stood_in, event, hash } = held;
    let Some(event) = event else {
        return match reading::place_of(journal, hash).map_err(|error| Stop::because(&error))? {
            Some(event) => {
                console.result(&format!("whole, and the journal that the head is of: event {event} is {hash}\n"))?;
                Ok(Exit::Go)
            }
            None => {
                console.result(&format!("another journal than the head's: no event of it is {hash}\n"))?;
                Ok(Exit::Differs)
            }
        };
    };
    let found = reading::hash_at(journal, *event).map_err(|error| Stop::because(&error))?;
    let was = if *stood_in == "report" { "that the report was made of" } else { "that the head is of" };
    if found.is_some_and(|found| found.to_string() == *hash) {
        console.result(&format!("whole, and the journal {was}: event {event} is {hash}\n"))?;
        return Ok(Exit::Go);
    }
    let found = found.map_or_else(|| "not there".to_owned(), |found| found.to_string());
    console.result(&format!("another journal than the {stood_in}'s: event {event} was {hash} and is {found}\n"))?;
    Ok(Exit::Differs)
}

/// A head as notices carry it, `1234:HASH`, or the hash alone.
fn written(head: &str) -> Result<Held, Stop> {
    let unclear = || {
        Stop::wrong(format!("{head} is no head of a journal"))
            .instead("write it as the notice has it: --head 1234:HASH, the hash with its 64 digits; or the hash alone")
    };
    let (event, hash) = match head.trim().split_once(':') {
        Some((event, hash)) => (Some(event.parse().map_err(|_| unclear())?), hash),
        None => (None, head.trim()),
    };
    let whole = hash.len() == 64 && hash.bytes().all(|digit| digit.is_ascii_hexdigit());
    whole.then(|| Held { stood_in: "head", event, hash: hash.to_ascii_lowercase() }).ok_or_else(unclear)
}

fn of_report(report: &Path) -> Result<Held, Stop> {
    let text = std::fs::read_to_string(report)
        .map_err(|error| Stop::wrong(format!("{} cannot be read: {error}", report.display())))?;
    let (event, hash) = head_in(&text).ok_or_else(|| {
        Stop::wrong(format!("{} holds no head of a journal", report.display()))
            .instead("make one: golive report SESSION --format json=FILE")
    })?;
    Ok(Held { stood_in: "report", event: Some(event), hash })
}

/// The head that a JSON report carries, or a notice as a webhook got it: its place and its hash.
fn head_in(report: &str) -> Option<(u64, String)> {
    let report: serde_json::Value = serde_json::from_str(report).ok()?;
    let journal = report.get("journal").or_else(|| report.get("data")?.get("journal"))?;
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
