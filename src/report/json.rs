//! The report for programs: its shape, as JSON.

use crate::report::shape::Report;
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "json", doc: "for programs: one object", write };

fn write(report: &Report, _: Look) -> String {
    let mut text = serde_json::to_string_pretty(report).expect("a report is plain data with text keys");
    text.push('\n');
    text
}
