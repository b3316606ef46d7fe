//! What is asked of Prometheus and Alertmanager, one question after the other; the first wrong answer ends it.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::template::Filled;
use crate::network::Network;
use crate::network::request::{Incoming, Outgoing};

/// An answer is read so far: thousands of rules fit.
const LARGEST_ANSWER: usize = 4 << 20;

/// What was asked and found so far.
pub(super) struct Trace<'a> {
    pub(super) finding: &'a Finding,
    pub(super) network: &'a Network,
    pub(super) deadline: Instant,
    facts: Vec<(String, String)>,
    said: Vec<String>,
}

/// A step of it: on, or the evidence that ends it.
pub(super) type Step<T> = Result<T, Box<Evidence>>;

impl<'a> Trace<'a> {
    pub(super) fn new(finding: &'a Finding, network: &'a Network, deadline: Instant) -> Self {
        Self { finding, network, deadline, facts: Vec::new(), said: Vec::new() }
    }

    pub(super) fn passed(self) -> Evidence {
        let evidence = Evidence::pass(&self.said.join(", "));
        self.facts.iter().fold(evidence, |evidence, (name, value)| evidence.material(name, value))
    }

    pub(super) fn found(&mut self, name: &str, value: String, said: String) {
        self.facts.push((name.to_owned(), value));
        self.said.push(said);
    }

    pub(super) fn wrong(&self, class: FailureClass, summary: &str) -> Box<Evidence> {
        let evidence = self.finding.fail(class, summary);
        let evidence = self.facts.iter().fold(evidence, |evidence, (name, value)| evidence.material(name, value));
        Box::new(evidence)
    }

    pub(super) async fn send(&self, who: &str, outgoing: Outgoing) -> Step<Incoming> {
        self.network.request(&outgoing, false, self.deadline).await.map_err(|trouble| {
            let summary = format!("{who}: {trouble}");
            if trouble.is_the_targets() {
                self.wrong(trouble.class(), &summary)
            } else {
                Box::new(self.finding.error(&summary))
            }
        })
    }

    async fn get(&self, who: &str, base: &Filled, path: &str) -> Step<Incoming> {
        let url = format!("{}{path}", base.expose().trim().trim_end_matches('/'));
        let Some(url) = url.parse::<Uri>().ok().filter(|url| url.host().is_some()) else {
            return Err(self.wrong(FailureClass::Value, &format!("{who}: {} is no URL", base.shown())));
        };
        let outgoing =
            Outgoing { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new(), limit: LARGEST_ANSWER };
        let answer = self.send(who, outgoing).await?;
        match answer.status {
            200..=299 => Ok(answer),
            401 | 403 => Err(self.wrong(FailureClass::Denied, &format!("{who} answers {}", answer.status))),
            status => Err(self.wrong(FailureClass::Status, &format!("{who} answers {status}"))),
        }
    }

    async fn json(&self, who: &str, base: &Filled, path: &str) -> Step<Json> {
        let answer = self.get(who, base, path).await?;
        let json: Option<Json> = serde_json::from_slice(&answer.body).ok();
        json.ok_or_else(|| self.wrong(FailureClass::Body, &format!("{who} does not answer in JSON")))
    }

    pub(super) async fn ready(&mut self, who: &'static str, base: &Filled) -> Step<()> {
        self.get(who, base, "/-/ready").await?;
        self.found(who, "ready".to_owned(), format!("{who} is ready"));
        Ok(())
    }

    async fn query(&self, base: &Filled, query: &str) -> Step<Vec<Json>> {
        let answer = self.json("Prometheus", base, &format!("/api/v1/query?query={}", encoded(query))).await?;
        if answer["status"] != "success" {
            let why = answer["error"].as_str().unwrap_or("no success");
            return Err(self.wrong(FailureClass::Body, &format!("Prometheus refuses {query}: {why}")));
        }
        Ok(answer["data"]["result"].as_array().cloned().unwrap_or_default())
    }

    pub(super) async fn up(&mut self, base: &Filled, jobs: &[String]) -> Step<()> {
        let targets = self.query(base, "up").await?;
        for job in jobs {
            let of_job: Vec<&Json> = targets.iter().filter(|target| target["metric"]["job"] == job.as_str()).collect();
            if of_job.is_empty() {
                return Err(self.wrong(FailureClass::Body, &format!("Prometheus scrapes no job {job}")));
            }
            let down = of_job.iter().find(|target| target["value"][1] != "1");
            if let Some(down) = down {
                let instance = down["metric"]["instance"].as_str().unwrap_or("one");
                return Err(self.wrong(FailureClass::Body, &format!("{instance} of job {job} is not up")));
            }
            self.found("up", format!("{job}: {}", of_job.len()), format!("{job} is up"));
        }
        Ok(())
    }

    pub(super) async fn rules(&mut self, base: &Filled, wanted: &[String]) -> Step<()> {
        let answer = self.json("Prometheus", base, "/api/v1/rules?type=alert").await?;
        let groups = answer["data"]["groups"].as_array().into_iter().flatten();
        let rules: Vec<&Json> = groups.flat_map(|group| group["rules"].as_array().into_iter().flatten()).collect();
        for name in wanted {
            let Some(rule) = rules.iter().find(|rule| rule["name"] == name.as_str()) else {
                return Err(self.wrong(FailureClass::Body, &format!("Prometheus has loaded no rule {name}")));
            };
            if rule["health"] == "err" {
                let why = rule["lastError"].as_str().unwrap_or("it does not say why");
                return Err(self.wrong(FailureClass::Body, &format!("rule {name} cannot be evaluated: {why}")));
            }
            self.facts.push(("rule".to_owned(), name.clone()));
        }
        self.said.push(if wanted.len() == 1 {
            "its rule is loaded".into()
        } else {
            format!("{} rules are loaded", wanted.len())
        });
        Ok(())
    }

    pub(super) async fn has_samples(&mut self, base: &Filled, query: &str) -> Step<()> {
        if self.query(base, query).await?.is_empty() {
            return Err(self.wrong(FailureClass::Body, &format!("Prometheus has no samples of {query}")));
        }
        self.found("series", query.to_owned(), format!("{query} has samples"));
        Ok(())
    }

    pub(super) async fn receivers(&mut self, base: &Filled, wanted: &[String]) -> Step<()> {
        let answer = self.json("Alertmanager", base, "/api/v2/receivers").await?;
        let there: Vec<&str> = answer.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
        for name in wanted {
            if !there.contains(&name.as_str()) {
                return Err(self.wrong(FailureClass::Body, &format!("Alertmanager has no receiver {name}")));
            }
            self.found("receiver", name.clone(), format!("receiver {name} is there"));
        }
        Ok(())
    }
}

/// The host of a URL as it is written, where it names one.
pub(super) fn host(url: &str) -> Option<String> {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    (!host.is_empty()).then(|| host.to_owned())
}

/// Percent-encoded, for a query.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(byte).collect()
}
