//! Queries for who is hurt: one file each, all of one shape, in one table. Adding one is one file, and one `mod` line
//! with one line in [`KINDS`].

mod amount;
mod http;
mod prometheus;
mod sql;
#[cfg(test)]
mod tests;

use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value as Json;
use tokio::time::Instant;

use crate::check::Surroundings;
use crate::check::asking;
use crate::check::hurt::amount::Amount;
use crate::core::inquiry::{Counted, MOST_IDS};
use crate::model::kind::{KindSpec, Options};
use crate::model::text::SafeText;
use crate::model::values::{Origin, Value, Values};

/// The name under which a query finds the moment since when it counts.
const SINCE: &str = "since";

/// Every kind of query there is.
pub const KINDS: &[&dyn Kind] = &[&sql::Sql, &http::Http, &prometheus::Prometheus];

/// A kind of query.
pub trait Kind: Sync {
    /// What lint, schema and docs know of it.
    fn spec(&self) -> KindSpec;

    /// Asks once; ends by the deadline.
    fn ask<'a>(&self, asked: &'a Asked<'_>) -> Asking<'a>;
}

/// What a query is asked with.
pub struct Asked<'a> {
    /// Its keys, as the plan has them.
    options: &'a Options,
    /// The values of the sources, with the moment since when it counts.
    values: Values,
    surroundings: &'a Arc<Surroundings>,
    since: Timestamp,
    deadline: Instant,
}

impl<'a> Asked<'a> {
    /// A query's keys, to be asked since a moment.
    #[must_use]
    pub fn new(options: &'a Options, surroundings: &'a Arc<Surroundings>, since: Timestamp, deadline: Instant) -> Self {
        let mut values = surroundings.values.clone();
        values.insert(SINCE, Value::plain(&since.to_string(), Origin::Plan));
        Self { options, values, surroundings, since, deadline }
    }
}

/// What [`Kind::ask`] returns: who is hurt, or why nobody knows, in a sentence.
pub type Asking<'a> = Pin<Box<dyn Future<Output = Result<Counted, String>> + Send + 'a>>;

/// The specs of all queries, for the plan's loader.
#[must_use]
pub fn specs() -> Vec<KindSpec> {
    KINDS.iter().map(|kind| kind.spec()).collect()
}

/// The kind with this name.
#[must_use]
pub fn kind(name: &str) -> Option<&'static dyn Kind> {
    KINDS.iter().copied().find(|kind| kind.spec().name == name)
}

/// Each entry is one that is hurt: its id, and its amount where there is one. An entry without an id is counted, and
/// cannot be repaired by it.
fn counted(entries: &[Json], (id, amount): (&str, &str), more: bool) -> Result<Counted, String> {
    let (mut sum, mut has_amount) = (Amount::default(), false);
    let mut ids = Vec::new();
    for entry in entries {
        if let Some(text) = asking::text(entry, amount) {
            sum = sum.plus(&text).ok_or_else(|| format!("\"{text}\" is no amount"))?;
            has_amount = true;
        }
        if ids.len() < MOST_IDS
            && let Some(id) = asking::text(entry, id)
        {
            ids.push(SafeText::bounded(&id, 100));
        }
    }
    let amount = has_amount.then(|| SafeText::from_foreign(&sum.to_string()));
    Ok(Counted { count: entries.len() as u64, amount, ids, more })
}
