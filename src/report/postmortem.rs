//! The draft of a post-mortem: what is known is written down already, what only people know has its place.

use crate::core::state::Mark;
use crate::report::handover::{section, waivers};
use crate::report::markdown::literal;
use crate::report::shape::{CheckEntry, Report, TimelineEntry};
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "post-mortem", doc: "the draft of a post-mortem, as Markdown", write };

fn write(report: &Report, _: Look) -> String {
    let mut out = vec![
        format!("# Post-mortem: {} › {}", literal(&report.service), literal(&report.environment)),
        String::new(),
        summary(report),
    ];
    section(&mut out, "Impact", "nothing failed", impact(report));
    section(&mut out, "Time line", "nothing happened", report.timeline.iter().map(line).collect());
    let decided = report.timeline.iter().filter(|entry| entry.mark == Mark::Decision).map(line).collect();
    section(&mut out, "Decisions", "nobody decided anything", decided);
    section(&mut out, "Open ends", "none", open_ends(report));
    for title in ["What went well", "What went wrong", "Where we were lucky", "What we change, who, until when"] {
        out.push(format!("\n## {title}\n\n_To be written._"));
    }
    out.join("\n") + "\n"
}

fn summary(report: &Report) -> String {
    let version = report.version.as_ref().map(|version| format!(" of version {}", literal(version.as_str())));
    let outcome = match report.session_outcome {
        Some(outcome) => format!("ended: {}", outcome.word().replace('_', " ")),
        None => "has not ended".to_owned(),
    };
    let (first, last) = (report.timeline.first(), report.timeline.last());
    let span = first.zip(last).map(|(first, last)| {
        format!(" It went from {} to {}.", first.at.strftime("%F %T UTC"), last.at.strftime("%F %T UTC"))
    });
    let verdict = format!("The verdict at its end: **{} to {}**.", report.verdict.words(), report.question);
    let (version, span) = (version.unwrap_or_default(), span.unwrap_or_default());
    format!("Session `{}`{version} {outcome}.{span} {verdict}", report.session)
}

fn impact(report: &Report) -> Vec<String> {
    let bad = report.checks.iter().filter(|check| check.failure.is_some());
    let line = |check: &CheckEntry| {
        let means = check.failure.as_ref().map_or("", |failure| failure.impact.as_str());
        format!("- **{}** ({}): {}; {}", literal(&check.id), check.outcome, literal(&check.summary), literal(means))
    };
    bad.map(line).collect()
}

fn line(entry: &TimelineEntry) -> String {
    let by = entry.by.as_ref().map(|by| format!(" ({})", literal(by))).unwrap_or_default();
    let at = entry.at.strftime("%F %T");
    format!("- {at} **{}** {}{by}", literal(&entry.subject), literal(&entry.text))
}

/// What somebody still has to take care of.
fn open_ends(report: &Report) -> Vec<String> {
    let waits = report.waiting.iter().map(|waiting| {
        format!("- waits: **{}**: {} ({})", literal(&waiting.subject), literal(&waiting.what), literal(&waiting.whose))
    });
    let waived = waivers(report).into_iter().map(|line| line.replacen("- ", "- waiver: ", 1));
    waits.chain(waived).collect()
}
