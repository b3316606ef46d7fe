//! A notifier's keys as its own type, their templates filled, and what is wrong with them.

use http::Uri;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::model::kind::{OptionProblem, Options, Touch};
use crate::model::template::{Filled, Template, Unfilled};
use crate::notify::{Given, Unusable};

/// The keys as a kind's own type.
pub(super) fn read<T: DeserializeOwned>(given: &Given<'_>) -> Result<T, Unusable> {
    serde_json::from_value(Json::Object(given.options.clone())).map_err(|error| Unusable::new(error.to_string()))
}

/// The keys judged by `judge`, or the one problem that kept them from being read at all.
pub(super) fn problems<T: DeserializeOwned>(
    options: &Options,
    judge: impl FnOnce(&T, &mut Vec<OptionProblem>),
) -> Vec<OptionProblem> {
    match serde_json::from_value::<T>(Json::Object(options.clone())) {
        Ok(read) => {
            let mut problems = Vec::new();
            judge(&read, &mut problems);
            problems
        }
        Err(error) => vec![OptionProblem::whole(error.to_string())],
    }
}

/// A template with its values.
pub(super) fn fill(template: &Template, given: &Given<'_>) -> Result<Filled, Unusable> {
    template
        .fill(given.values)
        .map_err(|unfilled| Unusable { why: unfilled.to_string(), local: matches!(unfilled, Unfilled::Failed { .. }) })
}

/// A template as a URL that notices may go to: https, or http on this machine. The URL is in no error: it may hold a
/// secret.
pub(super) fn url(key: &str, template: &Template, given: &Given<'_>) -> Result<Uri, Unusable> {
    let filled = fill(template, given)?;
    let url: Uri = filled.expose().trim().parse().map_err(|_| Unusable::new(format!("`{key}` is no URL")))?;
    let Some(host) = url.host() else { return Err(Unusable::new(format!("`{key}` is no URL"))) };
    match url.scheme_str() {
        Some("https") => Ok(url),
        Some("http") if is_local(host) => Ok(url),
        Some("http") => {
            Err(Unusable::new(format!("`{key}` is not https: notices would go through the net in the clear")))
        }
        _ => Err(Unusable::new(format!("`{key}` is no https URL"))),
    }
}

/// Whether a host is this machine by its own name.
pub(super) fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What is wrong with a URL as it is written. One that is a template is judged with its value.
pub(super) fn url_problem(key: &str, template: &Template) -> Option<OptionProblem> {
    let written = template.as_written();
    if written.starts_with("{{") || written.starts_with("https://") {
        return None;
    }
    let host = written.strip_prefix("http://").and_then(|rest| rest.split(['/', ':', '?']).next());
    if host.is_some_and(|host| is_local(host) || host.starts_with("{{")) {
        return None;
    }
    Some(OptionProblem::at(key, "notices go over https").help("http is taken for this machine alone"))
}

/// The host of a URL under a key, for `lint --audit`.
pub(super) fn touched_url(options: &Options, key: &str, default: &str) -> Vec<Touch> {
    let url = options.get(key).and_then(Json::as_str).unwrap_or(default);
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = after.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() { Vec::new() } else { vec![Touch::Host(host.to_owned())] }
}
