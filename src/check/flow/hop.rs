//! One hop: done, judged, and what it captures kept for those behind it.

use std::time::Duration;

use secrecy::ExposeSecret;
use serde_json::{Value as Json, json};
use tokio::time::Instant;

use crate::check::Surroundings;
use crate::check::finding::Finding;
use crate::check::flow::Carried;
use crate::check::flow::keys::{Hop, OWN};
use crate::check::http::{self, Exchange, Judge};
use crate::check::judging::judged;
use crate::check::websocket::Opening;
use crate::check::{sql, websocket};
use crate::core::evidence::{self, Evidence, LONGEST_SUMMARY, Part, Timings};
use crate::expr::Condition;
use crate::model::duration;
use crate::model::failure::FailureClass;
use crate::model::template::Template;
use crate::model::text::SafeText;
use crate::model::values::{Lookup, Origin, Value};
use crate::model::word::Outcome;

/// What a flow causes carries this header, so that the other side can tell it from what customers do (DECISIONS 21).
const MARK: &str = "x-golive-probe";
/// Characters of a captured value.
const LONGEST_CAPTURE: usize = 4_096;
/// Characters of who vouches for a hop.
const LONGEST_VOUCHER: usize = 120;
/// A hop without `within` has so long.
const USUAL: Duration = Duration::from_secs(15);

/// How a hop went.
pub(super) struct Went {
    pub(super) name: String,
    pub(super) part: Part,
    pub(super) what: String,
    pub(super) vouched_by: String,
    pub(super) took: Duration,
    pub(super) evidence: Evidence,
}

impl Went {
    /// As the flow's screen shows it.
    pub(super) fn shown(&self) -> evidence::Hop {
        evidence::Hop {
            outcome: Some(self.evidence.outcome),
            done: SafeText::bounded(&self.what, LONGEST_SUMMARY),
            took: Some(self.took),
            seen: self.evidence.summary.clone(),
            vouched_by: SafeText::bounded(&self.vouched_by, LONGEST_VOUCHER),
            ..evidence::Hop::ahead(&self.name, self.part)
        }
    }

    /// As one line of the flow's evidence.
    pub(super) fn line(&self) -> String {
        let Self { what, vouched_by, evidence, .. } = self;
        let took = duration::written(Duration::from_millis(u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)));
        format!("{} · {what} · {took} · vouched by {vouched_by} · {}", evidence.outcome.word(), evidence.summary)
    }
}

/// What a hop did: what it is called, who answered, what was found, and what may be captured of it.
struct Done {
    what: String,
    by: String,
    evidence: Evidence,
    seen: Json,
}

pub(super) async fn walk(
    hop: &Hop,
    finding: &Finding,
    surroundings: &Surroundings,
    carried: &mut Carried,
    deadline: Instant,
) -> Went {
    let deadline = deadline.min(Instant::now() + hop.within.map_or(USUAL, |within| within.0));
    let walker = Walker { hop, finding, surroundings, deadline };
    let done = walker.go(carried).await.unwrap_or_else(|evidence| Done {
        what: "it could not be begun".into(),
        by: "golive".into(),
        evidence: *evidence,
        seen: Json::Null,
    });
    let vouched_by = hop.vouched_by.clone().unwrap_or(done.by);
    let mut evidence = done.evidence;
    if matches!(evidence.outcome, Outcome::Pass | Outcome::Warn) {
        for (name, path) in &hop.capture {
            match found(&done.seen, path) {
                Some(text) => carried.keep(name, text, hop.secret),
                None => {
                    evidence = finding.fail(FailureClass::Body, &format!("the answer has no \"{path}\" to go on with"))
                }
            }
        }
    }
    Went { name: hop.name.clone(), part: hop.part(), what: done.what, vouched_by, took: Duration::ZERO, evidence }
}

struct Walker<'a> {
    hop: &'a Hop,
    finding: &'a Finding,
    surroundings: &'a Surroundings,
    deadline: Instant,
}

