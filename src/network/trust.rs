//! Whom a handshake trusts: the system's roots, or those that the plan names; and a verifier that keeps the chain it
//! was shown, also when it refuses it, so that a certificate check can say what was wrong with which certificate.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CipherSuite, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::network::sessions::Sessions;

/// Why a session's network could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The plan's roots cannot be read.
    #[error("the roots in {0} cannot be read: {1}")]
    Roots(PathBuf, String),
    /// An override is no address.
    #[error("\"{0}\" is no address with a port, as in 127.0.0.1:9443")]
    Address(String),
    /// The system's roots cannot be loaded.
    #[error("TLS cannot be set up here: {0}")]
    Tls(#[from] rustls::Error),
}

/// The chain that a server showed, and what was made of it.
#[derive(Clone, Debug, Default)]
pub struct Chain(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    certificates: Vec<CertificateDer<'static>>,
    verified: Option<Result<(), rustls::Error>>,
    staple: Vec<u8>,
}

impl Chain {
    /// What the verifier said; `None` if it was not asked.
    #[must_use]
    pub fn verified(&self) -> Option<Result<(), rustls::Error>> {
        self.0.lock().ok()?.verified.clone()
    }

    /// The OCSP answer that was stapled to the handshake; empty if there was none.
    #[must_use]
    pub fn staple(&self) -> Vec<u8> {
        self.0.lock().map(|kept| kept.staple.clone()).unwrap_or_default()
    }

    /// The certificates, the server's own first; empty if the handshake did not come that far.
    #[must_use]
    pub fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.0.lock().map(|kept| kept.certificates.clone()).unwrap_or_default()
    }
}

/// What is offered to servers, in browsers' order: AES with 128 bits comes first. Its digest is the one that processors
/// work out by themselves; a handshake is largely digests.
fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.sort_by_key(|suite| {
        !matches!(
            suite.suite(),
            CipherSuite::TLS13_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
                | CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        )
    });
    provider
}

#[derive(Clone)]
pub(super) struct Trust {
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
}

impl Trust {
    pub(super) fn new(roots: Option<&Path>) -> Result<Self, NetworkError> {
        let provider = Arc::new(provider());
        let verifier: Arc<dyn ServerCertVerifier> = match roots {
            Some(path) => {
                let store = Arc::new(read_roots(path)?);
                let builder = WebPkiServerVerifier::builder_with_provider(store, Arc::clone(&provider));
                builder.build().map_err(|error| NetworkError::Roots(path.to_path_buf(), error.to_string()))?
            }
            None => Arc::new(rustls_platform_verifier::Verifier::new(Arc::clone(&provider))?),
        };
        Ok(Self { provider, verifier })
    }

    /// For checks of a service: sessions are resumed for some minutes, every whole handshake is verified.
    pub(super) fn config(&self) -> Result<ClientConfig, NetworkError> {
        self.with(Arc::clone(&self.verifier), Resumption::store(Arc::new(Sessions::default())))
    }

    /// For whoever wants to see a chain: each handshake is a whole one, for a resumed one shows none, and each is verified.
    pub(super) fn whole(&self, chain: Option<&Chain>) -> Result<ClientConfig, NetworkError> {
        let verifier = match chain {
            Some(chain) => Arc::new(Keeping { inner: Arc::clone(&self.verifier), chain: chain.clone() }),
            None => Arc::clone(&self.verifier),
        };
        self.with(verifier, Resumption::disabled())
    }

    fn with(
        &self,
        verifier: Arc<dyn ServerCertVerifier>,
        resumption: Resumption,
    ) -> Result<ClientConfig, NetworkError> {
        let builder =
            ClientConfig::builder_with_provider(Arc::clone(&self.provider)).with_safe_default_protocol_versions()?;
        let mut config = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
        config.resumption = resumption;
        Ok(config)
    }
}

#[expect(clippy::disallowed_methods, reason = "the plan's roots are a file, read at the session's start")]
pub(super) fn read(path: &Path) -> Result<Vec<u8>, NetworkError> {
    std::fs::read(path).map_err(|error| NetworkError::Roots(path.to_path_buf(), error.to_string()))
}

fn read_roots(path: &Path) -> Result<RootCertStore, NetworkError> {
    let refuse = |why: String| NetworkError::Roots(path.to_path_buf(), why);
    let pem = read(path)?;
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|error| refuse(error.to_string()))?;
        store.add(certificate).map_err(|error| refuse(error.to_string()))?;
    }
    if store.is_empty() { Err(refuse("it holds no certificate".into())) } else { Ok(store) }
}

/// Keeps the chain, then asks the verifier behind it. Verification itself is never weakened.
struct Keeping {
    inner: Arc<dyn ServerCertVerifier>,
    chain: Chain,
}

impl ServerCertVerifier for Keeping {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        if let Ok(mut kept) = self.chain.0.lock() {
            let whole = std::iter::once(end_entity).chain(intermediates);
            kept.certificates = whole.map(|certificate| certificate.clone().into_owned()).collect();
            kept.verified = Some(verified.as_ref().map(|_| ()).map_err(Clone::clone));
            kept.staple = ocsp_response.to_vec();
        }
        verified
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

impl fmt::Debug for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keeping")
    }
}
