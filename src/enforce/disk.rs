//! Where enforcement touches the disk: a file is put in place whole or not at all, with its mode and owner, beside a
//! backup; a link is never followed; what changed since it was shown is not overwritten.
#![expect(clippy::disallowed_methods, reason = "env files are written here, and their backups")]

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::OFlags;
use sha2::{Digest as _, Sha256};

use crate::enforce::{Change, EnvFile, Proposal};

/// An env file is written by people. What is larger is something else.
const LARGEST: u64 = 1 << 20;

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The file, as the plan names it.
    pub path: PathBuf,
    /// Its text before, beside it; none where the file is new.
    pub backup: Option<PathBuf>,
    /// SHA-256 of what was written, in hex.
    pub digest: String,
}

/// Reads the env files of a plan. A missing one has no text.
///
/// # Errors
/// The sentence that says which file cannot be dealt with, and why.
pub fn read(folder: &Path, files: &[PathBuf]) -> Result<Vec<EnvFile>, String> {
    let one = |path: &PathBuf| {
        let text = text_of(&folder.join(path)).map_err(|why| format!("{} {why}", path.display()))?;
        Ok(EnvFile { path: path.clone(), text })
    };
    files.iter().map(one).collect()
}

/// Writes what was proposed: all of it or nothing.
///
/// # Errors
/// The sentence that says what was not written, and why; what had been written by then is put back.
pub fn write(folder: &Path, proposal: &Proposal, at: Timestamp) -> Result<Vec<Written>, String> {
    let mut written: Vec<(Written, &Change)> = Vec::new();
    for change in &proposal.changes {
        match write_one(folder, change, at) {
            Ok(done) => written.push((done, change)),
            Err(why) => {
                let mut sentence = format!("{} was not written: {why}", change.path.display());
                for (done, _) in written.iter().rev() {
                    if let Err(worse) = undo(folder, done) {
                        sentence.push_str(&format!("; {} was not put back: {worse}", done.path.display()));
                    }
                }
                return Err(sentence);
            }
        }
    }
    Ok(written.into_iter().map(|(done, _)| done).collect())
}

/// Puts back what a file was before it was written.
///
/// # Errors
/// The sentence that says why not: it was changed since, or its backup is gone.
pub fn undo(folder: &Path, written: &Written) -> Result<(), String> {
    let path = folder.join(&written.path);
    let now = text_of(&path)?;
    if now.as_deref().map(digest_of).as_deref() != Some(&written.digest) {
        return Err("it was changed since, so it stays".to_owned());
    }
    let Some(backup) = &written.backup else {
        return std::fs::remove_file(&path).map_err(|error| error.to_string());
    };
    let before = text_of(&folder.join(backup)).map_err(|why| format!("its backup {} {why}", backup.display()))?;
    let before = before.ok_or_else(|| format!("its backup {} is gone", backup.display()))?;
    place(&path, &before).map_err(|error| error.to_string())
}

/// SHA-256 of a text, in hex.
fn digest_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

fn write_one(folder: &Path, change: &Change, at: Timestamp) -> Result<Written, String> {
    let path = folder.join(&change.path);
    if text_of(&path)? != change.before {
        return Err("it was changed since this was shown".to_owned());
    }
    let backup = change.before.as_ref().map(|before| back_up(folder, &change.path, before, at)).transpose();
    let backup = backup.map_err(|error| format!("no backup could be made: {error}"))?;
    place(&path, &change.after).map_err(|error| error.to_string())?;
    Ok(Written { path: change.path.clone(), backup, digest: digest_of(&change.after) })
}

/// The text of a file that is a file; `None` when nothing is there.
fn text_of(path: &Path) -> Result<Option<String>, String> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits()).unwrap_or(0);
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err("is a link: enforcement writes through none; name the file itself in the plan".to_owned());
        }
        Err(error) => return Err(format!("cannot be read: {error}")),
    };
    let is_file = file.metadata().map_err(|error| format!("cannot be looked at: {error}"))?.is_file();
    if !is_file {
        return Err("is no file".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > LARGEST {
        return Err("is larger than 1 MiB".to_owned());
    }
    String::from_utf8(bytes).map(Some).map_err(|_| "is not UTF-8: enforcement would spoil it".to_owned())
}

/// Beside the file, for its owner alone, under a name that ends in `.local`: what Vite's own `.gitignore` leaves out.
fn back_up(folder: &Path, path: &Path, before: &str, at: Timestamp) -> io::Result<PathBuf> {
    let stamp = at.strftime("%Y%m%dT%H%M%SZ");
    for number in 0..100 {
        let count = if number == 0 { String::new() } else { format!("-{number}") };
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{stamp}{count}.backup.local"));
        let name = PathBuf::from(name);
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join(&name)) {
            Ok(mut file) => {
                file.write_all(before.as_bytes())?;
                file.sync_all()?;
                return Ok(name);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "a hundred backups of this second are there already"))
}

/// Whoever looks finds the old file or the new one, whole, with the mode and owner that it had.
fn place(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let old = std::fs::symlink_metadata(path).ok();
    let mut beside = tempfile::Builder::new().prefix(".golive-").tempfile_in(folder)?;
    beside.write_all(text.as_bytes())?;
    if let Some(old) = &old {
        keep_owner(beside.as_file(), old)?;
        beside.as_file().set_permissions(std::fs::Permissions::from_mode(old.mode() & 0o7777))?;
    }
    beside.as_file().sync_all()?;
    beside.persist(path).map_err(|error| error.error)?;
    File::open(folder)?.sync_all()
}

fn keep_owner(file: &File, old: &std::fs::Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) == (old.uid(), old.gid()) {
        return Ok(());
    }
    // Only root can give a file away; anybody else would take it over, and that has to be said.
    std::os::unix::fs::fchown(file, Some(old.uid()), Some(old.gid()))
        .map_err(|error| io::Error::new(error.kind(), format!("it belongs to another user: {error}")))
}
