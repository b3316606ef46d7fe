//! What a journal needs of a database, and no more: append, read, head. No type of a certain database shows here.

use crate::core::event::Event;
use crate::journal::chain::Hash;

/// Where an event stands once it is stored. Only the storage gives these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its place, counted from 1 without gaps.
    pub seq: u64,
    /// The hash over it and all before it.
    pub hash: Hash,
}

/// The end of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// The place of the last event; 0 while there is none.
    pub seq: u64,
    /// Its hash.
    pub hash: Hash,
    /// Whether the session has ended: `closed` or `aborted` is among its events.
    pub closed: bool,
}

impl Head {
    /// The head of a journal without events.
    pub const EMPTY: Self = Self { seq: 0, hash: Hash::ZERO, closed: false };
}

/// Why events could not be stored or read. Nothing of the batch is stored then, and later appends may succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct StorageError(pub String);

/// A database that keeps one session's events.
pub trait Storage: Send + std::fmt::Debug {
    /// Stores a batch whole or not at all, durably, behind everything stored before.
    ///
    /// # Errors
    /// If nothing of it is stored. The storage must be usable again once its cause is gone.
    fn append(&mut self, batch: &[&Event]) -> Result<Vec<Stored>, StorageError>;

    /// Events from a place on, at most so many, in order.
    ///
    /// # Errors
    /// If they cannot be read.
    fn read(&mut self, from: u64, limit: usize) -> Result<Vec<(Stored, Event)>, StorageError>;

    /// The end of what is stored.
    ///
    /// # Errors
    /// If it cannot be read.
    fn head(&mut self) -> Result<Head, StorageError>;

    /// Called once, behind the first append: what makes later appends quick.
    ///
    /// # Errors
    /// If it did not succeed; appends are slower then, and no less safe.
    fn warm_up(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Called when whoever waited for an append has been answered.
    ///
    /// # Errors
    /// If housekeeping did not succeed; nothing is lost by that, and it is tried again.
    fn answered(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    /// Called when nothing was appended for a while: the time for housekeeping that no decision should wait for.
    ///
    /// # Errors
    /// If it did not succeed; nothing is lost by that, and it is tried again.
    fn rest(&mut self) -> Result<(), StorageError> {
        Ok(())
    }

    /// The orderly end.
    ///
    /// # Errors
    /// If the housekeeping of the end did not succeed; what was appended is stored all the same.
    fn close(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}
