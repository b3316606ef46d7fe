//! What happened to alerts, who was hurt, and who decided what.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::report::html::{chart, moment};
use crate::report::shape::{AlertEntry, Report, TimelineEntry};

/// The alerts, each with when it fired, over the whole time of the session.
pub(super) fn alerts(report: &Report) -> Markup {
    let span = span(report);
    html! {
        @if !report.alerts.is_empty() {
            h2 { "Alerts " span class="quiet" { (report.alerts.len()) } }
            div class="table" tabindex="0" role="region" aria-label="Alerts" {
                table {
                    caption { "Where each stands, and when it fired" }
                    thead { tr { th scope="col" { "alert" } th scope="col" { "level" } th scope="col" { "state" } th scope="col" { "seen" } th scope="col" { "told" } th scope="col" { "fired" } } }
                    tbody {
                        @for alert in &report.alerts {
                            tr {
                                th scope="row" { (alert.id) }
                                td { (alert.level.word()) }
                                td { span class=(role(alert)) { (alert.state) } @if let Some(by) = &alert.acknowledged_by { " by " (by) } }
                                td { (seen(alert)) }
                                td { (alert.notified.join(", ")) }
                                td { (chart::lane(&alert.id, &fired(report, &alert.id, span.1), span)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn role(alert: &AlertEntry) -> &'static str {
    match (alert.state, alert.level.word()) {
        ("firing" | "acknowledged", "critical") => "bad",
        ("firing" | "acknowledged" | "pending" | "unknown", _) => "look",
        _ => "quiet",
    }
}

fn seen(alert: &AlertEntry) -> String {
    match (&alert.why, &alert.value, &alert.threshold) {
        (Some(why), _, _) => why.to_string(),
        (None, Some(value), Some(threshold)) => format!("{value} {threshold}"),
        (None, Some(value), None) => value.to_string(),
        (None, None, _) => String::new(),
    }
}

/// From the first thing that happened to the moment of the report.
fn span(report: &Report) -> (Timestamp, Timestamp) {
    let first = report.timeline.first().map_or(report.validation_timestamp, |entry| entry.at);
    (first, report.validation_timestamp.max(first))
}

/// When an alert fired, as its time line has it; until the end where it fires still.
fn fired(report: &Report, id: &str, end: Timestamp) -> Vec<(Timestamp, Timestamp)> {
    let of_alert = |entry: &&TimelineEntry| entry.family == "alert" && entry.subject == id;
    let (mut lengths, mut since) = (Vec::new(), None);
    for entry in report.timeline.iter().filter(of_alert) {
        if entry.text.starts_with("alert firing") {
            since.get_or_insert(entry.at);
        } else if entry.text == "alert resolved" {
            lengths.extend(since.take().map(|since| (since, entry.at)));
        }
    }
    lengths.extend(since.map(|since| (since, end)));
    lengths
}

/// Who is hurt, where somebody asked.
pub(super) fn hurt(report: &Report) -> Markup {
    let asked: Vec<_> = report.triage.hurt.iter().filter(|hurt| hurt.since.is_some()).collect();
    html! {
        @if !asked.is_empty() {
            h2 { "Who is hurt" }
            ul {
                @for hurt in asked {
                    li {
                        @match &hurt.words {
                            Some(words) => strong class=(if hurt.count == Some(0) { "good" } else { "bad" }) { @if hurt.more { "at least " } (words) },
                            None => strong class="look" { (hurt.title) ": nobody knows" },
                        }
                        @if let Some(since) = hurt.since { " since " (moment(since)) }
                        @if let Some(at) = hurt.as_of { span class="quiet" { ", as of " (moment(at)) } }
                        @if let Some(why) = &hurt.why { p class="look" { (why) } }
                        @if let Some(repair) = &hurt.repair { p class="quiet" { "To repair: " (repair) } }
                        @if !hurt.ids.is_empty() {
                            details { summary { (hurt.ids.len()) " ids" } p { @for id in &hurt.ids { code { (id) } " " } } }
                        }
                    }
                }
            }
        }
    }
}

/// Who signed, waived, objected, ran and closed what, and when.
pub(super) fn decisions(report: &Report) -> Markup {
    let decided: Vec<_> = report.timeline.iter().filter(|entry| entry.by.is_some()).collect();
    html! {
        @if !decided.is_empty() {
            h2 { "Who decided what " span class="quiet" { (decided.len()) } }
            div class="table" tabindex="0" role="region" aria-label="Decisions" {
                table {
                    caption { "Every decision of a person, in its order" }
                    thead { tr { th scope="col" { "when" } th scope="col" { "who" } th scope="col" { "about" } th scope="col" { "what" } } }
                    tbody {
                        @for entry in decided {
                            tr {
                                td { (moment(entry.at)) }
                                td { @if let Some(by) = &entry.by { (by) } }
                                th scope="row" { (entry.subject) }
                                td { (entry.text) }
                            }
                        }
                    }
                }
            }
        }
    }
}
