//! A session's events in one SQLite file. The only file, with `schema` and `reading`, that knows SQL.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, TransactionBehavior};

use crate::core::event::Event;
use crate::journal::chain::Hash;
use crate::journal::error::JournalError;
use crate::journal::folder;
use crate::journal::head::HeadFile;
use crate::journal::lock::{Holder, Lock};
use crate::journal::names;
use crate::journal::reading;
use crate::journal::schema;
use crate::journal::storage::{Head, Storage, StorageError, Stored};
use crate::journal::stretches::Take;
use crate::model::id::SessionId;

const INSERT: &str = "INSERT INTO events (seq, id, at, family, kind, body, prev_hash, hash)
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

/// Beyond so many pages in the write-ahead log (16 MiB) the writer empties it even when it never rests.
const MOST_PAGES: u64 = 4_096;

/// One session's file, held by this process.
#[derive(Debug)]
pub(super) struct Sqlite {
    path: PathBuf,
    connection: Connection,
    /// The end of what is stored; `None` after a failure, until it is read back.
    tip: Option<Head>,
    head_file: HeadFile,
    /// Pages that went into the write-ahead log since it was last emptied, roughly.
    pages: u64,
    _lock: Lock,
}

impl Sqlite {
    /// A new session's file.
    pub(super) fn create(path: &Path, session: &SessionId, holder: &Holder) -> Result<Self, JournalError> {
        let parent = path.parent().unwrap_or_else(|| Path::new("."));
        folder::make(parent)?;
        let lock = Lock::take(path, holder)?;
        if path.exists() {
            return Err(JournalError::io("create", path)(std::io::ErrorKind::AlreadyExists.into()));
        }
        // First of all, so that a journal without its head is always one that was tampered with.
        let mut head_file = HeadFile::beside(path);
        head_file.write(Head::EMPTY).map_err(JournalError::io("write the head of", path))?;
        folder::make_file(path)?;
        let mut connection = connect(path)?;
        schema::promise(&connection, path)?;
        schema::create(&mut connection, path, session)?;
        folder::sync(parent)?;
        Ok(Self { path: path.to_owned(), connection, tip: Some(Head::EMPTY), head_file, pages: 0, _lock: lock })
    }

    /// A session's file as it was left, judged whole before anything is written behind it.
    /// Its events are handed over on the way, and count for nothing where it turns out not to be whole.
    pub(super) fn open(path: &Path, holder: &Holder, take: &mut Take<'_>) -> Result<Self, JournalError> {
        // Not there is the clearer answer than a lock for what is not there.
        std::fs::metadata(path).map_err(JournalError::io("open", path))?;
        let lock = Lock::take(path, holder)?;
        let mut connection = connect(path)?;
        schema::judge(&connection, path)?;
        schema::promise(&connection, path)?;
        schema::update(&mut connection, path)?;
        let read = reading::each(&connection, path, take)?;
        if let Some(broken) = read.broken {
            return Err(JournalError::Broken { path: path.to_owned(), seq: broken.seq, what: broken.what });
        }
        let mut head_file = HeadFile::beside(path);
        head_file.write(read.head).map_err(JournalError::io("write the head of", path))?;
        Ok(Self { path: path.to_owned(), connection, tip: Some(read.head), head_file, pages: 0, _lock: lock })
    }

    /// The end of what is stored, as the table says it.
    fn tip(&mut self) -> rusqlite::Result<Head> {
        if let Some(tip) = self.tip {
            return Ok(tip);
        }
        let last = self
            .connection
            .query_row("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1", [], |row| {
                Ok((seq_of(row, 0)?, hash_of(row, 1)?))
            })
            .optional()?;
        let ended = format!("SELECT {}", names::ENDED);
        let closed = self.connection.query_row(&ended, [], |row| row.get(0))?;
        let tip = last.map_or(Head::EMPTY, |(seq, hash)| Head { seq, hash, closed });
        self.tip = Some(tip);
        Ok(tip)
    }

