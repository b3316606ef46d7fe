//! A pipeline elsewhere: triggered over its API, found, followed to its end, its commit asserted. One shape for all
//! services that answer JSON over HTTP: GitHub Actions, GitLab, Buildkite, Jenkins.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::template::Template;

/// A pipeline elsewhere. Paths such as `json.workflow_run.id` lead into an answer; `{{ pipeline.id }}` is new for each
/// run of the step, `{{ pipeline.run }}` is the run that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pipeline {
    /// The request that begins a run; a status below 300 is taken as yes.
    pub trigger: Call,
    /// The path in the trigger's answer under which the new run's id stands. Without it the run has to be found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// How the run is found in a list: where the trigger's answer names none, and after golive was ended meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub find: Option<Find>,
    /// The request that tells how the run is doing.
    pub poll: Call,
    /// How often it is asked.
    #[serde(default = "ten_seconds")]
    pub every: Span,
    /// The paths under which the state stands; the first that holds a text counts.
    pub state: Vec<String>,
    /// The states in which the run has done what it should.
    pub succeeded: Vec<String>,
    /// The states in which it has ended otherwise. Any other one means that it goes on.
    pub failed: Vec<String>,
    /// The commit that the run has to be of.
    pub commit: Commit,
    /// The path under which an address for people stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// The request that stops the run. Without it, stopping the step leaves the run alone and says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel: Option<Call>,
}

/// One request of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// GET, POST, …; POST for what begins or stops a run, GET for what asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Where to.
    pub url: Template,
    /// Headers to send.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, Template>,
    /// Body to send.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Template>,
}

/// How a run is found in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Find {
    /// The request that lists runs.
    pub list: Call,
    /// The path of the list in its answer.
    pub at: String,
    /// What marks the one run: paths in an entry, each with a text that has to stand there. Exactly one entry may fit.
    pub has: BTreeMap<String, Template>,
    /// The path of the run's id in the entry.
    pub run: String,
    /// How long it may take to appear.
    #[serde(default = "one_minute")]
    pub within: Span,
}

/// The commit that a run has to be of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The path under which the run names its commit.
    pub at: String,
    /// Which it has to be; of two hashes the shorter one, from seven characters on, counts.
    pub is: Template,
}

const fn ten_seconds() -> Span {
    Span::seconds(10)
}

const fn one_minute() -> Span {
    Span::seconds(60)
}

/// The name of the value that is new for each run of a step.
pub const OWN_ID: &str = "pipeline.id";
/// The name of the value that is the run's own id, once it is known.
pub const RUN_ID: &str = "pipeline.run";

impl Pipeline {
    /// Every request of it, with what it is for.
    pub fn calls(&self) -> impl Iterator<Item = (&'static str, &Call)> {
        let find = self.find.iter().map(|find| ("find", &find.list));
        let cancel = self.cancel.iter().map(|cancel| ("cancel", cancel));
        [("trigger", &self.trigger), ("poll", &self.poll)].into_iter().chain(find).chain(cancel)
    }
}

impl Commit {
    /// Whether two names mean the same commit: the same text, or the beginning of a hash and the hash.
    #[must_use]
    pub fn is_same(one: &str, other: &str) -> bool {
        let (one, other) = (one.trim(), other.trim());
        if one.is_empty() || other.is_empty() {
            return false;
        }
        if one.eq_ignore_ascii_case(other) {
            return true;
        }
        let is_hash = |text: &str| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let begins = |long: &str, short: &str| long.to_ascii_lowercase().starts_with(&short.to_ascii_lowercase());
        is_hash(one) && is_hash(other) && (begins(one, other) || begins(other, one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_hash_is_its_commit_and_anything_else_is_not() {
        let whole = "a41f9c2d7e0b5c6f1a2b3c4d5e6f708192a3b4c5";
        for (one, other, same) in [
            (whole, whole, true),
            (whole, "a41f9c2", true),
            ("A41F9C2", whole, true),
            (whole, "a41f9c", false),
            (whole, "b41f9c2", false),
            (whole, "", false),
            ("", "", false),
            ("2026.11.3", "2026.11.3", true),
            ("2026.11.30", "2026.11.3", false),
        ] {
            assert_eq!(Commit::is_same(one, other), same, "{one} {other}");
        }
    }
}
