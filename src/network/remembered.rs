//! A verifier that remembers what it has verified: the same chain, shown for the same name, is verified once and then
//! known for some minutes, or until the first of its certificates ends.
//!
//! Whether a chain is right depends on its bytes, the name, the roots and the time, and on nothing else: within its
//! certificates' time the answer cannot be another one. That the server holds the key of its certificate is proved anew in
//! each handshake; what was refused is never remembered; and checks that judge a chain do not ask here.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};

/// So long a chain is known at most.
const HOLDS: Duration = Duration::from_mins(5);
/// So many names are remembered; then it begins anew.
const MOST_NAMES: usize = 1_024;

/// The verifier.
pub(super) struct Remembering {
    inner: Arc<dyn ServerCertVerifier>,
    known: Mutex<HashMap<ServerName<'static>, Verified>>,
}

/// A chain that was found right.
struct Verified {
    chain: Vec<CertificateDer<'static>>,
    from: UnixTime,
    until: UnixTime,
}

impl Remembering {
    pub(super) fn new(inner: Arc<dyn ServerCertVerifier>) -> Self {
        Self { inner, known: Mutex::default() }
    }

    fn knows(&self, name: &ServerName<'_>, shown: &Shown<'_>, now: UnixTime) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).is_some_and(|known| known.from <= now && now < known.until && shown.is(&known.chain))
    }

    fn remember(&self, name: &ServerName<'_>, shown: &Shown<'_>, now: UnixTime) {
        let Some(end) = shown.first_end() else { return };
        let until = (now.as_secs() + HOLDS.as_secs()).min(end);
        let until = UnixTime::since_unix_epoch(Duration::from_secs(until));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_NAMES {
            known.clear();
        }
        known.insert(name.to_owned(), Verified { chain: shown.owned(), from: now, until });
    }
}

/// The chain that a server shows, its own certificate first.
struct Shown<'a> {
    own: &'a CertificateDer<'a>,
    others: &'a [CertificateDer<'a>],
}

impl Shown<'_> {
    fn is(&self, chain: &[CertificateDer<'static>]) -> bool {
        let Some((own, others)) = chain.split_first() else { return false };
        let same = |(one, other): (&CertificateDer<'_>, &CertificateDer<'_>)| one.as_ref() == other.as_ref();
        others.len() == self.others.len() && same((own, self.own)) && others.iter().zip(self.others).all(same)
    }

    fn owned(&self) -> Vec<CertificateDer<'static>> {
        std::iter::once(self.own).chain(self.others).map(|certificate| certificate.clone().into_owned()).collect()
    }

    /// When the first of its certificates ends, in seconds since 1970; `None` where one cannot be read.
    fn first_end(&self) -> Option<u64> {
        let end = |certificate: &CertificateDer<'_>| {
            let (_, read) = x509_parser::parse_x509_certificate(certificate).ok()?;
            u64::try_from(read.validity().not_after.timestamp()).ok()
        };
        std::iter::once(self.own).chain(self.others).map(end).collect::<Option<Vec<u64>>>()?.into_iter().min()
    }
}

impl ServerCertVerifier for Remembering {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let shown = Shown { own: end_entity, others: intermediates };
        // A stapled answer may be another one each time, and it is the verifier's to look at.
        if ocsp_response.is_empty() && self.knows(server_name, &shown, now) {
            return Ok(ServerCertVerified::assertion());
        }
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        self.remember(server_name, &shown, now);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

impl fmt::Debug for Remembering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remembering")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
    use rustls::RootCertStore;
    use rustls::client::WebPkiServerVerifier;
    use rustls::crypto::ring;

    use super::*;

    /// Counts how often the verifier behind it is asked.
    #[derive(Debug)]
    struct Counting(Arc<WebPkiServerVerifier>, AtomicUsize);

