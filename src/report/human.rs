//! The report for people at a terminal: the answer and why first, then phase by phase, then what did not pass with
//! its evidence and its remedy, then whose move it is; the answer again at the end, where the eye is.

mod page;

use crate::core::verdict::Answer;
use crate::model::alert::Level;
use crate::model::word::Severity;
use crate::report::human::page::{Page, Tone};
use crate::report::shape::{CheckEntry, PhaseEntry, ReasonEntry, Report, WaitingEntry};
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "human", doc: "for people at a terminal", write };

/// At most so many facts of one check: the rest is in the JSON.
const MOST_FACTS: usize = 8;

fn write(report: &Report, look: Look) -> String {
    let mut page = Page::new(look);
    head(&mut page, report);
    banner(&mut page, report);
    reasons(&mut page, report);
    for entry in &report.phases {
        phase(&mut page, entry);
    }
    not_passed(&mut page, report);
    alerts(&mut page, report);
    waiting(&mut page, &report.waiting);
    page.gap();
    banner(&mut page, report);
    page.finish()
}

fn head(page: &mut Page, report: &Report) {
    let version = report.version.as_ref().map(|version| format!(" › {version}")).unwrap_or_default();
    page.text(0, &format!("{} › {}{version}", report.service, report.environment), Tone::Strong);
    let at = report.validation_timestamp.strftime("%F %T UTC");
    page.text(0, &format!("session {}, scope {}, judged {at}", report.session, report.scope), Tone::Quiet);
    page.gap();
}

fn banner(page: &mut Page, report: &Report) {
    let (glyph, tone) = match report.verdict {
        Answer::Go => ("✓", Tone::Good),
        Answer::GoWithWarnings => ("!", Tone::Look),
        Answer::Hold => ("◌", Tone::Look),
        Answer::NoGo => ("✗", Tone::Bad),
    };
    let ended = match report.session_outcome {
        Some(outcome) => format!("session {}", spelled(&outcome)),
        None => String::new(),
    };
    let would_be = match report.verdict {
        Answer::NoGo => format!("with the blockers mended: {}", report.would_be.words()),
        Answer::Go | Answer::GoWithWarnings | Answer::Hold => String::new(),
    };
    let more: Vec<_> = [ended, would_be].into_iter().filter(|part| !part.is_empty()).collect();
    let headline = format!("{glyph} {} to {}", report.verdict.words(), report.question);
    page.row(0, &headline, headline.chars().count(), tone, &more.join(", "), Tone::Plain);
}

fn spelled(word: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(word).expect("a word is plain data");
    json.as_str().unwrap_or_default().replace('_', " ")
}

fn reasons(page: &mut Page, report: &Report) {
    let known = |subject: &str| {
        let mut items = report.phases.iter().flat_map(|phase| &phase.items);
        report.checks.iter().any(|check| check.id == subject) || items.any(|item| item.id == subject)
    };
    // Names that this plan has no check for matter to scripts, not to people.
    let noted: Vec<_> = report.recommendations.iter().filter(|reason| known(&reason.subject)).collect();
    let shown = report.critical_errors.iter().chain(&report.warnings).chain(noted.iter().copied());
    let width = shown.map(|reason| page::width(&reason.subject)).max().unwrap_or(0).min(34);
    let lists = [
        ("✗", Tone::Bad, report.critical_errors.iter().collect::<Vec<_>>()),
        ("!", Tone::Look, report.warnings.iter().collect()),
        ("·", Tone::Quiet, noted),
    ];
    for (glyph, tone, list) in lists {
        for reason in list {
            one_reason(page, glyph, tone, reason, width);
        }
    }
}

fn one_reason(page: &mut Page, glyph: &str, tone: Tone, reason: &ReasonEntry, width: usize) {
    let severity = match reason.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Advice => "advice",
    };
    let subject = page::padded(&reason.subject, width);
    page.row(2, &format!("{glyph} {severity:<8}  {subject}"), 12 + width, tone, &reason.message, Tone::Plain);
    if let Some(remedy) = &reason.remedy {
        page.row(2, "", 12 + width, Tone::Plain, &format!("Fix: {remedy}"), Tone::Quiet);
    }
}

fn phase(page: &mut Page, phase: &PhaseEntry) {
    page.gap();
    let name = phase.id.word().replace('_', "-").to_uppercase();
    let (glyph, tone) = mark(phase.status);
    let left = page::padded(&name, 16);
    page.row(0, &left, 16, Tone::Strong, &format!("{glyph} {} {}/{}", phase.status, phase.settled, phase.total), tone);
    for item in &phase.items {
        let (glyph, tone) = mark(item.status);
        let signed = item.signed_by.as_ref().filter(|signed| !signed.is_empty());
        let signed = signed.map(|signed| format!("   signed by {}", signed.join(", "))).unwrap_or_default();
        let waived = item.waiver.as_ref();
        let waived = waived.map(|waiver| format!("   waived by {}: {}", waiver.by.join(", "), waiver.reason));
        let right = format!("{}{signed}{}", item.title, waived.unwrap_or_default());
        page.row(2, &format!("{glyph} {:<8}", item.status), 10, tone, &right, Tone::Plain);
    }
    if let Some(procedure) = phase.procedure.as_ref().filter(|procedure| !procedure.steps.is_empty()) {
        let steps = procedure.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>().join(", ");
        let status = procedure.status.replace('_', " ");
        page.text(2, &format!("procedure: {status} ({steps})"), Tone::Quiet);
    }
}

