//! Who decided: an operator is an id and where that id comes from.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;

/// Where an operator's id comes from, and so how much it proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provenance {
    /// The account of the operating system.
    Os,
    /// The operator's configuration.
    Config,
    /// An ssh-signed approval: proof.
    Ssh,
    /// Typed at somebody's keyboard: a claim, and shown as one.
    Typed,
}

/// A person (or the demo's pilot) who decides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operator {
    /// The name as it is shown.
    pub id: SafeText,
    /// Where it comes from.
    pub from: Provenance,
}

impl Operator {
    /// An operator from a name of any spelling.
    #[must_use]
    pub fn new(name: &str, from: Provenance) -> Self {
        Self { id: SafeText::bounded(name.trim(), 64), from }
    }

    /// The id by which two operators are told apart: `Thandi` and `thandi ` are one person.
    #[must_use]
    pub fn normalised(&self) -> String {
        self.id.as_str().trim().to_lowercase()
    }

    /// Whether the name is only claimed, not known.
    #[must_use]
    pub const fn is_claimed(&self) -> bool {
        matches!(self.from, Provenance::Typed)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_claimed() { write!(f, "{} (claimed)", self.id) } else { f.pad(self.id.as_str()) }
    }
}

/// Who caused an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// golive itself: a result, a clock that ran out.
    Golive,
    /// A person.
    Operator(Operator),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Golive => f.pad("golive"),
            Self::Operator(operator) => operator.fmt(f),
        }
    }
}
