//! Asking services for JSON, and finding one's way in it: what sources of changes and queries for who is hurt share.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderValue, Method, Uri};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::check::options;
use crate::model::kind::{OptionProblem, Options, Touch};
use crate::model::template::Template;
use crate::model::values::Values;
use crate::network::request::Outgoing;
use crate::network::{Network, headers};

/// So much is read of one answer.
const LARGEST: usize = 4 << 20;

/// A source's or a query's keys as its own type; what is wrong with them in a sentence.
pub(super) fn keys<T: serde::de::DeserializeOwned>(options: &Options) -> Result<T, String> {
    options::read(options).map_err(|problem| problem.message)
}

/// Where a service is asked.
#[derive(Clone, Deserialize, JsonSchema)]
pub(super) struct Place {
    /// Where it is asked, with GET; it answers 200 with JSON.
    pub(super) url: Template,
    /// Headers to send.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Template>,
}

impl Place {
    /// What is wrong with it.
    pub(super) fn problems(&self, problems: &mut Vec<OptionProblem>) {
        let url = self.url.as_written();
        if !url.starts_with("http://") && !url.starts_with("https://") && !url.contains("{{") {
            problems.push(OptionProblem::at("url", "a URL begins with https:// or http://"));
        }
    }

    /// Asks once. What went wrong is one sentence; it holds no secret.
    pub(super) async fn json(&self, values: &Values, network: &Network, deadline: Instant) -> Result<Json, String> {
        let url = self.url.fill(values).map_err(|error| error.to_string())?;
        let shown = url.shown().to_owned();
        let uri: Uri = url.expose().parse().map_err(|_| format!("{shown} is no URL"))?;
        if uri.host().is_none() || !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(format!("{shown} is no http or https URL"));
        }
        let mut headers = headers::filled(&self.headers, values).map_err(|error| error.to_string())?;
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        let outgoing = Outgoing { method: Method::GET, url: uri, headers, body: Bytes::new(), limit: LARGEST };
        let answer = network.request(&outgoing, false, deadline).await.map_err(|trouble| trouble.to_string())?;
        if answer.status != 200 {
            return Err(format!("{shown} answers {}", answer.status));
        }
        if answer.body.len() >= LARGEST {
            return Err(format!("{shown} answers with more than 4 MiB"));
        }
        serde_json::from_slice(&answer.body).map_err(|error| format!("{shown} does not answer with JSON: {error}"))
    }
}

/// The host that a URL among the keys leads to.
pub(super) fn touches(options: &Options) -> Vec<Touch> {
    let url = options.get("url").and_then(Json::as_str);
    url.and_then(super::options::host_of).map(Touch::Host).into_iter().collect()
}

/// What stands at a path of names and numbers, `data.0.id`; an empty path is the whole.
pub(super) fn at<'a>(json: &'a Json, path: &str) -> Option<&'a Json> {
    path.split('.').filter(|part| !part.is_empty()).try_fold(json, |json, part| match json {
        Json::Array(items) => items.get(part.parse::<usize>().ok()?),
        other => other.get(part),
    })
}

/// A value as people read it; nothing for what is not there.
pub(super) fn text(json: &Json, path: &str) -> Option<String> {
    match at(json, path)? {
        Json::Null => None,
        Json::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// A moment: RFC 3339, or seconds or milliseconds since 1970.
pub(super) fn moment(json: &Json, path: &str) -> Option<Timestamp> {
    /// Seconds later than this are milliseconds: it is the year 5138.
    const MILLISECONDS: i64 = 100_000_000_000;
    match at(json, path)? {
        Json::String(text) => text.parse().ok(),
        number => match number.as_i64()? {
            millis if millis.abs() >= MILLISECONDS => Timestamp::from_millisecond(millis).ok(),
            seconds => Timestamp::from_second(seconds).ok(),
        },
    }
}

/// What a URL may not hold, byte by byte.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_path_leads_through_names_and_numbers() {
        let json = json!({ "runs": [{ "id": 7, "by": { "login": "thandi" }, "none": null }] });
        assert_eq!(text(&json, "runs.0.id").as_deref(), Some("7"));
        assert_eq!(text(&json, "runs.0.by.login").as_deref(), Some("thandi"));
        assert_eq!(text(&json, "runs.0.none"), None);
        assert_eq!(text(&json, "runs.1.id"), None);
        assert_eq!(at(&json, ""), Some(&json));
    }

    #[test]
    fn a_moment_is_read_in_the_forms_that_services_write() {
        let noon: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        for written in [
            json!("2026-11-23T12:00:00Z"),
            json!("2026-11-23T14:00:00+02:00"),
            json!(1_795_435_200),
            json!(1_795_435_200_000_i64),
        ] {
            assert_eq!(moment(&json!({ "at": written }), "at"), Some(noon), "{written}");
        }
        assert_eq!(moment(&json!({ "at": "soon" }), "at"), None);
    }
}
