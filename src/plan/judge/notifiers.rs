//! Notifiers: keys of their kinds, names that rules use, and secrets that have no place in a plan. A misconfigured
//! notifier is a wrong plan and never one that is quietly left out.

use serde_json::Value as Json;

use crate::model::id::is_snake_case;
use crate::model::kind::KindSpec;
use crate::plan::document::Document;
use crate::plan::judge::kinds::placed;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

const HELP: &str = "name where it is: [credentials.NAME] from = { env = \"…\" }, and use {{ credentials.NAME }}";

pub(super) fn problems(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, notifier) in &document.notifiers {
        let place = || tree.place(&steps!["notifiers", name.as_str()], true);
        if !is_snake_case(name) {
            problems.push(
                Problem::error(format!("a notifier's name is small letters, digits and _: `{name}`")).at(place()),
            );
        }
        let Some(spec) = specs.iter().find(|spec| spec.name == notifier.kind) else { continue };
        let literal = literal_secrets(spec, &notifier.options);
        if literal.is_empty() {
            let found = (spec.problems)(&notifier.options);
            problems.extend(found.into_iter().map(|problem| placed(problem, tree, &["notifiers", name])));
        }
        for key in literal {
            // No place: the line would show the secret.
            let message = format!("`notifiers.{name}.{key}` holds a secret that stands in the plan itself");
            problems.push(Problem::error(message).help(HELP));
        }
        if notifier.common.rate.is_some_and(|rate| rate.most == 0 || rate.per.0.is_zero()) {
            let place = tree.place(&steps!["notifiers", name.as_str(), "rate"], false);
            problems.push(Problem::error("a notifier that takes nothing tells nobody").at(place));
        }
    }
    if let Some(metrics) = &document.metrics
        && !metrics.listen.ip().is_loopback()
    {
        let place = tree.place(&steps!["metrics", "listen"], false);
        problems.push(
            Problem::error("golive is watched from this machine alone")
                .at(place)
                .help("listen = \"127.0.0.1:9464\"; let a collector on this machine carry it on"),
        );
    }
    problems
}

/// The keys that are secret and hold a text without a reference; and texts that look like a chat service's webhook.
fn literal_secrets(spec: &KindSpec, options: &crate::model::kind::Options) -> Vec<String> {
    let schema = (spec.schema)().to_value();
    let literal = options.iter().filter(|(key, value)| {
        let secret = schema["properties"][key.as_str()]["writeOnly"] == true;
        value.as_str().is_some_and(|text| {
            let literal = !text.contains("{{") && !text.is_empty();
            (secret && literal) || (text.contains("://") && carries_token(text))
        })
    });
    literal.map(|(key, _)| key.clone()).collect()
}

/// Whether a URL as it is written carries what opens it: a chat service's webhook, a password, a token as a parameter.
fn carries_token(url: &str) -> bool {
    const HOOKS: [&str; 5] = [
        "hooks.slack.com/",
        "discord.com/api/webhooks/",
        "discordapp.com/api/webhooks/",
        ".webhook.office.com/",
        "hc-ping.com/",
    ];
    let literal_after = |mark: &str| url.find(mark).is_some_and(|at| !url[at + mark.len()..].starts_with("{{"));
    let parameter = ["token=", "key=", "sig=", "secret=", "password="].iter().any(|mark| literal_after(mark));
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    let password = authority.split_once('@').is_some_and(|(user, _)| user.contains(':') && !user.contains("{{"));
    parameter || password || HOOKS.iter().any(|hook| literal_after(hook))
}

/// The names of notifiers that can be told of things.
pub(in crate::plan) fn names(document: &Document) -> Vec<&str> {
    let told = document.notifiers.iter().filter(|(_, notifier)| notifier.kind != "heartbeat");
    told.map(|(name, _)| name.as_str()).collect()
}

/// A name that is no notifier's.
pub(super) fn unknown(name: &str, document: &Document) -> Option<Problem> {
    if document.notifiers.get(name).is_some_and(|notifier| notifier.kind == "heartbeat") {
        return Some(Problem::error(format!("`{name}` is a heartbeat and is told of nothing")));
    }
    let names = names(document);
    (!names.contains(&name)).then(|| {
        let problem = Problem::error(format!("there is no notifier `{name}`"));
        if names.is_empty() {
            problem.help(format!("[notifiers.{name}]\nkind = \"…\""))
        } else {
            problem.nearest(name, names)
        }
    })
}

/// The notifiers that checks of the kind `notifier` name.
pub(super) fn of_checks(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, check) in document.checks.iter().filter(|(_, check)| check.kind == "notifier") {
        for key in ["notifiers", "codes"] {
            let named = check.options.get(key).and_then(Json::as_array).into_iter().flatten();
            for (at, name) in named.enumerate().filter_map(|(at, name)| Some((at, name.as_str()?))) {
                let place = tree.place(&steps!["checks", id.as_str(), key, at], false);
                problems.extend(unknown(name, document).map(|problem| problem.at(place)));
            }
        }
    }
    problems
}
