//! A chain of certificates judged as a browser and a payment provider's client would: a pure function of what the
//! server sent, the name, the moment and the verifier's word.
//!
//! The verifier (webpki, over the roots of the plan or the system) decides whether a chain is taken. What it does not
//! look at, weak keys above all, is looked at here; and where it refuses, this finds the reason that a person can act on.

use std::time::Duration;

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::check::tls::names;
use crate::check::tls::reason::Reason;
use crate::model::duration;
use crate::model::text::SafeText;

/// RSA keys below this are weak, and so are EC keys below the other.
const LEAST_RSA: usize = 2048;
const LEAST_EC: usize = 256;
/// Signatures made over MD2, MD5 or SHA-1, by the ends of their names' numbers.
const WEAK_SIGNATURES: &[(&str, &str)] = &[
    ("1.2.840.113549.1.1.2", "MD2"),
    ("1.2.840.113549.1.1.3", "MD4"),
    ("1.2.840.113549.1.1.4", "MD5"),
    ("1.2.840.113549.1.1.5", "SHA-1"),
    ("1.3.14.3.2.29", "SHA-1"),
    ("1.2.840.10045.4.1", "SHA-1"),
    ("1.2.840.10040.4.3", "SHA-1"),
];

/// What came over the wire, and what is known around it.
pub(super) struct Sent<'a> {
    pub(super) chain: &'a [CertificateDer<'static>],
    pub(super) host: &'a str,
    pub(super) now: Timestamp,
    /// The verifier's word; `None` if it was not asked.
    pub(super) verified: Option<&'a Result<(), rustls::Error>>,
    /// Warn when the earliest end is nearer than this, or than a third of that certificate's life.
    pub(super) warn_before: Duration,
}

/// What a chain came to.
pub(super) struct Judged {
    /// What is wrong with it, or worth a word, in a sentence; `None` if nothing is.
    pub(super) finding: Option<(Reason, String)>,
    /// The earliest end of the certificates that vouch for the host.
    pub(super) until: Option<Timestamp>,
    /// What was seen, name by name.
    pub(super) facts: Vec<(&'static str, String)>,
}

/// The certificates that were sent, and the way from the server's own towards a root.
struct Path<'a> {
    sent: Vec<X509Certificate<'a>>,
    /// Positions in `sent`, the server's own first.
    way: Vec<usize>,
}

/// Judges a chain.
pub(super) fn judge(sent: &Sent<'_>) -> Judged {
    let parsed: Result<Vec<_>, _> =
        sent.chain.iter().map(|der| X509Certificate::from_der(der).map(|(_, certificate)| certificate)).collect();
    let Some(path) = parsed.ok().and_then(|sent_certificates| Path::of(sent_certificates, sent.now)) else {
        let finding = Some((Reason::Unreadable, "showed no certificate that can be read".to_owned()));
        return Judged { finding, until: None, facts: Vec::new() };
    };
    let refused = match sent.verified {
        Some(Err(error)) => Some(path.explained(sent, error)),
        Some(Ok(())) | None => None,
    };
    let finding = refused.or_else(|| path.weakness()).or_else(|| path.ends_soon(sent)).or_else(|| path.remark());
    Judged { finding, until: path.earliest().map(|(_, until)| until), facts: path.facts() }
}

impl<'a> Path<'a> {
    /// Follows issuers through what was sent. Of several with the right name, the one that holds now is taken.
    fn of(sent: Vec<X509Certificate<'a>>, now: Timestamp) -> Option<Self> {
        if sent.is_empty() {
            return None;
        }
        let mut way = vec![0];
        loop {
            let last = &sent[*way.last()?];
            if is_self_issued(last) {
                break;
            }
            let candidates = || {
                let known = sent.iter().enumerate();
                known.filter(|(at, one)| !way.contains(at) && one.subject().as_raw() == last.issuer().as_raw())
            };
            let holds = |one: &X509Certificate<'_>| dates(one).is_some_and(|(from, until)| from <= now && now <= until);
            let next = candidates().find(|(_, one)| holds(one)).or_else(|| candidates().next());
            match next {
                Some((at, _)) => way.push(at),
                None => break,
            }
        }
        Some(Self { sent, way })
    }

