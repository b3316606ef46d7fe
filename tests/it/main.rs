//! The one integration test binary: each further one costs seconds at every edit.

mod architecture;
mod envfile;
mod report;
mod plans;
mod scenario;
