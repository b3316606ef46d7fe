//! `prometheus`: what Prometheus knows: a query's value, a target that is up, a rule that is loaded and healthy.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::check::asking::encoded;
use crate::check::finding::Finding;
use crate::check::http::{Answer, Exchange, Keys as Request};
use crate::check::judging::judged;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::expr::{Condition, Fact, FactNames, FactType, Facts};
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::{self, Trouble};

/// So much is read of one answer.
const LARGEST: usize = 16 << 20;

/// The kind.
pub(super) struct Prometheus;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// Where Prometheus is: `https://prometheus.example`, or what serves its API.
    url: Template,
    /// Headers to send.
    #[serde(default)]
    headers: BTreeMap<String, Template>,
    /// An instant query.
    query: Option<Template>,
    /// A condition over value (of the first series), values, series (their labels) and count. With `query` alone.
    expect: Option<String>,
    /// Labels of targets that have to be there, and all be up: `{ job = "api" }`.
    target: Option<BTreeMap<String, String>>,
    /// A rule, alerting or recording, that has to be loaded and evaluated without an error.
    rule: Option<String>,
}

fn fact_names() -> FactNames {
    FactNames::new(&[
        ("value", FactType::Number),
        ("values", FactType::List),
        ("series", FactType::List),
        ("count", FactType::Number),
    ])
}

impl Kind for Prometheus {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "prometheus",
            doc: "Prometheus answers a query as it should, has its targets up, or has a rule loaded and healthy.",
            category: Category::Monitoring,
            example: "url = \"https://prometheus.example\"\nquery = 'sum(rate(http_requests_total{code=~\"5..\"}[5m]))'\nexpect = 'value < 0.1'\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let url = options.get("url").and_then(Json::as_str);
                url.and_then(options::host_of).map(Touch::Host).into_iter().collect()
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let values = &surroundings.values;
        let base = keys.url.as_written().trim_end_matches('/');
        let (path, asks) = match (&keys.query, keys.target, keys.rule) {
            (Some(query), ..) => {
                let query = finding.fill(query, values)?;
                let source = keys.expect.as_deref().unwrap_or("count > 0");
                let condition = Condition::compile(source, &fact_names())
                    .map_err(|error| Box::new(finding.error(&format!("the condition is wrong: {error}"))))?;
                (format!("query?query={}", encoded(query.expose())), Asks::Query(condition))
            }
            (None, Some(labels), _) => ("targets?state=active".to_owned(), Asks::Target(labels)),
            (None, None, Some(rule)) => ("rules".to_owned(), Asks::Rule(rule)),
            (None, None, None) => return Err(Box::new(finding.error("this check asks for nothing"))),
        };
        let mut request = Request::get(Template::new(&format!("{base}/api/v1/{path}")));
        (request.headers, request.body_limit) = (keys.headers, LARGEST);
        let exchange = Exchange::of(&request, &finding, values)?;
        Ok(Box::new(Looker { finding, exchange, asks, surroundings: Arc::clone(surroundings) }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        let asked = [keys.query.is_some(), keys.target.is_some(), keys.rule.is_some()];
        if asked.iter().filter(|asked| **asked).count() != 1 {
            let problem = OptionProblem::whole("a check asks for one thing: query, target or rule");
            problems.push(problem.help("query = 'up{job=\"api\"}' with expect = 'value == 1'"));
        }
        if keys.expect.is_some() && keys.query.is_none() {
            problems.push(OptionProblem::at("expect", "a condition judges a query"));
        }
        problems.extend(keys.expect.as_ref().and_then(|e| options::condition_problem("expect", e, &fact_names())));
    })
}

enum Asks {
    Query(Condition),
    Target(BTreeMap<String, String>),
    Rule(String),
}

