//! The report for code scanning: SARIF 2.1.0, one rule a check, one result for each that somebody should look at.
//!
//! The format is OASIS' (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/>). A waiver is a suppression with its
//! justification, never a plain pass.

use serde_json::{Value, json};

use crate::model::word::Severity;
use crate::report::shape::{CheckEntry, Report};
use crate::report::{Format, Look};

pub(super) const FORMAT: Format = Format { name: "sarif", doc: "for code scanning: SARIF 2.1.0", write };

/// Where the schema of the format stands.
pub const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

fn write(report: &Report, _: Look) -> String {
    let rules: Vec<Value> = report.checks.iter().map(rule).collect();
    let results: Vec<Value> =
        report.checks.iter().enumerate().filter_map(|(at, check)| result(report, at, check)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "golive", "version": report.validation_version, "rules": rules } },
            "automationDetails": { "id": format!("{}/{}/{}", report.service, report.environment, report.session) },
            "invocations": [{
                "executionSuccessful": true,
                "endTimeUtc": report.validation_timestamp.strftime("%FT%T.000Z").to_string(),
                "properties": { "verdict": report.verdict, "question": report.question, "scope": report.scope },
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn rule(check: &CheckEntry) -> Value {
    let mut rule = json!({
        "id": check.id,
        "shortDescription": { "text": check.id.replace('_', " ") },
        "defaultConfiguration": { "level": level(check.severity) },
        "properties": { "tags": [check.category], "kind": check.kind },
    });
    if let Some(remedy) = &check.remedy {
        rule["help"] = json!({ "text": remedy });
    }
    rule
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// What there is to say about a check: what is fine, and what was not asked, has no result.
fn result(report: &Report, at: usize, check: &CheckEntry) -> Option<Value> {
    let names = |reasons: &[crate::report::shape::ReasonEntry]| reasons.iter().any(|reason| reason.subject == check.id);
    let level = match (names(&report.critical_errors), names(&report.warnings), names(&report.recommendations)) {
        (true, _, _) => "error",
        (_, true, _) => "warning",
        (_, _, true) => "note",
        (false, false, false) => return None,
    };
    let mut result = json!({
        "ruleId": check.id,
        "ruleIndex": at,
        "level": level,
        "message": { "text": message(check) },
        "locations": [{
            "physicalLocation": { "artifactLocation": { "uri": uri(&report.environment_info.plan) } },
            "logicalLocations": [{ "name": check.id, "fullyQualifiedName": format!("checks.{}", check.id) }],
        }],
        "partialFingerprints": { "check/v1": format!("{}/{}/{}", report.service, report.environment, check.id) },
        "properties": { "outcome": check.outcome },
    });
    if let Some(waiver) = &check.waiver {
        let justification = format!("{} ({}, until {})", waiver.reason, waiver.by.join(", "), waiver.until);
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": justification }]);
    }
    Some(result)
}

fn message(check: &CheckEntry) -> String {
    let remedy = check.remedy.iter().map(|remedy| format!(" What to do: {remedy}"));
    format!("{}: {}{}", check.outcome, check.summary, remedy.collect::<String>())
}

/// A path as a relative reference: a viewer looks for it in the repository, so a path outside it is named by its file.
#[must_use]
pub fn uri(path: &str) -> String {
    let path = std::path::Path::new(path);
    let relative = if path.is_absolute() { path.file_name().map_or(path, std::path::Path::new) } else { path };
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    relative.to_string_lossy().bytes().fold(String::new(), |mut uri, byte| {
        if keep(byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
        uri
    })
}
