//! The draft of a post-mortem: what is known is written down already, what only people know has its place.

use crate::core::state::Mark;
use crate::report::handover::{section, waivers};
use crate::report::markdown::literal;
use crate::report::shape::{CheckEntry, Report, TimelineEntry};
use crate::report::triage;
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

/// Who was hurt, what failed on the way, what fails still.
fn impact(report: &Report) -> Vec<String> {
    let hurt = report.triage.hurt.iter().filter(|hurt| hurt.since.is_some()).map(triage::line);
    let failed = report.timeline.iter().filter(|entry| entry.mark == Mark::Bad && entry.family == "check");
    let failed = failed.map(|entry| {
        let (at, subject) = (entry.at.strftime("%F %T"), literal(&entry.subject));
        format!("- from {at} **{subject}** {}", literal(&entry.text))
    });
    let bad = report.checks.iter().filter(|check| check.failure.is_some());
    let line = |check: &CheckEntry| {
        let means = check.failure.as_ref().map_or("", |failure| failure.impact.as_str());
        format!("- **{}** ({}): {}; {}", literal(&check.id), check.outcome, literal(&check.summary), literal(means))
    };
    hurt.chain(failed).chain(bad.map(line)).collect()
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
    waits.chain(waived).chain(standing(report)).collect()
}

/// What stands and does not end by itself, or was left behind.
fn standing(report: &Report) -> Vec<String> {
    let until = |until: jiff::Timestamp| until.strftime("%F %H:%M UTC").to_string();
    let mut lines = Vec::new();
    for alert in &report.alerts {
        if let Some(end) = alert.silenced_until {
            lines.push(format!("- silence: **{}** until {}", literal(&alert.id), until(end)));
        }
        if matches!(alert.state, "firing" | "acknowledged") {
            lines.push(format!("- alert: **{}** still fires ({})", literal(&alert.id), alert.state));
        }
    }
    lines.extend(report.lull.iter().map(|lull| {
        let by = lull.by.iter().map(|by| literal(by)).collect::<Vec<_>>().join(", ");
        format!("- lull until {}: {} ({by})", until(lull.until), literal(lull.reason.as_str()))
    }));
    let cleaned = |check: &CheckEntry| check.evidence.iter().any(|fact| fact.name.as_str().starts_with("clean-up: "));
    let left = report.checks.iter().filter(|check| check.outcome != "pass" && cleaned(check));
    lines.extend(left.map(|check| {
        format!("- test rows may still be there: **{}** {}", literal(&check.id), literal(&check.summary))
    }));
    for notifier in report.notifiers.iter().filter(|notifier| notifier.dead > 0) {
        lines.push(format!("- never told: {} notices to **{}**", notifier.dead, literal(&notifier.id)));
    }
    let procedure = report.phases.iter().filter_map(|phase| phase.procedure.as_ref());
    let by_hand = procedure.flat_map(|procedure| &procedure.left);
    lines.extend(by_hand.map(|what| format!("- by hand: {}", literal(what.as_str()))));
    for hurt in report.triage.hurt.iter().filter(|hurt| hurt.count.is_some_and(|count| count > 0)) {
        let how = hurt.repair.as_ref().map(|repair| format!(": {}", literal(repair))).unwrap_or_default();
        lines.push(format!("- to repair: {} of **{}**{how}", hurt.count.unwrap_or(0), literal(&hurt.title)));
    }
    lines
}
