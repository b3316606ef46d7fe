//! The folder that a world is put into. A world writes over what it finds, so it takes a folder that is new, empty, or
//! the world of an earlier demo, and none that another demo serves from now.
#![expect(clippy::disallowed_methods, reason = "the world writes its own files")]

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

/// The file by which a demo knows a folder of its own again.
const MARKER: &str = ".golive-demo";
const MARKED: &str = "A golive demo put this folder here: the next one in it writes over everything.\n";

/// A child that is just being started holds the lock for a moment too: so often it is tried again.
const TRIES: u32 = 10;
const BETWEEN: Duration = Duration::from_millis(20);

/// Why a world cannot be put into a folder.
#[derive(Debug, thiserror::Error)]
pub(super) enum GroundError {
    #[error("{} is no folder", .0.display())]
    NoFolder(PathBuf),
    #[error("{} holds files that no demo put there", .0.display())]
    Foreign(PathBuf),
    #[error("another demo serves from {}", .0.display())]
    Served(PathBuf),
    #[error(transparent)]
    Files(#[from] io::Error),
}

/// A folder that is this world's alone for as long as this lives.
pub(super) struct Ground {
    /// Locked; the lock goes with it.
    _marker: File,
}

impl Ground {
    /// Makes the folder where there is none, and gives its whole path. Where it is refused, nothing in it was changed.
    pub(super) fn claim(folder: &Path) -> Result<(Self, PathBuf), GroundError> {
        if folder.exists() && !folder.is_dir() {
            return Err(GroundError::NoFolder(folder.to_owned()));
        }
        std::fs::create_dir_all(folder)?;
        let folder = folder.canonicalize()?;
        let marker = folder.join(MARKER);
        let is_marked = marker.symlink_metadata().is_ok_and(|found| found.is_file());
        if !is_marked && std::fs::read_dir(&folder)?.next().is_some() {
            return Err(GroundError::Foreign(folder));
        }
        let mut file = OpenOptions::new().append(true).create(true).open(&marker)?;
        if !is_locked(&file)? {
            return Err(GroundError::Served(folder));
        }
        if file.metadata()?.len() == 0 {
            file.write_all(MARKED.as_bytes())?;
        }
        Ok((Self { _marker: file }, folder))
    }
}

fn is_locked(file: &File) -> io::Result<bool> {
    for _ in 0..TRIES {
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(BETWEEN),
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(folder: &Path) -> String {
        Ground::claim(folder).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_folder_that_is_new_or_empty_is_taken_and_known_again_afterwards() {
        let home = tempfile::tempdir().unwrap();
        for folder in [home.path().join("new/deep"), home.path().join("empty")] {
            if folder.ends_with("empty") {
                std::fs::create_dir(&folder).unwrap();
            }
            let (ground, whole) = Ground::claim(&folder).unwrap();
            assert!(whole.is_absolute());
            assert!(refused(&folder).starts_with("another demo serves from"), "{}", refused(&folder));
            drop(ground);
            std::fs::write(folder.join("golive.toml"), "the plan of the demo before").unwrap();
            assert!(Ground::claim(&folder).is_ok(), "{}", folder.display());
        }
    }

    #[test]
    fn what_no_demo_put_there_is_left_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let own = home.path().join(".env");
        std::fs::write(&own, "OWN=1\n").unwrap();
        assert!(refused(home.path()).contains("holds files that no demo put there"));
        assert!(refused(&own).contains("is no folder"));
        let left: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [".env"]);
        // A link of that name is no marker: it could lead anywhere.
        std::os::unix::fs::symlink(&own, home.path().join(MARKER)).unwrap();
        assert!(refused(home.path()).contains("holds files"));
        assert_eq!(std::fs::read_to_string(&own).unwrap(), "OWN=1\n");
    }
}
