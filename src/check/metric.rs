//! `metric`: a number that somebody else counted, for a series that alert rules look at. Now from a JSON answer over
//! HTTP; a source is one entry of `from`.
//!
//! It passes when there is a number: what the number should be is a rule's business, not a threshold told twice.
//! No data is no zero: a `null` means that golive could not find out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::check::finding::Finding;
use crate::check::http::Fetcher;
use crate::check::judging::judged;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Measured};
use crate::expr::{Condition, Fact, FactNames, FactType, Facts};
use crate::model::duration;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;

/// The kind.
pub(super) struct Metric;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// Where the number comes from.
    from: From,
    /// What it counts: a plain number, or a length of time.
    #[serde(default)]
    unit: Unit,
    /// A condition over value, where a number can be wrong in itself: a share above one.
    expect: Option<String>,
}

#[derive(Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct From {
    /// A JSON answer.
    http: Option<HttpSource>,
}

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct HttpSource {
    /// Where to: https or http.
    url: Template,
    /// Headers to send.
    #[serde(default)]
    headers: BTreeMap<String, Template>,
    /// Which field of the answer: `payments.failed`, `queues.0.length`.
    value: String,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Unit {
    /// A plain number.
    #[default]
    Number,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    fn measured(self, number: f64) -> Measured {
        match self {
            Self::Number => Measured::Number(number),
            Self::Seconds => Measured::Seconds(number),
            Self::Milliseconds => Measured::Seconds(number / 1_000.0),
        }
    }

    fn names(self) -> FactNames {
        FactNames::new(&[("value", if self == Self::Number { FactType::Number } else { FactType::Duration })])
    }
}

impl Kind for Metric {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "metric",
            doc: "A number is told by whoever counts it: a series for alert rules.",
            category: Category::Monitoring,
            example: "from = { http = { url = \"https://shop.example/metrics.json\", value = \"payments.failed\" } }\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let Some(source) = keys.from.http else { return Err(Box::new(finding.error("it names no source"))) };
        let wrong = |error| Box::new(finding.error(&format!("the condition is wrong: {error}")));
        let condition =
            keys.expect.map(|expect| Condition::compile(&expect, &keys.unit.names())).transpose().map_err(wrong)?;
        let fetcher = Fetcher::of(&source.url, &source.headers, &finding, surroundings)?;
        let name = check.id.to_string();
        Ok(Box::new(Looker { fetcher, field: source.value, unit: keys.unit, condition, finding, name }))
    }
}

struct Looker {
    fetcher: Fetcher,
    field: String,
    unit: Unit,
    condition: Option<Condition>,
    finding: Finding,
    name: String,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            match self.fetcher.fetch(timeout).await {
                Err((trouble, timings)) if trouble.is_the_targets() => {
                    self.finding.fail(trouble.class(), &trouble.to_string()).timed(timings)
                }
                Err((trouble, timings)) => self.finding.error(&trouble.to_string()).timed(timings),
                Ok(fetched) => self.read(fetched.status, &fetched.body).timed(fetched.timings),
            }
            .fact("url", self.fetcher.shown_url())
            .fact("field", &self.field)
        })
    }
}

impl Looker {
    fn read(&self, status: u16, body: &[u8]) -> Evidence {
        if status != 200 {
            return self.finding.fail(FailureClass::Status, &format!("answered {status} where a number should be"));
        }
        let Ok(json) = serde_json::from_slice::<Json>(body) else {
            return self.finding.fail(FailureClass::Body, "the answer is no JSON");
        };
        match field(&json, &self.field) {
            None => self.finding.fail(FailureClass::Body, &format!("the answer has no field {}", self.field)),
            Some(Json::Null) => self.finding.error(&format!("{} has no data yet", self.field)),
            Some(value) => match value.as_f64().filter(|number| number.is_finite()) {
                Some(number) => self.measured(number),
                None => self.finding.fail(FailureClass::Body, &format!("{} is no number", self.field)),
            },
        }
    }

