//! The key of fingerprints, and where this machine keeps what it knows of credentials.
#![expect(clippy::disallowed_methods, reason = "the key of this machine is kept in its state folder")]

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::cli::machine::Machine;
use crate::engine::Reader;
use crate::source::known::Memory;

/// Reads a plan's sources in the name of this machine.
pub(super) fn reader(machine: &Machine) -> Reader {
    let folder = Machine::state_folder().ok();
    let file = folder.as_ref().map(|folder| folder.join("credentials.seen"));
    Reader { process: machine.environment.clone(), memory: Memory { key: key(folder.as_deref()), file } }
}

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
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
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
