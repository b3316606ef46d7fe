//! The keys of a flow, and what can be wrong with them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::check::{http, options, sql, websocket};
use crate::core::evidence::Part;
use crate::model::duration::Span;
use crate::model::kind::{OptionProblem, Options, Touch};
use crate::model::template::Template;

/// Where the names begin that a flow gives values to itself.
pub(super) const OWN: &str = "flow.";
/// No flow has more hops: each is a fact of its evidence.
const MOST_HOPS: usize = 24;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Keys {
    /// What is done, in order. Each hop has a `name` and one of `request`, `sql`, `subscribe`, `message` and `wait`.
    pub(super) hops: Vec<Hop>,
    /// What is done afterwards, whatever happened; a hop whose values were never captured is left out.
    #[serde(default)]
    pub(super) cleanup: Vec<Hop>,
}

/// One hop.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Hop {
    /// What it is called.
    pub(super) name: String,
    /// A request, with the keys of the kind `http`.
    pub(super) request: Option<http::Keys>,
    /// A statement, with the keys of the kind `sql`; `writes = true` lets it change something.
    pub(super) sql: Option<sql::Keys>,
    /// A WebSocket that is opened and stays open for later hops, with the keys of the kind `websocket`.
    pub(super) subscribe: Option<websocket::Keys>,
    /// A message that has to come on a WebSocket opened before.
    pub(super) message: Option<Awaited>,
    /// A pause.
    pub(super) wait: Option<Span>,
    /// So long a request or statement is repeated until it is as it should be, and a message is waited for.
    pub(super) within: Option<Span>,
    /// What later hops may use as `{{ flow.NAME }}`: `{ link = "json.paylinkID" }`.
    #[serde(default)]
    pub(super) capture: BTreeMap<String, String>,
    /// Whether what is captured is never shown.
    #[serde(default)]
    pub(super) secret: bool,
    /// Whether it is something that has to be refused, or to change nothing: the Flow screen tells these apart.
    #[serde(default)]
    pub(super) refused: bool,
    /// Who vouches for what is seen; the host that answers unless said otherwise.
    pub(super) vouched_by: Option<String>,
}

/// A message that has to come.
#[derive(Clone, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Awaited {
    /// The hop that opened the WebSocket.
    pub(super) from: String,
    /// A condition over message, json, count and latency; `{{ flow.NAME }}` in it is filled in.
    pub(super) expect: Template,
}

impl Hop {
    /// What it is for, among the hops of the way.
    pub(super) const fn part(&self) -> Part {
        if self.refused { Part::Refusal } else { Part::Way }
    }

    /// Whether asking twice does what asking once does.
    pub(super) fn may_be_repeated(&self) -> bool {
        let reads = self.request.as_ref().is_some_and(|request| matches!(request.method.as_str(), "GET" | "HEAD"));
        reads || self.sql.as_ref().is_some_and(|sql| !sql.writes)
    }
}

/// Every text of the keys that may hold names.
pub(super) fn templates(options: &Options) -> Vec<Template> {
    fn walk(value: &Json, found: &mut Vec<Template>) {
        match value {
            Json::String(text) if text.contains("{{") => found.push(Template::new(text)),
            Json::Array(items) => items.iter().for_each(|item| walk(item, found)),
            Json::Object(fields) => fields.values().for_each(|field| walk(field, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    options.values().for_each(|value| walk(value, &mut found));
    found
}

/// The flow's own names that a hop wants filled in.
pub(super) fn wants(hop: &Hop) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut take = |template: &Template| {
        names.extend(template.names().filter(|name| name.starts_with(OWN)).map(str::to_owned));
    };
    if let Some(request) = &hop.request {
        take(&request.url);
        request.headers.values().chain(&request.body).for_each(&mut take);
    }
    if let Some(sql) = &hop.sql {
        sql.templates().for_each(&mut take);
    }
    if let Some(subscribe) = &hop.subscribe {
        subscribe.templates().for_each(&mut take);
    }
    if let Some(message) = &hop.message {
        take(&message.expect);
    }
    names
}

pub(super) fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.hops.is_empty() || keys.hops.len() + keys.cleanup.len() > MOST_HOPS {
            problems.push(OptionProblem::at("hops", format!("a flow has between 1 and {MOST_HOPS} hops")));
        }
        let mut known = BTreeSet::from([format!("{OWN}id")]);
        let mut opened = BTreeSet::new();
        let mut names = BTreeSet::new();
        for (list, hops) in [("hops", &keys.hops), ("cleanup", &keys.cleanup)] {
            for (at, hop) in hops.iter().enumerate() {
                let at = format!("{list}.{at}");
                if !names.insert(hop.name.clone()) || hop.name.trim().is_empty() {
                    problems.push(OptionProblem::at(&format!("{at}.name"), "each hop has a name of its own"));
                }
                of_hop(hop, &at, options, problems);
                for name in wants(hop).difference(&known) {
                    let message = format!("no hop before this one captures `{name}`");
                    problems.push(OptionProblem::at(&at, message).help("capture = { … }, or {{ flow.id }}"));
                }
                if let Some(message) = hop.message.as_ref().filter(|message| !opened.contains(&message.from)) {
                    let problem = format!("no hop before this one subscribes as \"{}\"", message.from);
                    problems.push(OptionProblem::at(&format!("{at}.message.from"), problem));
                }
                known.extend(hop.capture.keys().map(|name| format!("{OWN}{name}")));
                if hop.subscribe.is_some() {
                    opened.insert(hop.name.clone());
                }
            }
        }
    })
}

