//! Files and folders: a door to the disk. Links are followed, each folder once; what is no regular file is left alone.
#![expect(clippy::disallowed_methods, reason = "searching files is what this room is for")]

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use crate::scan::packing::{self, Packing};
use crate::scan::survey::Survey;
use crate::scan::{layers, zip};

/// Looks through a file, or through all files below a folder for which `wanted` says yes. They are named from `shown` on.
pub fn survey_path(survey: &mut Survey<'_>, path: &Path, shown: &str, wanted: &dyn Fn(&str) -> bool) {
    Walk { survey, wanted, seen: BTreeSet::new() }.any(path, shown);
}

struct Walk<'a, 'b> {
    survey: &'a mut Survey<'b>,
    wanted: &'a dyn Fn(&str) -> bool,
    /// Device and number of every folder that was entered: links make circles.
    seen: BTreeSet<(u64, u64)>,
}

impl Walk<'_, '_> {
    fn any(&mut self, path: &Path, shown: &str) {
        if self.survey.is_stopped() {
            return;
        }
        let metadata = match path.metadata() {
            Ok(metadata) => metadata,
            // A link to nothing serves nothing.
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => return,
            Err(error) => return self.survey.unread(shown, error),
        };
        if metadata.is_file() && (self.wanted)(shown) {
            file(self.survey, path, shown);
        } else if metadata.is_dir() && self.seen.insert((metadata.dev(), metadata.ino())) {
            let shown = self.survey.named(shown);
            self.folder(path, &shown);
        }
    }

    fn folder(&mut self, path: &Path, shown: &str) {
        let entries = path.read_dir().and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names = match entries {
            Ok(entries) => entries.iter().map(std::fs::DirEntry::file_name).collect::<Vec<_>>(),
            Err(error) => return self.survey.unread(shown, error),
        };
        names.sort_unstable();
        // Objects of a repository are packed: they are looked into as such, or not at all.
        for name in names.iter().filter(|name| *name != ".git") {
            let below = format!("{}/{}", shown.trim_end_matches('/'), name.to_string_lossy());
            let below = below.strip_prefix("./").unwrap_or(&below);
            self.any(&path.join(name), below);
        }
    }
}

/// Looks through one file, its name too, and into it where it is an archive.
pub(super) fn file(survey: &mut Survey<'_>, path: &Path, shown: &str) {
    let shown = survey.named(shown);
    if let Err(error) = looked_into(survey, path, &shown) {
        survey.unread(&shown, error);
    }
}

fn looked_into(survey: &mut Survey<'_>, path: &Path, shown: &str) -> io::Result<()> {
    let mut file = File::open(path)?;
    let (mut head, mut tail) = ([0; layers::HEAD], [0; zip::TAIL]);
    let beginning = file.read_at(&mut head, 0)?;
    let from = file.metadata()?.len().saturating_sub(tail.len() as u64);
    let end = file.read_at(&mut tail, from)?;
    match packing::of(&head[..beginning], shown) {
        Packing::Zip => zip::survey(survey, shown, &mut file, 0),
        // Something stands before the archive, and may hold a secret itself.
        Packing::None | Packing::Claimed if zip::is_end(&tail[..end]) => {
            survey.scan(shown, &mut file)?;
            zip::survey(survey, shown, &mut file, 0)
        }
        _ => {
            layers::survey(survey, shown, &mut file);
            Ok(())
        }
    }
}
