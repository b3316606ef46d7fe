//! Which plans may run commands: digests that a reader has allowed (DECISIONS 23).
//!
//! A digest pins the plan after `extends`, before interpolation, with the scripts it names, so any change of what
//! would be run asks again. One small file a digest: allowing is one creation, and two processes cannot spoil a list.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

/// Whether the plan with this digest may run its commands.
///
/// # Errors
/// If it cannot be found out; the caller must then run nothing.
pub fn is_allowed(state_folder: &Path, digest: &str) -> io::Result<bool> {
    let Some(path) = file_of(state_folder, digest) else { return Ok(false) };
    match std::fs::symlink_metadata(&path) {
        // What somebody else could have put there says nothing about what this user allowed.
        Ok(found) => {
            Ok(found.is_file() && found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o022 == 0)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Allows the plan with this digest to run its commands; `note` says which plan that was, for whoever looks.
///
/// # Errors
/// If the digest is none, or the file cannot be written.
pub fn allow(state_folder: &Path, digest: &str, note: &str, at: Timestamp) -> io::Result<()> {
    let path = file_of(state_folder, digest)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the plan has no digest"))?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder_of(state_folder))?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{at} {note}")?;
    file.sync_all()
}

fn folder_of(state_folder: &Path) -> PathBuf {
    state_folder.join("trusted")
}

/// The file of a digest; `None` for what is no SHA-256 in hex, so that no text can lead to another folder.
fn file_of(state_folder: &Path, digest: &str) -> Option<PathBuf> {
    let is_digest = digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_digest.then(|| folder_of(state_folder).join(digest))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn digest(of: u8) -> String {
        hex::encode([of; 32])
    }

    #[test]
    fn only_the_very_content_that_was_allowed_is_allowed() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_allowed(folder.path(), &digest(1)).unwrap());
        allow(folder.path(), &digest(1), "golive.toml", Timestamp::UNIX_EPOCH).unwrap();
        assert!(is_allowed(folder.path(), &digest(1)).unwrap());
        assert!(!is_allowed(folder.path(), &digest(2)).unwrap());
        allow(folder.path(), &digest(1), "golive.toml", Timestamp::UNIX_EPOCH).unwrap();
    }

    #[test]
    fn a_file_that_others_can_write_allows_nothing() {
        let folder = tempfile::tempdir().unwrap();
        allow(folder.path(), &digest(1), "golive.toml", Timestamp::UNIX_EPOCH).unwrap();
        let path = file_of(folder.path(), &digest(1)).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        assert!(!is_allowed(folder.path(), &digest(1)).unwrap());
    }

    #[test]
    fn what_is_no_digest_is_never_allowed() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["", "../../etc/passwd", "abc"] {
            assert!(allow(folder.path(), text, "", Timestamp::UNIX_EPOCH).is_err(), "{text}");
            assert!(!is_allowed(folder.path(), text).unwrap(), "{text}");
        }
    }
}
