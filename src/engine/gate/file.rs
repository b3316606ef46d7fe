//! The gate's file: its first line says `open` or `closed`. Put in place whole; what cannot be read is closed.
#![expect(clippy::disallowed_methods, reason = "the gate's file is read and written here")]

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

/// It has a few lines; no more of it is read.
const LARGEST: u64 = 64 << 10;

/// Whether the file says that the gate is open.
pub(super) fn says_open(path: &Path) -> bool {
    text(path).is_some_and(|text| text.lines().next().is_some_and(|line| line.trim() == "open"))
}

fn text(path: &Path) -> Option<String> {
    // A pipe of that name would keep whoever opens it waiting.
    let is_file = std::fs::metadata(path).ok()?.is_file();
    let mut text = String::new();
    File::open(path).ok().filter(|_| is_file)?.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Writes it, readable by all: a deployment may run as somebody else. What it says already is not written again.
pub(super) fn write(path: &Path, wanted: &str) -> io::Result<()> {
    if text(path).as_deref() == Some(wanted) {
        return Ok(());
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside = tempfile::Builder::new().prefix(".golive-").tempfile_in(folder)?;
    beside.write_all(wanted.as_bytes())?;
    beside.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}
