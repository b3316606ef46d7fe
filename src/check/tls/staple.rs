//! What a stapled OCSP answer says of the server's certificate, and whether it may be believed: signed by the issuer's
//! key or by a responder that the issuer named, about this certificate, and of today. A server that staples its own
//! revocation is believed without more; one that staples `good` proves something only with all of that.

use jiff::Timestamp;
use jiff::civil::DateTime;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What a staple says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Staple {
    Good,
    Revoked,
    Unknown,
    /// It is no OCSP answer, or one without a certificate's state.
    Unreadable,
}

/// Whether it may be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// Signed by the issuer or by its word, about this certificate, and still in force: until when, if it says so.
    Verified(Option<Timestamp>),
    /// The same, but its time is over, or has not begun.
    OutOfTime(Timestamp),
    /// It is signed by somebody else, or about another certificate.
    Wrong(&'static str),
    /// It cannot be found out here.
    NotVerified(&'static str),
}

/// A staple that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stapled {
    pub(super) says: Staple,
    pub(super) proof: Proof,
}

impl Stapled {
    /// Whether clients that look at it would refuse it.
    pub(super) const fn is_doubtful(&self) -> bool {
        matches!(self.proof, Proof::OutOfTime(_) | Proof::Wrong(_)) || matches!(self.says, Staple::Unreadable)
    }

    /// As it stands in the evidence.
    pub(super) fn words(&self) -> String {
        let says = self.says.word();
        match &self.proof {
            Proof::Verified(Some(until)) => {
                format!("{says}, signed by the issuer, until {}", until.strftime("%F %H:%M UTC"))
            }
            Proof::Verified(None) => format!("{says}, signed by the issuer"),
            Proof::OutOfTime(at) => format!("{says}, out of its time ({})", at.strftime("%F %H:%M UTC")),
            Proof::Wrong(why) => format!("{says}, and {why}"),
            Proof::NotVerified(why) => format!("{says} (staple given, not verified: {why})"),
        }
    }
}

impl Staple {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown to its issuer",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Reads a staple that came with this chain, the server's own certificate first.
pub(super) fn read(bytes: &[u8], chain: &[CertificateDer<'_>], now: Timestamp) -> Stapled {
    match answer(bytes) {
        Some(answer) => {
            let proof = prove(&answer, chain, now).unwrap_or_else(|why| why);
            Stapled { says: answer.says, proof }
        }
        None => Stapled { says: Staple::Unreadable, proof: Proof::NotVerified("it is no OCSP answer") },
    }
}

/// The parts of an answer that matter.
struct Answer<'a> {
    says: Staple,
    /// What is signed, whole.
    signed: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
    /// The responder's own certificate, where it brought one.
    responder: Option<&'a [u8]>,
    hash: &'a [u8],
    key_hash: &'a [u8],
    serial: &'a [u8],
    from: Timestamp,
    until: Option<Timestamp>,
}

/// One element of DER: its tag, its content, and all of it.
#[derive(Clone, Copy)]
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    whole: &'a [u8],
}

const SEQUENCE: u8 = 0x30;
const SHA_256: &[u8] = &[0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];

/// The first element, and what stands behind it.
fn element(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (tag, first) = (*bytes.first()?, usize::from(*bytes.get(1)?));
    let (length, head) = match first {
        0..=0x7f => (first, 2),
        0x81..=0x83 => {
            let count = first - 0x80;
            let digits = bytes.get(2..2 + count)?;
            (digits.iter().fold(0_usize, |sum, digit| sum << 8 | usize::from(*digit)), 2 + count)
        }
        _ => return None,
    };
    let whole = bytes.get(..head.checked_add(length)?)?;
    Some((Element { tag, content: &whole[head..], whole }, &bytes[whole.len()..]))
}

/// All elements of a content.
fn elements(mut content: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !content.is_empty() {
        let (one, rest) = element(content)?;
        found.push(one);
        content = rest;
    }
    Some(found)
}

/// The elements of a sequence.
fn sequence<'a>(one: &Element<'a>) -> Option<Vec<Element<'a>>> {
    if one.tag == SEQUENCE { elements(one.content) } else { None }
}

