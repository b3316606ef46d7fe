//! A plan's tree held against its own schema: unknown keys, wrong types, missing keys, values that are not allowed.
//! All of them are found, each with its place; reading stops at none.
//!
//! The walker knows as much of JSON Schema as the document types make use of, and no more.

use serde_json::{Map, Value as Json};

use crate::model::duration;
use crate::plan::place::Origin;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, Tree};

/// Everything about the tree's shape that is wrong.
pub(super) fn problems(tree: &Node, schema: &Json) -> Vec<Problem> {
    let mut walk = Walk { schema, problems: Vec::new() };
    walk.node(tree, schema, &tree.origin, "the plan");
    walk.problems
}

struct Walk<'a> {
    schema: &'a Json,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    fn node(&mut self, node: &Node, schema: &'a Json, key: &Origin, name: &str) {
        let schema = self.resolved(schema);
        for choices in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[choices].as_array() {
                return self.choice(node, choices, key, name);
            }
        }
        if let Some(allowed) = schema["enum"].as_array() {
            return self.one_of(node, allowed, name);
        }
        if let Some(types) = types_of(schema)
            && !types.iter().any(|wanted| fits(node, wanted))
        {
            let wanted =
                types.iter().filter(|wanted| **wanted != "null").map(|wanted| in_words(wanted)).collect::<Vec<_>>();
            let message = format!("{name} must be {}, not {}", wanted.join(" or "), kind_of(node));
            self.problems.push(Problem::error(message).at(node.origin.clone()));
            return;
        }
        match &node.value {
            Tree::Table(_) => self.table(node, schema, key, name),
            Tree::List(list) => {
                if schema["items"].is_object() {
                    list.iter().for_each(|item| self.node(item, &schema["items"], &item.origin, name));
                }
            }
            Tree::Leaf(leaf) => self.leaf(node, leaf, schema, name),
        }
    }

    fn leaf(&mut self, node: &Node, leaf: &Json, schema: &Json, name: &str) {
        if schema["format"] == "golive-duration"
            && let Some(Err(error)) = leaf.as_str().map(duration::parse)
        {
            self.problems.push(Problem::error(format!("{name}: {error}")).at(node.origin.clone()));
        }
        let bound = |key: &str| schema[key].as_f64();
        if let Some(number) = leaf.as_f64() {
            let low = bound("minimum").filter(|low| number < *low);
            let high = bound("maximum").filter(|high| number > *high);
            if let Some(low) = low {
                self.problems.push(Problem::error(format!("{name} must be at least {low}")).at(node.origin.clone()));
            } else if let Some(high) = high {
                self.problems.push(Problem::error(format!("{name} must be at most {high}")).at(node.origin.clone()));
            }
        }
    }

    fn table(&mut self, node: &Node, schema: &'a Json, key: &Origin, name: &str) {
        let Some(table) = node.table() else { return };
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        for (inner, entry) in table {
            match properties.get(inner) {
                Some(_) => self.node(&entry.node, &schema["properties"][inner], &entry.key, &format!("`{inner}`")),
                None if schema["additionalProperties"].is_object() => {
                    self.node(&entry.node, &schema["additionalProperties"], &entry.key, &format!("`{inner}`"));
                }
                None if schema["additionalProperties"] == Json::Bool(false) => {
                    let problem = Problem::error(format!("unknown key `{inner}`")).at(entry.key.clone());
                    self.problems.push(problem.nearest(inner, properties.keys().map(String::as_str)));
                }
                None => {}
            }
        }
        for needed in schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str) {
            if !table.contains_key(needed) {
                self.problems.push(Problem::error(format!("{name} needs `{needed}`")).at(key.clone()));
            }
        }
    }

    /// Of several shapes the one that is meant: by `kind`, by type, by the keys that are there.
    fn choice(&mut self, node: &Node, choices: &'a [Json], key: &Origin, name: &str) {
        let choices: Vec<&Json> = choices.iter().map(|choice| self.resolved(choice)).collect();
        if choices.iter().all(|choice| choice.get("const").is_some() || choice.get("enum").is_some()) {
            let single = |choice: &&&Json| choice.get("const").cloned();
            let several = |choice: &&Json| choice["enum"].as_array().cloned().unwrap_or_default();
            let mut allowed: Vec<Json> = choices.iter().filter_map(|choice| single(&choice)).collect();
            allowed.extend(choices.iter().flat_map(several));
            return self.one_of(node, &allowed, name);
        }
        let kinds: Vec<&str> =
            choices.iter().filter_map(|choice| choice["properties"]["kind"]["const"].as_str()).collect();
        if kinds.len() == choices.len() {
            return self.by_kind(node, &choices, &kinds, key, name);
        }
        let fitting: Vec<&&Json> = choices.iter().filter(|choice| self.could_be(node, choice)).collect();
        match fitting.as_slice() {
            [] => {
                let wanted = choices.iter().filter_map(|choice| types_of(choice)).flatten().filter(|t| *t != "null");
                let mut wanted: Vec<_> = wanted.map(in_words).collect();
                wanted.dedup();
                let message = format!("{name} must be {}, not {}", wanted.join(" or "), kind_of(node));
                self.problems.push(Problem::error(message).at(node.origin.clone()));
            }
            [only] => self.node(node, only, key, name),
            several => {
                let named = several.iter().find(|choice| shares_a_key(node, choice));
                match named {
                    Some(choice) => self.node(node, choice, key, name),
                    None => self.none_of(node, several, name),
                }
            }
        }
    }

    fn none_of(&mut self, node: &Node, choices: &[&&Json], name: &str) {
        let keys = choices.iter().filter_map(|choice| choice["properties"].as_object()).flat_map(Map::keys);
        let keys: Vec<&str> = keys.map(String::as_str).collect();
        let first = node.table().and_then(|table| table.iter().next());
        let problem = match first {
            Some((wrong, entry)) => {
                Problem::error(format!("unknown key `{wrong}` in {name}")).at(entry.key.clone()).nearest(wrong, keys)
            }
            None => Problem::error(format!("{name} is empty"))
                .at(node.origin.clone())
                .help(format!("there are: {}", keys.join(", "))),
        };
        self.problems.push(problem);
    }

    fn by_kind(&mut self, node: &Node, choices: &[&'a Json], kinds: &[&str], key: &Origin, name: &str) {
        let Some(named) = node.get("kind") else {
            let problem = if node.table().is_some() {
                Problem::error(format!("{name} needs `kind`")).at(key.clone())
            } else {
                Problem::error(format!("{name} must be a table, not {}", kind_of(node))).at(node.origin.clone())
            };
            self.problems.push(problem.help(format!("there are: {}", kinds.join(", "))));
            return;
        };
        let text = named.text().unwrap_or_default();
        match kinds.iter().position(|kind| *kind == text) {
            Some(at) => self.node(node, choices[at], key, name),
            None => {
                let problem = Problem::error(format!("there is no kind `{text}`")).at(named.origin.clone());
                self.problems.push(problem.nearest(text, kinds.iter().copied()));
            }
        }
    }

    fn one_of(&mut self, node: &Node, allowed: &[Json], name: &str) {
        let value = node.to_json();
        if allowed.contains(&value) {
            return;
        }
        let words: Vec<&str> = allowed.iter().filter_map(Json::as_str).collect();
        let problem = match value.as_str() {
            Some(text) => Problem::error(format!("{name} cannot be \"{text}\"")).nearest(text, words),
            None => {
                let message = format!("{name} must be one of {}, not {}", words.join(", "), kind_of(node));
                Problem::error(message)
            }
        };
        self.problems.push(problem.at(node.origin.clone()));
    }

    fn could_be(&self, node: &Node, schema: &Json) -> bool {
        let schema = self.resolved(schema);
        if let Some(choices) = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array()) {
            return choices.iter().any(|choice| self.could_be(node, choice));
        }
        types_of(schema).is_none_or(|types| types.iter().any(|wanted| fits(node, wanted)))
    }

    fn resolved<'b>(&self, schema: &'b Json) -> &'b Json
    where
        'a: 'b,
    {
        let Some(target) = schema["$ref"].as_str().and_then(|text| text.strip_prefix("#/$defs/")) else {
            return schema;
        };
        self.schema["$defs"].get(target).unwrap_or(schema)
    }
}

