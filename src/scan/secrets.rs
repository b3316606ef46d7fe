//! The secrets that are looked for: the plan's credentials, each with the variables that hold it.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::mask::SHORTEST;
use crate::model::values::{Origin, Values};
use crate::scan::token;

/// A credential of the plan.
pub struct Secret {
    /// Its id in the plan.
    pub id: String,
    /// The variables of which it is the value, in order of name.
    pub variables: Vec<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// Its value.
    pub value: SecretString,
}

/// A credential that cannot be looked for, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsearched {
    /// Its id in the plan.
    pub id: String,
    /// Why, in a sentence's second half.
    pub why: String,
    /// Whether its source failed; otherwise it is too short to be told from other text.
    pub failed: bool,
}

/// The credentials among the values of a session that can be looked for, and those that cannot.
#[must_use]
pub fn of_values(values: &Values) -> (Vec<Arc<Secret>>, Vec<Unsearched>) {
    let (mut secrets, mut unsearched) = (Vec::new(), Vec::new());
    for (name, value) in values.iter() {
        let Some(id) = name.strip_prefix("credentials.") else { continue };
        let text = value.text.expose_secret().trim();
        if text.is_empty() {
            continue;
        }
        if text.chars().count() < SHORTEST {
            let why = format!("is shorter than {SHORTEST} characters, too short to be told from other text");
            unsearched.push(Unsearched { id: id.to_owned(), why, failed: false });
            continue;
        }
        let holds = |(name, other): (&str, &crate::model::values::Value)| {
            let variable = name.strip_prefix("env.")?;
            (other.text.expose_secret().trim() == text).then(|| variable.to_owned())
        };
        secrets.push(Arc::new(Secret {
            id: id.to_owned(),
            variables: values.iter().filter_map(holds).collect(),
            origin: value.origin.clone(),
            value: value.text.clone(),
        }));
    }
    for (name, why) in values.failures() {
        if let Some(id) = name.strip_prefix("credentials.") {
            unsearched.push(Unsearched { id: id.to_owned(), why: format!("could not be read: {why}"), failed: true });
        }
    }
    (secrets, unsearched)
}

impl Secret {
    /// Whether its provider made it to be public: Supabase's anonymous key, a publishable one (K7).
    #[must_use]
    pub fn is_made_public(&self) -> bool {
        let value = self.value.expose_secret().trim();
        let publishable = ["sb_publishable_", "pk_live_"].iter().any(|prefix| value.starts_with(prefix));
        publishable || token::is_public(value)
    }

    /// The variables that hold it, or its id where none does: what a person looks for in the configuration.
    #[must_use]
    pub fn named(&self) -> String {
        if self.variables.is_empty() { self.id.clone() } else { format!("{} ({})", self.variables.join(", "), self.id) }
    }
}

impl PartialEq for Secret {
    /// By name: two credentials of one value are two findings.
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.named())
    }
}
