//! Keeping events on disk, and what happens while the disk does not: results wait in memory and are kept when it is
//! back, in order, so that a replay sees what was seen. Decisions never wait here: they are refused.

use std::collections::HashSet;
use std::sync::Arc;

use crate::core::event::{Body, CheckEvent, Event};
use crate::journal::Journal;
use crate::journal::storage::StorageError;
use crate::journal::writer::Appending;

/// Beyond so many events in memory, of each check only the latest result is kept.
const MOST_WAITING: usize = 10_000;

/// The journal, and what it owes.
#[derive(Debug)]
pub(super) struct Keeper {
    journal: Journal,
    waiting: Vec<Event>,
    trouble: Option<StorageError>,
}

impl Keeper {
    pub(super) const fn new(journal: Journal) -> Self {
        Self { journal, waiting: Vec::new(), trouble: None }
    }

    /// What is wrong with the disk, if anything.
    pub(super) const fn trouble(&self) -> Option<&StorageError> {
        self.trouble.as_ref()
    }

    /// Hands over what waited and these behind it, in one piece.
    pub(super) fn append(&self, events: &[Event]) -> Appending {
        let batch: Arc<[Event]> = self.waiting.iter().chain(events).cloned().collect();
        self.journal.append(batch)
    }

    /// All of it is kept.
    pub(super) fn kept(&mut self) {
        self.waiting.clear();
        self.trouble = None;
    }

    /// None of it is kept: these results wait.
    pub(super) fn lost(&mut self, results: &[Event], why: StorageError) {
        self.trouble = Some(why);
        self.wait(results);
    }

    /// Lets results wait without trying.
    pub(super) fn wait(&mut self, results: &[Event]) {
        self.waiting.extend_from_slice(results);
        if self.waiting.len() > MOST_WAITING {
            thin(&mut self.waiting);
        }
    }

    /// Ends the journal in order.
    pub(super) fn close(self) -> Result<(), StorageError> {
        let ended = self.journal.close();
        match self.trouble {
            Some(trouble) if !self.waiting.is_empty() => Err(trouble),
            Some(_) | None => ended,
        }
    }

    /// Leaves a journal alone whose disk does not answer: its thread cannot be waited for.
    pub(super) fn abandon(self) -> StorageError {
        std::mem::forget(self.journal);
        self.trouble.unwrap_or_else(|| StorageError("the disk does not answer".to_owned()))
    }
}

/// Keeps of each check's full results the latest only. All else stays.
fn thin(waiting: &mut Vec<Event>) {
    let mut seen = HashSet::new();
    let mut kept: Vec<Event> = Vec::new();
    for event in waiting.drain(..).rev() {
        let fresh = match &event.body {
            Body::Check(CheckEvent::Finished(finished)) => seen.insert(finished.check.clone()),
            _ => true,
        };
        if fresh {
            kept.push(event);
        }
    }
    kept.reverse();
    *waiting = kept;
}
