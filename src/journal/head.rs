//! The head outside the journal: a small file beside it that says how far the journal goes, so that a tail cut off is
//! found.
//!
//! The rule: the head file never says more than what is stored. It is exact after an orderly end and from the event on
//! that closed the session; while a session is open it may lag (it is written when the journal rests). So a journal that
//! ends before its head, or has another hash there, was cut or rewritten; one that goes on behind the head of a session
//! that is still open was left by a crash, and is sound.

use std::path::{Path, PathBuf};

use crate::journal::error::JournalError;
use crate::journal::folder;
use crate::journal::storage::Head;

/// The head file of one journal.
#[derive(Debug)]
pub(super) struct HeadFile {
    path: PathBuf,
    written: Option<Head>,
}

impl HeadFile {
    /// The head file beside a journal.
    pub(super) fn beside(journal: &Path) -> Self {
        Self { path: journal.with_extension("head"), written: None }
    }

    /// What it says; `None` if there is none.
    pub(super) fn read(&mut self) -> Result<Option<Head>, JournalError> {
        let Some(text) = folder::text_of(&self.path).map_err(JournalError::io("read", &self.path))? else {
            return Ok(None);
        };
        let head = serde_json::from_str(&text).map_err(|error| JournalError::Io {
            what: "understand",
            path: self.path.clone(),
            source: error.into(),
        })?;
        self.written = Some(head);
        Ok(self.written)
    }

    /// Writes it, unless it says so already.
    pub(super) fn write(&mut self, head: Head) -> std::io::Result<()> {
        if self.written == Some(head) {
            return Ok(());
        }
        folder::replace(&self.path, &serde_json::to_string(&head)?)?;
        self.written = Some(head);
        Ok(())
    }
}