/// A glyph and a tone beside the word, never instead of it.
fn mark(status: &str) -> (&'static str, Tone) {
    match status {
        "settled" | "pass" => ("✓", Tone::Good),
        "waived" | "warn" => ("!", Tone::Look),
        "failing" | "fail" => ("✗", Tone::Bad),
        "error" => ("?", Tone::Look),
        "blocked" => ("⊘", Tone::Look),
        "stale" => ("◔", Tone::Look),
        "running" => ("◌", Tone::Plain),
        "waiting" | "open" => ("☐", Tone::Plain),
        _ => ("·", Tone::Quiet),
    }
}

fn not_passed(page: &mut Page, report: &Report) {
    let later = |check: &&CheckEntry| check.outcome == "missing" && !is_reason(report, &check.id);
    let shown: Vec<_> = report.checks.iter().filter(|check| check.outcome != "pass" && !later(check)).collect();
    let passed = report.checks.iter().filter(|check| check.outcome == "pass").count();
    page.gap();
    let right = format!("{passed} of {} passed", report.checks.len());
    page.row(0, &page::padded("CHECKS", 16), 16, Tone::Strong, &right, Tone::Plain);
    for check in shown {
        one_check(page, check);
    }
}

fn is_reason(report: &Report, id: &str) -> bool {
    report.critical_errors.iter().chain(&report.warnings).any(|reason| reason.subject == id)
}

fn one_check(page: &mut Page, check: &CheckEntry) {
    let (glyph, tone) = mark(check.outcome);
    let word = format!("{glyph} {:<8}", check.outcome);
    page.row(2, &word, 10, tone, &format!("{}   {}", check.id, check.summary), Tone::Plain);
    if let Some(failure) = check.failure.as_ref().filter(|failure| !failure.impact.is_empty()) {
        page.text(14, failure.impact.as_str(), Tone::Plain);
    }
    for fact in check.evidence.iter().take(MOST_FACTS) {
        page.row(14, &format!("{}: ", fact.name), 0, Tone::Quiet, fact.value.as_str(), Tone::Plain);
    }
    if check.evidence.len() > MOST_FACTS {
        page.text(14, &format!("and {} more facts", check.evidence.len() - MOST_FACTS), Tone::Quiet);
    }
    if let Some(at) = check.at {
        let took =
            check.latency_ms.map(|latency| format!(", took {}", page::milliseconds(latency))).unwrap_or_default();
        page.text(14, &format!("seen {}, attempts {}{took}", at.strftime("%T UTC"), check.attempts), Tone::Quiet);
    }
    if let Some(remedy) = &check.remedy {
        page.text(14, &format!("Fix: {remedy}"), Tone::Plain);
    }
}

/// The alerts that somebody should know of; those that are quiet are counted.
fn alerts(page: &mut Page, report: &Report) {
    if report.alerts.is_empty() {
        return;
    }
    let quiet = report.alerts.iter().filter(|alert| matches!(alert.state, "inactive" | "resolved")).count();
    page.gap();
    let right = format!("{quiet} of {} quiet", report.alerts.len());
    page.row(0, &page::padded("ALERTS", 16), 16, Tone::Strong, &right, Tone::Plain);
    for alert in report.alerts.iter().filter(|alert| !matches!(alert.state, "inactive" | "resolved")) {
        let (glyph, tone) = match (alert.state, alert.level) {
            ("firing" | "acknowledged", Level::Critical) => ("▲", Tone::Bad),
            ("firing" | "acknowledged" | "pending", _) => ("▲", Tone::Look),
            _ => ("?", Tone::Look),
        };
        let seen = match (&alert.why, &alert.value, &alert.threshold) {
            (Some(why), _, _) => why.to_string(),
            (None, Some(value), Some(threshold)) => format!("{value} {threshold}"),
            _ => String::new(),
        };
        let by = alert.acknowledged_by.as_ref().map_or_else(String::new, |by| format!("   acknowledged by {by}"));
        let told =
            if alert.notified.is_empty() { String::new() } else { format!("   told {}", alert.notified.join(", ")) };
        let right = format!("{}   {seen}{by}{told}", alert.id);
        page.row(2, &format!("{glyph} {:<12}", alert.state), 14, tone, &right, Tone::Plain);
    }
}

fn waiting(page: &mut Page, waiting: &[WaitingEntry]) {
    if waiting.is_empty() {
        return;
    }
    page.gap();
    page.text(0, "WAITING", Tone::Strong);
    let width = waiting.iter().map(|entry| page::width(&entry.subject)).max().unwrap_or(0).min(34);
    for entry in waiting {
        let left = format!("☐ {}", page::padded(&entry.subject, width));
        page.row(2, &left, width + 2, Tone::Plain, &format!("{}; waits for {}", entry.what, entry.whose), Tone::Plain);
    }
}
