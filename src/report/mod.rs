//! A report from state, then one file per format.
//!
//! [`build::report`] makes the one [`shape::Report`] that every format shows, so two formats can differ in looks and
//! never in content. A report is a function of state, question and moment: nothing here reads a clock or a file, and
//! no value of a credential can come in, for state holds none. Adding a format is one file, one `mod` line and one
//! line in [`FORMATS`].

pub mod build;
mod github;
mod handover;
mod html;
mod human;
mod json;
mod junit;
mod markdown;
pub mod metrics;
mod postmortem;
mod sarif;
pub mod shape;
#[cfg(feature = "otlp")]
pub mod traces;
pub mod triage;

pub use sarif::{SCHEMA as SARIF_SCHEMA, uri as relative_reference};

use crate::report::shape::Report;

/// A way to write a report down.
pub struct Format {
    /// As written behind `--format`.
    pub name: &'static str,
    /// For whom it is, in a few words.
    pub doc: &'static str,
    /// Writes it, line break at the end included.
    pub write: fn(&Report, Look) -> String,
}

/// How a report for people looks. Formats for machines take no notice of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether colour may be used. It never carries meaning alone.
    pub colour: bool,
    /// How many columns a line may have.
    pub width: usize,
}

impl Look {
    /// Without colour, as wide as a line of prose in a file.
    pub const PLAIN: Self = Self { colour: false, width: 100 };
}

/// Every format there is.
pub const FORMATS: &[Format] = &[
    human::FORMAT,
    json::FORMAT,
    markdown::FORMAT,
    html::FORMAT,
    junit::FORMAT,
    sarif::FORMAT,
    github::FORMAT,
    handover::FORMAT,
    postmortem::FORMAT,
    triage::FORMAT,
];

/// The format with this name.
#[must_use]
pub fn format(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}