/// `OCSPResponse` → `BasicOCSPResponse` → `tbsResponseData` → the first single answer.
fn answer(bytes: &[u8]) -> Option<Answer<'_>> {
    let (response, _) = element(bytes)?;
    // responseStatus, then [0] responseBytes { responseType, response OCTET STRING }
    let (inner, _) = element(sequence(&response)?.get(1)?.content)?;
    let (basic, _) = element(sequence(&inner)?.get(1)?.content)?;
    let basic = sequence(&basic)?;
    let (signed, algorithm, signature) = (basic.first()?, basic.get(1)?, basic.get(2)?);
    let responder = basic.get(3).and_then(|tagged| element(tagged.content)).and_then(|(list, _)| element(list.content));
    // The first sequence of tbsResponseData is `responses`; what stands before it is tagged or a time.
    let parts = sequence(signed)?;
    let responses = parts.iter().find(|part| part.tag == SEQUENCE)?;
    let single = sequence(sequence(responses)?.first()?)?;
    let id = sequence(single.first()?)?;
    let says = match single.get(1)?.tag & 0x1f {
        0 => Staple::Good,
        1 => Staple::Revoked,
        2 => Staple::Unknown,
        _ => return None,
    };
    let until = single.get(3).filter(|part| part.tag == 0xa0).and_then(|part| element(part.content));
    Some(Answer {
        says,
        signed: signed.whole,
        algorithm: algorithm.content,
        // The first byte counts unused bits.
        signature: signature.content.get(1..)?,
        responder: responder.map(|(certificate, _)| certificate.whole),
        hash: sequence(id.first()?)?.first()?.whole,
        key_hash: id.get(2)?.content,
        serial: id.get(3)?.content,
        from: moment(single.get(2)?.content)?,
        until: until.and_then(|(until, _)| moment(until.content)),
    })
}

/// `20261127001500Z`.
fn moment(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let at = DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    jiff::tz::Offset::UTC.to_timestamp(at).ok()
}

fn prove(answer: &Answer<'_>, chain: &[CertificateDer<'_>], now: Timestamp) -> Result<Proof, Proof> {
    let [own, issuer, ..] = chain else { return Err(Proof::NotVerified("the server does not send its issuer")) };
    let read = |bytes| X509Certificate::from_der(bytes).map(|(_, certificate)| certificate);
    let (Ok(own), Ok(issuer)) = (read(own.as_ref()), read(issuer.as_ref())) else {
        return Err(Proof::NotVerified("its certificates cannot be read"));
    };
    let key = issuer.public_key();
    let other = Proof::Wrong("it is about another certificate");
    if own.raw_serial() != answer.serial {
        return Err(other);
    }
    if answer.hash == SHA_256 && Sha256::digest(&key.subject_public_key.data).as_slice() != answer.key_hash {
        return Err(other);
    }
    match answer.responder {
        None => signed(key.raw, answer.algorithm, answer.signed, answer.signature)?,
        Some(responder) if responder == issuer.as_raw() => {
            signed(key.raw, answer.algorithm, answer.signed, answer.signature)?;
        }
        Some(responder) => {
            let (_, responder) =
                X509Certificate::from_der(responder).map_err(|_| Proof::NotVerified("its responder cannot be read"))?;
            named_by(&issuer, &responder, now)?;
            signed(responder.public_key().raw, answer.algorithm, answer.signed, answer.signature)?;
        }
    }
    if answer.from > now {
        return Ok(Proof::OutOfTime(answer.from));
    }
    Ok(match answer.until {
        Some(until) if until < now => Proof::OutOfTime(until),
        until => Proof::Verified(until),
    })
}

/// Whether the issuer itself named this responder: it signed its certificate, for this purpose, for this time.
fn named_by(issuer: &X509Certificate<'_>, responder: &X509Certificate<'_>, now: Timestamp) -> Result<(), Proof> {
    let parts = element(responder.as_raw()).and_then(|(whole, _)| sequence(&whole));
    let parts = parts.filter(|parts| parts.len() == 3).ok_or(Proof::NotVerified("its responder cannot be read"))?;
    let signature = parts[2].content.get(1..).unwrap_or_default();
    signed(issuer.public_key().raw, parts[1].content, parts[0].whole, signature)?;
    let purposes = responder.extended_key_usage().ok().flatten();
    if !purposes.is_some_and(|purposes| purposes.value.ocsp_signing) {
        return Err(Proof::Wrong("it is signed by a certificate that is not for that"));
    }
    let validity = responder.validity();
    let at = now.as_second();
    if at < validity.not_before.timestamp() || at > validity.not_after.timestamp() {
        return Err(Proof::Wrong("it is signed by a responder whose own certificate is out of its time"));
    }
    Ok(())
}