struct Looker {
    finding: Finding,
    exchange: Exchange,
    asks: Asks,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let deadline = network::deadline(timeout);
            match self.exchange.make(&self.surroundings.network, deadline, None).await {
                Ok(answer) => {
                    let evidence = match read(&answer) {
                        Ok(found) => self.judge(&found),
                        Err(trouble) => self.finding.of_trouble(&trouble),
                    };
                    let address = answer.address.map(|address| address.to_string()).unwrap_or_default();
                    evidence.fact("address", &address).timed(answer.timings)
                }
                Err((trouble, timings)) => {
                    self.finding.of_trouble(&trouble).fact("url", &self.exchange.shown_url).timed(timings)
                }
            }
        })
    }
}

/// The data of an answer, or what was wrong with it.
fn read(answer: &Answer) -> Result<Json, Trouble> {
    let json: Json = serde_json::from_slice(&answer.body).unwrap_or_default();
    let said = json["error"].as_str().unwrap_or_default();
    match answer.status {
        200 if json["status"] == "success" => Ok(json["data"].clone()),
        401 | 403 => Err(Trouble::Denied(format!("Prometheus answers {}: {said}", answer.status))),
        400 | 422 if !said.is_empty() => Err(Trouble::Configuration(format!("the query is refused: {said}"))),
        status @ 500..=599 => Err(Trouble::Unavailable(format!("Prometheus answers {status}: {said}"))),
        status => Err(Trouble::Protocol(format!("what answers there is no Prometheus: {status}"))),
    }
}

impl Looker {
    fn judge(&self, found: &Json) -> Evidence {
        match &self.asks {
            Asks::Query(condition) => self.judge_query(condition, found),
            Asks::Target(labels) => self.judge_targets(labels, found),
            Asks::Rule(name) => self.judge_rule(name, found),
        }
    }

    fn judge_query(&self, condition: &Condition, found: &Json) -> Evidence {
        let single = [serde_json::json!({ "metric": {}, "value": found["result"] })];
        let result = match found["resultType"].as_str() {
            Some("vector") => found["result"].as_array().map(Vec::as_slice).unwrap_or_default(),
            Some("scalar") => &single,
            _ => return self.finding.error("the query gives neither a vector nor a scalar: ask for one moment"),
        };
        let number = |series: &Json| series["value"][1].as_str().and_then(|text| text.parse::<f64>().ok());
        let values: Vec<f64> = result.iter().filter_map(number).collect();
        let mut facts = Facts::default();
        facts.insert("count", Fact::Whole(i64::try_from(result.len()).unwrap_or(i64::MAX)));
        facts.insert("values", Fact::Json(values.clone().into()));
        let labels: Vec<Json> = result.iter().map(|series| series["metric"].clone()).collect();
        facts.insert("series", Fact::Json(labels.into()));
        match values.first() {
            Some(value) => facts.insert("value", Fact::Number(*value)),
            // DECISIONS 4: without a sample nothing is known, neither good nor bad.
            None if condition.asks_for("value") => return self.finding.error("the query has no sample to judge"),
            None => {}
        }
        let first = values.first().map_or_else(String::new, |value| format!("{value}, "));
        let passed = format!("{first}{} series", result.len());
        judged(&self.finding, condition, &facts, &passed, "the answer")
    }

