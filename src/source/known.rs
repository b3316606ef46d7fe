//! What this machine knows of a credential's value beside the value: a keyed fingerprint, and since when it is in use.
//! Kept is the fingerprint with a date, never the value; where nothing can be kept, nothing is known.
#![expect(clippy::disallowed_methods, reason = "the dates are kept in a file")]

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::mask;
use crate::model::plan::Plan;
use crate::model::values::{Lookup, Record, Values};
use crate::source::{is_empty, name_of, placing};

/// So many fingerprints are remembered, the latest first met.
const MOST: usize = 2_000;
/// What stands behind a fingerprint whose value golive saw come into the world.
const BORN: &str = "born";

/// The memory of one machine: the key of its fingerprints, and the file with their dates.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// The key.
    pub key: Vec<u8>,
    /// The file; `None` where nothing can be kept.
    pub file: Option<PathBuf>,
}

impl Memory {
    /// Says of each credential what is known of its value, and remembers those that are new.
    pub fn know(&self, plan: &Plan, values: &mut Values, now: Timestamp) {
        let mut lines = self.file.as_deref().map(read).unwrap_or_default();
        let before = lines.len();
        for name in plan.credentials.keys().map(name_of) {
            let Lookup::Found(value) = values.get(&name) else { continue };
            if is_empty(&value.text) {
                continue;
            }
            let fingerprint = mask::fingerprint(&self.key, &value.text);
            let found = lines.iter().find(|line| line.fingerprint == fingerprint).cloned();
            let line = found.unwrap_or_else(|| {
                lines.push(Line { fingerprint: fingerprint.clone(), since: now, born: false });
                lines[lines.len() - 1].clone()
            });
            let since = self.file.is_some().then_some(line.since);
            values.know(&name, Record { fingerprint, since, born: line.born && since.is_some() });
        }
        if lines.len() > before {
            self.write(&lines);
        }
    }

    /// Remembers that the value of this fingerprint begins now.
    pub fn born(&self, fingerprint: &str, now: Timestamp) {
        let mut lines = self.file.as_deref().map(read).unwrap_or_default();
        lines.retain(|line| line.fingerprint != fingerprint);
        lines.push(Line { fingerprint: fingerprint.to_owned(), since: now, born: true });
        self.write(&lines);
    }

    fn write(&self, lines: &[Line]) {
        let Some(file) = &self.file else { return };
        let kept = &lines[lines.len().saturating_sub(MOST)..];
        let text: String = kept.iter().map(Line::written).collect();
        // A date that cannot be kept is one that is not known next time: the check says so then.
        let _ = placing::whole(file, text.as_bytes());
    }
}

#[derive(Clone)]
struct Line {
    fingerprint: String,
    since: Timestamp,
    born: bool,
}

impl Line {
    fn written(&self) -> String {
        format!("{} {}{}\n", self.fingerprint, self.since, if self.born { " born" } else { "" })
    }

    fn of(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let (fingerprint, since) = (words.next()?.to_owned(), words.next()?.parse().ok()?);
        Some(Self { fingerprint, since, born: words.next() == Some(BORN) })
    }
}

/// The lines of the file; one that cannot be read is no reason to stop.
fn read(file: &Path) -> Vec<Line> {
    std::fs::read_to_string(file).unwrap_or_default().lines().filter_map(Line::of).collect()
}
