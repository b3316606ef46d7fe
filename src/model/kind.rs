//! What the plan's judge has to know of a check kind, without knowing the kind: its name, keys and sense.
//!
//! The plan keeps a check's own keys as they stand; the kind makes its own type of them when the check is built. So
//! the loader takes a list of these and imports no check.

use std::ops::Range;

use crate::model::word::Category;

/// Kinds that disturb their target by nature: their checks run when a person asks, whatever the plan says, and in
/// production only where it allows them (DECISIONS 21).
pub const ON_DEMAND: &[&str] = &["webhook"];

/// A check's own keys, as the plan has them. Texts may hold `{{ names }}`.
pub type Options = serde_json::Map<String, serde_json::Value>;

/// A kind as lint, schema and docs see it.
#[derive(Clone, Copy)]
pub struct KindSpec {
    /// As written behind `kind =`.
    pub name: &'static str,
    /// One sentence: what it claims when it passes.
    pub doc: &'static str,
    /// The category of its checks unless the plan says otherwise.
    pub category: Category,
    /// A whole, valid example of its keys, as TOML below `[checks.example]`.
    pub example: &'static str,
    /// JSON Schema of its own keys (an object; unknown keys denied).
    pub schema: fn() -> schemars::Schema,
    /// What is wrong with these keys beyond their shape: asserts nothing, a condition that cannot be, …
    pub problems: fn(&Options) -> Vec<OptionProblem>,
    /// What a check with these keys would touch, for `lint --audit`, for trust, and for requests an hour.
    pub touches: fn(&Options) -> Vec<Touch>,
}

/// Everything that a plan may name a kind of: reads as the list of check kinds, and has the notifiers' beside it.
#[derive(Clone, Default)]
pub struct Kinds {
    /// Of checks.
    pub checks: Vec<KindSpec>,
    /// Of notifiers.
    pub notifiers: Vec<KindSpec>,
    /// Of sources of changes.
    pub changes: Vec<KindSpec>,
    /// Of queries for who is hurt.
    pub hurt: Vec<KindSpec>,
}

impl std::ops::Deref for Kinds {
    type Target = [KindSpec];

    fn deref(&self) -> &[KindSpec] {
        &self.checks
    }
}

impl IntoIterator for Kinds {
    type Item = KindSpec;
    type IntoIter = std::vec::IntoIter<KindSpec>;

    fn into_iter(self) -> Self::IntoIter {
        self.checks.into_iter()
    }
}

/// Something wrong with a kind's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionProblem {
    /// The key it is about (`expect`, `headers.accept`); `None` for the check as a whole.
    pub key: Option<String>,
    /// One sentence in lower case.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
    /// Which bytes of the key's text, where it is a condition.
    pub within: Option<Range<usize>>,
}

impl OptionProblem {
    /// A problem of the check as a whole.
    #[must_use]
    pub fn whole(message: impl Into<String>) -> Self {
        Self { key: None, message: message.into(), help: None, within: None }
    }

    /// A problem of one key.
    #[must_use]
    pub fn at(key: &str, message: impl Into<String>) -> Self {
        Self { key: Some(key.to_owned()), message: message.into(), help: None, within: None }
    }

    /// The same, with what to write instead.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same, about these bytes of the key's text.
    #[must_use]
    pub fn within(mut self, range: Range<usize>) -> Self {
        self.within = Some(range);
        self
    }
}

/// Something in the world that a check may touch. Texts are as the plan has them, `{{ names }}` included.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touch {
    /// A host, with a port where one is named.
    Host(String),
    /// A file or folder.
    File(String),
    /// A command line.
    Command(Vec<String>),
}
