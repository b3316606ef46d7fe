//! Verifying: headers as they came, raw bytes, constant-time comparison, and a window around the timestamp.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::SecretString;
use subtle::{Choice, ConstantTimeEq};

use crate::webhook::message::Message;
use crate::webhook::profile::{Encoding, Form, Profile, Stamp};
use crate::webhook::reason::Reason;
use crate::webhook::sign::{Key, Stamped};

/// A delivery that was signed with one of the secrets, in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genuine {
    /// The message's id, where its headers have one. Only a signed one proves anything.
    pub id: Option<String>,
    /// What it is remembered by: over the signed id, or over everything that is signed. The same message sent again has
    /// the same one, whatever was changed of it that is not signed.
    pub fingerprint: String,
    /// When it was signed, in seconds since 1970, where it says so.
    pub timestamp: Option<u64>,
}

/// The signatures of a header and the timestamp beside them.
struct Parsed<'a> {
    signatures: Vec<&'a str>,
    timestamp: Option<&'a str>,
}

/// Verifies a delivery. Whether it was seen before is for a [`Memory`](crate::webhook::Memory) to say.
///
/// # Errors
/// Why it is refused.
pub fn verify(
    profile: &Profile,
    secrets: &[SecretString],
    message: &Message<'_>,
    now: Timestamp,
    tolerance: Duration,
) -> Result<Genuine, Reason> {
    let keys: Vec<Key> = secrets.iter().filter_map(|secret| profile.key(secret)).collect();
    if keys.is_empty() {
        return Err(Reason::MalformedSecret);
    }
    let header = filled(message, &profile.header, Reason::MissingHeader)?;
    let id = match &profile.id {
        Some(name) if profile.signs_id() => Some(filled(message, name, Reason::MissingHeader)?),
        Some(name) => message.hint(name),
        None => None,
    };
    let parsed = parse(profile, header)?;
    let written = match &profile.stamp {
        Stamp::Header(name, empty) => Some(filled(message, name, *empty)?),
        Stamp::InSignature => parsed.timestamp,
        Stamp::None => None,
    };
    let timestamp = written.map(|text| seconds(text, profile.signs_number)).transpose()?;
    let stamped = Stamped { id, timestamp: written.unwrap_or_default() };
    if !is_signed(profile, &keys, &parsed.signatures, stamped, message) {
        return Err(Reason::BadSignature);
    }
    if let Some(timestamp) = timestamp {
        in_time(timestamp, now, tolerance)?;
    }
    let fingerprint = match id.filter(|_| profile.signs_id()) {
        Some(id) => profile.digest(Stamped { id: Some(id), timestamp: "" }, &Message::default()),
        None => profile.digest(stamped, message),
    };
    Ok(Genuine { id: id.map(str::to_owned), fingerprint, timestamp })
}

fn filled<'a>(message: &Message<'a>, name: &str, empty: Reason) -> Result<&'a str, Reason> {
    let value = message.one(name)?;
    if value.is_empty() { Err(empty) } else { Ok(value) }
}

fn parse<'a>(profile: &Profile, header: &'a str) -> Result<Parsed<'a>, Reason> {
    match &profile.form {
        Form::Whole(prefix) => whole(header, prefix).map(|one| Parsed { signatures: vec![one], timestamp: None }),
        Form::List => list(header).map(|signatures| Parsed { signatures, timestamp: None }),
        Form::Fields => fields(header),
    }
}

fn whole<'a>(header: &'a str, prefix: &str) -> Result<&'a str, Reason> {
    if let Some(signature) = header.strip_prefix(prefix) {
        return Ok(signature);
    }
    let other_version = version(prefix).is_some() && version(header).is_some();
    Err(if other_version { Reason::UnknownScheme } else { Reason::BadSignature })
}

/// The version of `v0=…`.
fn version(text: &str) -> Option<&str> {
    let (number, _) = text.strip_prefix('v')?.split_once('=')?;
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(number)
}

/// `v1,SIGNATURE v1,SIGNATURE v1a,…`: an entry that is not of this form is no signature, and does no harm.
fn list(header: &str) -> Result<Vec<&str>, Reason> {
    let entries: Vec<(&str, &str)> = header.split(' ').filter_map(|entry| entry.split_once(',')).collect();
    let ours: Vec<&str> = entries.iter().filter(|(version, _)| *version == "v1").map(|(_, one)| *one).collect();
    match (ours.is_empty(), entries.is_empty()) {
        (false, _) => Ok(ours),
        (true, false) => Err(Reason::UnknownScheme),
        (true, true) => Err(Reason::BadSignature),
    }
}

/// `t=TIMESTAMP,v1=SIGNATURE,…`: two timestamps are refused, for readers differ in which one they take.
fn fields(header: &str) -> Result<Parsed<'_>, Reason> {
    let entries: Vec<(&str, &str)> = header.split(',').filter_map(|entry| entry.split_once('=')).collect();
    let named = |name: &'static str| entries.iter().filter(move |(known, _)| *known == name).map(|(_, value)| *value);
    let mut times = named("t");
    let (Some(timestamp), None) = (times.next(), times.next()) else { return Err(Reason::MalformedHeader) };
    let signatures: Vec<&str> = named("v1").collect();
    if signatures.is_empty() {
        Err(Reason::UnknownScheme)
    } else {
        Ok(Parsed { signatures, timestamp: Some(timestamp) })
    }
}

/// A plain decimal number: ASCII digits and nothing else. One too large to be a time lies in the future. Where the number
/// is signed, one with zeros before it is not what was signed.
fn seconds(text: &str, is_number: bool) -> Result<u64, Reason> {
    let is_padded = is_number && text.len() > 1 && text.starts_with('0');
    if text.is_empty() || is_padded || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Reason::MalformedTimestamp);
    }
    Ok(text.parse().unwrap_or(u64::MAX))
}

fn in_time(timestamp: u64, now: Timestamp, tolerance: Duration) -> Result<(), Reason> {
    let (timestamp, now) = (i128::from(timestamp), i128::from(now.as_second()));
    let tolerance = i128::from(tolerance.as_secs());
    if now - timestamp > tolerance {
        return Err(Reason::TimestampTooOld);
    }
    if timestamp - now > tolerance {
        return Err(Reason::TimestampTooNew);
    }
    Ok(())
}

/// Every signature is held against every key, so that the time taken does not tell which one was nearly right.
fn is_signed(
    profile: &Profile,
    keys: &[Key],
    signatures: &[&str],
    stamped: Stamped<'_>,
    message: &Message<'_>,
) -> bool {
    let given: Vec<Vec<u8>> = signatures.iter().filter_map(|one| profile.encoding.read(one)).collect();
    let mut found = Choice::from(0);
    for key in keys {
        let right = profile.mac(key, stamped, message);
        for one in &given {
            found |= right.ct_eq(one);
        }
    }
    found.into()
}

impl Encoding {
    /// The bytes of a signature, if it is written in the one right way.
    fn read(self, text: &str) -> Option<Vec<u8>> {
        match self {
            Self::Hex if text.bytes().any(|byte| byte.is_ascii_uppercase()) => None,
            Self::Hex => hex::decode(text).ok(),
            Self::Base64 => STANDARD.decode(text).ok(),
        }
    }
}
