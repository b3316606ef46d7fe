//! From a condition's judgement to evidence, in one place, so that all kinds judge alike (DECISIONS 4).

use secrecy::ExposeSecret as _;

use crate::check::finding::Finding;
use crate::core::evidence::Evidence;
use crate::expr::{Condition, Facts, Judgement};
use crate::model::failure::FailureClass;
use crate::model::template::Template;
use crate::model::values::{Lookup, Origin, Value, Values};

/// Judges facts; `passed` is the summary if the condition holds, `what` names the answer ("the answer", "the output").
pub(super) fn judged(finding: &Finding, condition: &Condition, facts: &Facts, passed: &str, what: &str) -> Evidence {
    match condition.judge(facts) {
        Judgement::Holds => Evidence::pass(passed),
        Judgement::DoesNotHold { parts } => {
            let false_parts: Vec<_> = parts.iter().filter(|part| part.holds != Some(true)).collect();
            let first = false_parts.first().map_or_else(
                || format!("{} does not hold", condition.source()),
                |part| {
                    if part.seen.is_empty() {
                        format!("{} does not hold", part.text)
                    } else {
                        format!("{} does not hold: {}", part.text, part.seen)
                    }
                },
            );
            let mut evidence = finding.fail(FailureClass::Condition, &first);
            for part in parts {
                let holds = match part.holds {
                    Some(true) => "holds",
                    Some(false) => "does not hold",
                    None => "cannot be said",
                };
                let seen = if part.seen.is_empty() { String::new() } else { format!(" ({})", part.seen) };
                evidence = evidence.fact(&part.text, &format!("{holds}{seen}"));
            }
            evidence
        }
        Judgement::MissingField { field } => finding
            .fail(FailureClass::Body, &format!("{what} has no \"{field}\""))
            .fact("condition", condition.source()),
        Judgement::CannotTell { why } => {
            finding.error(&format!("the condition cannot be judged: {why}")).fact("condition", condition.source())
        }
    }
}

/// A condition with the sources' values in its texts. They come from outside: none can end the text it stands in.
pub(super) fn filled(source: &str, finding: &Finding, values: &Values) -> Result<String, Box<Evidence>> {
    let template = Template::new(source);
    let mut escaped = values.clone();
    for name in template.names() {
        if let Lookup::Found(value) = values.get(name) {
            let text = value.text.expose_secret().escape_default().to_string();
            escaped.insert(name, Value::plain(&text, Origin::Plan));
        }
    }
    Ok(finding.fill(&template, &escaped)?.expose().to_owned())
}
