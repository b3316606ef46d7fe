//! Alerts: rules over series, judged when an input changed or a window ran out, and what becomes of each alert.
//!
//! All of it is a function of state and a moment. [`Watch`] only remembers which rules are worth a look; what follows
//! is an event of its own, so replay needs no rules.

mod answers;
mod book;
mod cause;
mod deciding;
pub mod example;
mod life;
mod watch;

pub use answers::{Course, Seen, course, seen};
pub use book::{Compiled, RuleBook, Source};
pub use cause::{causes, held_by};
pub use deciding::{Hidden, hidden_by};
pub(in crate::core) use deciding::{acknowledge, declare_lull, end_lull, end_silence, silence, unacknowledge};
pub use life::{Look, look};
pub use watch::Watch;
