//! The one integration test binary: each further one costs seconds at every edit.
#![expect(clippy::disallowed_methods, reason = "tests touch the world: files, processes, the environment")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod alerts;
mod architecture;
mod baselines;
mod canary;
mod ceremony;
mod cli;
mod cli_kit;
mod cockpit;
mod crash;
mod credentials;
mod demo_world;
mod docs;
mod end_to_end;
mod enforcement;
mod envfile;
mod exposure;
mod flight;
mod flow_replayed;
mod gate;
mod init;
mod junit_schema;
mod keys;
mod killed;
mod kit;
mod mail;
mod metrics;
mod night;
mod outbox;
mod pictures;
mod pilot;
mod plans;
mod pulse;
mod replaying;
mod report;
mod rollback;
mod rotate;
mod rules;
mod scan;
mod scenario;
mod screens;
mod secrets;
mod servers;
mod settings;
mod tasks;
mod telling;
mod terminal;
#[cfg(feature = "otlp")]
mod traces;
mod triage;
mod verdict;
mod walk;
mod watch;
mod webhook;
mod webhooks;
