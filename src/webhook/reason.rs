//! Why a delivery was refused: one closed list of words, the same in reports, logs and on the command line. The sender
//! is never told.

use std::fmt;

/// Why a delivery was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A header that the scheme needs is not there, or empty.
    MissingHeader,
    /// A header that the scheme needs is there more than once: two readers could take different ones.
    DuplicateHeader,
    /// A header is not of the form that the scheme gives it.
    MalformedHeader,
    /// The timestamp is not a plain decimal number.
    MalformedTimestamp,
    /// The secret is empty, or not what the scheme's secrets look like.
    MalformedSecret,
    /// There are signatures, but none of the version that is spoken here.
    UnknownScheme,
    /// No signature is right for these bytes.
    BadSignature,
    /// The timestamp lies further back than the tolerance.
    TimestampTooOld,
    /// The timestamp lies further ahead than the tolerance.
    TimestampTooNew,
    /// The same message was taken before.
    Replay,
    /// It came from an address that may not send.
    UnknownSource,
    /// It came from a program that may not send.
    UnknownUserAgent,
    /// The body is larger than what is read.
    TooLarge,
}

impl Reason {
    /// The word as it stands in reports and vectors.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::DuplicateHeader => "duplicate_header",
            Self::MalformedHeader => "malformed_header",
            Self::MalformedTimestamp => "malformed_timestamp",
            Self::MalformedSecret => "malformed_secret",
            Self::UnknownScheme => "unknown_scheme",
            Self::BadSignature => "bad_signature",
            Self::TimestampTooOld => "timestamp_too_old",
            Self::TimestampTooNew => "timestamp_too_new",
            Self::Replay => "replay",
            Self::UnknownSource => "unknown_source",
            Self::UnknownUserAgent => "unknown_user_agent",
            Self::TooLarge => "too_large",
        }
    }

    /// What it means, in a sentence for the person who looks for the cause.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::MissingHeader => "a header that the scheme needs is missing or empty",
            Self::DuplicateHeader => "a header that the scheme needs is there twice",
            Self::MalformedHeader => "a header is not of the scheme's form",
            Self::MalformedTimestamp => "the timestamp is not a plain decimal number of seconds",
            Self::MalformedSecret => "the secret is empty or not of the scheme's form",
            Self::UnknownScheme => "no signature of a version that this scheme knows",
            Self::BadSignature => "no signature fits these bytes under any of the secrets",
            Self::TimestampTooOld => "the timestamp lies further back than the tolerance",
            Self::TimestampTooNew => "the timestamp lies further ahead than the tolerance",
            Self::Replay => "the same message was taken before",
            Self::UnknownSource => "it came from an address that may not send",
            Self::UnknownUserAgent => "it came from a user agent that may not send",
            Self::TooLarge => "the body is larger than what is read",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
