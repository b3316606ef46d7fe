//! The one integration test binary: each further one costs seconds at every edit.
#![expect(clippy::disallowed_methods, reason = "tests touch the world: files, processes, the environment")]

mod architecture;
mod demo_world;
mod docs;
mod envfile;
mod plans;
mod report;
mod scenario;
mod terminal;
mod verdict;
mod webhook;
