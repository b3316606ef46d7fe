//! The deliveries that are sent, one word each.

use schemars::JsonSchema;
use serde::Deserialize;

/// A delivery, and what has to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Case {
    /// Rightly signed: taken, with one effect.
    Genuine,
    /// Without a signature: refused.
    Unsigned,
    /// Signed with another secret: refused.
    WrongSignature,
    /// A right signature over another body: refused.
    ChangedBody,
    /// Rightly signed, longer ago than the tolerance: refused.
    Stale,
    /// Rightly signed, further ahead than the tolerance: refused.
    Future,
    /// The same bytes twice: one effect.
    Replay,
    /// Twenty times the same bytes at once: one effect.
    AtOnce,
    /// Rightly signed, larger than an endpoint should read: refused.
    Oversized,
    /// Rightly signed, from another user agent or address: refused.
    UnknownSource,
    /// Signed with another secret: leaves an event in the audit trail.
    Audited,
}

impl Case {
    /// The word as plans write it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Genuine => "genuine",
            Self::Unsigned => "unsigned",
            Self::WrongSignature => "wrong_signature",
            Self::ChangedBody => "changed_body",
            Self::Stale => "stale",
            Self::Future => "future",
            Self::Replay => "replay",
            Self::AtOnce => "at_once",
            Self::Oversized => "oversized",
            Self::UnknownSource => "unknown_source",
            Self::Audited => "audited",
        }
    }

    /// Whether the target has to refuse it, or to let it have no second effect.
    pub(super) const fn has_to_be_refused(self) -> bool {
        !matches!(self, Self::Genuine | Self::Audited)
    }

    /// Whether it is sent without a right signature of its own.
    pub(super) const fn is_forged(self) -> bool {
        matches!(self, Self::Unsigned | Self::WrongSignature | Self::ChangedBody | Self::Audited)
    }

    /// As it stands in a sentence.
    pub(super) fn shown(self) -> String {
        match self {
            Self::AtOnce => "twenty at once".to_owned(),
            other => other.word().replace('_', " "),
        }
    }
}
