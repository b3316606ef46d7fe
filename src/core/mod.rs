//! The functional core: events in, state by a fold, verdict and what to do next as functions of state.
//!
//! Nothing here reads a clock, touches a file, waits or starts a task: time comes in with the events, and what has to
//! be done in the world goes out as data. So a whole go-live is tested in milliseconds.

pub mod agenda;
pub mod alerts;
pub mod consequences;
pub mod decide;
pub mod digest;
pub mod dry_run;
pub mod event;
pub mod evidence;
pub mod inquiry;
pub mod notice;
pub mod rehearsal;
pub mod replay;
pub mod resting;
pub mod rollback;
pub mod rotation;
pub mod state;
pub mod status;
pub mod triage;
pub mod verdict;