    fn insert(&mut self, batch: &[&Event]) -> Result<(Vec<Stored>, Head), StorageError> {
        let mut tip = self.tip().map_err(said)?;
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(said)?;
        let mut stored = Vec::with_capacity(batch.len());
        {
            let mut insert = transaction.prepare_cached(INSERT).map_err(said)?;
            for event in batch {
                let body = serde_json::to_string(event).map_err(|error| StorageError(error.to_string()))?;
                let (seq, before) = (tip.seq + 1, tip.hash);
                let hash = before.next(seq, body.as_bytes());
                let (family, kind) = names::of(&event.body);
                let (id, at) = (event.id.to_string(), event.at.as_microsecond());
                let number = i64::try_from(seq).unwrap_or(i64::MAX);
                insert.execute((number, id, at, family, kind, body, before.0, hash.0)).map_err(said)?;
                tip = Head { seq, hash, closed: tip.closed || names::ends(&event.body) };
                stored.push(Stored { seq, hash });
            }
        }
        transaction.commit().map_err(said)?;
        Ok((stored, tip))
    }

    /// Takes room away, as a full disk does, and gives it back.
    #[cfg(test)]
    pub(super) fn limit_pages(&self, most: Option<u32>) {
        let most = most.unwrap_or(u32::MAX - 1);
        self.connection.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(())).unwrap();
    }

    fn write_head(&mut self) -> Result<(), StorageError> {
        let tip = self.tip().map_err(said)?;
        self.head_file.write(tip).map_err(|error| StorageError(format!("cannot write the head: {error}")))
    }

    fn empty_the_log(&mut self) -> Result<(), StorageError> {
        schema::checkpoint(&self.connection).map_err(said)?;
        self.pages = 0;
        Ok(())
    }
}

impl Storage for Sqlite {
    fn append(&mut self, batch: &[&Event]) -> Result<Vec<Stored>, StorageError> {
        match self.insert(batch) {
            Ok((stored, tip)) => {
                self.tip = Some(tip);
                self.pages += 2 + batch.len() as u64 / 4;
                Ok(stored)
            }
            Err(error) => {
                // What really stands in the table is read back before the next try.
                self.tip = None;
                Err(error)
            }
        }
    }

    fn read(&mut self, from: u64, limit: usize) -> Result<Vec<(Stored, Event)>, StorageError> {
        reading::range(&self.connection, &self.path, from, limit).map_err(|error| StorageError(error.to_string()))
    }

    fn head(&mut self) -> Result<Head, StorageError> {
        self.tip().map_err(said)
    }

    fn warm_up(&mut self) -> Result<(), StorageError> {
        let other = connect(&self.path).map_err(|error| StorageError(error.to_string()))?;
        schema::grow(&other).map_err(said)?;
        self.empty_the_log()
    }

    fn answered(&mut self) -> Result<(), StorageError> {
        if self.pages > MOST_PAGES {
            self.empty_the_log()?;
        }
        if self.tip.is_some_and(|tip| tip.closed) { self.write_head() } else { Ok(()) }
    }

    fn rest(&mut self) -> Result<(), StorageError> {
        self.empty_the_log()?;
        self.write_head()
    }

    fn close(&mut self) -> Result<(), StorageError> {
        self.rest()
    }
}

fn connect(path: &Path) -> Result<Connection, JournalError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags).map_err(JournalError::database("open", path))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands behind map_err")]
fn said(error: rusqlite::Error) -> StorageError {
    StorageError(error.to_string())
}

pub(super) fn seq_of(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number = row.get::<_, i64>(column)?;
    u64::try_from(number).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, number))
}

pub(super) fn hash_of(row: &Row<'_>, column: usize) -> rusqlite::Result<Hash> {
    row.get::<_, [u8; 32]>(column).map(Hash)
}
