//! Enforcement: the configuration is put right, from a diff that was shown. Env-file texts and wanted values in, new
//! texts out; what is written is exactly what was shown, and one file (`disk`) does it.
//!
//! A value is changed in the file that wins, so that the build reads it; one that the process's own environment sets is
//! told and left alone. Every new text is read back as the build would read it before it is proposed.

mod diff;
pub mod disk;
mod edit;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::envfile;
use crate::mask::Redactor;
use crate::model::id::CheckId;
use crate::model::mend::{Mend, ShownProposal, Wanted};
use crate::model::text::SafeText;
use crate::model::values::{Lookup, Origin, Values};

/// An env file, as the plan names it; no text when it is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvFile {
    /// Its path, relative to the plan's folder.
    pub path: PathBuf,
    /// Its text.
    pub text: Option<String>,
}

/// What enforcement would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// The files that change.
    pub changes: Vec<Change>,
    /// What it cannot put right.
    pub left: Vec<Left>,
}

/// A file that changes.
#[derive(Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path, relative to the plan's folder.
    pub path: PathBuf,
    /// Its text now; none when it is to be made.
    pub before: Option<String>,
    /// Its text then.
    pub after: String,
    /// The variables whose values change in it.
    pub variables: Vec<String>,
}

/// A variable that stays wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// The variable.
    pub variable: String,
    /// The check that does not hold.
    pub check: CheckId,
    /// Why nothing is written.
    pub why: String,
}

impl std::fmt::Debug for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Change").field("path", &self.path).field("variables", &self.variables).finish_non_exhaustive()
    }
}

/// What has to change in these files so that the checks hold.
#[must_use]
pub fn propose(mends: &[Mend], values: &Values, files: &[EnvFile]) -> Proposal {
    let mut work = Work { values, files: files.to_vec(), variables: BTreeMap::new(), left: Vec::new() };
    for (variable, (check, wanted)) in resolved(mends, &mut work.left) {
        let done = match &wanted {
            Wanted::Value(value) => work.set(&variable, value),
            Wanted::Absent => work.remove(&variable),
            Wanted::Person(why) => Err(why.clone()),
        };
        if let Err(why) = done {
            work.left.push(Left { variable, check, why });
        }
    }
    let changes = files.iter().zip(work.files).enumerate().filter(|(_, (before, after))| **before != *after);
    let changes = changes.map(|(at, (before, after))| Change {
        path: before.path.clone(),
        before: before.text.clone(),
        after: after.text.unwrap_or_default(),
        variables: work.variables.get(&at).into_iter().flatten().cloned().collect(),
    });
    Proposal { changes: changes.collect(), left: work.left }
}

/// One wish a variable, in the order of the checks: what is known goes before what only a person knows, and two checks
/// that want two values are told.
fn resolved(mends: &[Mend], left: &mut Vec<Left>) -> Vec<(String, (CheckId, Wanted))> {
    let mut wishes: Vec<(String, (CheckId, Wanted))> = Vec::new();
    for Mend { check, variable, to } in mends {
        let Some((_, (first, known))) = wishes.iter_mut().find(|(name, _)| name == variable) else {
            wishes.push((variable.clone(), (check.clone(), to.clone())));
            continue;
        };
        match (&*known, to) {
            (_, Wanted::Person(_)) => {}
            (Wanted::Person(_), _) => (*first, *known) = (check.clone(), to.clone()),
            (one, other) if one == other => {}
            _ => {
                let why = format!("{first} wants another value: the plan contradicts itself");
                left.push(Left { variable: variable.clone(), check: check.clone(), why });
            }
        }
    }
    wishes
}

struct Work<'a> {
    values: &'a Values,
    files: Vec<EnvFile>,
    /// By file, the variables that change in it.
    variables: BTreeMap<usize, BTreeSet<String>>,
    left: Vec<Left>,
}

