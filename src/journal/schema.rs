//! The tables of a journal, their versions, and the promises that SQLite has to keep.
//!
//! Migrations only ever add: an older golive's journal is brought up to date in place, a newer one's is refused.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _};

use crate::core::event;
use crate::journal::error::JournalError;
use crate::model::id::SessionId;

/// "GoLv": by this SQLite's header says whose file it is.
const APPLICATION: i32 = 0x476f_4c76;

/// Each brings the tables one version further. Never changed, only added to.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE events (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL,
        at INTEGER NOT NULL,
        family TEXT NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        prev_hash BLOB NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    CREATE INDEX session_events ON events (seq, kind) WHERE family = 'session';
"];

/// The write-ahead log is grown at the start by writing so many bytes so many times over (4 MiB in all): from then on
/// commits overwrite, and the file system has no new length to keep. The file itself grows by one time only.
const GROWN: usize = 256 * 1024;
const LETTERS: &str = "abcdefghijklmnop";

/// Sets what a decision needs, and reads it back: SQLite answers with what it really took.
pub(super) fn promise(connection: &Connection, path: &Path) -> Result<(), JournalError> {
    let wrong = JournalError::database("set up", path);
    let kept = |pragma: &'static str, wanted: &'static str, found: String| {
        let path = path.to_owned();
        if found == wanted { Ok(()) } else { Err(JournalError::NotDurable { path, pragma, wanted, found }) }
    };
    let mode = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)).map_err(&wrong)?;
    kept("journal_mode", "wal", mode)?;
    connection.pragma_update(None, "synchronous", "FULL").map_err(&wrong)?;
    let level = connection.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0)).map_err(&wrong)?;
    kept("synchronous", "2", level.to_string())?;
    // No checkpoint by itself: it would stand in the way of a decision. The writer makes them when it rests.
    connection.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(())).map_err(&wrong)
}

/// Makes the tables of a new journal.
pub(super) fn create(connection: &mut Connection, path: &Path, session: &SessionId) -> Result<(), JournalError> {
    let wrong = JournalError::database("set up", path);
    connection.pragma_update(None, "application_id", APPLICATION).map_err(&wrong)?;
    migrate(connection, path, 0)?;
    let meta = [("format", event::VERSION.to_string()), ("session", session.to_string())];
    for (key, value) in meta {
        connection.execute("INSERT INTO meta (key, value) VALUES (?1, ?2)", (key, value)).map_err(&wrong)?;
    }
    Ok(())
}

/// Fills the write-ahead log. On a connection of its own: nothing of this has to be durable, and no other connection
/// ever promises less than a decision needs.
pub(super) fn grow(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_autocheckpoint = 0", [], |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    for letter in LETTERS.chars() {
        // Another text each time: SQLite writes no page that would stay as it is.
        let text = letter.to_string().repeat(GROWN);
        connection.execute("INSERT OR REPLACE INTO meta (key, value) VALUES ('growing', ?1)", [text])?;
    }
    connection.execute("DELETE FROM meta WHERE key = 'growing'", []).map(drop)
}

/// Brings what stands in the write-ahead log into the file; the log keeps its length and is overwritten from its start.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
}

/// Refuses what is no journal, or a newer one's; brings an older one up to date.
pub(super) fn update(connection: &mut Connection, path: &Path) -> Result<(), JournalError> {
    let version = judge(connection, path)?;
    migrate(connection, path, version)
}

/// Refuses what is no journal, or a newer one's. Changes nothing; gives the version of its tables.
pub(super) fn judge(connection: &Connection, path: &Path) -> Result<usize, JournalError> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let not_one = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => JournalError::NotAJournal { path: path.to_owned() },
        _ => JournalError::database("read", path)(error),
    };
    if number("application_id").map_err(not_one)? != i64::from(APPLICATION) {
        return Err(JournalError::NotAJournal { path: path.to_owned() });
    }
    let version = usize::try_from(number("user_version").map_err(not_one)?).unwrap_or(usize::MAX);
    if version > MIGRATIONS.len() {
        return Err(newer(path, version, MIGRATIONS.len()));
    }
    let format = meta(connection, "format").map_err(not_one)?.and_then(|text| text.parse::<usize>().ok());
    let known = event::VERSION as usize;
    match format {
        Some(format) if format > known => Err(newer(path, format, known)),
        Some(_) => Ok(version),
        None => Err(JournalError::NotAJournal { path: path.to_owned() }),
    }
}

/// Which session a journal is of.
pub(super) fn session(connection: &Connection, path: &Path) -> Result<SessionId, JournalError> {
    let name = meta(connection, "session").map_err(JournalError::database("read", path))?;
    name.map(|name| SessionId::new(&name)).ok_or_else(|| JournalError::NotAJournal { path: path.to_owned() })
}

fn newer(path: &Path, found: usize, known: usize) -> JournalError {
    JournalError::Newer { path: path.to_owned(), found: number(found), known: number(known) }
}

fn number(version: usize) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}

fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

fn migrate(connection: &mut Connection, path: &Path, from: usize) -> Result<(), JournalError> {
    let wrong = JournalError::database("bring up to date", path);
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(from) {
        let transaction = connection.transaction().map_err(&wrong)?;
        transaction.execute_batch(migration).map_err(&wrong)?;
        transaction.pragma_update(None, "user_version", number(at + 1)).map_err(&wrong)?;
        transaction.commit().map_err(&wrong)?;
    }
    Ok(())
}
