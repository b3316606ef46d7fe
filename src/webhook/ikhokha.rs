//! iKhokha's signature in two words, for those who sign its requests: callbacks and requests are signed alike.
//!
//! Source: the provider's own samples (ikhokha/ik-pay-api-examples). `IK-SIGN` is the lower-case hex of HMAC-SHA256
//! with the trimmed application secret over the escaped path and body; the exact bytes that are sent are signed.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::webhook::message::Message;
use crate::webhook::profile::Profile;
use crate::webhook::sign::{Stamped, sign};
use crate::webhook::verify::verify;

/// The header that carries the application's id.
pub const IKHOKHA_APPLICATION: &str = "ik-appid";
/// The header that carries the signature.
pub const IKHOKHA_SIGNATURE: &str = "ik-sign";

/// The signature of a message: path with its leading slash, raw body (empty for GET). A secret of blanks signs nothing:
/// the answer is empty, which nobody takes for a signature.
#[must_use]
pub fn ikhokha_sign(secret: &SecretString, path: &str, body: &[u8]) -> String {
    let message = Message { path, body, ..Message::default() };
    let stamped = Stamped { id: None, timestamp: "" };
    let signed = sign(&profile(), std::slice::from_ref(secret), stamped, &message);
    signed.ok().and_then(|headers| headers.into_iter().next()).map(|(_, value)| value).unwrap_or_default()
}

/// Whether a message was signed with this secret. Compared in constant time; what is no hex is no signature.
#[must_use]
pub fn ikhokha_is_genuine(secret: &SecretString, path: &str, body: &[u8], signature: &str) -> bool {
    let headers = [(IKHOKHA_SIGNATURE.to_owned(), signature.to_owned())];
    let message = Message { headers: &headers, path, body, ..Message::default() };
    // The scheme has no timestamp, so the moment does not matter.
    verify(&profile(), std::slice::from_ref(secret), &message, Timestamp::UNIX_EPOCH, Duration::ZERO).is_ok()
}

fn profile() -> Profile {
    Profile::named("ikhokha").expect("it is in the table")
}
