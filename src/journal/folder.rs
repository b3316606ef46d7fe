//! Where sessions lie, and who may read them: `<state folder>/sessions`, for its owner alone.
#![expect(clippy::disallowed_methods, reason = "the journal is the room that keeps files")]

use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::journal::error::JournalError;
use crate::model::id::SessionId;

/// How a session's file ends.
pub(super) const ENDING: &str = "golive";

/// The file of a session below a state folder.
#[must_use]
pub fn file_of(state_folder: &Path, session: &SessionId) -> PathBuf {
    sessions_in(state_folder).join(format!("{session}.{ENDING}"))
}

pub(super) fn sessions_in(state_folder: &Path) -> PathBuf {
    state_folder.join("sessions")
}

/// Makes a folder that nobody else can look into.
pub(super) fn make(folder: &Path) -> Result<(), JournalError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| std::fs::set_permissions(folder, Permissions::from_mode(0o700)))
        .map_err(JournalError::io("make the folder", folder))
}

/// Makes a new file that nobody else can read; fails if there is one already.
pub(super) fn make_file(path: &Path) -> Result<(), JournalError> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(JournalError::io("create", path))
}

/// The whole text of a small file; `None` if there is no such file.
pub(super) fn text_of(path: &Path) -> std::io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Puts a small file in place whole: written aside, on disk, then renamed. Whoever reads it sees the old text or the
/// new one.
pub(super) fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;

    let aside = path.with_extension("head-new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    std::fs::rename(&aside, path)
}

/// Makes the names in a folder durable.
pub(super) fn sync(folder: &Path) -> Result<(), JournalError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(JournalError::io("sync the folder", folder))
}
