//! How a credential is rotated: what a plan names is done by golive, what it leaves out is a person's part.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::CheckId;

/// How a credential is rotated.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rotation {
    /// golive makes the new value up: so many random characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate: Option<u16>,
    /// The command whose first line is the new value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub obtain: Option<Vec<String>>,
    /// The env file whose line is written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub env_file: Option<PathBuf>,
    /// The command that takes the value to where else it is used; reads it from its standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distribute: Option<Vec<String>>,
    /// The checks that have to pass with the new value; those that use the credential when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub verify: Vec<CheckId>,
    /// How long they may take to pass.
    #[serde(default)]
    pub verify_within: VerifyWithin,
    /// The command that retires the old value; reads it from its standard input.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retire: Option<Vec<String>>,
}

/// How long the checks that use a new value may take to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct VerifyWithin(pub Span);

impl Default for VerifyWithin {
    fn default() -> Self {
        Self(Span::seconds(60))
    }
}

impl Rotation {
    /// The commands it names, each with what it is for.
    pub fn commands(&self) -> impl Iterator<Item = (&'static str, &Vec<String>)> {
        let named = [("obtain", &self.obtain), ("distribute", &self.distribute), ("retire", &self.retire)];
        named.into_iter().filter_map(|(what, command)| Some((what, command.as_ref()?)))
    }
}
