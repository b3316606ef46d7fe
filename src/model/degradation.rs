//! What a service can go on without, as the plan names it (X2): a person turns it off and confirms that, and the
//! verdict is GO WITH WARNINGS at best.

use serde::{Deserialize, Serialize};

/// What a failing check's service goes on without.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Degradation {
    /// What customers go without, in a few words.
    pub without: String,
    /// The feature flags to turn off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<String>,
}

impl Degradation {
    /// What a person does: `turn A and B off and accept it (w): it goes on without live updates; or mend it: …`.
    #[must_use]
    pub fn way_out(&self, remedy: Option<&str>) -> String {
        let mend = remedy.map(|remedy| format!("; or mend it: {remedy}")).unwrap_or_default();
        format!("{} and accept it (w): it goes on without {}{mend}", self.to_do(), self.without)
    }

    /// `turn A, B off`.
    #[must_use]
    pub fn to_do(&self) -> String {
        format!("turn {} off", self.flags.join(", "))
    }

    /// `without live updates (A off)`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("without {} ({} off)", self.without, self.flags.join(", "))
    }
}
