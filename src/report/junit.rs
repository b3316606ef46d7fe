//! The report for build servers: JUnit's XML, one test case a check, one an alert, and one for the verdict: items, steps
//! and people's decisions stand in its way too.
//!
//! The dialect is the one that the large build servers agree on: `testsuites`, `testsuite`, `testcase` with `failure`,
//! `error` or `skipped` (<https://github.com/testmoapp/junitxml>).

use std::fmt::Write as _;

use crate::core::verdict::Answer;
use crate::model::text::SafeText;
use crate::report::shape::{AlertEntry, CheckEntry, Report};
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "junit", doc: "for build servers: XML", write };

/// What a check is to a build server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Passed,
    Failure,
    Error,
    Skipped,
}

/// A check makes a build red exactly when it is among the critical errors: a known failure, or evidence that is not
/// there. Whatever else is no pass stands there as skipped, with its sentence.
fn case(report: &Report, check: &CheckEntry) -> Case {
    let is_critical = report.critical_errors.iter().any(|reason| reason.subject == check.id);
    match check.outcome {
        "fail" if is_critical => Case::Failure,
        _ if is_critical => Case::Error,
        "pass" | "warn" => Case::Passed,
        _ => Case::Skipped,
    }
}

fn write(report: &Report, _: Look) -> String {
    let cases: Vec<Case> = report.checks.iter().map(|check| case(report, check)).collect();
    let count = |wanted: Case| cases.iter().filter(|case| **case == wanted).count();
    let alerts: Vec<&AlertEntry> = report.alerts.iter().filter(|alert| is_failure(report, alert)).collect();
    let verdict = verdict(report.verdict);
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    line(
        &mut out,
        format_args!(
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3}\" timestamp=\"{}\" hostname=\"{}\">",
            escaped(&report.service),
            cases.len() + report.alerts.len() + 1,
            count(Case::Failure) + alerts.len() + usize::from(verdict == Case::Failure),
            count(Case::Error) + usize::from(verdict == Case::Error),
            count(Case::Skipped),
            report.checks.iter().filter_map(|check| check.latency_ms).sum::<f64>() / 1e3,
            report.validation_timestamp.strftime("%FT%T"),
            escaped(report.environment_info.host.as_str()),
        ),
    );
    for (check, case) in report.checks.iter().zip(&cases) {
        test_case(&mut out, check, *case);
    }
    for alert in &report.alerts {
        alert_case(&mut out, alert, is_failure(report, alert));
    }
    verdict_case(&mut out, report, verdict);
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// A pipeline goes on exactly where the verdict permits.
const fn verdict(answer: Answer) -> Case {
    match answer {
        Answer::Go | Answer::GoWithWarnings => Case::Passed,
        Answer::Hold => Case::Error,
        Answer::NoGo => Case::Failure,
    }
}

fn verdict_case(out: &mut String, report: &Report, case: Case) {
    let head = "    <testcase classname=\"verdict\" name=\"verdict\" time=\"0.000\"";
    let (element, class) = match case {
        Case::Passed | Case::Skipped => return line(out, format_args!("{head}/>")),
        Case::Failure => ("failure", "no_go"),
        Case::Error => ("error", "hold"),
    };
    let weighing = report.critical_errors.iter().chain(&report.warnings);
    let reasons: Vec<String> = weighing.map(|reason| format!("{}: {}", reason.subject, reason.message)).collect();
    let headline = escaped(&format!("{} to {}", report.verdict.words(), report.question));
    line(out, format_args!("{head}>"));
    let text = escaped(&reasons.join("\n"));
    line(out, format_args!("      <{element} type=\"{class}\" message=\"{headline}\">{text}</{element}>"));
    line(out, format_args!("    </testcase>"));
}

/// An alert that is among the critical errors makes a build red; every other is a case that ran.
fn is_failure(report: &Report, alert: &AlertEntry) -> bool {
    report.critical_errors.iter().any(|reason| reason.subject == alert.id)
}

fn alert_case(out: &mut String, alert: &AlertEntry, failed: bool) {
    let head = format!("    <testcase classname=\"alert\" name=\"{}\" time=\"0.000\"", escaped(&alert.id));
    if !failed {
        return line(out, format_args!("{head}/>"));
    }
    let text = |text: &Option<SafeText>| text.as_ref().map(ToString::to_string).unwrap_or_default();
    let seen = alert
        .why
        .as_ref()
        .map_or_else(|| format!("{} {}", text(&alert.value), text(&alert.threshold)), ToString::to_string);
    line(out, format_args!("{head}>"));
    line(
        out,
        format_args!("      <failure type=\"alert\" message=\"{}\"/>", escaped(&format!("{}: {seen}", alert.state))),
    );
    line(out, format_args!("    </testcase>"));
}

fn test_case(out: &mut String, check: &CheckEntry, case: Case) {
    let seconds = check.latency_ms.unwrap_or(0.0) / 1e3;
    let head =
        format!("    <testcase classname=\"{}\" name=\"{}\" time=\"{seconds:.3}\"", check.category, escaped(&check.id));
    let element = match case {
        Case::Passed => return line(out, format_args!("{head}/>")),
        Case::Failure => "failure",
        Case::Error => "error",
        Case::Skipped => "skipped",
    };
    line(out, format_args!("{head}>"));
    let message = escaped(&format!("{}: {}", check.outcome, check.summary));
    let body = body(check);
    let class = check.failure.as_ref().map_or(check.outcome, |failure| failure.class);
    if case == Case::Skipped || body.is_empty() {
        line(out, format_args!("      <{element} type=\"{class}\" message=\"{message}\"/>"));
    } else {
        line(
            out,
            format_args!("      <{element} type=\"{class}\" message=\"{message}\">{}</{element}>", escaped(&body)),
        );
    }
    line(out, format_args!("    </testcase>"));
}

fn body(check: &CheckEntry) -> String {
    let facts = check.evidence.iter().map(|fact| format!("{} = {}", fact.name, fact.value));
    let remedy = check.remedy.iter().map(|remedy| format!("What to do: {remedy}"));
    facts.chain(remedy).collect::<Vec<_>>().join("\n")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{text}").expect("writing to a String cannot fail");
}

/// Text for an attribute or an element; characters that XML 1.0 cannot hold at all become `�`.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\n' => safe.push_str("&#10;"),
            '\u{fffe}' | '\u{ffff}' => safe.push('\u{fffd}'),
            other if other.is_control() => safe.push('\u{fffd}'),
            other => safe.push(other),
        }
    }
    safe
}
