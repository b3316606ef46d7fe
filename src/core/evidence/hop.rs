//! One hop of a flow, or one delivery that had to be refused: what was done, what came of it, who vouches for it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;
use crate::model::word::Outcome;

/// One hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hop {
    /// What it is called.
    pub name: SafeText,
    /// What it is for.
    #[serde(default)]
    pub part: Part,
    /// How it went; absent while nobody came so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// What was done.
    #[serde(default)]
    pub done: SafeText,
    /// How long it took, where that was measured.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "super::optional_micros")]
    pub took: Option<Duration>,
    /// What was seen.
    #[serde(default)]
    pub seen: SafeText,
    /// Who says so.
    #[serde(default)]
    pub vouched_by: SafeText,
}

/// What a hop is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A part of the way.
    #[default]
    Way,
    /// Something that has to be refused, or to change nothing.
    Refusal,
    /// Taking away again what the flow made.
    CleanUp,
}

impl Hop {
    /// A hop that was not reached yet.
    #[must_use]
    pub fn ahead(name: &str, part: Part) -> Self {
        let (done, seen, vouched_by) = (SafeText::default(), SafeText::default(), SafeText::default());
        Self { name: SafeText::bounded(name, 60), part, outcome: None, done, took: None, seen, vouched_by }
    }

    pub(super) fn rewritten(mut self, again: &dyn Fn(&SafeText) -> SafeText) -> Self {
        for text in [&mut self.name, &mut self.done, &mut self.seen, &mut self.vouched_by] {
            *text = again(text);
        }
        self
    }
}