fn of_hop(hop: &Hop, at: &str, options: &Options, problems: &mut Vec<OptionProblem>) {
    let does =
        [hop.request.is_some(), hop.sql.is_some(), hop.subscribe.is_some(), hop.message.is_some(), hop.wait.is_some()];
    if does.iter().filter(|does| **does).count() != 1 {
        problems.push(
            OptionProblem::at(at, "a hop does one thing").help("one of request, sql, subscribe, message and wait"),
        );
    }
    let within = |problem: OptionProblem, key: &str| OptionProblem {
        key: Some(problem.key.map_or_else(|| format!("{at}.{key}"), |inner| format!("{at}.{key}.{inner}"))),
        ..problem
    };
    if hop.request.is_some() {
        let own = at.split_once('.').and_then(|(list, index)| options.get(list)?.get(index.parse::<usize>().ok()?));
        let own = own.and_then(|hop| hop.get("request")).and_then(Json::as_object);
        let own = own.map(http::problems).unwrap_or_default();
        problems.extend(own.into_iter().map(|problem| within(problem, "request")));
    }
    let mut inner = Vec::new();
    if let Some(sql) = &hop.sql {
        sql.problems(&mut inner);
        if sql.query_wants(OWN) {
            let problem = OptionProblem::at("query", "what comes from outside does not belong into a statement");
            inner.push(problem.help("put it into with = [\"{{ flow.NAME }}\"], and $1 or ? where it stands"));
        }
        problems.extend(inner.drain(..).map(|problem| within(problem, "sql")));
    }
    if let Some(subscribe) = &hop.subscribe {
        subscribe.problems(&mut inner);
        problems.extend(inner.drain(..).map(|problem| within(problem, "subscribe")));
    }
    if let Some(message) = &hop.message {
        let source = message.expect.as_written();
        let problem = options::condition_problem("message.expect", source, &websocket::fact_names());
        problems.extend(problem.map(|problem| OptionProblem { key: Some(format!("{at}.message.expect")), ..problem }));
    }
    if hop.within.is_some()
        && (hop.wait.is_some() || !(hop.may_be_repeated() || hop.message.is_some() || hop.subscribe.is_some()))
    {
        let problem = OptionProblem::at(&format!("{at}.within"), "what changes something is done once");
        problems.push(problem.help("let a GET or a SELECT wait for what came of it"));
    }
}

pub(super) fn touches(options: &Options) -> Vec<Touch> {
    let lists = ["hops", "cleanup"].iter().filter_map(|list| options.get(*list)?.as_array());
    let mut touches = Vec::new();
    for hop in lists.flatten() {
        let part = |name: &str| hop.get(name).and_then(Json::as_object);
        touches.extend(part("request").map(http::touches).unwrap_or_default());
        touches.extend(part("sql").and_then(sql::touches));
        touches.extend(part("subscribe").and_then(websocket::touches));
    }
    touches.sort();
    touches.dedup();
    touches
}
