//! What was taken before, kept in a file between calls: read, changed and put in place as one act, whoever else does
//! the same at that moment. Without a file it is kept as long as the program runs.
#![expect(clippy::disallowed_methods, reason = "the memory is a file that a person named")]

use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};

use crate::cli::exit::Stop;
use crate::webhook::Memory;

/// No memory is larger than its bound of lines.
const LARGEST: u64 = 16 << 20;

/// What was taken before.
pub(super) struct Recall {
    memory: Memory,
    file: Option<PathBuf>,
}

impl Recall {
    /// Kept in a file.
    pub(super) fn in_file(file: &Path) -> Self {
        Self { memory: Memory::default(), file: Some(file.to_owned()) }
    }

    /// Kept in a file where one is named.
    pub(super) fn of(file: Option<&Path>) -> Self {
        Self { memory: Memory::default(), file: file.map(Path::to_owned) }
    }

    /// Remembers a message; `false`: it is known already.
    pub(super) fn is_new(&mut self, fingerprint: &str, now: Timestamp, keep: Duration) -> Result<bool, Stop> {
        match &self.file {
            None => Ok(self.memory.remember(fingerprint, now, keep)),
            Some(file) => in_file(file, fingerprint, now, keep),
        }
    }
}

/// Under a lock of its own beside the file: twenty calls at once with one message take it once.
fn in_file(named: &Path, fingerprint: &str, now: Timestamp, keep: Duration) -> Result<bool, Stop> {
    let file = &regular(named)?;
    let wrong = |what: &str, error: &dyn std::fmt::Display| {
        Stop::own(format!("the memory in {} cannot be {what}: {error}", file.display()))
            .instead("nothing is taken while nobody knows what was taken before")
    };
    let lock_path = beside(file, "lock");
    let lock = private(&lock_path).map_err(|error| wrong("locked", &error))?;
    flock(&lock, FlockOperation::LockExclusive).map_err(|error| wrong("locked", &error))?;
    let mut text = String::new();
    match File::open(file).and_then(|open| open.take(LARGEST).read_to_string(&mut text)) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(wrong("read", &error)),
        _ => {}
    }
    let mut memory = Memory::read(&text).map_err(|error| wrong("read", &error))?;
    if !memory.remember(fingerprint, now, keep) {
        return Ok(false);
    }
    let next = beside(file, "next");
    let written = private(&next).and_then(|mut open| {
        open.set_len(0)?;
        open.write_all(memory.written().as_bytes())?;
        open.sync_all()?;
        std::fs::rename(&next, file)
    });
    written.map_err(|error| wrong("written", &error))?;
    Ok(true)
}

/// The file that a name leads to, also through links, for it is renamed over: a device or a folder is no memory.
fn regular(named: &Path) -> Result<PathBuf, Stop> {
    let Ok(file) = std::fs::canonicalize(named) else { return Ok(named.to_owned()) };
    if file.is_file() {
        return Ok(file);
    }
    Err(Stop::wrong(format!("{} is no file that could be a memory", named.display()))
        .instead("name a file of its own; it is made where there is none"))
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

fn private(path: &Path) -> std::io::Result<File> {
    std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}
