//! The keys of an `http` check, and what can be wrong with them.

use std::collections::BTreeMap;

use http::{HeaderName, Method};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::{options, via};
use crate::expr::{FactNames, FactType};
use crate::model::kind::{OptionProblem, Options, Touch};
use crate::model::template::Template;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::check) struct Keys {
    /// Where to: https or http.
    pub(in crate::check) url: Template,
    /// GET, POST, HEAD …
    #[serde(default = "get")]
    pub(in crate::check) method: String,
    /// Headers to send. One that holds a secret is never shown, and never follows a redirect to another host.
    #[serde(default)]
    pub(in crate::check) headers: BTreeMap<String, Template>,
    /// Body to send.
    pub(in crate::check) body: Option<Template>,
    /// A condition over status, body, json, headers, latency, url, redirects, version, and clock_skew: how far the
    /// `Date` of the answer lies from golive's clock, either way.
    pub(in crate::check) expect: Option<String>,
    /// The status that is right, where nothing else is asked.
    pub(in crate::check) status: Option<u16>,
    /// How many redirects are followed.
    #[serde(default)]
    pub(in crate::check) redirects: u8,
    /// The largest body that is taken, in bytes; a larger one is a failure.
    #[serde(default = "one_mebibyte")]
    pub(in crate::check) body_limit: usize,
    /// Whether the connection is kept between runs; a new one proves DNS, TCP and TLS each time, and the certificate at
    /// least every five minutes: in between the TLS session is resumed. The kind `tls` looks at it each time.
    #[serde(default)]
    pub(in crate::check) reuse: bool,
    /// Whether every address of the name is asked, of both families; the worst counts.
    #[serde(default)]
    pub(in crate::check) each_address: bool,
    /// Signs path and body as a provider demands it: `{ scheme = "ikhokha", application = …, secret = … }`.
    pub(in crate::check) sign: Option<Sign>,
    /// What a wrong status means here, told with the failure: `{ 401 = "the key is unknown" }`.
    #[serde(default)]
    pub(in crate::check) meaning: BTreeMap<String, String>,
    /// Another service that does the same: asked when the first does not, and told as such. Its answer is a warning.
    pub(in crate::check) fallback: Option<Fallback>,
    /// Words put before `curl`, so that the request is made from there: `["ssh", "app@web-1"]`.
    pub(in crate::check) via: Option<Vec<Template>>,
}

/// How a request is signed.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::check) struct Sign {
    /// Whose way of signing.
    pub(in crate::check) scheme: Scheme,
    /// The application's id with the provider.
    pub(in crate::check) application: Template,
    /// The secret, from a credential.
    pub(in crate::check) secret: Template,
}

/// A provider's way of signing requests.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::check) enum Scheme {
    /// `IK-APPID` and `IK-SIGN` over path and body.
    Ikhokha,
}

/// The same service elsewhere.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::check) struct Fallback {
    /// Where it is.
    pub(in crate::check) url: Template,
}

impl Keys {
    /// The least of a GET; what else is wanted is set on it.
    pub(in crate::check) fn get(url: Template) -> Self {
        Self {
            url,
            method: get(),
            headers: BTreeMap::new(),
            body: None,
            expect: None,
            status: None,
            redirects: 0,
            body_limit: one_mebibyte(),
            reuse: false,
            each_address: false,
            sign: None,
            meaning: BTreeMap::new(),
            fallback: None,
            via: None,
        }
    }
}

impl Keys {
    /// The keys of a plain GET.
    pub(super) fn fetching(url: &Template, headers: &BTreeMap<String, Template>) -> Self {
        Self { headers: headers.clone(), ..Self::get(url.clone()) }
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
pub(in crate::check) fn fact_names() -> FactNames {
    FactNames::new(&[
        ("status", FactType::Number),
        ("body", FactType::Text),
        ("json", FactType::Json),
        ("headers", FactType::Json),
        ("latency", FactType::Duration),
        ("url", FactType::Text),
        ("redirects", FactType::Number),
        ("version", FactType::Text),
        ("clock_skew", FactType::Duration),
    ])
}

pub(in crate::check) fn problems(options: &Options) -> Vec<OptionProblem> {
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
        for status in keys.meaning.keys().filter(|status| status.parse::<http::StatusCode>().is_err()) {
            problems.push(OptionProblem::at(&format!("meaning.{status}"), format!("{status} is no HTTP status")));
        }
        if keys.via.is_some() && (keys.each_address || keys.reuse) {
            problems.push(OptionProblem::at("via", "what is asked from elsewhere is asked once, by name"));
        }
        if keys.each_address && keys.reuse {
            problems.push(OptionProblem::at("reuse", "each address is asked on a connection of its own"));
        }
        if keys.body_limit == 0 || keys.body_limit > LARGEST_LIMIT {
            problems.push(OptionProblem::at("body_limit", "a body limit lies between 1 byte and 64 MiB"));
        }
    })
}

pub(in crate::check) fn touches(options: &Options) -> Vec<Touch> {
    let fallback = options.get("fallback").and_then(|fallback| fallback.get("url"));
    let urls = options.get("url").into_iter().chain(fallback).filter_map(serde_json::Value::as_str);
    urls.filter_map(options::host_of).map(Touch::Host).chain(via::touches(options)).collect()
}