impl Work<'_> {
    fn set(&mut self, variable: &str, value: &str) -> Result<(), String> {
        let at = match self.values.get(&format!("env.{variable}")) {
            Lookup::Found(found) => match &found.origin {
                Origin::Line { file, .. } => self.number_of(file)?,
                Origin::Process => return Err(process_wins(variable)),
                Origin::File(_) | Origin::Command(_) | Origin::Keyring(_) | Origin::Plan => {
                    return Err(format!("it comes from {}, which is no env file", found.origin));
                }
            },
            Lookup::Missing => self.place_for_new()?,
            Lookup::Failed(why) => return Err(why.to_owned()),
        };
        let before = self.files[at].text.clone().unwrap_or_default();
        let sound = |text: &str| self.reads(at, text, variable, Some(value));
        let after = edit::set(&before, variable, value, sound)
            .ok_or_else(|| "no way of writing it down is read back as what it must be".to_owned())?;
        self.files[at].text = Some(after);
        self.variables.entry(at).or_default().insert(variable.to_owned());
        Ok(())
    }

    fn remove(&mut self, variable: &str) -> Result<(), String> {
        if let Lookup::Found(found) = self.values.get(&format!("env.{variable}"))
            && found.origin == Origin::Process
        {
            return Err(process_wins(variable));
        }
        for at in 0..self.files.len() {
            let Some(before) = self.files[at].text.clone() else { continue };
            let after = edit::remove(&before, variable);
            if after == before {
                continue;
            }
            if !self.reads(at, &after, variable, None) {
                return Err("taking it out would change what is read of other variables".to_owned());
            }
            self.files[at].text = Some(after);
            self.variables.entry(at).or_default().insert(variable.to_owned());
        }
        Ok(())
    }

    fn number_of(&self, file: &str) -> Result<usize, String> {
        let found = self.files.iter().position(|known| known.path.display().to_string() == file);
        found.ok_or_else(|| format!("it stands in {file}, which is none of the plan's env files"))
    }

    /// Where a variable goes that no file has yet: the last file of the plan that is there and is not one person's own.
    fn place_for_new(&self) -> Result<usize, String> {
        let is_own = |file: &EnvFile| file.path.extension().is_some_and(|extension| extension == "local");
        let last = |wanted: &dyn Fn(&EnvFile) -> bool| self.files.iter().rposition(wanted);
        last(&|file| file.text.is_some() && !is_own(file))
            .or_else(|| last(&|file| file.text.is_some()))
            .or_else(|| last(&|file| !is_own(file)))
            .or_else(|| self.files.len().checked_sub(1))
            .ok_or_else(|| "the plan has no env file to write it into: name one in [sources] env_files".to_owned())
    }

    /// Whether, with this text in place of a file's, the variable is read as wanted and nothing else is written anew.
    fn reads(&self, at: usize, text: &str, variable: &str, wanted: Option<&str>) -> bool {
        let others = |text: &str| -> Vec<(String, String)> {
            let lines = envfile::parse(text).into_iter();
            lines.map(|line| (line.name, line.value)).filter(|(name, _)| name != variable).collect()
        };
        if others(text) != others(self.files[at].text.as_deref().unwrap_or_default()) {
            return false;
        }
        let texts: Vec<&str> = self
            .files
            .iter()
            .enumerate()
            .filter_map(|(number, file)| if number == at { Some(text) } else { file.text.as_deref() })
            .collect();
        let read = envfile::load(&texts, &BTreeMap::new(), &[variable]);
        let found = read.iter().find(|read| read.name == variable).map(|read| read.value.as_str());
        // Taken out of one file, it may still stand in another that is not dealt with yet.
        wanted.is_none() || found == wanted
    }
}

fn process_wins(variable: &str) -> String {
    format!("golive's own environment sets it and wins over every file: unset {variable} there, or set it right")
}

impl Proposal {
    /// Whether there is nothing to do and nothing left undone.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.left.is_empty()
    }

    /// A digest of the texts before and after: only what was shown is written.
    #[must_use]
    pub fn digest(&self) -> SafeText {
        let mut hasher = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hasher.update((bytes.len() as u64).to_be_bytes());
            hasher.update(bytes);
        };
        for change in &self.changes {
            part(change.path.display().to_string().as_bytes());
            part(change.before.as_deref().unwrap_or_default().as_bytes());
            part(change.after.as_bytes());
        }
        SafeText::from_foreign(&hex::encode(&hasher.finalize()[..16]))
    }

    /// The diff of all files, masked: values of variables that do not change are not shown, nor is any secret.
    #[must_use]
    pub fn diff(&self, values: &Values, redactor: &Redactor) -> String {
        let is_secret = |name: &str| matches!(values.get(&format!("env.{name}")), Lookup::Found(found) if found.secret);
        self.changes.iter().map(|change| diff::unified(change, is_secret, redactor)).collect()
    }

    /// As a person is shown it.
    #[must_use]
    pub fn shown(&self, values: &Values, redactor: &Redactor) -> ShownProposal {
        let left = self.left.iter().map(|left| redactor.redact(&left.to_string()).into_owned());
        ShownProposal {
            diff: SafeText::lines_from_foreign(&self.diff(values, redactor)),
            files: self.changes.iter().map(|change| change.path.clone()).collect(),
            variables: self.changes.iter().flat_map(|change| change.variables.clone()).collect(),
            left: left.map(|left| SafeText::bounded(&left, 300)).collect(),
            digest: self.digest(),
        }
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}): {}", self.variable, self.check, self.why)
    }
}

#[cfg(test)]
mod tests;
