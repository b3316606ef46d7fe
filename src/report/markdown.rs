//! The report for a ticket or a chat: Markdown, with nothing in it that the reader's renderer could take for markup.

use crate::model::word::Category;
use crate::report::shape::{CheckEntry, PhaseEntry, ReasonEntry, Report};
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "markdown", doc: "for a ticket or a chat", write };

fn write(report: &Report, _: Look) -> String {
    let mut out = Vec::new();
    out.push(format!("# {} to {}: {}", report.verdict.words(), report.question, literal(&report.service)));
    out.push(String::new());
    let version = report.version.as_ref().map(|version| format!(", version {}", literal(version.as_str())));
    out.push(format!(
        "{}{}; {}; judged {} (scope {})",
        literal(&report.environment),
        version.unwrap_or_default(),
        format_args!("session `{}`", report.session),
        report.validation_timestamp.strftime("%F %T UTC"),
        report.scope
    ));
    reasons(&mut out, "Critical errors", &report.critical_errors);
    reasons(&mut out, "Warnings", &report.warnings);
    out.push("\n## Phases\n".to_owned());
    for entry in &report.phases {
        phase(&mut out, entry);
    }
    security_audit(&mut out, &report.checks);
    checks(&mut out, &report.checks);
    alerts(&mut out, report);
    out.join("\n") + "\n"
}

fn reasons(out: &mut Vec<String>, title: &str, reasons: &[ReasonEntry]) {
    if reasons.is_empty() {
        return;
    }
    out.push(format!("\n## {title}\n"));
    for reason in reasons {
        out.push(format!("- **{}**: {}", literal(&reason.subject), literal(&reason.message)));
        if let Some(remedy) = &reason.remedy {
            out.push(format!("  - What to do: {}", literal(remedy)));
        }
    }
}

fn phase(out: &mut Vec<String>, phase: &PhaseEntry) {
    out.push(format!(
        "- {}: {} ({} of {})",
        phase.id.word().replace('_', "-"),
        phase.status,
        phase.settled,
        phase.total
    ));
    for item in &phase.items {
        let tick = if matches!(item.status, "settled" | "waived") { 'x' } else { ' ' };
        let signed = item.signed_by.iter().flatten().map(|name| literal(name)).collect::<Vec<_>>().join(", ");
        let signed = if signed.is_empty() { signed } else { format!(", signed by {signed}") };
        out.push(format!("  - [{tick}] {} ({}{signed})", literal(&item.title), item.status));
    }
}

/// At most so many things that were seen stand under a finding.
const EVIDENCE_SHOWN: usize = 8;

/// Every finding about security and credentials with its severity, what was seen, and what to do; what could not be
/// found out is a finding too.
fn security_audit(out: &mut Vec<String>, checks: &[CheckEntry]) {
    let about = |check: &&CheckEntry| matches!(check.category, Category::Security | Category::Credential);
    let all: Vec<&CheckEntry> = checks.iter().filter(about).collect();
    if all.is_empty() {
        return;
    }
    let findings: Vec<&CheckEntry> = all.iter().copied().filter(|check| check.outcome != "pass").collect();
    out.push("\n## Security audit\n".to_owned());
    let count = findings.len();
    let checked = all.len();
    out.push(match count {
        0 => format!("Nothing found in {checked} checks."),
        1 => format!("1 finding in {checked} checks."),
        _ => format!("{count} findings in {checked} checks."),
    });
    for check in findings {
        out.push(format!("\n### {} ({}, {})\n", literal(&check.id), check.severity, check.outcome));
        out.push(literal(&check.summary));
        for seen in check.evidence.iter().take(EVIDENCE_SHOWN) {
            out.push(format!("- {}: {}", literal(seen.name.as_str()), literal(seen.value.as_str())));
        }
        if let Some(failure) = &check.failure {
            out.push(format!("- Impact: {}", literal(failure.impact.as_str())));
        }
        if let Some(remedy) = &check.remedy {
            out.push(format!("- What to do: {}", literal(remedy)));
        }
    }
}

fn checks(out: &mut Vec<String>, checks: &[CheckEntry]) {
    if checks.is_empty() {
        return;
    }
    out.push("\n## Checks\n\n| outcome | check | severity | summary |\n| --- | --- | --- | --- |".to_owned());
    for check in checks {
        let (id, summary) = (literal(&check.id), literal(&check.summary));
        out.push(format!("| {} | {id} | {} | {summary} |", check.outcome, check.severity));
    }
}

fn alerts(out: &mut Vec<String>, report: &Report) {
    if report.alerts.is_empty() {
        return;
    }
    out.push("\n## Alerts\n\n| state | alert | level | seen |\n| --- | --- | --- | --- |".to_owned());
    for alert in &report.alerts {
        let seen = match (&alert.why, &alert.value, &alert.threshold) {
            (Some(why), _, _) => why.to_string(),
            (None, Some(value), Some(threshold)) => format!("{value} {threshold}"),
            _ => String::new(),
        };
        let (id, seen) = (literal(&alert.id), literal(&seen));
        out.push(format!("| {} | {id} | {} | {seen} |", alert.state, alert.level.word()));
    }
}

/// Text as it stands: every character that Markdown or HTML could read as markup gets its backslash or entity.
pub(super) fn literal(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => plain.push_str("&lt;"),
            '>' => plain.push_str("&gt;"),
            '&' => plain.push_str("&amp;"),
            '\\' | '`' | '*' | '[' | ']' | '|' | '~' | '#' | '!' | '$' => {
                plain.push('\\');
                plain.push(character);
            }
            // A name pasted into a ticket must not call anybody.
            '@' => plain.push_str("&#64;"),
            '_' => plain.push_str("\\_"),
            _ => plain.push(character),
        }
    }
    plain
}
