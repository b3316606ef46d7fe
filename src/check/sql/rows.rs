//! Rows as JSON, bounded in number and size.

use serde_json::{Map, Value as Json};

use crate::network::Trouble;

/// So many bytes of values are kept of one answer.
const LARGEST: usize = 1 << 20;

/// What came back.
#[derive(Default)]
pub(super) struct Rows {
    /// Each row as an object, columns in their order.
    pub(super) rows: Vec<Json>,
    /// Whether there were more.
    pub(super) cut: bool,
    bytes: usize,
}

impl Rows {
    /// Adds a row; `false` if there is no room for more.
    pub(super) fn push(&mut self, row: Map<String, Json>, most: usize) -> Result<bool, Trouble> {
        if self.rows.len() >= most {
            self.cut = true;
            return Ok(false);
        }
        self.bytes += row.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>();
        if self.bytes > LARGEST {
            return Err(Trouble::Protocol(format!("the rows are larger than {LARGEST} bytes")));
        }
        self.rows.push(Json::Object(row));
        Ok(true)
    }
}

fn size(value: &Json) -> usize {
    match value {
        Json::String(text) => text.len(),
        Json::Array(_) | Json::Object(_) => value.to_string().len(),
        Json::Null | Json::Bool(_) | Json::Number(_) => 8,
    }
}

/// A number that a database writes as text: a whole one stays whole, what no number can hold stays a text.
pub(super) fn number(text: &str) -> Json {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => number.into(),
        _ => text.into(),
    }
}