    fn measured(&self, number: f64) -> Evidence {
        let measured = self.unit.measured(number);
        let (told, fact) = match measured {
            Measured::Number(number) => (number.to_string(), Fact::Number(number)),
            Measured::Seconds(seconds) => match Duration::try_from_secs_f64(seconds) {
                Ok(length) => (duration::written(length), Fact::Duration(length)),
                Err(_) => {
                    let why = format!("{} is no length of time: {seconds}", self.field);
                    return self.finding.fail(FailureClass::Body, &why);
                }
            },
        };
        let passed = format!("{} is {told}", self.name);
        let evidence = match &self.condition {
            None => Evidence::pass(&passed),
            Some(condition) => {
                let mut facts = Facts::default();
                facts.insert("value", fact);
                judged(&self.finding, condition, &facts, &passed, "the number")
            }
        };
        evidence.measured(measured)
    }
}

/// A field of an answer: names and places of a list, with dots between.
fn field<'a>(json: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').try_fold(json, |json, step| match json {
        Json::Array(items) => items.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    })
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        match &keys.from.http {
            None => problems.push(
                OptionProblem::at("from", "this metric comes from nowhere")
                    .help("from = { http = { url = \"https://…\", value = \"payments.failed\" } }"),
            ),
            Some(source) => {
                let url = source.url.as_written();
                if !url.starts_with("http://") && !url.starts_with("https://") && !url.starts_with("{{") {
                    problems.push(OptionProblem::at("from.http.url", "a URL begins with https:// or http://"));
                }
                if source.value.split('.').any(str::is_empty) {
                    let problem = OptionProblem::at("from.http.value", "this names no field of the answer");
                    problems.push(problem.help("value = \"payments.failed\""));
                }
            }
        }
        if let Some(expect) = &keys.expect {
            problems.extend(options::condition_problem("expect", expect, &keys.unit.names()));
        }
    })
}

fn touches(options: &Options) -> Vec<Touch> {
    let url = options.get("from").and_then(|from| from.pointer("/http/url")).and_then(Json::as_str).unwrap_or_default();
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = after.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() { Vec::new() } else { vec![Touch::Host(host.to_owned())] }
}

#[cfg(test)]
mod tests {
    use crate::check::kit::{self, listener};
    use crate::core::evidence::{Evidence, Measured};
    use crate::model::word::Outcome;

    async fn look(answer: &str, keys: &str) -> Evidence {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        let port = listener::answering(&answer);
        let keys = format!("from = {{ http = {{ url = \"http://127.0.0.1:{port}/m\", value = \"a.b.1\" }} }}\n{keys}");
        kit::run("metric", &keys, &kit::surroundings(&[])).await
    }

    #[tokio::test]
    async fn the_number_of_a_field_is_what_is_measured() {
        let evidence = look(r#"{"a":{"b":[1,7]}}"#, "").await;
        assert_eq!((evidence.outcome, evidence.measured), (Outcome::Pass, Some(Measured::Number(7.0))));
        assert_eq!(evidence.summary.as_str(), "the_check is 7");
        let evidence = look(r#"{"a":{"b":[1,1500]}}"#, "unit = \"milliseconds\"").await;
        assert_eq!(
            (evidence.measured, evidence.summary.as_str()),
            (Some(Measured::Seconds(1.5)), "the_check is 1s500ms")
        );
    }

    #[tokio::test]
    async fn no_data_is_no_zero_and_a_missing_field_is_the_targets_failure() {
        let evidence = look(r#"{"a":{"b":[1,null]}}"#, "").await;
        assert_eq!((evidence.outcome, evidence.measured), (Outcome::Error, None));
        for answer in [r#"{"a":{"b":[1]}}"#, r#"{"a":{"b":[1,"many"]}}"#, "<html>"] {
            assert_eq!(look(answer, "").await.outcome, Outcome::Fail, "{answer}");
        }
        let port = listener::answering("HTTP/1.1 503 Oops\r\ncontent-length: 0\r\n\r\n");
        let keys = format!("from = {{ http = {{ url = \"http://127.0.0.1:{port}/\", value = \"a\" }} }}");
        assert_eq!(kit::run("metric", &keys, &kit::surroundings(&[])).await.outcome, Outcome::Fail);
    }

    #[tokio::test]
    async fn a_number_that_is_wrong_in_itself_fails_and_is_measured_all_the_same() {
        let evidence = look(r#"{"a":{"b":[1,7]}}"#, "expect = 'value <= 1.0'").await;
        assert_eq!((evidence.outcome, evidence.measured), (Outcome::Fail, Some(Measured::Number(7.0))));
    }
}
