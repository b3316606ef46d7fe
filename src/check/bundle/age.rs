//! Which build it is, and how old: a build of yesterday passes no check of today's (K1, K15).
#![expect(clippy::disallowed_methods, reason = "a build's marker is a file")]

use std::fs::Metadata;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::check::bundle::look::Asked;
use crate::check::exposed::{Gravity, Objection};
use crate::model::duration;

/// A marker is a short file.
const LARGEST_MARKER: u64 = 64 << 10;

/// What is wrong with the build's marker and age.
pub(super) fn objections(asked: &Asked) -> Vec<Objection> {
    let keys = &asked.keys;
    let mut objections = Vec::new();
    if let (Some(marker), Some(holds)) = (&keys.marker, &asked.holds) {
        objections.extend(of_marker(&asked.folder.join(&marker.file), &asked.named(&marker.file), holds));
    }
    if keys.max_age.is_none() && keys.newer_than.is_empty() {
        return objections;
    }
    let Some(built) = built_at(asked) else {
        let sentence = format!("nobody knows when {} was built", asked.shown);
        objections.push(Objection::new(Gravity::CannotTell, sentence));
        return objections;
    };
    if let Some(most) = keys.max_age {
        let age = asked.now.at.duration_since(built);
        if !age.is_negative() && age.unsigned_abs() > most.0 {
            let age = duration::written(Duration::from_secs(age.unsigned_abs().as_secs()));
            objections.push(Objection::fails(format!("{} was built {age} ago, at most {most}", asked.shown)));
        }
    }
    for file in &keys.newer_than {
        let changed = asked.plan_folder.join(file).metadata().ok().as_ref().and_then(changed);
        if changed.is_some_and(|changed| changed > built) {
            let file = file.display();
            let sentence = format!("{} was built before {file} was changed: what changed is not in it", asked.shown);
            objections.push(Objection::fails(sentence).remedy("build again, and deploy that build"));
        }
    }
    objections
}

fn of_marker(path: &Path, shown: &str, holds: &str) -> Option<Objection> {
    let mut text = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(LARGEST_MARKER).read_to_end(&mut text));
    match read {
        Ok(_) if !holds.is_empty() && String::from_utf8_lossy(&text).contains(holds) => None,
        Ok(_) => Some(Objection::fails(format!("{shown} does not say {holds}: this is another build"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some(Objection::fails(format!("{shown} is not there: nothing says which build this is")))
        }
        Err(error) => Some(Objection::new(Gravity::CannotTell, format!("{shown} cannot be read: {error}"))),
    }
}

/// When the build was made: when its marker, its index or else its youngest file was written.
fn built_at(asked: &Asked) -> Option<Timestamp> {
    let marker = asked.keys.marker.as_ref().map(|marker| asked.folder.join(&marker.file));
    let of_file = |path: &Path| path.metadata().ok().as_ref().and_then(changed);
    let told = marker.as_deref().and_then(of_file).or_else(|| of_file(&asked.folder.join("index.html")));
    told.or_else(|| {
        let entries = asked.folder.read_dir().ok()?;
        entries.flatten().filter_map(|entry| of_file(&entry.path())).max()
    })
}

fn changed(metadata: &Metadata) -> Option<Timestamp> {
    metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok())
}
