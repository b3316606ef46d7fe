//! A world on loopback with real faults: a web application, its database, a payment API and customers who pay, under
//! their real names. The demo flies over it, the tests use it, and `--target-only` hands it out as a playground.
//!
//! Everything listens on 127.0.0.1 and keeps its files in one folder. Nothing here knows a check, a verdict or a screen.

mod application;
mod authority;
mod callbacks;
mod control;
mod customers;
mod environment;
mod faults;
mod ground;
mod met;
mod payment_api;
pub mod pilot;
mod previous;
mod realtime;
mod reconciler;
pub mod scenario;
mod server;
mod sinks;
mod site;
mod switchboard;
mod team;
mod telling;
mod world;

pub use environment::Credentials;
pub use faults::{Fault, Faults};
pub use sinks::Arrived;
pub use switchboard::Switchboard;
pub use world::{World, WorldError};
