//! What a stapled OCSP answer says of the server's certificate. It is not verified here: a server that staples its own
//! revocation is believed, one that staples `good` proves nothing new.

use x509_parser::der_parser::ber::{BerObject, BerObjectContent};
use x509_parser::der_parser::der::parse_der;

/// What a staple says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Staple {
    Good,
    Revoked,
    Unknown,
    /// It is no OCSP answer, or one without a certificate's state.
    Unreadable,
}

impl Staple {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown to its issuer",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Reads a staple: `OCSPResponse` → `BasicOCSPResponse` → `tbsResponseData` → the first answer's state.
pub(super) fn read(bytes: &[u8]) -> Staple {
    state(bytes).unwrap_or(Staple::Unreadable)
}

fn state(bytes: &[u8]) -> Option<Staple> {
    let (_, response) = parse_der(bytes).ok()?;
    // responseStatus, then [0] responseBytes { responseType, response OCTET STRING }
    let explicit = raw(response.as_sequence().ok()?.get(1)?)?;
    let (_, inner) = parse_der(explicit).ok()?;
    let basic = inner.as_sequence().ok()?.get(1)?.as_slice().ok()?;
    let (_, basic) = parse_der(basic).ok()?;
    let answered = basic.as_sequence().ok()?.first()?.as_sequence().ok()?;
    // The first sequence of sequences of tbsResponseData is `responses`; what stands before it is tagged or a time.
    let responses = answered.iter().find_map(|part| part.as_sequence().ok())?;
    let single = responses.first()?.as_sequence().ok()?;
    match single.get(1)?.header.raw_tag().and_then(|tag| tag.first()).map(|tag| tag & 0x1f) {
        Some(0) => Some(Staple::Good),
        Some(1) => Some(Staple::Revoked),
        Some(2) => Some(Staple::Unknown),
        _ => None,
    }
}

/// The bytes of a tagged object.
fn raw<'a>(object: &BerObject<'a>) -> Option<&'a [u8]> {
    match &object.content {
        BerObjectContent::Unknown(any) => Some(any.data),
        _ => None,
    }
}
