//! The page for the next shift: where we stand, whose move it is, what is not as it should be, what runs out and when.

use crate::report::markdown::literal;
use crate::report::shape::{Report, WaiverEntry};
use crate::report::triage;
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "handover", doc: "a page for the next shift, as Markdown", write };

/// So many of the latest entries a new shift has to know.
const LATEST: usize = 15;

fn write(report: &Report, _: Look) -> String {
    let mut out = vec![
        format!("# Handover: {} › {}", literal(&report.service), literal(&report.environment)),
        String::new(),
        format!(
            "**{} to {}** at {}. If the blockers were mended it would be {}.",
            report.verdict.words(),
            report.question,
            report.validation_timestamp.strftime("%F %T UTC"),
            report.would_be.words(),
        ),
    ];
    section(&mut out, "What stands in the way", "nothing", reasons(report));
    let broken = report.triage.causes.iter().map(|cause| {
        let (check, summary) = (literal(&cause.check), literal(cause.summary.as_str()));
        format!("- **{check}** {summary}, since {}", cause.since.strftime("%F %T UTC"))
    });
    section(&mut out, "What is broken", "nothing", broken.collect());
    let hurt = report.triage.hurt.iter().filter(|hurt| hurt.since.is_some()).map(triage::line);
    section(&mut out, "Who is hurt", "nobody was asked about", hurt.collect());
    section(&mut out, "Alerts that fire", "none", alerts(report));
    section(&mut out, "Whose move", "nobody is waited for", waiting(report));
    section(&mut out, "Waivers in force", "none", waivers(report));
    section(&mut out, "Notes", "none", notes(report));
    let latest = report.timeline.iter().rev().take(LATEST).map(|entry| {
        let by = entry.by.as_ref().map(|by| format!(" ({})", literal(by))).unwrap_or_default();
        let at = entry.at.strftime("%T");
        format!("- {at} **{}** {}{by}", literal(&entry.subject), literal(&entry.text))
    });
    section(&mut out, "What happened last, newest first", "nothing", latest.collect());
    out.push(format!("\nThe whole of it: `golive replay {}`.", report.session));
    out.join("\n") + "\n"
}

/// A heading with its lines, or with the word for none: an empty section is an answer too.
pub(super) fn section(out: &mut Vec<String>, title: &str, none: &str, lines: Vec<String>) {
    out.push(format!("\n## {title}\n"));
    if lines.is_empty() {
        out.push(format!("{none}."));
    }
    out.extend(lines);
}

fn reasons(report: &Report) -> Vec<String> {
    let all = report.critical_errors.iter().chain(&report.warnings);
    let line = |reason: &crate::report::shape::ReasonEntry| {
        let remedy = reason.remedy.as_ref().map(|remedy| format!("\n  - What to do: {}", literal(remedy)));
        let (severity, subject) = (reason.severity, literal(&reason.subject));
        format!("- {severity}: **{subject}** {}{}", literal(&reason.message), remedy.unwrap_or_default())
    };
    all.map(line).collect()
}

fn waiting(report: &Report) -> Vec<String> {
    let line = |waiting: &crate::report::shape::WaitingEntry| {
        let since = waiting.since.strftime("%T UTC");
        let (subject, what, whose) = (literal(&waiting.subject), literal(&waiting.what), literal(&waiting.whose));
        format!("- **{subject}**: {what}; whose move: {whose}, since {since}")
    };
    report.waiting.iter().map(line).collect()
}

/// Every waiver in force, on items and on checks.
pub(super) fn waivers(report: &Report) -> Vec<String> {
    let items = report.phases.iter().flat_map(|phase| &phase.items).map(|item| (&item.id, item.waiver.as_ref()));
    let checks = report.checks.iter().map(|check| (&check.id, check.waiver.as_ref()));
    let line = |(id, waiver): (&String, &WaiverEntry)| {
        let by = waiver.by.iter().map(|by| literal(by)).collect::<Vec<_>>().join(", ");
        let until = waiver.until.strftime("%F %H:%M UTC");
        format!("- **{}** until {until}: {} ({by})", literal(id), literal(waiver.reason.as_str()))
    };
    items.chain(checks).filter_map(|(id, waiver)| Some(line((id, waiver?)))).collect()
}

fn alerts(report: &Report) -> Vec<String> {
    let firing = report.alerts.iter().filter(|alert| matches!(alert.state, "firing" | "acknowledged"));
    let line = |alert: &crate::report::shape::AlertEntry| {
        let seen = alert
            .acknowledged_by
            .as_ref()
            .map_or_else(|| "nobody has acknowledged it".to_owned(), |by| format!("acknowledged by {}", literal(by)));
        let since = alert.since.map(|since| since.strftime(" since %F %T UTC").to_string()).unwrap_or_default();
        format!("- **{}** ({}){since}; {seen}", literal(&alert.id), alert.level.word())
    };
    firing.map(line).collect()
}

/// The signatures' notes, and the scratch pad with time and author.
fn notes(report: &Report) -> Vec<String> {
    let items = report.phases.iter().flat_map(|phase| &phase.items);
    let of_item = |item: &crate::report::shape::ItemEntry| {
        item.note.as_ref().map(|note| format!("- **{}**: {}", literal(&item.title), literal(note)))
    };
    let pad = report.triage.notes.iter().map(|note| {
        let about = note.about.as_ref().map(|about| format!(" on {}", literal(about))).unwrap_or_default();
        format!("- {} {}{about}: {}", note.at.strftime("%F %T"), literal(&note.by), literal(note.text.as_str()))
    });
    items.filter_map(of_item).chain(pad).collect()
}
