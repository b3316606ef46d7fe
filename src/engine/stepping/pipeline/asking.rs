//! The requests of a pipeline: values put in, made over the plan's network, bounded, secrets kept.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Method, Uri};
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::engine::stepping::Shared;
use crate::engine::stepping::pipeline::answer::{Answer, at, text_at};
use crate::model::id::EffectId;
use crate::model::pipeline::{Call, Find, OWN_ID, RUN_ID};
use crate::model::template::Template;
use crate::model::values::{Origin, Value, Values};
use crate::network::request::Outgoing;
use crate::network::{Trouble, headers};

/// Lists of runs are long; this is longer.
const LARGEST: usize = 4 << 20;
/// One request takes no longer, however much time the step has.
const ONE_REQUEST: Duration = Duration::from_secs(30);

/// Asks a pipeline's service, with the values of the plan and of this run.
pub(super) struct Asking<'a> {
    shared: &'a Shared,
    values: Values,
    run: String,
}

/// Why there is no answer.
pub(super) enum Unasked {
    /// Nothing has left this machine.
    NothingSent(String),
    /// It may have arrived.
    Unknown(String),
}

impl<'a> Asking<'a> {
    /// For one run of a step: its own id is made of the session's and its number, so it is the same after a restart.
    pub(super) fn new(shared: &'a Shared, effect: EffectId) -> Self {
        let mut values = shared.surroundings.values.clone();
        let own = format!("golive-{}-{effect}", shared.session);
        values.insert(OWN_ID, Value::plain(&own, Origin::Plan));
        Self { shared, values, run: String::new() }
    }

    /// The same, with the run known.
    pub(super) fn of_run(&self, run: &str) -> Self {
        let mut values = self.values.clone();
        values.insert(RUN_ID, Value::plain(run, Origin::Plan));
        Self { shared: self.shared, values, run: run.to_owned() }
    }

    /// The run's id; empty until it is known.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// A text with its values in.
    pub(super) fn filled(&self, text: &Template) -> Result<String, String> {
        text.fill(&self.values).map(|filled| filled.expose().to_owned()).map_err(|error| error.to_string())
    }

    /// Makes one request. It is never made again by itself.
    pub(super) async fn ask(&self, call: &Call, usual: &str, deadline: Instant) -> Result<Answer, Unasked> {
        let outgoing = self.outgoing(call, usual).map_err(Unasked::NothingSent)?;
        let deadline = deadline.min(Instant::now() + ONE_REQUEST);
        let network = &self.shared.surroundings.network;
        match network.request(&outgoing, false, deadline).await {
            Ok(incoming) => {
                let rest = incoming.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
                let json = serde_json::from_slice(&incoming.body).unwrap_or(Json::Null);
                Ok(Answer { status: incoming.status, json, rest: rest.map(Duration::from_secs) })
            }
            Err(trouble) if nothing_left(&trouble) => Err(Unasked::NothingSent(trouble.to_string())),
            Err(trouble) => Err(Unasked::Unknown(trouble.to_string())),
        }
    }

    fn outgoing(&self, call: &Call, usual: &str) -> Result<Outgoing, String> {
        let method = call.method.as_deref().unwrap_or(usual);
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| format!("{method} is no method"))?;
        let url: Uri = self.filled(&call.url)?.parse().map_err(|_| format!("{} is no URL", call.url))?;
        if url.host().is_none() || !matches!(url.scheme_str(), Some("http" | "https")) {
            return Err(format!("{} is no http or https URL", call.url));
        }
        let mut headers = headers::filled(&call.headers, &self.values).map_err(|error| error.to_string())?;
        let body = call.body.as_ref().map(|body| self.filled(body)).transpose()?.unwrap_or_default();
        if !body.is_empty() {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        }
        Ok(Outgoing { method, url, headers, body: Bytes::from(body), limit: LARGEST })
    }

    /// The runs of a list that bear all that marks this step's own.
    pub(super) fn found(&self, find: &Find, answer: &Answer) -> Result<Vec<String>, String> {
        if answer.status >= 300 {
            return Err(format!("{}{}", answer.status, answer.said()));
        }
        let list = at(&answer.json, &find.at).and_then(Json::as_array);
        let list = list.ok_or_else(|| format!("the answer has no list at {}", find.at))?;
        let mut wanted = Vec::new();
        for (path, text) in &find.has {
            wanted.push((path, self.filled(text)?));
        }
        let bears = |entry: &&Json| {
            wanted.iter().all(|(path, text)| text_at(entry, path).is_some_and(|found| found.contains(text.as_str())))
        };
        Ok(list.iter().filter(bears).filter_map(|entry| text_at(entry, &find.run)).collect())
    }
}

/// Whether a trouble came before anything could have been sent.
const fn nothing_left(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::NoSuchName(_)
            | Trouble::NoResolver(_)
            | Trouble::Refused(_)
            | Trouble::Unreachable(_)
            | Trouble::NoNetwork(_)
            | Trouble::Tls(_)
            | Trouble::Local(_)
    )
}
