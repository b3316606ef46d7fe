//! The list of past and open sessions, cheaply: the first event and the last row of each file, not what is between.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;

use crate::core::event::{Body, Event, Purpose, SessionEvent};
use crate::journal::error::JournalError;
use crate::journal::folder;
use crate::journal::lock::{self, Holder};
use crate::journal::names;
use crate::journal::reading;
use crate::journal::schema;
use crate::model::id::SessionId;
use crate::model::text::SafeText;

/// One session in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its id.
    pub id: SessionId,
    /// Its file.
    pub path: PathBuf,
    /// The service that goes live.
    pub service: String,
    /// Where to.
    pub environment: String,
    /// The plan's digest, to find the session that belongs to a plan.
    pub plan: String,
    /// The version that goes live.
    pub version: Option<SafeText>,
    /// What it is for. Demo sessions are never offered for resume.
    pub purpose: Purpose,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When its last event happened.
    pub last_at: Timestamp,
    /// Whether it has ended: closed, aborted or rolled back.
    pub closed: bool,
    /// How many events it has.
    pub events: u64,
    /// Who has it open now.
    pub held_by: Option<Holder>,
}

/// A session's file that could not be listed.
#[derive(Debug)]
pub struct Unlisted {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub why: JournalError,
}

/// All sessions below a state folder, the latest opened first, and the files that could not be read.
///
/// # Errors
/// If the folder cannot be read. One that is not there holds no sessions.
pub fn sessions(state_folder: &Path) -> Result<(Vec<SessionSummary>, Vec<Unlisted>), JournalError> {
    let folder = folder::sessions_in(state_folder);
    let wrong = || JournalError::io("read the folder", &folder);
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        Err(error) => return Err(wrong()(error)),
    };
    let (mut listed, mut unlisted) = (Vec::new(), Vec::new());
    for entry in entries {
        let path = entry.map_err(wrong())?.path();
        if path.extension().is_none_or(|ending| ending != folder::ENDING) {
            continue;
        }
        match summary(&path) {
            Ok(summary) => listed.push(summary),
            Err(why) => unlisted.push(Unlisted { path, why }),
        }
    }
    listed.sort_by(|a, b| (b.opened_at, &b.id).cmp(&(a.opened_at, &a.id)));
    unlisted.sort_by(|a, b| a.path.cmp(&b.path));
    Ok((listed, unlisted))
}

/// What the list says of one file.
///
/// # Errors
/// If it is no journal, a newer one's, or has no sound first event.
pub fn summary(path: &Path) -> Result<SessionSummary, JournalError> {
    let connection = reading::connect(path)?;
    schema::judge(&connection, path)?;
    let id = schema::session(&connection, path)?;
    let broken = |what: &str| JournalError::Broken { path: path.to_owned(), seq: 1, what: what.to_owned() };
    let mut first = reading::range(&connection, path, 1, 1)?;
    let (_, Event { at: opened_at, body, .. }) = first.pop().ok_or_else(|| broken("is missing"))?;
    let Body::Session(SessionEvent::Opened { purpose, plan, version, .. }) = body else {
        return Err(broken("does not open a session"));
    };
    let (events, last_at, closed) = end(&connection).map_err(JournalError::database("read", path))?;
    Ok(SessionSummary {
        id,
        path: path.to_owned(),
        service: plan.service.name.clone(),
        environment: plan.service.environment.clone(),
        plan: plan.digest.clone(),
        version,
        purpose,
        opened_at,
        last_at: Timestamp::from_microsecond(last_at).unwrap_or(opened_at),
        closed,
        events,
        held_by: lock::holder_of(path),
    })
}

fn end(connection: &Connection) -> rusqlite::Result<(u64, i64, bool)> {
    let last = format!("SELECT seq, at, {} FROM events ORDER BY seq DESC LIMIT 1", names::ENDED);
    connection.query_row(&last, [], |row| Ok((crate::journal::sqlite::seq_of(row, 0)?, row.get(1)?, row.get(2)?)))
}