impl Walker<'_> {
    async fn go(&self, carried: &mut Carried) -> Result<Done, Box<Evidence>> {
        if let Some(keys) = &self.hop.request {
            return self.request(keys, carried).await;
        }
        if let Some(keys) = &self.hop.sql {
            return self.query(keys, carried).await;
        }
        if let Some(keys) = &self.hop.subscribe {
            return self.subscribe(keys, carried).await;
        }
        if let Some(awaited) = &self.hop.message {
            return self.listen(&awaited.from, &awaited.expect, carried).await;
        }
        let pause = self.hop.wait.map_or(Duration::ZERO, |wait| wait.0);
        tokio::time::sleep(pause.min(self.deadline.saturating_duration_since(Instant::now()))).await;
        let what = format!("wait {}", duration::written(pause));
        Ok(Done { what, by: "golive's clock".into(), evidence: Evidence::pass("waited"), seen: Json::Null })
    }

    /// A condition with the values of earlier hops in it. They come from outside: none can end the text it stands in.
    fn condition(&self, source: &str, carried: &Carried) -> Result<String, Box<Evidence>> {
        let template = Template::new(source);
        let mut values = carried.values.clone();
        for name in template.names().filter(|name| name.starts_with(OWN)) {
            if let Lookup::Found(value) = carried.values.get(name) {
                let text = value.text.expose_secret().escape_default().to_string();
                values.insert(name, Value::plain(&text, Origin::Plan));
            }
        }
        Ok(self.finding.fill(&template, &values)?.expose().to_owned())
    }

    async fn request(&self, keys: &http::Keys, carried: &Carried) -> Result<Done, Box<Evidence>> {
        let exchange = Exchange::of(keys, self.finding, &carried.values)?.marked(MARK, &carried.id);
        let mut keys = keys.clone();
        keys.expect = match keys.expect {
            Some(expect) => Some(self.condition(&expect, carried)?),
            None => None,
        };
        let judge = Judge::of(&keys, self.finding.clone(), self.surroundings.clock)?;
        let answer = exchange.make(&self.surroundings.network, self.deadline, None).await;
        let seen = answer.as_ref().map(|answer| {
            json!({
                "status": answer.status, "url": answer.url, "headers": http::headers(answer),
                "body": String::from_utf8_lossy(&answer.body),
                "json": serde_json::from_slice::<Json>(&answer.body).unwrap_or_default(),
            })
        });
        let seen = seen.unwrap_or_default();
        let evidence = judge.evidence(&exchange, answer);
        let (host, _) = exchange.host_and_port();
        Ok(Done { what: format!("{} {}", keys.method, exchange.shown_url), by: host, evidence, seen })
    }

    async fn query(&self, keys: &sql::Keys, carried: &Carried) -> Result<Done, Box<Evidence>> {
        let question = sql::Question::of(keys, self.finding, &carried.values, self.surroundings)?;
        let source = keys.expect.clone().unwrap_or_else(|| "count >= 0".to_owned());
        let source = self.condition(&source, carried)?;
        let condition = Condition::compile(&source, &sql::fact_names())
            .map_err(|error| Box::new(self.finding.error(&format!("the condition is wrong: {error}"))))?;
        let what = format!("{} {}", if keys.writes { "write to" } else { "ask" }, question.shown());
        let (evidence, seen) = match question.ask(&self.surroundings.network, self.deadline).await {
            Ok(answered) => {
                let evidence = judged(self.finding, &condition, &answered.facts(), &answered.summary(), "the answer");
                (evidence.timed(Timings::default()), answered.seen())
            }
            Err(trouble) => (self.finding.of_trouble(&trouble), Json::Null),
        };
        Ok(Done { what, by: question.shown(), evidence, seen })
    }

    async fn subscribe(&self, keys: &websocket::Keys, carried: &mut Carried) -> Result<Done, Box<Evidence>> {
        let opening = Opening::of(keys, self.finding, &carried.values)?;
        let what = format!("subscribe at {}", opening.shown());
        let by = opening.host().to_owned();
        let opened = opening.open(&self.surroundings.network, self.deadline, &mut Timings::default()).await;
        let (evidence, seen) = match opened {
            Ok((channel, heard)) => {
                carried.channels.insert(self.hop.name.clone(), channel);
                let seen = heard.map(|heard| message(&heard.message)).unwrap_or_default();
                (Evidence::pass("the subscription stands"), seen)
            }
            Err(trouble) => (self.finding.of_trouble(&trouble), Json::Null),
        };
        Ok(Done { what, by, evidence, seen })
    }

    async fn listen(&self, from: &str, expect: &Template, carried: &mut Carried) -> Result<Done, Box<Evidence>> {
        let source = self.condition(expect.as_written(), carried)?;
        let condition = Condition::compile(&source, &websocket::fact_names())
            .map_err(|error| Box::new(self.finding.error(&format!("the condition is wrong: {error}"))))?;
        let Some(channel) = carried.channels.get_mut(from) else {
            return Err(Box::new(self.finding.error(&format!("\"{from}\" is not open"))));
        };
        let by = channel.host.clone();
        let (evidence, seen) = match channel.hear(&condition, None, self.deadline).await {
            Ok(heard) => {
                let summary = format!("the message came after {} ms", heard.after.as_millis());
                (Evidence::pass(&summary), message(&heard.message))
            }
            Err(trouble) => (self.finding.of_trouble(&trouble), Json::Null),
        };
        Ok(Done { what: format!("listen to \"{from}\""), by, evidence, seen })
    }
}

fn message(text: &str) -> Json {
    json!({ "message": text, "json": serde_json::from_str::<Json>(text).unwrap_or_default() })
}

/// What a path such as `json.items.0.id` leads to, as text.
fn found(seen: &Json, path: &str) -> Option<String> {
    let mut at = seen;
    for part in path.split('.') {
        at = match at {
            Json::Array(items) => items.get(part.parse::<usize>().ok()?)?,
            Json::Object(fields) => fields.get(part)?,
            _ => return None,
        };
    }
    let text = match at {
        Json::Null | Json::Array(_) | Json::Object(_) => return None,
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    (text.len() <= LONGEST_CAPTURE).then_some(text)
}
