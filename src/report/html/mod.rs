//! The report for a browser: one file that needs nothing else, readable on a phone and on paper.
//!
//! Text comes in through templates that escape it; style and charts are in the file; there is no script.

mod chart;
mod happened;

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::core::state::Mark;
use crate::core::verdict::Answer;
use crate::report::shape::{CheckEntry, ItemEntry, PhaseEntry, ReasonEntry, Report};
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "html", doc: "one file for a browser", write };

const STYLE: &str = include_str!("style.css");

fn write(report: &Report, _: Look) -> String {
    let headline = format!("{} to {}", report.verdict.words(), report.question);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (report.service) ": " (headline) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (banner(report, &headline)) }
                main {
                    (reasons("Critical errors", "bad", &report.critical_errors))
                    (reasons("Warnings", "look", &report.warnings))
                    (happened::hurt(report))
                    (waiting(report))
                    h2 { "Phases" }
                    @for entry in &report.phases { (phase(entry)) }
                    (checks(report))
                    (happened::alerts(report))
                    (credentials(report))
                    (happened::decisions(report))
                    (timeline(report))
                    (reasons("Recommendations", "quiet", &report.recommendations))
                }
                footer { (origin(report)) }
            }
        }
    };
    page.into_string() + "\n"
}

fn banner(report: &Report, headline: &str) -> Markup {
    let role = match report.verdict {
        Answer::Go => "good",
        Answer::GoWithWarnings | Answer::Hold => "look",
        Answer::NoGo => "bad",
    };
    html! {
        h1 {
            (report.service) " › " (report.environment.to_uppercase())
            @if let Some(version) = &report.version { " › " (version) }
        }
        div class={ "verdict " (role) } {
            p { strong { (headline) } }
            p { "If the blockers were mended: " (report.would_be.words()) ". Scope: " (report.scope) "." }
            @if let Some(outcome) = report.session_outcome { p { "The session ended: " (outcome.word().replace('_', " ")) "." } }
        }
        p class="quiet" { "Judged " (moment(report.validation_timestamp)) ", session " code { (report.session) } }
    }
}

fn moment(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (at.strftime("%F %T UTC")) } }
}

fn reasons(title: &str, role: &str, reasons: &[ReasonEntry]) -> Markup {
    html! {
        @if !reasons.is_empty() {
            h2 { (title) " " span class="quiet" { (reasons.len()) } }
            ul {
                @for reason in reasons {
                    li {
                        strong class=(role) { (reason.subject) } ": " (reason.message)
                        @if let Some(remedy) = &reason.remedy { p class="quiet" { "What to do: " (remedy) } }
                    }
                }
            }
        }
    }
}

fn waiting(report: &Report) -> Markup {
    html! {
        @if !report.waiting.is_empty() {
            h2 { "Waiting " span class="quiet" { (report.waiting.len()) } }
            ul {
                @for waiting in &report.waiting {
                    li { strong { (waiting.subject) } ": " (waiting.what) " "
                        span class="quiet" { "whose move: " (waiting.whose) ", since " (moment(waiting.since)) } }
                }
            }
        }
    }
}

fn phase(phase: &PhaseEntry) -> Markup {
    html! {
        h3 { (phase.id.word().replace('_', "-")) " " span class="quiet" { (phase.status) ", " (phase.settled) " of " (phase.total) } }
        ul { @for entry in &phase.items { (item(entry)) } }
        @if let Some(procedure) = phase.procedure.as_ref().filter(|procedure| !procedure.steps.is_empty()) {
            p { "Procedure: " (procedure.status.replace('_', " ")) @if procedure.verified { ", verified" } }
            ol { @for step in &procedure.steps { li { (step.id) " " span class="quiet" { (step.status.replace('_', " ")) } } } }
        }
    }
}

