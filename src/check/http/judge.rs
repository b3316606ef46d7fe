//! From an answer to evidence: the facts of a condition, the summary, and what is worth keeping.

use std::collections::BTreeMap;
use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{StatusCode, Version};
use serde_json::Value as Json;

use crate::check::finding::Finding;
use crate::check::http::exchange::{Answer, Exchange};
use crate::check::http::keys::{Keys, fact_names};
use crate::check::judging::judged;
use crate::core::evidence::{Evidence, LONGEST_SUMMARY, Timings};
use crate::expr::{Condition, Fact, Facts};
use crate::model::duration;
use crate::model::failure::FailureClass;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::Outcome;
use crate::network::Trouble;

/// Nobody is waited for any longer, whatever they ask.
const LONGEST_WAIT: Duration = Duration::from_secs(900);
/// Characters of a body that are kept when it was not as it should be.
const BODY_KEPT: usize = 500;

pub(in crate::check) struct Judge {
    finding: Finding,
    condition: Condition,
    /// Whether the plan only named a status: then a wrong one is told as such.
    only_status: Option<u16>,
    /// What a status means here.
    meaning: BTreeMap<String, String>,
    clock: fn() -> Now,
}

impl Judge {
    pub(in crate::check) fn of(keys: &Keys, finding: Finding, clock: fn() -> Now) -> Result<Self, Box<Evidence>> {
        let source = match (&keys.expect, keys.status) {
            (Some(expect), Some(status)) => format!("status == {status} && ({expect})"),
            (Some(expect), None) => expect.clone(),
            (None, status) => format!("status == {}", status.unwrap_or(200)),
        };
        let condition = Condition::compile(&source, &fact_names())
            .map_err(|error| Box::new(finding.error(&format!("the condition is wrong: {error}"))))?;
        let only_status = keys.status.filter(|_| keys.expect.is_none());
        Ok(Self { finding, condition, only_status, meaning: keys.meaning.clone(), clock })
    }

    pub(in crate::check) fn evidence(&self, exchange: &Exchange, seen: Result<Answer, (Trouble, Timings)>) -> Evidence {
        match seen {
            Ok(answer) => self.of_answer(exchange, &answer),
            Err((trouble, timings)) => self.trouble(exchange, &trouble).timed(timings),
        }
    }

    /// What went wrong on the way.
    pub(in crate::check) fn trouble(&self, exchange: &Exchange, trouble: &Trouble) -> Evidence {
        self.finding.of_trouble(trouble).fact("url", &exchange.shown_url)
    }

    fn of_answer(&self, exchange: &Exchange, answer: &Answer) -> Evidence {
        let took = answer.timings.total.unwrap_or_default();
        let passed = format!("{} in {} ms", answer.status, took.as_millis());
        let mut evidence = judged(&self.finding, &self.condition, &self.facts(answer), &passed, "the answer");
        let wrong = evidence.outcome != Outcome::Pass;
        if evidence.outcome == Outcome::Fail {
            evidence = self.classified(answer, evidence);
        }
        evidence = evidence.material("status", &answer.status.to_string()).fact("url", &exchange.shown_url);
        if let Some(address) = &answer.address {
            evidence = evidence.fact("address", &address.to_string());
        }
        if answer.overridden {
            evidence = evidence.fact("resolve", "the plan's [network] resolve led there");
        }
        if let Some(tls) = answer.tls {
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
            // Cut with its mark: the redactor looks for what was cut off in the middle.
            evidence = evidence.fact("body", SafeText::bounded(&text, BODY_KEPT).as_str());
        }
        evidence.timed(answer.timings)
    }

    /// 401 is another thing than a service that is down: the status says what happened, unless it is the one that the
    /// plan had hoped for. What the service said comes before what the plan had hoped for.
    fn classified(&self, answer: &Answer, evidence: Evidence) -> Evidence {
        let status = answer.status;
        let meant = self.meaning.get(&status.to_string());
        let hoped_for = self.condition.source().contains(&status.to_string());
        let class = match status {
            // The status is right, so that something else is wrong; only the plan knows what that means.
            _ if hoped_for && meant.is_none() => return evidence,
            _ if hoped_for => evidence.failure.as_ref().map_or(FailureClass::Condition, |failure| failure.class),
            401 | 403 | 407 => FailureClass::Denied,
            404 | 410 => FailureClass::NotFound,
            409 => FailureClass::Conflict,
            429 => FailureClass::Throttled,
            500..=599 => FailureClass::ServerError,
            _ if self.only_status.is_some() || status >= 400 => FailureClass::Status,
            _ => return evidence,
        };
        let hoped = evidence.summary.clone();
        let mut evidence = self.finding.classed(evidence, class);
        let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let said =
            format!("answered {status} {}: {}", reason.unwrap_or(""), meant.map_or(hoped.as_str(), String::as_str));
        evidence.summary = SafeText::bounded(&said, LONGEST_SUMMARY);
        if matches!(status, 429 | 503) {
            evidence.retry_after = self.retry_after(answer);
            if let Some(after) = evidence.retry_after {
                evidence = evidence.fact("retry-after", &duration::written(after));
            }
        }
        evidence
    }

    /// `Retry-After`: seconds, or a date.
    fn retry_after(&self, answer: &Answer) -> Option<Duration> {
        let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
        }
        let date = moment(text)?;
        let left = date.duration_since((self.clock)().at);
        Some(Duration::try_from(left).unwrap_or_default().min(LONGEST_WAIT))
    }

    /// How far the other side's clock lies from ours, as far as whole seconds and the way between can tell: its date was
    /// written at some time between the request and its answer.
    fn clock_skew(&self, answer: &Answer) -> Option<Duration> {
        let said = moment(answer.headers.get(DATE)?.to_str().ok()?.trim())?;
        let now = (self.clock)().at;
        let apart = now.duration_since(said).unsigned_abs();
        Some(apart.saturating_sub(answer.timings.total.unwrap_or_default() + Duration::from_secs(1)))
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
        if asks("clock_skew")
            && let Some(apart) = self.clock_skew(answer)
        {
            facts.insert("clock_skew", Fact::Duration(apart));
        }
        if asks("version") {
            let version = if answer.version == Version::HTTP_10 { "1.0" } else { "1.1" };
            facts.insert("version", Fact::Text(version.into()));
        }
        facts
    }
}

/// A date as HTTP writes it.
fn moment(text: &str) -> Option<jiff::Timestamp> {
    Some(jiff::fmt::rfc2822::parse(&text.replace(" GMT", " +0000")).ok()?.timestamp())
}

/// Headers by lower-case name; values of a repeated one are joined as HTTP says.
pub(in crate::check) fn headers(answer: &Answer) -> Json {
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
