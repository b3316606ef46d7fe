//! A git repository, read by golive itself: all its objects, reachable or not yet swept away, and the tracked files as
//! they lie in the work tree. No program is run for it, so no plan has to be trusted for it, and nothing that stands in
//! a repository's own configuration is carried out.
#![expect(clippy::disallowed_methods, reason = "searching a repository is what this folder is for")]

mod delta;
mod index;
mod pack;
mod pack_index;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;

use crate::scan::survey::Survey;
use crate::scan::{layers, places};

/// A name of an object has at most so many bytes: SHA-256.
const LONGEST_NAME: usize = 32;
/// Repositories borrow objects from each other so deep.
const DEEPEST: usize = 5;

/// A repository on this disk.
#[derive(Clone, Debug)]
pub struct Repository {
    /// The folder with its files; none where it is bare.
    work_tree: Option<PathBuf>,
    index: PathBuf,
    /// Folders with objects, borrowed ones included.
    objects: Vec<PathBuf>,
    /// Bytes of an object's name.
    name_length: usize,
    /// Why the history is not all here, where it is not.
    pub incomplete: Option<&'static str>,
}

/// Why a repository cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the git repository at {path} cannot be read: {why}")]
pub struct RepositoryError {
    path: String,
    why: io::Error,
}

/// The repository that this folder, or one above it, is the work tree of.
///
/// # Errors
/// If there is one and it cannot be read.
pub fn enclosing(folder: &Path) -> Result<Option<Repository>, RepositoryError> {
    let absolute = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let found = absolute.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok());
    found.map(|work_tree| Repository::at(&work_tree.join(".git"), Some(work_tree))).transpose()
}

