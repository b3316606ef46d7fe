//! The keys of an `http` check, and what can be wrong with them.

use std::collections::BTreeMap;

use http::{HeaderName, Method};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::options;
use crate::expr::{FactNames, FactType};
use crate::model::kind::{OptionProblem, Options, Touch};
use crate::model::template::Template;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// Where to: https or http.
    pub(super) url: Template,
    /// GET, POST, HEAD …
    #[serde(default = "get")]
    pub(super) method: String,
    /// Headers to send. One that holds a secret is never shown, and never follows a redirect to another host.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, Template>,
    /// Body to send.
    pub(super) body: Option<Template>,
    /// A condition over status, body, json, headers, latency, url, redirects, version.
    pub(super) expect: Option<String>,
    /// The status that is right, where nothing else is asked.
    pub(super) status: Option<u16>,
    /// How many redirects are followed.
    #[serde(default)]
    pub(super) redirects: u8,
    /// The largest body that is taken, in bytes; a larger one is a failure.
    #[serde(default = "one_mebibyte")]
    pub(super) body_limit: usize,
    /// Whether the connection is kept between runs; a new one proves DNS, TCP and TLS each time.
    #[serde(default)]
    pub(super) reuse: bool,
}

impl Keys {
    /// The keys of a plain GET.
    pub(super) fn fetching(url: &Template, headers: &BTreeMap<String, Template>) -> Self {
        Self {
            url: url.clone(),
            method: get(),
            headers: headers.clone(),
            body: None,
            expect: None,
            status: None,
            redirects: 0,
            body_limit: one_mebibyte(),
            reuse: false,
        }
    }
}

fn get() -> String {
    "GET".to_owned()
}

const fn one_mebibyte() -> usize {
    1 << 20
}

/// No check needs more; a body is held in memory while it is judged.
const LARGEST_LIMIT: usize = 64 << 20;

/// What an `http` condition may ask for.
pub(super) fn fact_names() -> FactNames {
    FactNames::new(&[
        ("status", FactType::Number),
        ("body", FactType::Text),
        ("json", FactType::Json),
        ("headers", FactType::Json),
        ("latency", FactType::Duration),
        ("url", FactType::Text),
        ("redirects", FactType::Number),
        ("version", FactType::Text),
    ])
}

pub(super) fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        match (&keys.expect, keys.status) {
            (None, None) => problems.push(
                OptionProblem::whole("this check asserts nothing: any answer would pass")
                    .help("add expect = 'status == 200', or status = 200"),
            ),
            (Some(expect), _) => problems.extend(options::condition_problem("expect", expect, &fact_names())),
            (None, Some(status)) if !(100..=599).contains(&status) => {
                problems.push(OptionProblem::at("status", format!("{status} is no HTTP status")));
            }
            (None, Some(_)) => {}
        }
        let url = keys.url.as_written();
        if !url.starts_with("http://") && !url.starts_with("https://") && !url.starts_with("{{") {
            problems.push(OptionProblem::at("url", "a URL begins with https:// or http://"));
        }
        if Method::from_bytes(keys.method.as_bytes()).is_err() || keys.method != keys.method.to_uppercase() {
            problems.push(OptionProblem::at("method", "this is no HTTP method").help("GET, POST, HEAD, PUT …"));
        }
        for name in keys.headers.keys() {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                problems.push(OptionProblem::at(&format!("headers.{name}"), "this is no header's name"));
            }
        }
        if keys.body_limit == 0 || keys.body_limit > LARGEST_LIMIT {
            problems.push(OptionProblem::at("body_limit", "a body limit lies between 1 byte and 64 MiB"));
        }
    })
}

pub(super) fn touches(options: &Options) -> Vec<Touch> {
    let url = options.get("url").and_then(serde_json::Value::as_str).unwrap_or_default();
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = after.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() { Vec::new() } else { vec![Touch::Host(host.to_owned())] }
}
