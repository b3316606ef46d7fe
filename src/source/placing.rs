//! A file put in its place in one piece, readable by its owner alone: whoever looks finds the old one or the new one.
#![expect(clippy::disallowed_methods, reason = "a file is put in its place here")]

use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// Writes `bytes` to `path` (mode 0600), on disk before it returns.
pub(super) fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    whole_as(path, bytes, 0o600)
}

/// The same, with another mode.
pub(super) fn whole_as(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut beside = tempfile::Builder::new().prefix(".golive-").tempfile_in(folder)?;
    beside.write_all(bytes)?;
    beside.as_file().set_permissions(std::fs::Permissions::from_mode(mode))?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    std::fs::File::open(folder)?.sync_all()
}
