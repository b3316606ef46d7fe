//! The words of the field as types: ids, phases, severities, outcomes, failures, durations, and a plan as plain data.
//!
//! Everything else in the house speaks these words, so this room imports no other. Nothing here does input or output,
//! reads a clock or decides anything: types, their spelling, and the checks that make a wrong value unsayable.

pub mod alert;
pub mod baseline;
pub mod ceremony;
pub mod degradation;
pub mod duration;
pub mod failure;
pub mod id;
pub(crate) mod in_place;
pub mod item;
pub mod kind;
pub mod mend;
pub mod notifier;
pub mod operator;
pub mod pipeline;
pub mod plan;
pub mod rehearsal;
pub mod rollback;
pub mod rotation;
pub mod runbook;
pub mod step;
pub mod template;
pub mod text;
pub mod time;
pub mod triage;
pub mod values;
pub mod word;
