//! The journal: the append-only list of a session's events, on disk before anybody sees what they did.
//!
//! One file a session, one writer thread, group commit, a chain of hashes, a head outside the file, one holder. The
//! journal stores events and knows no meaning: what follows from them is the core's. SQL stays behind
//! [`storage::Storage`], which a server database can implement as well.

pub mod chain;
pub mod error;
pub mod lock;
pub mod memory;
pub mod reading;
pub mod sessions;
pub mod storage;
pub mod writer;

mod folder;
mod head;
mod names;
mod schema;
mod sound;
mod sqlite;
mod stretches;

pub use error::JournalError;
pub use folder::file_of;
pub use names::name_of;
pub use writer::{Appending, Journal};

#[cfg(test)]
mod tests;
