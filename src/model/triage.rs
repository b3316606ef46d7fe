//! What a plan wants asked when something is broken: what changed outside, who is hurt, what the runbook says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::duration::Span;
use crate::model::id::{CheckId, HurtId, KindName, SourceId};
use crate::model::kind::Options;
use crate::model::runbook::Runbook;
use crate::model::text::SafeText;

/// The kinds of sources that changes come from, in the order in which a screen names them. What a plan does not
/// watch is named too: nobody takes silence for "nothing changed".
pub const SOURCES: [&str; 6] = ["git", "pipeline", "dns", "certificates", "environment", "flags"];

/// What is asked when something is broken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Triage {
    /// Where changes from outside come from, in plan order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Source>,
    /// What says who is hurt, in plan order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hurt: Vec<Hurt>,
    /// What to do about a failing check, step by step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runbooks: BTreeMap<CheckId, Runbook>,
}

impl Triage {
    /// Whether the plan wants nothing asked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.hurt.is_empty() && self.runbooks.is_empty()
    }

    /// The query with this id.
    #[must_use]
    pub fn query(&self, id: &HurtId) -> Option<&Hurt> {
        self.hurt.iter().find(|hurt| hurt.id == *id)
    }
}

/// Where changes from outside come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub id: SourceId,
    /// One of [`SOURCES`].
    pub kind: KindName,
    /// How often it is looked at.
    pub every: Span,
    /// How long one look may take.
    pub timeout: Span,
    /// The keys of its kind, as written.
    pub options: Options,
}

/// A query that says who is hurt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hurt {
    /// Its name.
    pub id: HurtId,
    /// What it counts, to stand behind the number: `payments failed`.
    pub title: String,
    /// `sql`, `http` or `prometheus`.
    pub kind: KindName,
    /// How often it is asked while something is broken.
    pub every: Span,
    /// How long one answer may take.
    pub timeout: Span,
    /// What stands before an amount: `R`, `EUR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// How what was hurt is repaired, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
    /// The keys of its kind, as written.
    pub options: Options,
}

impl Hurt {
    /// A number of it in words: `12 payments failed (R 14 400.00)`.
    #[must_use]
    pub fn words(&self, count: u64, amount: Option<&SafeText>) -> String {
        let amount = amount.map(|amount| {
            let currency = self.currency.as_ref().map(|currency| format!("{currency} ")).unwrap_or_default();
            format!(" ({currency}{})", grouped(amount.as_str()))
        });
        format!("{count} {}{}", self.title, amount.unwrap_or_default())
    }
}

/// Digits in threes: `14400.00` is read as `14 400.00`.
fn grouped(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    let (whole, rest) = digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.chars().count() - at).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    let rest = rest.map(|rest| format!(".{rest}")).unwrap_or_default();
    format!("{sign}{grouped}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_in_threes() {
        for (digits, read) in
            [("0", "0"), ("999.5", "999.5"), ("14400.00", "14 400.00"), ("-1234567", "-1 234 567"), ("1000", "1 000")]
        {
            assert_eq!(grouped(digits), read);
        }
    }
}
