//! The report as annotations of a workflow run: one line each, in the form that the runner looks for in a log.
//!
//! The form is that of workflow commands, with its own escapes for text and for properties
//! (<https://docs.github.com/actions/reference/workflow-commands-for-github-actions>).

use crate::core::verdict::Answer;
use crate::report::shape::{ReasonEntry, Report};
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "github", doc: "annotations of a workflow run", write };

fn write(report: &Report, _: Look) -> String {
    let mut out = String::new();
    for (level, reasons) in [("error", &report.critical_errors), ("warning", &report.warnings)] {
        out.extend(reasons.iter().map(|reason| annotation(level, reason)));
    }
    let level = match report.verdict {
        Answer::Go | Answer::GoWithWarnings => "notice",
        Answer::Hold => "warning",
        Answer::NoGo => "error",
    };
    let headline = format!("{} to {}", report.verdict.words(), report.question);
    let service = format!("{} › {}", report.service, report.environment);
    out.push_str(&line(level, &service, &headline));
    out
}

fn annotation(level: &str, reason: &ReasonEntry) -> String {
    let remedy = reason.remedy.as_ref().map(|remedy| format!("\nWhat to do: {remedy}")).unwrap_or_default();
    line(level, &reason.subject, &format!("{}{remedy}", reason.message))
}

fn line(level: &str, title: &str, text: &str) -> String {
    format!("::{level} title={}::{}\n", property(title), data(text))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property ends at a comma or colon besides.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
