//! What may be known of each credential: its masked form, its length, a keyed fingerprint, where it came from.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::core::event::CredentialSeen;
use crate::mask;
use crate::model::id::CredentialId;
use crate::model::plan::{Plan, ValueSource};
use crate::model::text::SafeText;
use crate::model::values::{Lookup, Origin, Value, Values};
use crate::source::{is_empty, name_of};

/// The key of fingerprints: kept on this machine so that they can be compared from session to session, for its owner
/// alone; a fresh one where it cannot be kept.
pub(super) fn key(state_folder: Option<&Path>) -> Vec<u8> {
    let kept = state_folder.and_then(|folder| kept_key(&folder.join("fingerprint.key")).ok());
    kept.unwrap_or_else(random)
}

const KEY_LENGTH: usize = 32;

fn kept_key(path: &Path) -> std::io::Result<Vec<u8>> {
    let read = || std::fs::OpenOptions::new().read(true).open(path).and_then(whole);
    if let Ok(key) = read() {
        return Ok(key);
    }
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let key = random();
    file.write_all(&key)?;
    Ok(key)
}

fn whole(mut file: std::fs::File) -> std::io::Result<Vec<u8>> {
    let mut key = vec![0; KEY_LENGTH];
    std::io::Read::read_exact(&mut file, &mut key)?;
    Ok(key)
}

fn random() -> Vec<u8> {
    let mut key = vec![0; KEY_LENGTH];
    let provider = rustls::crypto::ring::default_provider();
    // Without randomness from the system there would be no TLS either; the fingerprints are then comparable and weak.
    let _ = provider.secure_random.fill(&mut key);
    key
}

/// What may be known of each credential of the plan.
pub(super) fn credentials(plan: &Plan, values: &Values, key: &[u8]) -> Vec<CredentialSeen> {
    let credentials = plan.credentials.iter();
    credentials.map(|(id, planned)| one(id, &planned.from, values.get(&name_of(id)), &plan.folder, key)).collect()
}

fn one(id: &CredentialId, from: &ValueSource, found: Lookup<'_>, folder: &Path, key: &[u8]) -> CredentialSeen {
    let without = |problem: &str| CredentialSeen {
        id: id.clone(),
        masked: None,
        length: 0,
        fingerprint: None,
        source: SafeText::bounded(&described(from), 200),
        problem: Some(SafeText::bounded(problem, 300)),
        changed: None,
    };
    match found {
        Lookup::Missing => without("it is not there"),
        Lookup::Failed(why) => without(why),
        Lookup::Found(value) if is_empty(&value.text) => without("it is empty"),
        Lookup::Found(Value { text, origin, .. }) => CredentialSeen {
            masked: Some(SafeText::from_foreign(&mask::shown(text))),
            length: characters(text),
            fingerprint: Some(SafeText::from_foreign(&mask::fingerprint(key, text))),
            source: SafeText::bounded(&origin.to_string(), 200),
            problem: None,
            changed: changed(origin, folder),
            ..without("")
        },
    }
}

fn characters(text: &SecretString) -> usize {
    text.expose_secret().chars().count()
}

fn described(from: &ValueSource) -> String {
    match from {
        ValueSource::Env(name) => format!("variable {name}"),
        ValueSource::File(path) => path.display().to_string(),
        ValueSource::Command(words) => format!("command {}", words.first().map_or("", String::as_str)),
        ValueSource::Keyring(name) => format!("keyring {name}"),
        ValueSource::Sealed(sealed) => sealed.age.display().to_string(),
        ValueSource::Value(_) => "plan".to_owned(),
    }
}

/// When the file that a value came from was last changed.
fn changed(origin: &Origin, folder: &Path) -> Option<Timestamp> {
    let modified = std::fs::metadata(folder.join(origin.file()?)).and_then(|metadata| metadata.modified()).ok()?;
    Timestamp::try_from(modified).ok()
}
