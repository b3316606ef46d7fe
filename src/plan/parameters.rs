//! Parameters of a preset or fragment: declared with type, default and sentence; `{{ parameters.x }}` is replaced when
//! the text is read. Where the whole text is one parameter, its value keeps its type.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::model::duration;
use crate::plan::place::Origin;
use crate::plan::problem::Problem;
use crate::plan::tree::{Entry, Node, Tree};

/// Takes `[parameters]` out of a document and puts their values in, those of `with` before the defaults.
pub(super) fn put_in(document: &mut Node, with: Option<&Node>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let declared = document.table_mut().and_then(|table| table.shift_remove("parameters"));
    let mut values: IndexMap<String, Node> = IndexMap::new();
    let declarations = declared.as_ref().and_then(|entry| entry.node.table());
    for (name, entry) in declarations.into_iter().flatten() {
        values.extend(value_of(name, entry, with, &mut problems).map(|value| (name.clone(), value)));
    }
    for (name, entry) in with.and_then(Node::table).into_iter().flatten() {
        if declarations.is_none_or(|known| !known.contains_key(name)) {
            let known = declarations.into_iter().flat_map(|table| table.keys().map(String::as_str));
            let problem = Problem::error(format!("there is no parameter `{name}`")).at(entry.key.clone());
            problems.push(problem.nearest(name, known));
        }
    }
    replace(document, &values, &mut problems);
    problems
}

fn value_of(name: &str, entry: &Entry, with: Option<&Node>, problems: &mut Vec<Problem>) -> Option<Node> {
    let Some(kind) = entry.node.get("type").and_then(Node::text) else {
        let help = "every = { type = \"duration\", default = \"30s\", doc = \"how often checks run\" }";
        problems.push(Problem::error(format!("parameter `{name}` has no type")).at(entry.key.clone()).help(help));
        return None;
    };
    let given = with.and_then(|with| with.get(name));
    let Some(value) = given.or_else(|| entry.node.get("default")) else {
        let origin = with.map_or_else(|| entry.key.clone(), |with| with.origin.clone());
        let doc = entry.node.get("doc").and_then(Node::text).unwrap_or_default();
        problems.push(Problem::error(format!("parameter `{name}` is needed: {doc}")).at(origin));
        return None;
    };
    if !fits(kind, &value.to_json()) {
        let article = if kind == "list" { "a list" } else { kind };
        problems.push(Problem::error(format!("parameter `{name}` must be {article}")).at(value.origin.clone()));
        return None;
    }
    Some(value.clone())
}

fn fits(kind: &str, value: &Json) -> bool {
    match kind {
        "text" => value.is_string(),
        "duration" => value.as_str().is_some_and(|text| duration::parse(text).is_ok()),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "list" => value.is_array(),
        _ => false,
    }
}

fn replace(node: &mut Node, values: &IndexMap<String, Node>, problems: &mut Vec<Problem>) {
    let origin = node.origin.clone();
    match &mut node.value {
        Tree::Table(table) => table.values_mut().for_each(|entry| replace(&mut entry.node, values, problems)),
        Tree::List(list) => list.iter_mut().for_each(|item| replace(item, values, problems)),
        Tree::Leaf(Json::String(text)) if text.contains("parameters.") => {
            if let Some(value) = replaced(text, values, &origin, problems) {
                node.value = value;
            }
        }
        Tree::Leaf(_) => {}
    }
}

fn replaced(text: &str, values: &IndexMap<String, Node>, origin: &Origin, problems: &mut Vec<Problem>) -> Option<Tree> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find("{{") {
        let close = rest[open..].find("}}")? + open;
        let name = rest[open + 2..close].trim();
        let whole = open == 0 && close + 2 == rest.len() && out.is_empty();
        match name.strip_prefix("parameters.") {
            Some(parameter) => match values.get(parameter) {
                Some(value) if whole => return Some(value.value.clone()),
                Some(value) => {
                    out.push_str(&rest[..open]);
                    match value.to_json() {
                        Json::String(text) => out.push_str(&text),
                        other => out.push_str(&other.to_string()),
                    }
                }
                None => {
                    let problem = Problem::error(format!("there is no parameter `{parameter}`")).at(origin.clone());
                    problems.push(problem.nearest(parameter, values.keys().map(String::as_str)));
                    return None;
                }
            },
            None => out.push_str(&rest[..close + 2]),
        }
        rest = &rest[close + 2..];
    }
    out.push_str(rest);
    Some(Tree::Leaf(Json::String(out)))
}
