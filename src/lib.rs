//! golive: a deployment cockpit in the terminal.
//!
//! Everything that happens is an event, state is a fold over events, verdict and screens are functions of state.
//! This file is the list of rooms. Arrows between them point inward only; `tests/it/architecture.rs` holds the table
//! of who may import whom. docs/ARCHITECTURE.md walks through the house.

pub mod check;
pub mod cli;
pub mod clock;
pub mod core;
pub mod demo;
pub mod enforce;
pub mod engine;
pub mod envfile;
pub mod expr;
pub mod journal;
pub mod mask;
pub mod model;
pub mod network;
pub mod notify;
pub mod plan;
pub mod report;
pub mod scan;
pub mod source;
pub mod supervisor;
pub mod trust;
pub mod tui;
pub mod webhook;
