//! Texts with `{{ names }}` in them: parsed once, filled in when the values are known.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::model::values::{Lookup, Values};

/// A text that may hold `{{ names }}`. Kept as it is written; a name is looked up in [`Values`] when it is filled in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Template(String);

/// A filled-in text. One secret in it makes the whole text secret.
#[derive(Clone)]
pub enum Filled {
    /// Holds no secret.
    Plain(String),
    /// Holds at least one; never shown.
    Secret(SecretString),
}

/// Why a template could not be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfilled {
    /// No source has the name.
    #[error("\"{0}\" has no value: no source of the plan names it")]
    Missing(String),
    /// Its source could not be read: golive could not find out.
    #[error("\"{name}\" has no value: {why}")]
    Failed {
        /// The name in the template.
        name: String,
        /// What its source says.
        why: String,
    },
}

impl Template {
    /// Takes the text as it stands.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text as the plan has it.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.0
    }

    /// The names between the braces, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        pieces(&self.0).filter_map(|piece| match piece {
            Piece::Name(name) => Some(name),
            Piece::Text(_) => None,
        })
    }

    /// Puts the values in.
    ///
    /// # Errors
    /// Names the first name that has no value, and why.
    pub fn fill(&self, values: &Values) -> Result<Filled, Unfilled> {
        let mut text = String::with_capacity(self.0.len());
        let mut secret = false;
        for piece in pieces(&self.0) {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Name(name) => match values.get(name) {
                    Lookup::Found(value) => {
                        secret |= value.secret;
                        text.push_str(value.text.expose_secret());
                    }
                    Lookup::Missing => return Err(Unfilled::Missing(name.to_owned())),
                    Lookup::Failed(why) => {
                        return Err(Unfilled::Failed { name: name.to_owned(), why: why.to_owned() });
                    }
                },
            }
        }
        Ok(if secret { Filled::Secret(text.into()) } else { Filled::Plain(text) })
    }
}

impl From<&str> for Template {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl Filled {
    /// The text itself, for the one place that sends it where it belongs.
    #[must_use]
    pub fn expose(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(text) => text.expose_secret(),
        }
    }

    /// Whether it holds a secret.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(_))
    }

    /// The text, or a mark in its place.
    #[must_use]
    pub fn shown(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Secret(_) => "••••",
        }
    }
}

impl fmt::Debug for Filled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl JsonSchema for Template {
    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A text; {{ names }} in it are replaced by values of the plan's sources."
        })
    }
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Cuts a text at its `{{ … }}`. Braces that do not close are text.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let open = rest.find("{{");
        let (piece, left) = match open {
            Some(0) => match rest.find("}}") {
                Some(close) => (Piece::Name(rest[2..close].trim()), &rest[close + 2..]),
                None => (Piece::Text(rest), ""),
            },
            Some(open) => (Piece::Text(&rest[..open]), &rest[open..]),
            None => (Piece::Text(rest), ""),
        };
        rest = left;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::values::{Origin, Value};

    fn values() -> Values {
        let mut values = Values::default();
        values.insert("api_url", Value::plain("https://api.example", Origin::Plan));
        values.insert("credentials.api_key", Value::secret("FAKE-key".into(), Origin::Plan));
        values.fail("vault", "op: not signed in");
        values
    }

    #[test]
    fn names_are_filled_in() {
        let filled = Template::new("{{ api_url }}/health").fill(&values()).unwrap();
        assert_eq!(filled.expose(), "https://api.example/health");
        assert!(!filled.is_secret());
    }

    #[test]
    fn one_secret_makes_the_text_secret() {
        let filled = Template::new("Bearer {{credentials.api_key}}").fill(&values()).unwrap();
        assert_eq!(filled.expose(), "Bearer FAKE-key");
        assert_eq!(format!("{filled:?}"), "••••");
    }

    #[test]
    fn a_name_without_a_value_is_told_from_a_source_that_failed() {
        assert_eq!(Template::new("{{ x }}").fill(&values()).unwrap_err(), Unfilled::Missing("x".into()));
        let failed = Template::new("{{ vault }}").fill(&values()).unwrap_err();
        assert_eq!(failed, Unfilled::Failed { name: "vault".into(), why: "op: not signed in".into() });
    }

    #[test]
    fn braces_that_do_not_close_are_text() {
        assert_eq!(Template::new("a {{ b").fill(&values()).unwrap().expose(), "a {{ b");
        assert_eq!(Template::new("{ \"a\": 1 }").fill(&values()).unwrap().expose(), "{ \"a\": 1 }");
    }
}