    fn judge_targets(&self, labels: &BTreeMap<String, String>, found: &Json) -> Evidence {
        let wanted = labels.iter().map(|(name, value)| format!("{name}=\"{value}\"")).collect::<Vec<_>>().join(", ");
        let all = found["activeTargets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let fits = |target: &&Json| labels.iter().all(|(name, value)| target["labels"][name] == value.as_str());
        let targets: Vec<&Json> = all.iter().filter(fits).collect();
        if targets.is_empty() {
            return self.finding.of_trouble(&Trouble::Configuration(format!("Prometheus has no target with {wanted}")));
        }
        let name = |target: &Json| target["labels"]["instance"].as_str().unwrap_or("?").to_owned();
        let down: Vec<&&Json> = targets.iter().filter(|target| target["health"] != "up").collect();
        let mut evidence = match down.first() {
            None => Evidence::pass(&format!("{} targets with {wanted} are up", targets.len())),
            Some(first) => {
                let why = first["lastError"].as_str().unwrap_or_default();
                let summary = format!("{} of {} targets are not up; {}: {why}", down.len(), targets.len(), name(first));
                self.finding.of_trouble(&Trouble::Unavailable(summary))
            }
        };
        for target in targets {
            evidence = evidence.material(&name(target), target["health"].as_str().unwrap_or("unknown"));
        }
        evidence
    }

    fn judge_rule(&self, name: &str, found: &Json) -> Evidence {
        let groups = found["groups"].as_array().map(Vec::as_slice).unwrap_or_default();
        let rules = groups.iter().flat_map(|group| group["rules"].as_array().map(Vec::as_slice).unwrap_or_default());
        let Some(rule) = rules.into_iter().find(|rule| rule["name"] == name) else {
            return self.finding.of_trouble(&Trouble::Configuration(format!("Prometheus has no rule \"{name}\"")));
        };
        let state = rule["state"].as_str().unwrap_or("recording");
        let evidence = match rule["health"].as_str() {
            Some("ok" | "unknown") => Evidence::pass(&format!("rule {name} is loaded ({state})")),
            _ => {
                let why = rule["lastError"].as_str().unwrap_or_default();
                let summary = format!("rule {name} cannot be evaluated: {why}");
                self.finding.of_trouble(&Trouble::Configuration(summary))
            }
        };
        evidence.fact("expression", rule["query"].as_str().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use crate::check::kit::{self, listener};
    use crate::model::word::Outcome;

    async fn look(answer: &str, more: &str) -> crate::core::evidence::Evidence {
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        let port = listener::answering(&answer);
        kit::run("prometheus", &format!("url = \"http://127.0.0.1:{port}\"\n{more}"), &kit::surroundings(&[])).await
    }

    #[tokio::test]
    async fn a_query_is_judged_and_no_sample_is_no_verdict() {
        let three = r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"job":"api"},"value":[1,"3"]}]}}"#;
        let none = r#"{"status":"success","data":{"resultType":"vector","result":[]}}"#;
        let nan = r#"{"status":"success","data":{"resultType":"scalar","result":[1,"NaN"]}}"#;
        let query = "query = 'up'\n";
        for (answer, expect, outcome, says) in [
            (three, "value == 3.0 && series[0].job == \"api\"", Outcome::Pass, "3, 1 series"),
            (three, "value < 1.0", Outcome::Fail, "value is 3"),
            (none, "value < 1.0", Outcome::Error, "no sample"),
            (none, "count == 0", Outcome::Pass, "0 series"),
            (nan, "value < 1.0", Outcome::Error, "not a number"),
            ("{\"status\":\"ok\"}", "value < 1.0", Outcome::Fail, "no Prometheus"),
        ] {
            let evidence = look(answer, &format!("{query}expect = '{expect}'")).await;
            assert_eq!(evidence.outcome, outcome, "{answer} {expect}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{}", evidence.summary);
        }
    }

    #[tokio::test]
    async fn targets_and_rules_have_to_be_there_and_well() {
        let targets = r#"{"status":"success","data":{"activeTargets":[
            {"labels":{"job":"api","instance":"a:1"},"health":"up"},
            {"labels":{"job":"db","instance":"b:1"},"health":"down","lastError":"refused"}]}}"#;
        let rules = r#"{"status":"success","data":{"groups":[{"rules":[
            {"name":"Good","health":"ok","state":"inactive"},{"name":"Bad","health":"err","lastError":"no such metric"}]}]}}"#;
        for (answer, more, outcome, says) in [
            (targets, "target = { job = \"api\" }", Outcome::Pass, "are up"),
            (targets, "target = { job = \"db\" }", Outcome::Fail, "b:1: refused"),
            (targets, "target = { job = \"none\" }", Outcome::Fail, "no target"),
            (rules, "rule = \"Good\"", Outcome::Pass, "is loaded"),
            (rules, "rule = \"Bad\"", Outcome::Fail, "no such metric"),
            (rules, "rule = \"None\"", Outcome::Fail, "no rule"),
        ] {
            let evidence = look(answer, more).await;
            assert_eq!(evidence.outcome, outcome, "{more}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{more}: {}", evidence.summary);
        }
    }
}
