//! Ids as newtypes, so that an item can never be looked up among the checks.
//!
//! An id in a plan is flat snake_case: it is typed on command lines, stands in reports, and scripts rely on it.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::model::in_place::in_place;

/// Whether `text` may be an id: a lower-case letter first, then lower-case letters, digits and underscores.
#[must_use]
pub fn is_snake_case(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                in_place(deserializer, |text| Ok::<_, Infallible>(Self(Arc::from(text))))
            }
        }

        impl $name {
            /// Takes the text as it stands; the plan's judge has checked its spelling.
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(Arc::from(text))
            }

            /// The id as it is written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(
    /// A check of the plan. Checks and alerts share one space of ids.
    CheckId
);
id!(
    /// An alert rule of the plan.
    AlertId
);
id!(
    /// An item of the checklist. Items have a space of their own: an item may bear its check's name.
    ItemId
);
id!(
    /// One step of the rollback procedure.
    RollbackStepId
);
id!(
    /// A credential as the plan names it.
    CredentialId
);
id!(
    /// A notifier: somewhere that people are told.
    NotifierId
);
id!(
    /// A source of changes from outside.
    SourceId
);
id!(
    /// A query that says who is hurt.
    HurtId
);
id!(
    /// A check kind: `http`, `variable`, …
    KindName
);
id!(
    /// One session: a go-live, a triage or a rehearsal. A ULID in text form; also the journal's file name.
    SessionId
);

/// The number of an effect: what the core asked the world to do. Comes from a counter in state, so a late answer to an
/// effect that is no longer wanted can be told from the one that is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EffectId(pub u64);

impl fmt::Display for EffectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::is_snake_case;

    #[test]
    fn an_id_is_flat_snake_case() {
        for good in ["a", "api_secret_valid", "h2_check"] {
            assert!(is_snake_case(good), "{good}");
        }
        for bad in ["", "2fa", "_x", "Api", "a-b", "a.b", "ä"] {
            assert!(!is_snake_case(bad), "{bad}");
        }
    }
}
