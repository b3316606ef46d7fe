//! Reading plan texts: the only file of this room that touches the disk, and the bounds that it keeps.
#![expect(clippy::disallowed_methods, reason = "a plan is a file, and this is where it is read")]

use std::path::{Path, PathBuf};

use crate::plan::place::{FileNumber, Origin};
use crate::plan::problem::{Problem, SourceText};

/// A plan is written by people. What is larger is something else.
const LARGEST: u64 = 4 << 20;

/// Reads a plan text; every way in which that fails is one clear sentence.
pub(super) fn read(path: &Path, number: FileNumber) -> Result<SourceText, Box<(SourceText, Problem)>> {
    let name = path.display().to_string();
    let empty = SourceText { name: name.clone(), text: String::new() };
    let refuse = |problem: Problem| Box::new((empty.clone(), problem));
    let metadata = std::fs::metadata(path).map_err(|error| {
        refuse(match error.kind() {
            std::io::ErrorKind::NotFound => Problem::error(format!("there is no plan at {name}"))
                .help("golive looks for golive.toml here and in the folders above; golive demo shows one at work"),
            _ => Problem::error(format!("{name} cannot be read: {error}")),
        })
    })?;
    if metadata.is_dir() {
        return Err(refuse(Problem::error(format!("{name} is a folder")).help("name the plan file in it")));
    }
    // A pipe or a device says that it is empty and never ends.
    if !metadata.is_file() {
        return Err(refuse(Problem::error(format!("{name} is no file"))));
    }
    if metadata.len() > LARGEST {
        let size = metadata.len() >> 20;
        return Err(refuse(Problem::error(format!("{name} has {size} MiB; a plan has 4 MiB at most"))));
    }
    let bytes =
        std::fs::read(path).map_err(|error| refuse(Problem::error(format!("{name} cannot be read: {error}"))))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceText { name, text }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let sound = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
            let line = sound.matches('\n').count() + 1;
            let problem = Problem::error(format!("{name} is not UTF-8: byte {at}, on line {line}"));
            let place = Origin { file: number, range: at.saturating_sub(1)..at };
            Err(Box::new((SourceText { name, text: sound }, problem.at(place))))
        }
    }
}

/// The plan for a folder: `golive.toml` in it or in one above.
#[must_use]
pub fn find(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|folder| folder.join("golive.toml")).find(|path| path.is_file())
}

/// The content of a script that a plan names inside its own folder; `None` for what stands elsewhere or is no file.
pub(super) fn script(folder: &Path, name: &str) -> Option<Vec<u8>> {
    let path = folder.join(name).canonicalize().ok()?;
    let folder = folder.canonicalize().ok()?;
    path.starts_with(folder).then(|| std::fs::read(path).ok())?
}

/// A document that a plan names, wherever it stands; every way in which that fails is one sentence.
pub(super) fn document(path: &Path) -> Result<String, String> {
    let name = path.display();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => format!("there is no document at {name}"),
        _ => format!("{name} cannot be read: {error}"),
    })?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(format!("{name} is no document of at most 4 MiB"));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))
}
