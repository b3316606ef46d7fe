//! A certificate authority that lives as long as the world: nobody else trusts it, and its key is never written down.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::demo::faults::{Fault, Faults};

/// The authority's own certificate, and leaves for the world's names.
#[derive(Debug)]
pub(super) struct Authority {
    /// The root, in PEM, for clients.
    pub(super) root: String,
    sound: Arc<CertifiedKey>,
    ended: Arc<CertifiedKey>,
    faults: Faults,
}

impl Authority {
    /// A new authority with leaves for these names: one that is sound, and one that ended yesterday.
    pub(super) fn new(names: &[&str], now: Timestamp, faults: Faults) -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(Vec::<String>::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "golive demo authority");
        // rcgen's own default is the year 4096: a check of expiry against that would prove nothing.
        validity(&mut params, now, -2, 90);
        let root = params.self_signed(&key)?.pem();
        let issuer = Issuer::new(params, key);
        let sound = leaf(&issuer, names, now, (-1, 60))?;
        let ended = leaf(&issuer, names, now, (-90, -1))?;
        Ok(Self { root, sound, ended, faults })
    }
}

impl ResolvesServerCert for Authority {
    /// The application shows an ended certificate while that fault is on; the payment API's stays sound.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let ended =
            hello.server_name() == Some(super::application::HOST) && self.faults.is_on(Fault::ExpiredCertificate);
        Some(Arc::clone(if ended { &self.ended } else { &self.sound }))
    }
}

fn leaf(
    issuer: &Issuer<'_, KeyPair>,
    names: &[&str],
    now: Timestamp,
    (from, until): (i64, i64),
) -> Result<Arc<CertifiedKey>, rcgen::Error> {
    let key = KeyPair::generate()?;
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let common_name = names.first().cloned().unwrap_or_default();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, common_name);
    validity(&mut params, now, from, until);
    let certificate = params.signed_by(&key, issuer)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let chain = vec![certificate.der().clone()];
    CertifiedKey::from_der(chain, private, &ring::default_provider())
        .map(Arc::new)
        .map_err(|_| rcgen::Error::KeyGenerationUnavailable)
}

/// From so many days to so many days from now.
fn validity(params: &mut CertificateParams, now: Timestamp, from: i64, until: i64) {
    let day = |days: i64| {
        let moment = now.saturating_add(SignedDuration::from_hours(days * 24)).unwrap_or(now);
        let date = jiff::tz::Offset::UTC.to_datetime(moment).date();
        let month = u8::try_from(date.month()).unwrap_or(1);
        rcgen::date_time_ymd(i32::from(date.year()), month, u8::try_from(date.day()).unwrap_or(1))
    };
    (params.not_before, params.not_after) = (day(from), day(until));
}
