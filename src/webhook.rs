//! Webhook signatures, as bytes in and bytes out. So far iKhokha's, which signs requests and callbacks alike.
//!
//! Source: the provider's own samples (ikhokha/ik-pay-api-examples). `IK-SIGN` is the lower-case hex of HMAC-SHA256
//! with the trimmed application secret over the escaped path and body; the exact bytes that are sent are signed.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The header that carries the application's id.
pub const IKHOKHA_APPLICATION: &str = "ik-appid";
/// The header that carries the signature.
pub const IKHOKHA_SIGNATURE: &str = "ik-sign";

fn ikhokha_mac(secret: &SecretString, path: &str, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().trim().as_bytes())
        .expect("HMAC takes a key of any length");
    for part in [path.as_bytes(), body] {
        for byte in part {
            match byte {
                b'\\' | b'"' | b'\'' => mac.update(&[b'\\', *byte]),
                0 => mac.update(b"\\0"),
                other => mac.update(&[*other]),
            }
        }
    }
    mac
}

/// The signature of a message: path with its leading slash, raw body (empty for GET).
#[must_use]
pub fn ikhokha_sign(secret: &SecretString, path: &str, body: &[u8]) -> String {
    hex::encode(ikhokha_mac(secret, path, body).finalize().into_bytes())
}

/// Whether a message was signed with this secret. Compared in constant time; what is no hex is no signature.
#[must_use]
pub fn ikhokha_is_genuine(secret: &SecretString, path: &str, body: &[u8], signature: &str) -> bool {
    let lower = !signature.bytes().any(|byte| byte.is_ascii_uppercase());
    match hex::decode(signature) {
        Ok(bytes) => lower && ikhokha_mac(secret, path, body).verify_slice(&bytes).is_ok(),
        Err(_) => false,
    }
}
