//! From an answer to evidence: the facts of a condition, the summary, and what is worth keeping.

use http::{StatusCode, Version};
use serde_json::Value as Json;

use crate::check::finding::Finding;
use crate::check::http::exchange::{Answer, Exchange};
use crate::check::http::keys::{Keys, fact_names};
use crate::check::judging::judged;
use crate::core::evidence::{Evidence, LONGEST_SUMMARY, Timings};
use crate::expr::{Condition, Fact, Facts};
use crate::model::failure::FailureClass;
use crate::model::text::SafeText;
use crate::model::word::Outcome;
use crate::network::Trouble;

/// Characters of a body that are kept when it was not as it should be.
const BODY_KEPT: usize = 500;

pub(super) struct Judge {
    finding: Finding,
    condition: Condition,
    /// Whether the plan only named a status: then a wrong one is told as such.
    only_status: Option<u16>,
}

impl Judge {
    pub(super) fn of(keys: &Keys, finding: Finding) -> Result<Self, Box<Evidence>> {
        let source = match (&keys.expect, keys.status) {
            (Some(expect), Some(status)) => format!("status == {status} && ({expect})"),
            (Some(expect), None) => expect.clone(),
            (None, status) => format!("status == {}", status.unwrap_or(200)),
        };
        let condition = Condition::compile(&source, &fact_names())
            .map_err(|error| Box::new(finding.error(&format!("the condition is wrong: {error}"))))?;
        Ok(Self { finding, condition, only_status: keys.status.filter(|_| keys.expect.is_none()) })
    }

    pub(super) fn evidence(&self, exchange: &Exchange, seen: Result<Answer, (Trouble, Timings)>) -> Evidence {
        match seen {
            Ok(answer) => self.of_answer(exchange, &answer),
            Err((trouble, timings)) => {
                let evidence = if trouble.is_the_targets() {
                    self.finding.fail(trouble.class(), &trouble.to_string())
                } else {
                    self.finding.error(&trouble.to_string())
                };
                evidence.fact("url", &exchange.shown_url).timed(timings)
            }
        }
    }

    fn of_answer(&self, exchange: &Exchange, answer: &Answer) -> Evidence {
        let took = answer.timings.total.unwrap_or_default();
        let passed = format!("{} in {} ms", answer.status, took.as_millis());
        let mut evidence = judged(&self.finding, &self.condition, &self.facts(answer), &passed, "the answer");
        let wrong = evidence.outcome != Outcome::Pass;
        if wrong && let Some(failure) = &mut evidence.failure {
            // 401 and 403 are another thing than a service that is down.
            failure.class = match answer.status {
                401 | 403 => FailureClass::Denied,
                _ if self.only_status.is_some() => FailureClass::Status,
                400..=599 if failure.class == FailureClass::Condition => FailureClass::Status,
                _ => failure.class,
            };
            if matches!(failure.class, FailureClass::Status | FailureClass::Denied) {
                // What the service said comes before what the plan had hoped for.
                let reason = StatusCode::from_u16(answer.status).ok().and_then(|status| status.canonical_reason());
                let said = format!("answered {} {}: {}", answer.status, reason.unwrap_or(""), evidence.summary);
                evidence.summary = SafeText::bounded(&said, LONGEST_SUMMARY);
            }
        }
        evidence = evidence.material("status", &answer.status.to_string()).fact("url", &exchange.shown_url);
        evidence = evidence.fact("address", &answer.address.to_string());
        if answer.overridden {
            evidence = evidence.fact("resolve", "the plan's [network] resolve led there");
        }
        if let Some(tls) = &answer.tls {
            evidence = evidence.fact("tls", tls);
        }
        if answer.redirects > 0 {
            evidence = evidence.fact("redirects", &format!("{}, to {}", answer.redirects, answer.url));
        }
        if answer.reused {
            evidence = evidence.fact("connection", "kept from an earlier run");
        }
        if wrong && !answer.body.is_empty() {
            let text = String::from_utf8_lossy(&answer.body[..answer.body.len().min(4 * BODY_KEPT)]).into_owned();
            evidence = evidence.fact("body", &text.chars().take(BODY_KEPT).collect::<String>());
        }
        evidence.timed(answer.timings)
    }

    /// Only what the condition asks for is made: most ask for the status alone.
    fn facts(&self, answer: &Answer) -> Facts {
        let mut facts = Facts::default();
        let asks = |name: &str| self.condition.asks_for(name);
        facts.insert("status", Fact::Whole(i64::from(answer.status)));
        if asks("latency") {
            facts.insert("latency", Fact::Duration(answer.timings.total.unwrap_or_default()));
        }
        if asks("body") {
            facts.insert("body", Fact::Text(String::from_utf8_lossy(&answer.body).into_owned()));
        }
        if asks("json")
            && let Ok(json) = serde_json::from_slice::<Json>(&answer.body)
        {
            facts.insert("json", Fact::Json(json));
        }
        if asks("headers") {
            facts.insert("headers", Fact::Json(headers(answer)));
        }
        if asks("url") {
            facts.insert("url", Fact::Text(answer.url.clone()));
        }
        facts.insert("redirects", Fact::Whole(i64::from(answer.redirects)));
        if asks("version") {
            let version = if answer.version == Version::HTTP_10 { "1.0" } else { "1.1" };
            facts.insert("version", Fact::Text(version.into()));
        }
        facts
    }
}

/// Headers by lower-case name; values of a repeated one are joined as HTTP says.
fn headers(answer: &Answer) -> Json {
    let mut all = serde_json::Map::new();
    for name in answer.headers.keys() {
        let values: Vec<_> = answer
            .headers
            .get_all(name)
            .iter()
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        all.insert(name.as_str().to_owned(), Json::String(values.join(", ")));
    }
    Json::Object(all)
}
