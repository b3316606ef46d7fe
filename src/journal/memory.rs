//! Events kept in memory, for `--journal memory` in places that may not be written to, and for tests. The same chain,
//! no file.

use crate::core::event::Event;
use crate::journal::names;
use crate::journal::storage::{Head, Storage, StorageError, Stored};

/// A session's events in memory.
#[derive(Debug)]
pub struct Memory {
    events: Vec<(Stored, Event)>,
    head: Head,
}

impl Default for Memory {
    fn default() -> Self {
        Self { events: Vec::new(), head: Head::EMPTY }
    }
}

impl Storage for Memory {
    fn append(&mut self, batch: &[&Event]) -> Result<Vec<Stored>, StorageError> {
        let bodies = batch.iter().map(serde_json::to_vec).collect::<Result<Vec<_>, _>>();
        let bodies = bodies.map_err(|error| StorageError(error.to_string()))?;
        let mut answers = Vec::with_capacity(batch.len());
        for (event, body) in batch.iter().zip(bodies) {
            let seq = self.head.seq + 1;
            let hash = self.head.hash.next(seq, &body);
            self.head = Head { seq, hash, closed: self.head.closed || names::ends(&event.body) };
            self.events.push((Stored { seq, hash }, (*event).clone()));
            answers.push(Stored { seq, hash });
        }
        Ok(answers)
    }

    fn read(&mut self, from: u64, limit: usize) -> Result<Vec<(Stored, Event)>, StorageError> {
        Ok(self.events.iter().filter(|(stored, _)| stored.seq >= from).take(limit).cloned().collect())
    }

    fn head(&mut self) -> Result<Head, StorageError> {
        Ok(self.head)
    }
}