/// Whether the key of this `SubjectPublicKeyInfo` made this signature.
fn signed(key: &[u8], algorithm: &[u8], message: &[u8], signature: &[u8]) -> Result<(), Proof> {
    let unreadable = || Proof::NotVerified("the signer's key cannot be read");
    let parts = element(key).and_then(|(whole, _)| sequence(&whole)).ok_or_else(unreadable)?;
    let [of_key, bits] = parts[..] else { return Err(unreadable()) };
    let bits = bits.content.get(1..).ok_or_else(unreadable)?;
    let known = ring::default_provider().signature_verification_algorithms.all;
    let fits = known.iter().find(|known| {
        known.signature_alg_id().as_ref() == algorithm && known.public_key_alg_id().as_ref() == of_key.content
    });
    let fits = fits.ok_or(Proof::NotVerified("it is signed in a way that is not known here"))?;
    fits.verify_signature(bits, message, signature).map_err(|_| Proof::Wrong("its signature is not the issuer's"))
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, SigningKey as _,
    };

    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let head =
            if length < 128 { vec![tag, length as u8] } else { vec![tag, 0x82, (length >> 8) as u8, length as u8] };
        [head, content.to_vec()].concat()
    }

    fn sequence_of(parts: &[Vec<u8>]) -> Vec<u8> {
        der(SEQUENCE, &parts.concat())
    }

    fn time(hours: i64) -> Vec<u8> {
        let at = crate::clock::now().at + jiff::SignedDuration::from_hours(hours);
        der(0x18, at.strftime("%Y%m%d%H%M%SZ").to_string().as_bytes())
    }

    /// An authority, a leaf of it, and a responder that it named.
    struct Authority {
        issuer: CertifiedIssuer<'static, KeyPair>,
        leaf: Vec<u8>,
    }

    impl Authority {
        fn new() -> Self {
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
            let mut leaf = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
            leaf.serial_number = Some(vec![7_u8, 1, 2].into());
            let leaf = leaf.signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap().der().to_vec();
            Self { issuer, leaf }
        }

        fn responder(&self, purposes: Vec<ExtendedKeyUsagePurpose>) -> (KeyPair, Vec<u8>) {
            let key = KeyPair::generate().unwrap();
            let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
            params.extended_key_usages = purposes;
            let certificate = params.signed_by(&key, &self.issuer).unwrap().der().to_vec();
            (key, certificate)
        }

        fn chain(&self) -> Vec<CertificateDer<'static>> {
            vec![self.leaf.clone().into(), self.issuer.der().to_vec().into()]
        }

        fn read(&self, staple: &[u8]) -> Stapled {
            read(staple, &self.chain(), crate::clock::now().at)
        }
    }

    /// What an answer is made of.
    struct Made {
        state: Vec<u8>,
        serial: Vec<u8>,
        hours: (i64, i64),
        responder: Option<Vec<u8>>,
    }

    impl Default for Made {
        fn default() -> Self {
            Self { state: der(0x80, &[]), serial: vec![7, 1, 2], hours: (-1, 24), responder: None }
        }
    }

    /// An OCSP answer as RFC 6960 has it, signed with this key.
    fn answered(made: &Made, key: &KeyPair) -> Vec<u8> {
        let sha1 = sequence_of(&[der(0x06, &[0x2b, 0x0e, 0x03, 0x02, 0x1a]), der(0x05, &[])]);
        let id = sequence_of(&[sha1, der(0x04, &[1; 20]), der(0x04, &[2; 20]), der(0x02, &made.serial)]);
        let single = sequence_of(&[id, made.state.clone(), time(made.hours.0), der(0xa0, &time(made.hours.1))]);
        let signed = sequence_of(&[der(0xa2, &der(0x04, &[3; 20])), time(-1), sequence_of(&[single])]);
        let signature = [vec![0], key.sign(&signed).unwrap()].concat();
        // ecdsa-with-SHA256, without parameters.
        let algorithm = sequence_of(&[der(0x06, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])]);
        let mut basic = vec![signed, algorithm, der(0x03, &signature)];
        basic.extend(made.responder.as_ref().map(|responder| der(0xa0, &sequence_of(std::slice::from_ref(responder)))));
        let kind = der(0x06, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1]);
        let bytes = sequence_of(&[kind, der(0x04, &sequence_of(&basic))]);
        sequence_of(&[der(0x0a, &[0]), der(0xa0, &bytes)])
    }

    #[test]
    fn a_staple_of_the_issuer_is_believed_in_its_time_and_about_its_certificate() {
        let authority = Authority::new();
        let told = |made: &Made| authority.read(&answered(made, authority.issuer.key()));
        let good = told(&Made::default());
        assert!(matches!(good, Stapled { says: Staple::Good, proof: Proof::Verified(Some(_)) }), "{good:?}");
        assert!(good.words().starts_with("good, signed by the issuer, until 20"), "{}", good.words());
        let ended = told(&Made { hours: (-48, -24), ..Made::default() });
        assert!(matches!(ended.proof, Proof::OutOfTime(_)), "{ended:?}");
        let ahead = told(&Made { hours: (24, 48), ..Made::default() });
        assert!(matches!(ahead.proof, Proof::OutOfTime(_)), "{ahead:?}");
        let other = told(&Made { serial: vec![9], ..Made::default() });
        assert_eq!(other.proof, Proof::Wrong("it is about another certificate"));
        let revoked = told(&Made { state: der(0xa1, &time(-2)), ..Made::default() });
        assert_eq!(revoked.says, Staple::Revoked);
        assert_eq!(told(&Made { state: der(0x82, &[]), ..Made::default() }).says, Staple::Unknown);
    }

    #[test]
    fn a_staple_that_somebody_else_signed_is_not_believed() {
        let authority = Authority::new();
        let stranger = KeyPair::generate().unwrap();
        let forged = authority.read(&answered(&Made::default(), &stranger));
        assert_eq!(forged.proof, Proof::Wrong("its signature is not the issuer's"));
        // A responder that the issuer named speaks for it; one that it did not, or not for this, does not.
        let (key, certificate) = authority.responder(vec![ExtendedKeyUsagePurpose::OcspSigning]);
        let by = |key: &KeyPair, responder: Vec<u8>| {
            authority.read(&answered(&Made { responder: Some(responder), ..Made::default() }, key)).proof
        };
        assert!(matches!(by(&key, certificate), Proof::Verified(_)));
        let (key, certificate) = authority.responder(vec![ExtendedKeyUsagePurpose::ServerAuth]);
        assert_eq!(by(&key, certificate), Proof::Wrong("it is signed by a certificate that is not for that"));
        let (key, certificate) = Authority::new().responder(vec![ExtendedKeyUsagePurpose::OcspSigning]);
        assert_eq!(by(&key, certificate), Proof::Wrong("its signature is not the issuer's"));
    }

    #[test]
    fn what_cannot_be_verified_says_so_and_nonsense_is_no_state() {
        let authority = Authority::new();
        let whole = answered(&Made::default(), authority.issuer.key());
        let alone = read(&whole, &authority.chain()[..1], crate::clock::now().at);
        assert_eq!(alone.words(), "good (staple given, not verified: the server does not send its issuer)");
        for cut in 0..whole.len() {
            let said = authority.read(&whole[..cut]);
            assert_eq!(said.says, Staple::Unreadable, "cut at {cut}");
        }
        assert_eq!(authority.read(&[0x30, 3, 0x0a, 1, 6]).says, Staple::Unreadable, "unauthorized, without an answer");
        let signed = answer(&whole).unwrap().signed;
        let from = signed.as_ptr() as usize - whole.as_ptr() as usize;
        for at in from..from + signed.len() {
            let mut spoilt = whole.clone();
            spoilt[at] ^= 0x41;
            let said = authority.read(&spoilt);
            assert!(!matches!(said.proof, Proof::Verified(_)), "byte {at} of what is signed can be changed unseen");
        }
    }
}
