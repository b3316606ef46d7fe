//! `heartbeat`: a session in flight pings outward, so that somebody notices golive's own death. It is told of no alert.

use bytes::Bytes;
use http::{HeaderMap, Method, Uri};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::core::notice::Notice;
use crate::model::duration::Span;
use crate::model::kind::{KindSpec, OptionProblem};
use crate::model::template::Template;
use crate::model::word::Category;
use crate::network::request::Outgoing;
use crate::notify::{Given, Kind, Notifier, Refused, Sending, Taken, Unusable, Way, keys, post};

/// The kind.
pub(super) struct Heartbeat;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// What is asked. Its path usually is a secret: a reference such as `{{ credentials.heartbeat_url }}`.
    #[schemars(extend("writeOnly" = true))]
    url: Template,
    /// How often.
    #[serde(default = "minute")]
    every: Span,
    /// `GET` or `POST`.
    #[serde(default)]
    method: Verb,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
enum Verb {
    #[default]
    #[serde(rename = "GET")]
    Get,
    #[serde(rename = "POST")]
    Post,
}

const fn minute() -> Span {
    Span::seconds(60)
}

/// How often a heartbeat with these keys beats.
pub(super) fn every(options: &crate::model::kind::Options) -> Span {
    let written = options.get("every").cloned();
    written.and_then(|every| serde_json::from_value(every).ok()).unwrap_or(minute())
}

impl Kind for Heartbeat {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "heartbeat",
            doc: "A monitor outside that expects a ping while a session is in flight, and raises the alarm without one.",
            category: Category::Monitoring,
            example: "url = \"{{ credentials.heartbeat_url }}\"\nevery = \"1m\"\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                keys::problems::<Keys>(options, |keys, problems| {
                    problems.extend(keys::url_problem("url", &keys.url));
                    if keys.every.0 < std::time::Duration::from_secs(1) {
                        problems.push(OptionProblem::at("every", "a heart beats once a second at most"));
                    }
                })
            },
            touches: |options| keys::touched_url(options, "url", ""),
        }
    }

    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable> {
        let own: Keys = keys::read(given)?;
        Ok(Box::new(Ready { url: keys::url("url", &own.url, given)?, method: own.method }))
    }
}

struct Ready {
    url: Uri,
    method: Verb,
}

impl Notifier for Ready {
    /// Whatever the notice says: only the beat counts.
    fn send<'a>(&'a self, _notice: &'a Notice, way: Way<'a>) -> Sending<'a> {
        Box::pin(self.beat(way))
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(post::reach(&self.url, way))
    }
}

impl Ready {
    async fn beat(&self, way: Way<'_>) -> Result<Taken, Refused> {
        let method = match self.method {
            Verb::Get => Method::GET,
            Verb::Post => Method::POST,
        };
        let outgoing =
            Outgoing { method, url: self.url.clone(), headers: HeaderMap::new(), body: Bytes::new(), limit: 1 };
        let answer = way.network.request(&outgoing, way.only_loopback, way.deadline).await?;
        if (200..300).contains(&answer.status) {
            Ok(Taken::new(&format!("{} from {}", answer.status, answer.address)))
        } else {
            Err(Refused::later(&format!("{} from {}", answer.status, answer.address)))
        }
    }
}
