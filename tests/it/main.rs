//! The one integration test binary: each further one costs seconds at every edit.
#![expect(clippy::disallowed_methods, reason = "tests touch the world: files, processes, the environment")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod architecture;
mod cli;
mod cli_kit;
mod cockpit;
mod crash;
mod credentials;
mod demo_world;
mod docs;
mod envfile;
mod exposure;
mod flight;
mod init;
mod keys;
mod kit;
mod pictures;
mod pilot;
mod plans;
mod replaying;
mod report;
mod rotate;
mod scan;
mod scenario;
mod screens;
mod secrets;
mod terminal;
mod verdict;
mod watch;
mod webhook;
mod webhooks;
