//! The keys of a `site` check.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::options;
use crate::model::kind::{OptionProblem, Options, Touch};
use crate::model::template::Template;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// The front page.
    pub(super) url: Template,
    /// Paths that must not be served, beside those that no site should serve: `/.env` and its kin, `/.git/…`, `/debug`, `/test` ….
    #[serde(default)]
    pub(super) paths: Vec<String>,
    /// Paths that no foreign origin may read with credentials, beside the front page.
    #[serde(default)]
    pub(super) cross_origin: Vec<String>,
    /// Headers that the front page must send.
    #[serde(default = "protecting")]
    pub(super) headers: Vec<String>,
    /// Whether source maps may be served.
    #[serde(default)]
    pub(super) source_maps: bool,
}

/// A policy with `frame-ancestors` stands for `x-frame-options` too.
fn protecting() -> Vec<String> {
    ["content-security-policy", "x-content-type-options", "referrer-policy", "x-frame-options"]
        .map(str::to_owned)
        .to_vec()
}

pub(super) fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        let url = keys.url.as_written();
        if !url.starts_with("http://") && !url.starts_with("https://") && !url.starts_with("{{") {
            problems.push(OptionProblem::at("url", "a URL begins with https:// or http://"));
        }
        for (key, paths) in [("paths", &keys.paths), ("cross_origin", &keys.cross_origin)] {
            if let Some(wrong) = paths.iter().find(|path| !path.starts_with('/')) {
                problems.push(OptionProblem::at(key, format!("a path begins with a slash, not as in \"{wrong}\"")));
            }
        }
        if let Some(wrong) = keys.headers.iter().find(|name| http::HeaderName::from_bytes(name.as_bytes()).is_err()) {
            problems.push(OptionProblem::at("headers", format!("\"{wrong}\" is no header's name")));
        }
    })
}

pub(super) fn touches(options: &Options) -> Vec<Touch> {
    let url = options.get("url").and_then(serde_json::Value::as_str).unwrap_or_default();
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = after.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() { Vec::new() } else { vec![Touch::Host(host.to_owned())] }
}