    impl ServerCertVerifier for Counting {
        fn verify_server_cert(
            &self,
            own: &CertificateDer<'_>,
            others: &[CertificateDer<'_>],
            name: &ServerName<'_>,
            staple: &[u8],
            now: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.verify_server_cert(own, others, name, staple, now)
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            self.0.verify_tls12_signature(message, certificate, signed)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            self.0.verify_tls13_signature(message, certificate, signed)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.supported_verify_schemes()
        }
    }

    /// An authority, and the verifier over it.
    struct House {
        issuer: Issuer<'static, KeyPair>,
        counting: Arc<Counting>,
        verifier: Remembering,
    }

    impl House {
        fn new() -> Self {
            let key = KeyPair::generate().unwrap();
            let mut root = CertificateParams::new(Vec::<String>::new()).unwrap();
            root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let mut roots = RootCertStore::empty();
            roots.add(root.self_signed(&key).unwrap().der().clone()).unwrap();
            let provider = Arc::new(ring::default_provider());
            let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            let counting = Arc::new(Counting(inner, AtomicUsize::new(0)));
            let behind: Arc<dyn ServerCertVerifier> = Arc::<Counting>::clone(&counting);
            Self { issuer: Issuer::new(root, key), counting, verifier: Remembering::new(behind) }
        }

        /// A certificate for shop.example of the first half of 2030.
        fn leaf(&self) -> CertificateDer<'static> {
            let mut leaf = CertificateParams::new(vec!["shop.example".to_owned()]).unwrap();
            (leaf.not_before, leaf.not_after) = (date_time_ymd(2030, 1, 1), date_time_ymd(2030, 7, 1));
            leaf.signed_by(&KeyPair::generate().unwrap(), &self.issuer).unwrap().der().clone()
        }

        /// Whether it is taken at a moment, and how often that was asked of the verifier behind so far.
        fn asked(&self, leaf: &CertificateDer<'_>, name: &'static str, at: &str) -> (bool, usize) {
            let at: jiff::Timestamp = at.parse().unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(at.as_second().try_into().unwrap()));
            let name = ServerName::try_from(name).unwrap();
            let verified = self.verifier.verify_server_cert(leaf, &[], &name, &[], now);
            (verified.is_ok(), self.counting.1.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn the_same_chain_for_the_same_name_is_verified_once_in_five_minutes() {
        let house = House::new();
        let leaf = house.leaf();
        assert_eq!(house.asked(&leaf, "shop.example", "2030-03-01T12:00:00Z"), (true, 1));
        assert_eq!(house.asked(&leaf, "shop.example", "2030-03-01T12:04:59Z"), (true, 1));
        assert_eq!(house.asked(&leaf, "shop.example", "2030-03-01T12:05:00Z"), (true, 2), "five minutes are over");
        assert_eq!(house.asked(&leaf, "shop.example", "2030-03-01T12:00:00Z"), (true, 3), "the clock went back");
    }

    #[test]
    fn another_chain_another_name_and_what_was_refused_are_verified_each_time() {
        let (house, strangers) = (House::new(), House::new());
        let leaf = house.leaf();
        let at = "2030-03-01T12:00:00Z";
        assert_eq!(house.asked(&leaf, "shop.example", at), (true, 1));
        assert_eq!(house.asked(&leaf, "other.example", at), (false, 2), "not its name");
        assert_eq!(house.asked(&strangers.leaf(), "shop.example", at), (false, 3), "of another authority");
        assert_eq!(house.asked(&strangers.leaf(), "shop.example", at), (false, 4), "a refusal is not remembered");
        assert_eq!(house.asked(&house.leaf(), "shop.example", at), (true, 5), "a new one");
    }

    #[test]
    fn a_chain_that_ends_within_the_five_minutes_is_refused_when_it_ends() {
        let house = House::new();
        let leaf = house.leaf();
        assert_eq!(house.asked(&leaf, "shop.example", "2030-06-30T23:59:00Z"), (true, 1));
        assert_eq!(house.asked(&leaf, "shop.example", "2030-06-30T23:59:59Z"), (true, 1));
        assert_eq!(house.asked(&leaf, "shop.example", "2030-07-01T00:00:01Z"), (false, 2));
    }
}
