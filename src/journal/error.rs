//! What can go wrong with a journal, each in a sentence that says what to do next.

use std::path::PathBuf;

use crate::journal::lock::Holder;

/// Why a journal cannot be created, opened or read.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process has the session open.
    #[error("the session is held by {by}; leave it there, or watch it with `golive replay`")]
    Held {
        /// Who holds it.
        by: Holder,
    },
    /// It was written by a newer golive.
    #[error(
        "{} was written by a newer golive (format {found}, this one knows up to {known}); use that version to open it",
        path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The format it has.
        found: u32,
        /// The newest format that this golive knows.
        known: u32,
    },
    /// The file is no journal of golive.
    #[error("{} is no journal of golive", path.display())]
    NotAJournal {
        /// Which file.
        path: PathBuf,
    },
    /// Its events do not hang together: nothing may be written behind them.
    #[error("{} was changed from outside at event {seq}: {what}; keep the file and look at it with `golive verify`", path.display())]
    Broken {
        /// Which file.
        path: PathBuf,
        /// The first event that is not sound.
        seq: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The database would not promise what a decision needs.
    #[error(
        "{} cannot keep decisions safe: SQLite answers {pragma} = {found}, needed is {wanted}; put the state folder on a local disk",
        path.display()
    )]
    NotDurable {
        /// Which file.
        path: PathBuf,
        /// The setting.
        pragma: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The file system refused.
    #[error("cannot {what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What it said.
        #[source]
        source: std::io::Error,
    },
    /// The database refused.
    #[error("cannot {what} {}: {why}", path.display())]
    Database {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What it said. Text, so that no type of one database shows through.
        why: String,
    },
}

impl JournalError {
    pub(super) fn io(what: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }

    pub(super) fn database(what: &'static str, path: &std::path::Path) -> impl Fn(rusqlite::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Database { what, path: path.clone(), why: error.to_string() }
    }
}
