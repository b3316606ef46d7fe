//! Signing: what goes into the HMAC, streamed piece by piece, and how the result is written into headers.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode::Indifferent;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256, Sha512};

use crate::webhook::message::Message;
use crate::webhook::profile::{Algorithm, Encoding, Form, KeyForm, Part, Profile, Stamp};

/// Why a message cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// No secret is of the scheme's form.
    #[error("the secret is empty or not of the scheme's form")]
    Secret,
    /// The scheme signs an id and none was given.
    #[error("the scheme signs an id, and none was given")]
    NoId,
}

/// What a message is stamped with when it is signed.
#[derive(Clone, Copy, Debug)]
pub struct Stamped<'a> {
    /// The message's id.
    pub id: Option<&'a str>,
    /// The timestamp, in whole seconds since 1970, as it will be written.
    pub timestamp: &'a str,
}

/// Reads a secret however its last letter was written: it is the receiver's own, and nothing is forged by that. Of a
/// signature one form counts.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true).with_decode_padding_mode(Indifferent),
);

/// A key: a secret in the form that the HMAC takes.
pub(super) struct Key(SecretBox<Vec<u8>>);

impl Profile {
    /// The key of a secret; `None` if the secret is empty, blank or not of the scheme's form. With an empty key anybody
    /// could sign, and one of blanks is a place that nobody filled.
    pub(super) fn key(&self, secret: &SecretString) -> Option<Key> {
        let secret = secret.expose_secret();
        if secret.trim().is_empty() {
            return None;
        }
        let bytes = match self.key {
            KeyForm::Raw => secret.as_bytes().to_vec(),
            KeyForm::Trimmed => secret.trim_matches(is_blank_in_javascript).as_bytes().to_vec(),
            KeyForm::Whsec => {
                let written = secret.strip_prefix("whsec_").unwrap_or(secret);
                LENIENT.decode(written.trim_end_matches('=')).ok()?
            }
        };
        (!bytes.is_empty()).then(|| Key(SecretBox::new(Box::new(bytes))))
    }

    /// The signature's bytes.
    pub(super) fn mac(&self, key: &Key, stamped: Stamped<'_>, message: &Message<'_>) -> Vec<u8> {
        match self.algorithm {
            Algorithm::Sha256 => {
                let mac =
                    Hmac::<Sha256>::new_from_slice(key.0.expose_secret()).expect("HMAC takes a key of any length");
                self.over(mac, stamped, message).finalize().into_bytes().to_vec()
            }
            Algorithm::Sha512 => {
                let mac =
                    Hmac::<Sha512>::new_from_slice(key.0.expose_secret()).expect("HMAC takes a key of any length");
                self.over(mac, stamped, message).finalize().into_bytes().to_vec()
            }
        }
    }

    fn over<M: Mac>(&self, mut mac: M, stamped: Stamped<'_>, message: &Message<'_>) -> M {
        self.pieces(stamped, message, |piece| mac.update(piece));
        mac
    }

    /// A digest of what is signed: equal for the same message whoever signed it, however the header was written.
    pub(super) fn digest(&self, stamped: Stamped<'_>, message: &Message<'_>) -> String {
        let mut digest = Sha256::new();
        digest.update(self.name.as_bytes());
        digest.update([0]);
        self.pieces(stamped, message, |piece| digest.update(piece));
        hex::encode(digest.finalize())
    }

    fn pieces(&self, stamped: Stamped<'_>, message: &Message<'_>, mut take: impl FnMut(&[u8])) {
        for part in &self.signed {
            let piece = match part {
                Part::Id => stamped.id.unwrap_or_default().as_bytes(),
                Part::Timestamp => stamped.timestamp.as_bytes(),
                Part::Path => message.path.as_bytes(),
                Part::Url => message.url.as_bytes(),
                Part::Body => message.body,
                Part::Text(text) => text.as_bytes(),
            };
            if self.escape { escaped(piece, &mut take) } else { take(piece) }
        }
    }

    fn written(&self, mac: &[u8]) -> String {
        match self.encoding {
            Encoding::Hex => hex::encode(mac),
            Encoding::Base64 => STANDARD.encode(mac),
        }
    }
}

/// What `String.prototype.trim` takes off, which the provider's sample calls (ECMA-262, WhiteSpace and LineTerminator): a
/// byte order mark is blank there, and U+0085 is not.
fn is_blank_in_javascript(letter: char) -> bool {
    letter == '\u{feff}' || letter.is_whitespace() && letter != '\u{85}'
}

/// A backslash before each backslash and quote; NUL becomes backslash and zero. Runs without one go in whole.
fn escaped(piece: &[u8], take: &mut impl FnMut(&[u8])) {
    for run in piece.split_inclusive(|byte| matches!(byte, b'\\' | b'"' | b'\'' | 0)) {
        match run.split_last() {
            Some((0, before)) => {
                take(before);
                take(b"\\0");
            }
            Some((last @ (b'\\' | b'"' | b'\''), before)) => {
                take(before);
                take(&[b'\\', *last]);
            }
            _ => take(run),
        }
    }
}

/// Signs a message: the headers to send, in the order in which providers document them. Where the scheme takes several
/// signatures, each secret gives one; otherwise the first signs.
///
/// # Errors
/// If no secret can be used, or the scheme needs an id.
pub fn sign(
    profile: &Profile,
    secrets: &[SecretString],
    stamped: Stamped<'_>,
    message: &Message<'_>,
) -> Result<Vec<(String, String)>, SignError> {
    let keys: Vec<Key> = secrets.iter().filter_map(|secret| profile.key(secret)).collect();
    if keys.is_empty() {
        return Err(SignError::Secret);
    }
    if profile.signs_id() && stamped.id.is_none_or(str::is_empty) {
        return Err(SignError::NoId);
    }
    let written = |key: &Key| profile.written(&profile.mac(key, stamped, message));
    let value = match &profile.form {
        Form::Whole(prefix) => format!("{prefix}{}", written(&keys[0])),
        Form::List => keys.iter().map(|key| format!("v1,{}", written(key))).collect::<Vec<_>>().join(" "),
        Form::Fields => {
            let signatures: String = keys.iter().map(|key| format!(",v1={}", written(key))).collect();
            format!("t={}{signatures}", stamped.timestamp)
        }
    };
    let id = profile.id.as_ref().zip(stamped.id).map(|(name, id)| (name.clone(), id.to_owned()));
    let time = match &profile.stamp {
        Stamp::Header(name, _) => Some((name.clone(), stamped.timestamp.to_owned())),
        Stamp::None | Stamp::InSignature => None,
    };
    Ok(id.into_iter().chain(time).chain([(profile.header.clone(), value)]).collect())
}
