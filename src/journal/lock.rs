//! One holder a session: an advisory lock that the kernel takes back when its process ends, however it ends.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::journal::error::JournalError;
use crate::model::text::SafeText;

/// Who has a session open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// The machine it runs on.
    pub host: SafeText,
    /// Who started it.
    pub operator: SafeText,
    /// Since when.
    pub since: Timestamp,
}

impl Holder {
    /// This process.
    #[must_use]
    pub fn this_process(host: SafeText, operator: SafeText, since: Timestamp) -> Self {
        Self { pid: std::process::id(), host, operator, since }
    }

    /// A holder that had no time yet to say who it is.
    fn unknown() -> Self {
        let nobody = SafeText::from_foreign("unknown");
        Self { pid: 0, host: nobody.clone(), operator: nobody, since: Timestamp::UNIX_EPOCH }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pid == 0 {
            return f.write_str("another golive");
        }
        let since = self.since.strftime("%F %H:%M:%S UTC");
        write!(f, "{} on {} since {since} (process {})", self.operator, self.host, self.pid)
    }
}

/// A held lock. Let go when it is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

/// Whoever lists the sessions looks at each lock for a moment; that must not look like a second cockpit.
const PATIENCE: [Duration; 4] = [Duration::from_millis(5); 4];

impl Lock {
    /// Takes the lock of a journal, or says who has it.
    pub(super) fn take(journal: &Path, holder: &Holder) -> Result<Self, JournalError> {
        let path = path_of(journal);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(JournalError::io("open the lock", &path))?;
        let mut waits = PATIENCE.iter();
        while let Err(errno) = flock(&file, FlockOperation::NonBlockingLockExclusive) {
            if errno != Errno::WOULDBLOCK {
                return Err(JournalError::io("lock", &path)(errno.into()));
            }
            let Some(wait) = waits.next() else {
                return Err(JournalError::Held { by: read(&mut file).unwrap_or_else(Holder::unknown) });
            };
            std::thread::sleep(*wait);
        }
        let text = serde_json::to_string(holder).expect("a holder is plain data");
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(text.as_bytes()))
            .map_err(JournalError::io("write the lock", &path))?;
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The name must not outlive the holder; if it does, only the name is wrong: the lock itself is the kernel's.
        let _ = self.0.set_len(0);
    }
}

/// Who holds a journal now; `None` when nobody does.
pub(super) fn holder_of(journal: &Path) -> Option<Holder> {
    let mut file = File::options().read(true).open(path_of(journal)).ok()?;
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Err(Errno::WOULDBLOCK) => Some(read(&mut file).unwrap_or_else(Holder::unknown)),
        Ok(()) | Err(_) => None,
    }
}

fn path_of(journal: &Path) -> PathBuf {
    journal.with_extension("lock")
}

fn read(file: &mut File) -> Option<Holder> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(4_096).read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}
