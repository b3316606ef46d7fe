//! A document as a tree in which every key and value knows its file and place. Merging keeps the places, so an error
//! in a plan of five files points into the right one.

use indexmap::IndexMap;
use serde_json::Value as Json;
use toml::de::{DeTable, DeValue};

use crate::plan::place::{FileNumber, Origin};
use crate::plan::problem::Problem;

/// A value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) value: Tree,
    pub(crate) origin: Origin,
}

/// A value.
#[derive(Clone, Debug)]
pub(crate) enum Tree {
    Table(IndexMap<String, Entry>),
    List(Vec<Node>),
    Leaf(Json),
}

/// A value of a table, with the place of its key.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Origin,
    pub(crate) node: Node,
}

/// One step of a path into a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

impl From<&str> for Step {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Step {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

/// A path from anything that can be a step: `steps!["checks", id, "depends_on", 0]`.
macro_rules! steps {
    ($($step:expr),* $(,)?) => { [$(crate::plan::tree::Step::from($step)),*] };
}
pub(crate) use steps;

impl Node {
    /// Reads a document.
    pub(crate) fn parse(text: &str, file: FileNumber) -> Result<Self, Problem> {
        let table = DeTable::parse(text).map_err(|error| {
            let range = error.span().unwrap_or(0..0);
            let message = error.message().lines().next().unwrap_or("this is no TOML").to_owned();
            Problem::error(message).at(Origin { file, range })
        })?;
        let whole = Origin { file, range: 0..text.len() };
        Ok(Self { value: Tree::Table(of_table(table.get_ref(), file)?), origin: whole })
    }

    /// The table in it.
    pub(crate) fn table(&self) -> Option<&IndexMap<String, Entry>> {
        match &self.value {
            Tree::Table(table) => Some(table),
            Tree::List(_) | Tree::Leaf(_) => None,
        }
    }

    /// The table in it, to be changed.
    pub(crate) fn table_mut(&mut self) -> Option<&mut IndexMap<String, Entry>> {
        match &mut self.value {
            Tree::Table(table) => Some(table),
            Tree::List(_) | Tree::Leaf(_) => None,
        }
    }

    /// The list in it.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        match &self.value {
            Tree::List(list) => Some(list),
            Tree::Table(_) | Tree::Leaf(_) => None,
        }
    }

    /// The text in it.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Tree::Leaf(Json::String(text)) => Some(text),
            Tree::Table(_) | Tree::List(_) | Tree::Leaf(_) => None,
        }
    }

    /// The value under a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.table()?.get(key).map(|entry| &entry.node)
    }

    /// The place of the deepest part of a path that is there; the last step's key where `of_key`, else its value.
    pub(crate) fn place(&self, path: &[Step], of_key: bool) -> Origin {
        let mut node = self;
        let mut origin = self.origin.clone();
        for (at, step) in path.iter().enumerate() {
            let last = at + 1 == path.len();
            match step {
                Step::Key(key) => {
                    let Some(entry) = node.table().and_then(|table| table.get(key)) else { break };
                    node = &entry.node;
                    let is_table = matches!(node.value, Tree::Table(_));
                    origin = if (last && of_key) || is_table { entry.key.clone() } else { node.origin.clone() };
                }
                Step::Index(index) => {
                    let Some(item) = node.list().and_then(|list| list.get(*index)) else { break };
                    node = item;
                    origin = node.origin.clone();
                }
            }
        }
        origin
    }

    /// Whether this path leads to a list.
    pub(crate) fn is_list(&self, path: &[Step]) -> bool {
        let end = path.iter().try_fold(self, |node, step| match step {
            Step::Key(key) => node.table()?.get(key).map(|entry| &entry.node),
            Step::Index(index) => node.list()?.get(*index),
        });
        end.is_some_and(|node| node.list().is_some())
    }

    /// The value without its places.
    pub(crate) fn to_json(&self) -> Json {
        match &self.value {
            Tree::Table(table) => {
                Json::Object(table.iter().map(|(key, entry)| (key.clone(), entry.node.to_json())).collect())
            }
            Tree::List(list) => Json::Array(list.iter().map(Self::to_json).collect()),
            Tree::Leaf(leaf) => leaf.clone(),
        }
    }

    /// The value as JSON with its keys in order: moving a line makes no other plan.
    pub(crate) fn to_sorted_json(&self) -> String {
        let mut text = String::new();
        self.write_sorted(&mut text);
        text
    }

    fn write_sorted(&self, text: &mut String) {
        match &self.value {
            Tree::Table(table) => {
                let mut entries: Vec<_> = table.iter().collect();
                entries.sort_unstable_by_key(|(key, _)| key.as_str());
                text.push('{');
                for (at, (key, entry)) in entries.into_iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { "," });
                    text.push_str(&Json::from(key.as_str()).to_string());
                    text.push(':');
                    entry.node.write_sorted(text);
                }
                text.push('}');
            }
            Tree::List(list) => {
                text.push('[');
                for (at, item) in list.iter().enumerate() {
                    text.push_str(if at == 0 { "" } else { "," });
                    item.write_sorted(text);
                }
                text.push(']');
            }
            Tree::Leaf(leaf) => text.push_str(&leaf.to_string()),
        }
    }
}

fn of_table(table: &DeTable<'_>, file: FileNumber) -> Result<IndexMap<String, Entry>, Problem> {
    let mut entries = IndexMap::with_capacity(table.len());
    for (key, value) in table {
        let place = Origin { file, range: key.span() };
        let node = of_value(value.get_ref(), Origin { file, range: value.span() })?;
        entries.insert(key.get_ref().to_string(), Entry { key: place, node });
    }
    Ok(entries)
}

fn of_value(value: &DeValue<'_>, origin: Origin) -> Result<Node, Problem> {
    let file = origin.file;
    let too_large = |origin: &Origin| Problem::error("this number is too large").at(origin.clone());
    let value = match value {
        DeValue::String(text) => Tree::Leaf(Json::String(text.to_string())),
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            let number = i64::from_str_radix(&digits, number.radix()).map_err(|_| too_large(&origin))?;
            Tree::Leaf(Json::from(number))
        }
        DeValue::Float(number) => {
            let float: f64 = number.as_str().replace('_', "").parse().map_err(|_| too_large(&origin))?;
            let float = serde_json::Number::from_f64(float)
                .ok_or_else(|| Problem::error("a plan has no use for inf and nan").at(origin.clone()))?;
            Tree::Leaf(Json::Number(float))
        }
        DeValue::Boolean(truth) => Tree::Leaf(Json::Bool(*truth)),
        DeValue::Datetime(moment) => Tree::Leaf(Json::String(moment.to_string())),
        DeValue::Array(list) => {
            let items = list.iter().map(|item| of_value(item.get_ref(), Origin { file, range: item.span() }));
            Tree::List(items.collect::<Result<_, _>>()?)
        }
        DeValue::Table(table) => Tree::Table(of_table(table, file)?),
    };
    Ok(Node { value, origin })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_trust_pins_is_the_plan_as_json_with_its_keys_in_order() {
        let plan = "b = [1, { d = 2.5, c = \"quote \\\" and é\" }]\na = { z = true, \"y z\" = [] }\n";
        let node = Node::parse(plan, FileNumber(0)).unwrap();
        assert_eq!(node.to_sorted_json(), r#"{"a":{"y z":[],"z":true},"b":[1,{"c":"quote \" and é","d":2.5}]}"#);
    }
}
