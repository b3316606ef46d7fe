//! What is seen of credentials and their files while a session runs: suspicious activity, as plain facts.

use serde::{Deserialize, Serialize};

use crate::model::id::{CheckId, CredentialId};
use crate::model::text::SafeText;

/// What was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchEvent {
    /// A file that values come from was changed, made or taken away.
    SourceChanged {
        /// Which, as the plan names it.
        file: SafeText,
        /// What was done to it.
        how: SafeText,
        /// The names of the values that are others now.
        values: Vec<SafeText>,
        /// The checks that rest on them: what they had seen no longer counts.
        checks: Vec<CheckId>,
        /// Whether golive did it itself, in a rotation.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        own: bool,
    },
    /// A credential is another one than before, and no rotation of this session made it so.
    FingerprintChanged {
        /// Which.
        credential: CredentialId,
        /// What it was.
        from: SafeText,
        /// What it is; absent when it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<SafeText>,
    },
    /// A credential is again what it had been before it changed.
    FingerprintRestored {
        /// Which.
        credential: CredentialId,
    },
    /// A file that holds a secret can be read or written by more people than before.
    ModeOpened {
        /// Which.
        file: SafeText,
        /// From which mode, in octal digits.
        from: SafeText,
        /// To which.
        to: SafeText,
    },
    /// It is closed again.
    ModeClosed {
        /// Which.
        file: SafeText,
        /// The mode.
        mode: SafeText,
    },
    /// Somebody refused our credentials: a 401 or 403 where another answer was expected.
    Denied {
        /// The check that met it.
        check: CheckId,
    },
    /// A person has seen what stands here and takes it on them.
    Acknowledged {
        /// Of what: the credential's id, the file or `denied`.
        what: SafeText,
    },
}

impl WatchEvent {
    /// The name under which it is counted, where it is one that rules count.
    #[must_use]
    pub const fn counted(&self) -> Option<&'static str> {
        match self {
            Self::FingerprintChanged { .. } => Some("credential_changed"),
            Self::SourceChanged { own: false, values, .. } if !values.is_empty() => Some("source_changed"),
            Self::ModeOpened { .. } => Some("mode_opened"),
            Self::Denied { .. } => Some("denied"),
            Self::SourceChanged { .. }
            | Self::FingerprintRestored { .. }
            | Self::ModeClosed { .. }
            | Self::Acknowledged { .. } => None,
        }
    }
}