impl Repository {
    /// The repository whose `.git` folder (or file that names one) is this.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn at(git: &Path, work_tree: Option<&Path>) -> Result<Self, RepositoryError> {
        Self::read(git, work_tree).map_err(|why| RepositoryError { path: git.display().to_string(), why })
    }

    fn read(git: &Path, work_tree: Option<&Path>) -> io::Result<Self> {
        let git = match git.is_file() {
            true => {
                let text = std::fs::read_to_string(git)?;
                let named = text.strip_prefix("gitdir:").ok_or_else(|| io::Error::other("it names no gitdir"))?;
                git.parent().unwrap_or(git).join(named.trim())
            }
            false => git.to_owned(),
        };
        // A further work tree keeps its index apart and shares the rest.
        let common = match std::fs::read_to_string(git.join("commondir")) {
            Ok(text) => git.join(text.trim()),
            Err(_) => git.clone(),
        };
        let mut objects = Vec::new();
        with_borrowed(&common.join("objects"), &mut objects);
        if !objects.first().is_some_and(|own| own.is_dir()) {
            return Err(io::Error::other("it has no objects folder"));
        }
        let config = std::fs::read_to_string(common.join("config")).unwrap_or_default().to_lowercase();
        let says = |key: &str| config.lines().any(|line| line.trim_start().starts_with(key));
        let incomplete = match (common.join("shallow").exists(), says("partialclonefilter") || says("promisor")) {
            (true, _) => Some("this clone is shallow"),
            (_, true) => Some("this clone is partial"),
            (false, false) => None,
        };
        let is_long = config.lines().any(|line| {
            let line: String = line.chars().filter(|character| !character.is_whitespace()).collect();
            line == "objectformat=sha256"
        });
        Ok(Self {
            work_tree: work_tree.map(Path::to_owned),
            index: git.join("index"),
            objects,
            name_length: if is_long { 32 } else { 20 },
            incomplete,
        })
    }

    /// Looks through every object, and through the tracked files that differ from what is in the index. Places of objects
    /// are told by name, with the path that the index has for them.
    pub fn survey(&self, survey: &mut Survey<'_>) {
        let before = survey.hits.len();
        for objects in &self.objects {
            self.folder(survey, objects);
        }
        self.name_places(survey, before);
        if let Some(work_tree) = &self.work_tree {
            self.tracked(survey, work_tree);
        }
    }

    fn folder(&self, survey: &mut Survey<'_>, objects: &Path) {
        for inner in sorted(survey, objects) {
            let name = inner.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match name.as_str() {
                "pack" => {
                    for pack in sorted(survey, &inner) {
                        if pack.extension().is_some_and(|extension| extension == "pack")
                            && let Err(error) = pack::survey(survey, &pack, self.name_length)
                        {
                            survey.unread(&pack.display().to_string(), error);
                        }
                    }
                }
                _ if name.len() == 2 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                    for loose in sorted(survey, &inner) {
                        let rest = loose.file_name().unwrap_or_default().to_string_lossy().into_owned();
                        // Something that git is just writing has another name.
                        if rest.bytes().all(|byte| byte.is_ascii_hexdigit())
                            && let Err(error) = self::loose(survey, &loose, &place_of(&format!("{name}{rest}")))
                        {
                            survey.unread(&loose.display().to_string(), error);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// Adds paths to the places of objects that are in the index.
    fn name_places(&self, survey: &mut Survey<'_>, from: usize) {
        let mut wanted: BTreeMap<Arc<str>, Option<String>> =
            survey.hits[from..].iter().map(|located| (Arc::clone(&located.place), None)).collect();
        if wanted.is_empty() || !self.index.exists() {
            return;
        }
        // Without it the objects' names stand alone; that it cannot be read is told by `tracked`.
        let _ = index::each(&self.index, self.name_length, &mut |entry| {
            if let Some(path) = wanted.get_mut(place_of(&hex::encode(&entry.object)).as_str()) {
                path.get_or_insert_with(|| entry.path.clone());
            }
        });
        for located in &mut survey.hits[from..] {
            if let Some(Some(path)) = wanted.get(&located.place) {
                located.place = format!("{} ({path})", located.place).into();
            }
        }
    }

    fn tracked(&self, survey: &mut Survey<'_>, work_tree: &Path) {
        if !self.index.exists() {
            return;
        }
        let read = index::each(&self.index, self.name_length, &mut |entry| {
            if survey.is_stopped() {
                return;
            }
            let path = work_tree.join(&entry.path);
            let Ok(metadata) = path.symlink_metadata() else { return };
            // What is as it was when it was added lies among the objects already.
            if metadata.is_file() && !entry.is_unchanged(&metadata) {
                places::file(survey, &path, &entry.path);
            }
        });
        if let Err(error) = read {
            survey.unread(&self.index.display().to_string(), error);
        }
    }
}

impl index::Entry {
    fn is_unchanged(&self, metadata: &std::fs::Metadata) -> bool {
        // The index keeps the lowest 32 bits.
        let low = |number: i64| number as u32;
        low(metadata.mtime()) == self.changed.0
            && low(metadata.mtime_nsec()) == self.changed.1
            && metadata.size() as u32 == self.size
    }
}

/// How an object is named among the finds.
fn place_of(name: &str) -> String {
    format!("git object {}", &name[..name.len().min(12)])
}

fn with_borrowed(objects: &Path, all: &mut Vec<PathBuf>) {
    if all.len() > DEEPEST || all.contains(&objects.to_owned()) {
        return;
    }
    all.push(objects.to_owned());
    let borrowed = std::fs::read_to_string(objects.join("info/alternates")).unwrap_or_default();
    for line in borrowed.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        with_borrowed(&objects.join(line), all);
    }
}

/// What is in a folder, in order.
fn sorted(survey: &mut Survey<'_>, folder: &Path) -> Vec<PathBuf> {
    let read = folder.read_dir().and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut paths: Vec<PathBuf> = read.unwrap_or_else(|error: io::Error| {
        survey.unread(&folder.display().to_string(), error);
        Vec::new()
    });
    paths.sort_unstable();
    paths
}

/// An object in a file of its own: `blob 123`, a zero byte, its content.
fn loose(survey: &mut Survey<'_>, path: &Path, place: &str) -> io::Result<()> {
    let mut plain = BufReader::new(ZlibDecoder::new(BufReader::new(File::open(path)?)));
    let mut header = Vec::new();
    plain.by_ref().take(64).read_until(0, &mut header)?;
    if !header.starts_with(b"tree ") {
        layers::survey(survey, place, &mut plain);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
