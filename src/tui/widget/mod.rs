//! The parts that every screen is made of.

pub mod chart;
pub mod chrome;
pub mod hints;
pub mod list;
pub mod sparkline;
