//! The facts that a condition may ask for: their names and types beforehand, their values afterwards.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use cel::Value;
use cel::objects::Key;
use serde_json::Value as Json;

/// The type of a fact, as far as a condition can be judged by it beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactType {
    /// A number.
    Number,
    /// A text.
    Text,
    /// True or false.
    Bool,
    /// A length of time: compared with `duration("800ms")`.
    Duration,
    /// Anything JSON can hold.
    Json,
    /// A list.
    List,
}

/// The names that a condition may use.
#[derive(Clone, Debug, Default)]
pub struct FactNames(BTreeMap<&'static str, FactType>);

impl FactNames {
    /// These names with their types.
    #[must_use]
    pub fn new(names: &[(&'static str, FactType)]) -> Self {
        Self(names.iter().copied().collect())
    }

    /// The type of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<FactType> {
        self.0.get(name).copied()
    }

    /// All names.
    pub fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.0.keys().copied()
    }
}

/// A fact's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact {
    /// A whole number.
    Whole(i64),
    /// Any number.
    Number(f64),
    /// A text.
    Text(String),
    /// True or false.
    Bool(bool),
    /// A length of time.
    Duration(Duration),
    /// A JSON value.
    Json(Json),
}

/// Facts by name. One that is not there is a field that a complete answer lacks.
#[derive(Clone, Debug, Default)]
pub struct Facts(BTreeMap<&'static str, Fact>);

impl Facts {
    /// Adds one.
    pub fn insert(&mut self, name: &'static str, fact: Fact) {
        self.0.insert(name, fact);
    }

    /// Looks one up.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Fact> {
        self.0.get(name)
    }
}

pub(super) fn to_cel(fact: &Fact) -> Value {
    match fact {
        Fact::Whole(number) => Value::Int(*number),
        Fact::Number(number) => Value::Float(*number),
        Fact::Text(text) => Value::from(text.as_str()),
        Fact::Bool(truth) => Value::Bool(*truth),
        Fact::Duration(length) => Value::Duration(chrono::Duration::from_std(*length).unwrap_or(chrono::Duration::MAX)),
        Fact::Json(json) => from_json(json),
    }
}

/// JSON by hand: the engine's own conversion makes unsigned numbers of 3, which cannot be added to 1.
fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(*truth),
        Json::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Value::Int(whole),
            (None, Some(float)) => Value::Float(float),
            (None, None) => Value::Null,
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(from_json).collect::<Vec<_>>()),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (Key::from(name.as_str()), from_json(value)));
            Value::from(fields.collect::<HashMap<Key, Value>>())
        }
    }
}

/// A place in a list, as a field that is missing.
pub(super) fn element(at: &Value) -> String {
    format!("[{}]", shown(at))
}

/// The kind of a value in a person's words.
pub(super) const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "true or false",
        Value::Int(_) | Value::UInt(_) | Value::Float(_) => "a number",
        Value::String(_) => "a text",
        Value::Duration(_) => "a duration",
        Value::List(_) => "a list",
        Value::Map(_) => "an object",
        Value::Null => "null",
        _ => "something else",
    }
}

/// A value as it is shown beside the part of the condition that it stands in.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::Bool(truth) => truth.to_string(),
        Value::Int(number) => number.to_string(),
        Value::UInt(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::String(text) if text.chars().count() > 80 => {
            format!("\"{}…\"", text.chars().take(80).collect::<String>())
        }
        Value::String(text) => format!("\"{text}\""),
        Value::Duration(length) => {
            length.to_std().map_or_else(|_| "a negative duration".to_owned(), crate::model::duration::written)
        }
        Value::List(items) => format!("a list of {}", items.len()),
        Value::Null => "null".to_owned(),
        other => kind_of(other).to_owned(),
    }
}
