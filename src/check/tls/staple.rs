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
    match Some(single.get(1)?.header.tag().0) {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head =
            if length < 128 { vec![tag, length as u8] } else { vec![tag, 0x82, (length >> 8) as u8, length as u8] };
        [head, content.to_vec()].concat()
    }

    /// An OCSP answer as RFC 6960 has it, with this state of the certificate.
    fn answer(state: &[u8]) -> Vec<u8> {
        let sequence = |parts: &[Vec<u8>]| der(0x30, &parts.concat());
        let time = || der(0x18, b"20260101000000Z");
        let algorithm = || sequence(&[der(0x06, &[0x2b, 0x0e, 0x03, 0x02, 0x1a]), der(0x05, &[])]);
        let id = sequence(&[algorithm(), der(0x04, &[1; 20]), der(0x04, &[2; 20]), der(0x02, &[7])]);
        let single = sequence(&[id, state.to_vec(), time()]);
        let data = sequence(&[der(0xa2, &der(0x04, &[3; 20])), time(), sequence(&[single])]);
        let basic = sequence(&[data, algorithm(), der(0x03, &[0, 1, 2, 3])]);
        let kind = der(0x06, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1]);
        let bytes = sequence(&[kind, der(0x04, &basic)]);
        sequence(&[der(0x0a, &[0]), der(0xa0, &bytes)])
    }

    #[test]
    fn a_staples_state_is_read_and_nonsense_is_no_state() {
        assert_eq!(read(&answer(&der(0x80, &[]))), Staple::Good);
        assert_eq!(read(&answer(&der(0xa1, &der(0x18, b"20260101000000Z")))), Staple::Revoked);
        assert_eq!(read(&answer(&der(0x82, &[]))), Staple::Unknown);
        let whole = answer(&der(0x80, &[]));
        for cut in 0..whole.len() {
            assert_eq!(read(&whole[..cut]), Staple::Unreadable, "cut at {cut}");
        }
        assert_eq!(read(&[0x30, 3, 0x0a, 1, 6]), Staple::Unreadable, "unauthorized, without an answer");
    }
}
