//! Reading a journal back, and proving it untouched. Needs the file alone, takes no lock, changes nothing.
//!
//! Reading is tolerant: what is sound is kept up to the first event that is not, and that one is named.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _};

use crate::core::event::Event;
use crate::journal::chain::Hash;
use crate::journal::error::JournalError;
use crate::journal::head::HeadFile;
use crate::journal::schema;
use crate::journal::sound::walk;
use crate::journal::sqlite::{hash_of, seq_of};
use crate::journal::storage::{Head, Stored};
use crate::journal::stretches::{self, Proved, Take};
use crate::model::id::SessionId;

/// A journal as it was read.
#[derive(Debug)]
pub struct Reading {
    /// Which session it is of.
    pub session: SessionId,
    /// The events that are sound, in order.
    pub events: Vec<Event>,
    /// The end of what is sound.
    pub head: Head,
    /// The first thing that is not sound.
    pub broken: Option<Broken>,
}

/// Where a journal stops being sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The place of the first event that is not sound or not there.
    pub seq: u64,
    /// What is wrong with it, in a sentence.
    pub what: String,
}

/// What `golive verify` finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verification {
    /// Every event hangs together with the one before it, and the last one is the head.
    Whole {
        /// How many there are.
        events: u64,
        /// The end.
        head: Head,
    },
    /// Something was changed from outside.
    Broken {
        /// The place of the first event that is not sound.
        seq: u64,
        /// What is wrong with it.
        what: String,
    },
}

/// Reads a journal.
///
/// # Errors
/// If the file cannot be opened, is no journal or is a newer one's. Events that are not sound are no error here: they
/// are named in [`Reading::broken`].
pub fn read_all(path: &Path) -> Result<Reading, JournalError> {
    let connection = connect(path)?;
    schema::judge(&connection, path)?;
    all(&connection, path)
}

/// Whether a journal is as golive wrote it. A file so harmed that it cannot be read at all is broken at its start.
///
/// # Errors
/// If there is no such file, or it is a newer golive's.
pub fn verify(path: &Path) -> Result<Verification, JournalError> {
    match read_all(path) {
        Ok(Reading { broken: Some(Broken { seq, what }), .. }) => Ok(Verification::Broken { seq, what }),
        Ok(Reading { head, .. }) => Ok(Verification::Whole { events: head.seq, head }),
        Err(error @ (JournalError::Database { .. } | JournalError::NotAJournal { .. })) if path.exists() => {
            Ok(Verification::Broken { seq: 1, what: error.to_string() })
        }
        Err(error) => Err(error),
    }
}

/// The hash of the event at a place, where there is one.
///
/// # Errors
/// If the file cannot be opened or read.
pub fn hash_at(path: &Path, seq: u64) -> Result<Option<Hash>, JournalError> {
    let connection = connect(path)?;
    let place = i64::try_from(seq).unwrap_or(i64::MAX);
    let found = connection.query_row("SELECT hash FROM events WHERE seq = ?1", [place], |row| hash_of(row, 0));
    found.optional().map_err(JournalError::database("read", path))
}

/// The place of the event with a hash, where there is one.
///
/// # Errors
/// If the file cannot be opened or read.
pub fn place_of(path: &Path, hash: &str) -> Result<Option<u64>, JournalError> {
    let Ok(hash) = hex::decode(hash) else { return Ok(None) };
    let connection = connect(path)?;
    let found = connection.query_row("SELECT seq FROM events WHERE hash = ?1", [hash], |row| seq_of(row, 0));
    found.optional().map_err(JournalError::database("read", path))
}

/// A connection that cannot write.
pub(super) fn connect(path: &Path) -> Result<Connection, JournalError> {
    std::fs::metadata(path).map_err(JournalError::io("open", path))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI;
    let open = |how: &str| -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(format!("file:{}{how}", quoted(path)), flags)?;
        connection.pragma_query_value(None, "schema_version", |_| Ok(()))?;
        Ok(connection)
    };
    let wrong = JournalError::database("open", path);
    match open("") {
        Ok(connection) => Ok(connection),
        // A folder that may not be written to: without a log beside it, the file holds everything and stands still.
        Err(_) if !wal_of(path).exists() => open("?immutable=1").map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => JournalError::NotAJournal { path: path.to_owned() },
            _ => wrong(error),
        }),
        Err(error) => Err(wrong(error)),
    }
}

fn wal_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// A path as SQLite's URI takes it.
fn quoted(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

/// Everything that is sound, and the first thing that is not.
pub(super) fn all(connection: &Connection, path: &Path) -> Result<Reading, JournalError> {
    let mut all = Vec::new();
    let reading = each(connection, path, &mut |mut events| {
        if all.is_empty() {
            all = events;
        } else {
            all.append(&mut events);
        }
    })?;
    Ok(Reading { events: all, ..reading })
}

/// The same, handed over stretch by stretch: there are no events in what comes back.
pub(super) fn each(connection: &Connection, path: &Path, take: &mut Take<'_>) -> Result<Reading, JournalError> {
    let session = schema::session(connection, path)?;
    let head_file = match HeadFile::beside(path).read() {
        Ok(Some(head)) => Ok(head),
        Ok(None) => Err("the head beside the journal is missing".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let marked = head_file.as_ref().map_or(0, |head| head.seq);
    let Proved { end, marked, broken } = stretches::whole(connection, path, marked, take);
    let broken = broken.or_else(|| against_head(&end, marked, &head_file).err());
    Ok(Reading { session, events: Vec::new(), head: end, broken })
}

/// Holds the end of a journal against the head beside it (`head.rs` has the rule).
fn against_head(end: &Head, at_head: Option<Hash>, head: &Result<Head, String>) -> Result<(), Broken> {
    let broken = |seq: u64, what: String| Err(Broken { seq, what });
    match head {
        Err(why) => broken(end.seq + 1, why.clone()),
        Ok(head) if head.seq > end.seq => {
            broken(end.seq + 1, format!("the head says {} events, the journal ends after {}", head.seq, end.seq))
        }
        Ok(head) if head.seq > 0 && at_head != Some(head.hash) => {
            broken(head.seq, "its hash is not the one that the head says".to_owned())
        }
        Ok(head) if head.closed && !end.closed => broken(head.seq, "the head says that it was closed".to_owned()),
        Ok(_) => Ok(()),
    }
}

/// Events from a place on.
pub(super) fn range(
    connection: &Connection,
    path: &Path,
    from: u64,
    limit: usize,
) -> Result<Vec<(Stored, Event)>, JournalError> {
    let mut events = Vec::new();
    let walked = walk(connection, from.max(1), limit, |found| events.push((found.stored, found.event)));
    match walked {
        Ok(()) => Ok(events),
        Err(Broken { seq, what }) => Err(JournalError::Broken { path: path.to_owned(), seq, what }),
    }
}
