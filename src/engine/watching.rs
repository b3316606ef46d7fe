//! The watch over the files that values come from: one that changes, or that more people can read than before, is
//! reported. Looked at by name, size, date and mode once a second; nothing in them is read here.
#![expect(clippy::disallowed_methods, reason = "files are watched here, in a task of its own")]

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::model::plan::{Plan, ValueSource};

/// How often the files are looked at.
const EVERY: Duration = Duration::from_secs(1);
/// Bits of a mode that let others than the owner read or write.
const OTHERS: u32 = 0o066;

/// What a file looked like; `None` where there is none.
type Look = Option<Face>;

/// A file from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Face {
    inode: u64,
    size: u64,
    modified: Option<SystemTime>,
    mode: u32,
}

/// How the watched files looked at a moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Looks(BTreeMap<PathBuf, Look>);

/// What was seen of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sight {
    /// The watch that saw it: a later one takes its place after a rotation.
    pub(super) watch: u64,
    /// The file, as the plan names it.
    pub(super) file: PathBuf,
    /// What happened to it.
    pub(super) what: Change,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Its content may be another.
    Content(&'static str),
    /// Others can do more with it, or less: the mode before and now.
    Mode(u32, u32),
}

impl Looks {
    /// How the files of a plan look now.
    pub(super) fn of(plan: &Plan) -> Self {
        Self(files(plan).into_iter().map(|file| (file.clone(), look(&plan.folder.join(file)))).collect())
    }

    /// The same files, looked at again.
    fn again(&self, folder: &Path) -> Self {
        Self(self.0.keys().map(|file| (file.clone(), look(&folder.join(file)))).collect())
    }
}

/// The files that a plan's values come from.
fn files(plan: &Plan) -> Vec<PathBuf> {
    let variables = plan.variables.values().chain(plan.service.version.iter());
    let sources = plan.credentials.values().map(|credential| &credential.from).chain(variables);
    let named = sources.filter_map(|source| match source {
        ValueSource::File(path) => Some(path.clone()),
        ValueSource::Sealed(sealed) => Some(sealed.age.clone()),
        ValueSource::Env(_) | ValueSource::Command(_) | ValueSource::Keyring(_) | ValueSource::Value(_) => None,
    });
    plan.sources.env_files.iter().cloned().chain(named).collect()
}

fn look(path: &Path) -> Look {
    let metadata = std::fs::metadata(path).ok()?;
    let (inode, size, modified) = (metadata.ino(), metadata.size(), metadata.modified().ok());
    Some(Face { inode, size, modified, mode: metadata.mode() & 0o7777 })
}

/// A watch under way. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Lookout {
    pub(super) number: u64,
    task: Option<JoinHandle<()>>,
}

impl Lookout {
    /// Nobody watches yet.
    pub(super) const fn none() -> Self {
        Self { number: 0, task: None }
    }

    /// Watches these files from these looks on. Where there are none, nobody watches.
    pub(super) fn begin(number: u64, looks: Looks, folder: PathBuf, sights: mpsc::Sender<Sight>) -> Self {
        let task = (!looks.0.is_empty()).then(|| tokio::spawn(watch(number, looks, folder, sights)));
        Self { number, task }
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn watch(number: u64, mut known: Looks, folder: PathBuf, sights: mpsc::Sender<Sight>) {
    let mut before = known.clone();
    loop {
        tokio::time::sleep(EVERY).await;
        let (looks, place) = (before.clone(), folder.clone());
        // A file system that hangs must hold nobody else up.
        let Ok(now) = tokio::task::spawn_blocking(move || looks.again(&place)).await else { return };
        for (file, face) in &now.0 {
            // What still changes is looked at when it has come to rest.
            if before.0.get(file) != Some(face) {
                continue;
            }
            let Some(was) = known.0.insert(file.clone(), *face) else { continue };
            for what in changes(was, *face) {
                if sights.send(Sight { watch: number, file: file.clone(), what }).await.is_err() {
                    return;
                }
            }
        }
        before = now;
    }
}

fn changes(was: Look, is: Look) -> Vec<Change> {
    let content = match (was, is) {
        (None, Some(_)) => Some(Change::Content("made")),
        (Some(_), None) => Some(Change::Content("taken away")),
        (Some(was), Some(is)) if Face { mode: 0, ..was } != Face { mode: 0, ..is } => Some(Change::Content("changed")),
        _ => None,
    };
    let (was, is) = (was.map_or(0, |face| face.mode), is.map_or(0, |face| face.mode));
    let mode = ((was ^ is) & OTHERS != 0 && is != 0).then_some(Change::Mode(was, is));
    content.into_iter().chain(mode).collect()
}

/// Whether a mode lets others do what an earlier one did not.
pub(super) const fn opens(was: u32, is: u32) -> bool {
    is & !was & OTHERS != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(size: u64, mode: u32) -> Look {
        Some(Face { inode: 1, size, modified: None, mode })
    }

    #[test]
    fn content_and_mode_are_told_apart() {
        assert_eq!(changes(face(1, 0o600), face(1, 0o600)), []);
        assert_eq!(changes(face(1, 0o600), face(2, 0o600)), [Change::Content("changed")]);
        assert_eq!(changes(face(1, 0o600), face(1, 0o644)), [Change::Mode(0o600, 0o644)]);
        assert_eq!(changes(face(1, 0o600), face(1, 0o700)), [], "what only its owner may do is nobody's business");
        assert_eq!(changes(face(1, 0o600), None), [Change::Content("taken away")]);
        assert!(opens(0o600, 0o640) && !opens(0o644, 0o600));
    }
}