fn shares_a_key(node: &Node, schema: &Json) -> bool {
    let properties = schema["properties"].as_object();
    node.table().is_some_and(|table| table.keys().any(|key| properties.is_some_and(|known| known.contains_key(key))))
}

fn types_of(schema: &Json) -> Option<Vec<&str>> {
    match &schema["type"] {
        Json::String(one) => Some(vec![one]),
        Json::Array(several) => Some(several.iter().filter_map(Json::as_str).collect()),
        _ => None,
    }
}

fn fits(node: &Node, wanted: &str) -> bool {
    match (&node.value, wanted) {
        (Tree::Table(_), "object") | (Tree::List(_), "array") => true,
        (Tree::Leaf(leaf), "string") => leaf.is_string(),
        (Tree::Leaf(leaf), "boolean") => leaf.is_boolean(),
        (Tree::Leaf(leaf), "integer") => leaf.is_i64() || leaf.is_u64(),
        (Tree::Leaf(leaf), "number") => leaf.is_number(),
        _ => false,
    }
}

fn in_words(wanted: &str) -> &'static str {
    match wanted {
        "object" => "a table",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        _ => "something else",
    }
}

fn kind_of(node: &Node) -> &'static str {
    match &node.value {
        Tree::Table(_) => "a table",
        Tree::List(_) => "a list",
        Tree::Leaf(Json::String(_)) => "a text",
        Tree::Leaf(Json::Bool(_)) => "true or false",
        Tree::Leaf(Json::Number(_)) => "a number",
        Tree::Leaf(_) => "something else",
    }
}
