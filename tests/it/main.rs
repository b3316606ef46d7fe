//! The one integration test binary: each further one costs seconds at every edit.

mod architecture;
mod demo_world;
mod docs;
mod envfile;
mod plans;
mod scenario;
mod terminal;
mod verdict;
mod webhook;
