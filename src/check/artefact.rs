//! Where an artefact comes from: it carries this version, and is younger than what it was made from. Yesterday's report
//! says nothing of today's build, so what is not of this one counts as missing and never as a pass (K15).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::check::Surroundings;
use crate::check::finding::Finding;
use crate::core::evidence::Evidence;
use crate::model::template::Template;

/// No more of an artefact than this is read.
pub(super) const MOST_READ: u64 = 16 << 20;

/// What an artefact has to be of.
#[derive(Clone, Default)]
pub(super) struct Descent {
    carries: Option<String>,
    younger: Option<Than>,
}

#[derive(Clone)]
enum Than {
    Moment(Timestamp),
    File(PathBuf, String),
}

impl Descent {
    /// Reads the keys `carries` and `younger_than`.
    pub(super) fn of(
        finding: &Finding,
        carries: Option<&Template>,
        younger_than: Option<&Template>,
        surroundings: &Surroundings,
    ) -> Result<Self, Box<Evidence>> {
        let filled = |template: Option<&Template>| {
            template.map(|template| finding.fill(template, &surroundings.values)).transpose()
        };
        let carries = match filled(carries)? {
            // Every text carries the empty one: an empty version must not pass for any.
            Some(text) if text.expose().trim().is_empty() => {
                return Err(Box::new(finding.error("what the artefact has to carry is empty")));
            }
            text => text.map(|text| text.expose().trim().to_owned()),
        };
        let younger = filled(younger_than)?.map(|text| than(text.expose().trim(), &surroundings.folder));
        Ok(Self { carries, younger })
    }

    /// Why an artefact does not count, if it does not.
    pub(super) fn objection(&self, text: &str, changed: Option<Timestamp>) -> Option<String> {
        if let Some(carries) = self.carries.as_ref().filter(|carries| !text.contains(*carries)) {
            return Some(format!("does not carry {carries}: it is of another build"));
        }
        let (than, name) = match self.younger.as_ref()? {
            Than::Moment(moment) => (*moment, moment.strftime("%F %T UTC").to_string()),
            Than::File(path, name) => match changed_at(path) {
                Some(moment) => (moment, name.clone()),
                None => return Some(format!("cannot be compared with {name}, which is not there")),
            },
        };
        match changed {
            Some(changed) if changed >= than => None,
            Some(_) => Some(format!("is older than {name}")),
            None => Some("is of unknown age".to_owned()),
        }
    }

    /// Whether it is asked at all.
    pub(super) const fn asks(&self) -> bool {
        self.carries.is_some() || self.younger.is_some()
    }

    /// Whether the content has to be read.
    pub(super) const fn asks_content(&self) -> bool {
        self.carries.is_some()
    }
}

/// A moment (RFC 3339, or seconds since 1970 as git writes them), or a file.
fn than(text: &str, folder: &Path) -> Than {
    let seconds = || text.parse::<i64>().ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    match text.parse::<Timestamp>().ok().or_else(seconds) {
        Some(moment) => Than::Moment(moment),
        None => Than::File(folder.join(text), text.to_owned()),
    }
}

/// When a file was changed last.
pub(super) fn changed_at(path: &Path) -> Option<Timestamp> {
    let modified = path.metadata().and_then(|metadata| metadata.modified()).ok()?;
    Timestamp::try_from(modified).ok()
}

/// The text of an artefact, and when it was changed last. `Ok(None)`: it is not there.
#[expect(clippy::disallowed_methods, reason = "artefacts are files")]
pub(super) fn read(path: &Path) -> std::io::Result<Option<(String, Option<Timestamp>)>> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    if metadata.len() > MOST_READ {
        return Err(std::io::Error::other(format!("it has {} MiB, 16 are read at most", metadata.len() >> 20)));
    }
    let mut bytes = Vec::new();
    file.take(MOST_READ).read_to_end(&mut bytes)?;
    Ok(Some((String::from_utf8_lossy(&bytes).into_owned(), changed_at(path))))
}