fn item(item: &ItemEntry) -> Markup {
    let (glyph, role) = match item.status {
        "settled" => ("✓", "good"),
        "failing" => ("✗", "bad"),
        "waived" | "stale" | "blocked" => ("!", "look"),
        _ => ("☐", "quiet"),
    };
    html! {
        li {
            span class=(role) { (glyph) " " (item.status) } " " (item.title)
            @for name in item.signed_by.iter().flatten() { " " span class="quiet" { "signed by " (name) } }
            @if let Some(waiver) = &item.waiver {
                p class="look" { "Waived by " (waiver.by.join(", ")) " until " (moment(waiver.until)) ": " (waiver.reason) }
            }
            @if let Some(note) = &item.note { p class="quiet" { "Note: " (note) } }
        }
    }
}

fn checks(report: &Report) -> Markup {
    html! {
        @if !report.checks.is_empty() {
            h2 { "Checks " span class="quiet" { (report.checks.len()) } }
            div class="table" tabindex="0" role="region" aria-label="Checks" {
                table {
                    caption { "What each check found, with its latest runs" }
                    thead { tr { th scope="col" { "outcome" } th scope="col" { "check" } th scope="col" { "took" } th scope="col" { "runs" } } }
                    tbody { @for entry in &report.checks { (check(entry)) } }
                }
            }
        }
    }
}

fn check(check: &CheckEntry) -> Markup {
    let role = match check.outcome {
        "pass" => "good",
        "fail" | "error" => "bad",
        "warn" | "stale" | "blocked" => "look",
        _ => "quiet",
    };
    html! {
        tr {
            td { span class=(role) { (check.outcome) } }
            th scope="row" {
                details open[check.outcome != "pass"] {
                    summary { (check.id) }
                    p { (check.summary) }
                    dl {
                        @for fact in &check.evidence { dt { (fact.name) } dd { (fact.value) } }
                        dt { "severity" } dd { (check.severity) }
                        @if let Some(at) = check.at { dt { "seen" } dd { (moment(at)) } }
                        @if let Some(failure) = &check.failure { dt { "means" } dd { (failure.impact) } }
                        @if let Some(remedy) = &check.remedy { dt { "do" } dd { (remedy) } }
                    }
                }
            }
            td class="number" { @if let Some(took) = check.latency_ms { (format!("{took:.1} ms")) } }
            td { (chart::runs(&check.id, &check.history)) }
        }
    }
}

fn credentials(report: &Report) -> Markup {
    html! {
        @if !report.credentials.is_empty() {
            h2 { "Credentials" }
            div class="table" tabindex="0" role="region" aria-label="Credentials" {
                table {
                    caption { "Masked: no value is in this file" }
                    thead { tr { th scope="col" { "credential" } th scope="col" { "shown" } th scope="col" { "length" } th scope="col" { "source" } th scope="col" { "rotate in" } th scope="col" { "problems" } } }
                    tbody {
                        @for credential in &report.credentials {
                            tr {
                                th scope="row" { (credential.id) }
                                td { @if let Some(masked) = &credential.masked { code { (masked) } } }
                                td class="number" { (credential.length) }
                                td { (credential.source) }
                                td class="number" { @if let Some(days) = credential.rotate_in_days { (days) " d" } }
                                td class="bad" { (credential.problems.join("; ")) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn timeline(report: &Report) -> Markup {
    html! {
        @if !report.timeline.is_empty() {
            h2 { "What happened" }
            ul {
                @for entry in &report.timeline {
                    li class=(tone(entry.mark)) {
                        (moment(entry.at)) " " strong { (entry.subject) } " " (entry.text)
                        @if let Some(by) = &entry.by { " " span class="quiet" { "(" (by) ")" } }
                    }
                }
            }
        }
    }
}

const fn tone(mark: Mark) -> &'static str {
    match mark {
        Mark::Good => "good",
        Mark::Look => "look",
        Mark::Bad => "bad",
        Mark::Decision | Mark::Plain => "",
    }
}

fn origin(report: &Report) -> Markup {
    let info = &report.environment_info;
    html! {
        h2 { "Where this comes from" }
        dl {
            dt { "judged by" } dd { "golive " (report.validation_version) " on " (info.host) " (" (info.os) "), asked by " (info.operator) }
            dt { "plan" } dd { (info.plan) " " code { (info.plan_sha256) } }
            @if let Some(journal) = &report.journal {
                dt { "journal" } dd { (journal.events) " events, head " code { (journal.head) } }
            }
        }
    }
}
