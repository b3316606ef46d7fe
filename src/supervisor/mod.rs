//! The small process that runs a step and outlives the terminal, and how golive starts, watches and stops it.
//!
//! golive starts itself once more as `golive supervise`. That process leaves the terminal's session, is told its order
//! through a pipe, runs the command in a group of its own, and writes what happens into a spool, redacted. A lost
//! connection, a hang-up or a `kill -9` of golive does not touch it; the next golive reads on in the spool. The spool
//! is locked while the process lives: so "it still runs", "it ended thus" and "nobody knows" can always be told apart,
//! and the last is never taken for success.

mod launch;
mod lines;
mod order;
mod outputs;
mod process;
mod spool;
mod terminal;
mod tree;
mod watch;

pub use launch::{LaunchError, Supervising, launch};
pub use order::{Hidden, Order};
pub use process::run;
pub use spool::{End, Line};
pub use watch::{Control, Seen, Unheard, Watch};

/// The spool's name in a step's folder.
const SPOOL: &str = "spool";
/// The name of the pipe that words to the supervising process go through.
const CONTROL: &str = "control";

#[cfg(test)]
mod tests;