    fn certificates(&self) -> impl Iterator<Item = &X509Certificate<'a>> {
        self.way.iter().map(|at| &self.sent[*at])
    }

    /// Without a root that was sent along: nobody verifies that one, it is trusted or not.
    fn verified(&self) -> impl Iterator<Item = &X509Certificate<'a>> {
        self.certificates().enumerate().filter(|(at, one)| *at == 0 || !is_self_issued(one)).map(|(_, one)| one)
    }

    fn leaf(&self) -> &X509Certificate<'a> {
        &self.sent[0]
    }

    /// Why the verifier refused.
    fn explained(&self, sent: &Sent<'_>, error: &rustls::Error) -> (Reason, String) {
        self.untimely(sent.now)
            .or_else(|| self.misnamed(sent.host))
            .or_else(|| self.misused())
            .or_else(|| self.unentitled())
            .or_else(|| self.weakness())
            .or_else(|| self.broken())
            .unwrap_or_else(|| self.unknown(error))
    }

    fn untimely(&self, now: Timestamp) -> Option<(Reason, String)> {
        self.verified().find_map(|one| {
            let (from, until) = dates(one)?;
            if until < now {
                let ended = until.strftime("%F %H:%M UTC");
                return Some((Reason::Expired, format!("certificate of {} ended {ended}", name(one))));
            }
            let begins = from.strftime("%F %H:%M UTC");
            (from > now).then(|| {
                (Reason::NotYetValid, format!("certificate of {} is not valid yet, but from {begins}", name(one)))
            })
        })
    }

    fn misnamed(&self, host: &str) -> Option<(Reason, String)> {
        if names::stands_for(self.leaf(), host) {
            return None;
        }
        let named = names::alternative(self.leaf());
        let only_common =
            named.is_empty() && common_name(self.leaf().subject()).eq_ignore_ascii_case(names::bare(host));
        if only_common {
            let text = format!(
                "certificate of {} has the name only as its common name: no client takes that",
                name(self.leaf())
            );
            return Some((Reason::NoSan, text));
        }
        Some((Reason::WrongHost, format!("the certificate is for another name: {}", name(self.leaf()))))
    }

    fn misused(&self) -> Option<(Reason, String)> {
        let usage = self.leaf().extended_key_usage().ok().flatten()?;
        let serves = usage.value.any || usage.value.server_auth;
        (!serves).then(|| (Reason::WrongUsage, format!("certificate of {} is not for servers", name(self.leaf()))))
    }

    /// Issuers that may not issue, or not this.
    fn unentitled(&self) -> Option<(Reason, String)> {
        let issuers = self.certificates().enumerate().skip(1);
        for (at, issuer) in issuers {
            let basic = issuer.basic_constraints().ok().flatten().map(|extension| extension.value.clone());
            let Some(basic) = basic.filter(|basic| basic.ca) else {
                let text = format!("{} may not issue certificates, and issued one of this chain", name(issuer));
                return Some((Reason::NotACa, text));
            };
            // Between an authority and the server's own certificate stand so many other authorities.
            if basic.path_len_constraint.is_some_and(|most| at - 1 > most as usize) {
                return Some((
                    Reason::PathLength,
                    format!("{} may not have so many authorities below it", name(issuer)),
                ));
            }
            if let Some(outside) = names::outside(self.leaf(), issuer) {
                let outside = SafeText::bounded(&outside, 80);
                let text = format!("{} may not issue a certificate for {outside}", name(issuer));
                return Some((Reason::NameConstraints, text));
            }
        }
        None
    }

    /// Weak keys and signatures, which some verifiers take.
    fn weakness(&self) -> Option<(Reason, String)> {
        self.verified().find_map(|one| {
            let algorithm = one.signature_algorithm.algorithm.to_id_string();
            if let Some((_, weak)) = WEAK_SIGNATURES.iter().find(|(known, _)| *known == algorithm) {
                return Some((Reason::WeakSignature, format!("certificate of {} is signed with {weak}", name(one))));
            }
            let text = |what: String| (Reason::WeakKey, format!("certificate of {} has {what}", name(one)));
            match one.public_key().parsed() {
                Ok(PublicKey::RSA(key)) if bits(key.modulus) < LEAST_RSA => {
                    Some(text(format!("an RSA key of {} bits, at least {LEAST_RSA}", bits(key.modulus))))
                }
                Ok(PublicKey::EC(point)) if point.key_size() < LEAST_EC => {
                    Some(text(format!("an EC key of {} bits, at least {LEAST_EC}", point.key_size())))
                }
                Ok(PublicKey::DSA(_)) => Some(text("a DSA key, which no client takes".to_owned())),
                _ => None,
            }
        })
    }

    /// A signature of the chain that its issuer, who was sent along, did not make.
    fn broken(&self) -> Option<(Reason, String)> {
        self.way.windows(2).find_map(|pair| {
            let (one, issuer) = (&self.sent[pair[0]], &self.sent[pair[1]]);
            let text = || format!("the signature under the certificate of {} is not {}'s", name(one), name(issuer));
            (!is_signed_by(one, issuer)).then(|| (Reason::BadSignature, text()))
        })
    }

    /// Nobody here knows the last issuer: it is the server's own, an unknown root, or somebody that was not sent.
    fn unknown(&self, error: &rustls::Error) -> (Reason, String) {
        let reason = match error {
            rustls::Error::InvalidCertificate(reason) => reason,
            other => {
                return (
                    Reason::Refused,
                    format!("the handshake is refused: {}", SafeText::bounded(&other.to_string(), 160)),
                );
            }
        };
        let last = self.certificates().last().unwrap_or_else(|| self.leaf());
        match reason {
            CertificateError::Revoked => (Reason::Revoked, "the certificate was revoked".to_owned()),
            CertificateError::UnknownIssuer | CertificateError::BadSignature if is_self_issued(last) => {
                match self.way.len() {
                    1 => (Reason::SelfSigned, format!("certificate of {} is signed by itself", name(last))),
                    _ => (Reason::UntrustedRoot, format!("nobody here trusts the root {}", name(last))),
                }
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => {
                let issuer = SafeText::bounded(&common_name(last.issuer()), 100);
                let text = format!("nobody here knows the certificate's issuer {issuer}, and it was not sent along");
                (Reason::IncompleteChain, text)
            }
            other => {
                let text = SafeText::bounded(&other.to_string(), 160);
                (Reason::Refused, format!("the certificate is refused: {text}"))
            }
        }
    }

    /// The certificate that ends first, of those that vouch.
    fn earliest(&self) -> Option<(Duration, Timestamp)> {
        let ends = self.verified().filter_map(dates);
        let first = ends.min_by_key(|(_, until)| *until)?;
        Some((first.1.duration_since(first.0).unsigned_abs(), first.1))
    }

    /// Certificates live shorter every year: a third of the life is near its end too.
    fn ends_soon(&self, sent: &Sent<'_>) -> Option<(Reason, String)> {
        let (life, until) = self.earliest()?;
        let left = until.duration_since(sent.now).unsigned_abs();
        let text = duration::written(Duration::from_secs(left.as_secs() / 3600 * 3600));
        (left < sent.warn_before.min(life / 3))
            .then(|| (Reason::EndsSoon, format!("certificate of {} ends in {text}", names::bare(sent.host))))
    }

    /// What works, and is not as it should be.
    fn remark(&self) -> Option<(Reason, String)> {
        let needless = self.sent.iter().enumerate().find(|(at, one)| !self.way.contains(at) && !is_self_issued(one));
        if let Some((_, one)) = needless {
            return Some((Reason::ExtraCertificate, format!("{} is sent along and belongs to nothing", name(one))));
        }
        let in_order = self.way.windows(2).all(|pair| pair[0] < pair[1]);
        (!in_order).then(|| (Reason::ChainOrder, "the chain is not sent in order".to_owned()))
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        let leaf = self.leaf();
        let key = match leaf.public_key().parsed() {
            Ok(PublicKey::RSA(key)) => format!("RSA, {} bits", bits(key.modulus)),
            Ok(PublicKey::EC(point)) => format!("EC, {} bits", point.key_size()),
            _ => leaf.public_key().algorithm.algorithm.to_id_string(),
        };
        let chain: Vec<String> = self.certificates().map(name).collect();
        vec![
            ("key", key),
            ("names", names::alternative(leaf).len().to_string()),
            ("chain", chain.join(" ← ")),
            ("issuer", SafeText::bounded(&common_name(leaf.issuer()), 100).to_string()),
        ]
    }
}

fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// By any algorithm that is spoken here; one that is not cannot be told apart from a wrong signature, and is caught as
/// weak or refused elsewhere.
fn is_signed_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    let key = &issuer.public_key().subject_public_key.data;
    let (message, signature) = (certificate.tbs_certificate.as_ref(), &certificate.signature_value.data);
    let algorithms = ring::default_provider().signature_verification_algorithms;
    algorithms.all.iter().any(|algorithm| algorithm.verify_signature(key, message, signature).is_ok())
}

/// The bits of a number, leading zeroes not counted.
fn bits(number: &[u8]) -> usize {
    let significant: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
    significant.first().map_or(0, |first| significant.len() * 8 - first.leading_zeros() as usize)
}

fn dates(certificate: &X509Certificate<'_>) -> Option<(Timestamp, Timestamp)> {
    let validity = certificate.validity();
    let from = Timestamp::from_second(validity.not_before.timestamp()).ok()?;
    Some((from, Timestamp::from_second(validity.not_after.timestamp()).ok()?))
}

fn common_name(of: &x509_parser::x509::X509Name<'_>) -> String {
    let name = of.iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned);
    name.unwrap_or_else(|| of.to_string())
}

/// A certificate's name, made harmless.
fn name(certificate: &X509Certificate<'_>) -> String {
    SafeText::bounded(&common_name(certificate.subject()), 100).to_string()
}
