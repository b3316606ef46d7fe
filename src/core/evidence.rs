//! What a check saw: bounded, redacted, dated. A check kind makes it, and knows no more of the core than this file.

mod hop;

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use hop::{Hop, Part};

use crate::model::failure::Failure;
use crate::model::text::SafeText;
use crate::model::word::Outcome;

/// What one run of a check saw. Made only by [`Evidence::pass`], [`Evidence::warn`], [`Evidence::fail`] and
/// [`Evidence::error`], so that a failure is always classified.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was found.
    pub outcome: Outcome,
    /// One sentence for the person.
    pub summary: SafeText,
    /// What was seen, name by name, in the order in which it should be read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<Fact>,
    /// The way it went, hop by hop, and what it saw refused, where the kind does several things in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hops: Vec<Hop>,
    /// How long the parts took, where the kind can tell.
    #[serde(default, skip_serializing_if = "Timings::is_empty")]
    pub timings: Timings,
    /// Why it did not pass; there for `fail` and `error`, and for a `warn` that has a class.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What to do about it, where the kind knows better than the plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<SafeText>,
    /// The number that it measured, for the check's series.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
    /// Whether it is about something that a deployment does not change: a probe on demand keeps it then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub outlives_deployment: bool,
    /// How many attempts it took.
    pub attempts: u32,
    /// How long the other side asked not to be asked again. For whoever retries; no fact of the target.
    #[serde(skip)]
    pub retry_after: Option<Duration>,
}

/// A number for a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// A plain number: a count, a share.
    Number(f64),
    /// A length of time, in seconds.
    Seconds(f64),
}

impl Measured {
    /// The number, whatever its unit.
    #[must_use]
    pub const fn number(self) -> f64 {
        match self {
            Self::Number(number) | Self::Seconds(number) => number,
        }
    }
}

/// One thing that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// A short name: `status`, `expires`, `file`.
    pub name: SafeText,
    /// Its value as text.
    pub value: SafeText,
    /// Whether another value would mean that something else was signed off (DECISIONS 10). Times and latencies never.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub material: bool,
}

/// How long the parts of a network check took. Absent parts did not happen (a reused connection has no connect).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timings {
    /// Resolving the name.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_micros")]
    pub dns: Option<Duration>,
    /// The TCP connection.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_micros")]
    pub connect: Option<Duration>,
    /// The TLS handshake.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_micros")]
    pub tls: Option<Duration>,
    /// From the request to the first byte of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_micros")]
    pub first_byte: Option<Duration>,
    /// All of it; the latency that reports and sparklines show.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "optional_micros")]
    pub total: Option<Duration>,
}

impl Timings {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// At most so many facts are kept of one run, so that no answer can flood the journal.
pub const MOST_FACTS: usize = 64;
/// At most so many hops are kept of one run.
pub const MOST_HOPS: usize = 48;
/// At most so many characters of one fact's value.
pub const LONGEST_FACT: usize = 2_000;
/// At most so many characters of a summary.
pub const LONGEST_SUMMARY: usize = 300;

impl Evidence {
    fn new(outcome: Outcome, summary: &str) -> Self {
        Self {
            outcome,
            summary: SafeText::bounded(summary, LONGEST_SUMMARY),
            facts: Vec::new(),
            hops: Vec::new(),
            timings: Timings::default(),
            failure: None,
            remedy: None,
            measured: None,
            outlives_deployment: false,
            attempts: 1,
            retry_after: None,
        }
    }

    /// The claim holds.
    #[must_use]
    pub fn pass(summary: &str) -> Self {
        Self::new(Outcome::Pass, summary)
    }

    /// It holds, with something to look at.
    #[must_use]
    pub fn warn(summary: &str) -> Self {
        Self::new(Outcome::Warn, summary)
    }

    /// The target misbehaved (DECISIONS 4).
    #[must_use]
    pub fn fail(failure: Failure, summary: &str) -> Self {
        Self { failure: Some(failure), ..Self::new(Outcome::Fail, summary) }
    }

    /// golive could not find out (DECISIONS 4).
    #[must_use]
    pub fn error(failure: Failure, summary: &str) -> Self {
        Self { failure: Some(failure), ..Self::new(Outcome::Error, summary) }
    }

    /// Adds something that was seen; beyond [`MOST_FACTS`] it is left out.
    #[must_use]
    pub fn fact(mut self, name: &str, value: &str) -> Self {
        self.push(name, value, false);
        self
    }

    /// Adds something whose change would mean that something else was signed off.
    #[must_use]
    pub fn material(mut self, name: &str, value: &str) -> Self {
        self.push(name, value, true);
        self
    }

    /// Adds the number that was measured.
    #[must_use]
    pub const fn measured(mut self, measured: Measured) -> Self {
        self.measured = Some(measured);
        self
    }

    /// Says that it is about something that a deployment does not change.
    #[must_use]
    pub const fn outliving_deployment(mut self) -> Self {
        self.outlives_deployment = true;
        self
    }

    /// Adds how long the parts took.
    #[must_use]
    pub const fn timed(mut self, timings: Timings) -> Self {
        self.timings = timings;
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn remedy(mut self, remedy: &str) -> Self {
        self.remedy = Some(SafeText::bounded(remedy, LONGEST_SUMMARY));
        self
    }

    /// Adds the way it went; beyond [`MOST_HOPS`] it is left out.
    #[must_use]
    pub fn hops(mut self, hops: impl IntoIterator<Item = Hop>) -> Self {
        self.hops.extend(hops);
        self.hops.truncate(MOST_HOPS);
        self
    }

    fn push(&mut self, name: &str, value: &str, material: bool) {
        if self.facts.len() < MOST_FACTS {
            let (name, value) = (SafeText::bounded(name, 60), SafeText::bounded(value, LONGEST_FACT));
            self.facts.push(Fact { name, value, material });
        }
    }

    /// Every text of it through `rewrite`: the door at which the redactor stands.
    #[must_use]
    pub fn rewritten(mut self, rewrite: &dyn Fn(&str) -> String) -> Self {
        let again = |text: &SafeText| SafeText::from_foreign(&rewrite(text.as_str()));
        self.summary = again(&self.summary);
        self.remedy = self.remedy.as_ref().map(again);
        for fact in &mut self.facts {
            fact.name = again(&fact.name);
            fact.value = again(&fact.value);
        }
        self.hops = self.hops.into_iter().map(|hop| hop.rewritten(&again)).collect();
        if let Some(failure) = &mut self.failure {
            failure.impact = again(&failure.impact);
        }
        self
    }
}

mod optional_micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    #[expect(clippy::ref_option, reason = "serde's `with` hands the field over like this")]
    pub(super) fn serialize<S: Serializer>(part: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match part {
            Some(part) => serializer.serialize_some(&u64::try_from(part.as_micros()).unwrap_or(u64::MAX)),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_micros))
    }
}
