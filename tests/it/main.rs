//! The one integration test binary: each further one costs seconds at every edit.

mod architecture;
mod cli;
mod demo_world;
mod envfile;
mod pilot;
mod plans;
mod report;
mod scenario;
mod terminal;
mod verdict;
mod webhook;
