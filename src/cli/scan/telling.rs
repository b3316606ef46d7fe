//! What a scan found, told: for people, for programs, for code scanning.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};

use crate::model::text::SafeText;
use crate::report;
use crate::scan::{Located, Sought, Survey, Weight};

fn sentence(sought: &Sought) -> String {
    match sought {
        Sought::Credential { secret, form } => format!("{} {form}", secret.named()),
        Sought::Known { what, weight: Weight::Secret } => (*what).to_owned(),
        Sought::Known { what, weight: Weight::Suspect } => format!("{what}: is it meant to be public?"),
        Sought::Text(text) => format!("\"{text}\""),
    }
}

pub(super) fn listed(survey: &Survey<'_>) -> String {
    let mut text = String::new();
    for Located { place, hit, in_name } in &survey.hits {
        let place = SafeText::from_foreign(place);
        let said = sentence(&hit.sought);
        // A write to a string cannot fail.
        let _ = match in_name {
            true => writeln!(text, "{place}  {said}, in its name"),
            false => writeln!(text, "{place}:{}  {said}", hit.offset),
        };
    }
    text
}

pub(super) fn summary(survey: &Survey<'_>, credentials: usize) -> String {
    let found = survey.hits.len() as u64 + survey.hits_left_out;
    let left_out = match survey.hits_left_out {
        0 => String::new(),
        left_out => format!(" ({left_out} of them not listed)"),
    };
    let what = if credentials == 1 { "credential" } else { "credentials" };
    format!(
        "{found} found{left_out}: looked for {credentials} {what} and known keys in {} files and objects, {} bytes",
        survey.places, survey.bytes
    )
}

pub(super) fn object(survey: &Survey<'_>, notes: &[String]) -> Json {
    let found: Vec<Json> = survey
        .hits
        .iter()
        .map(|Located { place, hit, in_name }| {
            let (kind, name, variables, form, weight) = match &hit.sought {
                Sought::Credential { secret, form } => {
                    ("credential", secret.id.as_str(), secret.variables.as_slice(), Some(form.word()), Weight::Secret)
                }
                Sought::Known { what, weight } => ("known_key", *what, &[][..], None, *weight),
                Sought::Text(text) => ("text", &**text, &[][..], None, Weight::Secret),
            };
            let certain = weight == Weight::Secret;
            json!({ "kind": kind, "name": name, "variables": variables, "form": form, "certain": certain, "place": place, "in_name": in_name, "offset": hit.offset })
        })
        .collect();
    let unread: Vec<Json> =
        survey.unread.iter().map(|unread| json!({ "place": unread.place, "why": unread.why })).collect();
    json!({
        "found": found,
        "not_listed": survey.hits_left_out,
        "unread": unread,
        "notes": notes,
        "places": survey.places,
        "bytes": survey.bytes,
    })
}

/// SARIF 2.1.0 (OASIS): a rule for each credential and each known key that was met, a result for each place. What could
/// not be looked at makes the run an unsuccessful one: its silence proves nothing.
pub(super) fn sarif(survey: &Survey<'_>, notes: &[String], incomplete: bool) -> Json {
    let mut rules: Vec<String> = survey.hits.iter().map(|located| rule(&located.hit.sought)).collect();
    rules.sort_unstable();
    rules.dedup();
    let results: Vec<Json> = survey.hits.iter().map(|located| result(located, &rules)).collect();
    let unread = survey.unread.iter().map(|unread| format!("{} could not be read: {}", unread.place, unread.why));
    let left_out = match survey.hits_left_out {
        0 => None,
        left_out => Some(format!("{left_out} more were found and are not listed")),
    };
    let said: Vec<Json> = notes
        .iter()
        .cloned()
        .chain(unread)
        .chain(left_out)
        .map(|text| json!({ "level": "warning", "message": { "text": text } }))
        .collect();
    json!({
        "$schema": report::SARIF_SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "golive",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|id| json!({ "id": id })).collect::<Vec<_>>(),
            } },
            "automationDetails": { "id": "golive/scan" },
            "invocations": [{
                "executionSuccessful": !incomplete,
                "toolExecutionNotifications": said,
            }],
            "results": results,
        }],
    })
}

fn rule(sought: &Sought) -> String {
    let (family, name) = match sought {
        Sought::Credential { secret, .. } => ("credential", secret.id.as_str()),
        Sought::Known { what, .. } => ("known_key", *what),
        Sought::Text(text) => ("text", &**text),
    };
    let word = |letter: char| if letter.is_alphanumeric() { letter.to_ascii_lowercase() } else { '_' };
    format!("{family}/{}", name.chars().map(word).collect::<String>())
}

fn result(located: &Located, rules: &[String]) -> Json {
    let Located { place, hit, in_name } = located;
    let mut location = json!({ "artifactLocation": { "uri": report::relative_reference(place) } });
    let mut said = sentence(&hit.sought);
    if *in_name {
        said.push_str(", in the name of the file");
    } else {
        location["region"] = json!({ "byteOffset": hit.offset, "byteLength": hit.length });
    }
    let suspect = matches!(&hit.sought, Sought::Known { weight: Weight::Suspect, .. });
    let id = rule(&hit.sought);
    json!({
        "ruleId": id,
        "ruleIndex": rules.iter().position(|rule| *rule == id),
        "level": if suspect { "warning" } else { "error" },
        "message": { "text": said },
        "locations": [{ "physicalLocation": location }],
    })
}
