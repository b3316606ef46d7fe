//! Whether the variables that the application will read hold the credentials that were judged (C10): a key proved in
//! one file and deployed from another proves nothing.
#![expect(clippy::disallowed_methods, reason = "the file that the deployment uses is read here")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use crate::check::credential::{Loaded, Objection};
use crate::envfile;
use crate::model::values::{Lookup, Values};

/// An env file is written by people; no more of one is read.
const LARGEST: u64 = 1 << 20;

/// The variables as the deployment will have them.
pub(super) enum Deployed<'a> {
    /// Those that the plan's own sources give.
    Sources(&'a Values),
    /// Those of one env file.
    File(PathBuf, BTreeMap<String, SecretString>),
}

impl<'a> Deployed<'a> {
    /// The plan's own sources, or the env file that the deployment uses.
    ///
    /// # Errors
    /// The sentence that says why the file could not be read.
    pub(super) fn of(file: Option<&Path>, folder: &Path, values: &'a Values) -> Result<Self, String> {
        let Some(file) = file else { return Ok(Self::Sources(values)) };
        let mut text = String::new();
        std::fs::File::open(folder.join(file))
            .and_then(|open| open.take(LARGEST).read_to_string(&mut text))
            .map_err(|error| format!("{} could not be read: {error}", file.display()))?;
        let variables = envfile::load(&[&text], &BTreeMap::new(), &[""]);
        let variables = variables.into_iter().map(|variable| (variable.name, variable.value.into())).collect();
        Ok(Self::File(file.to_owned(), variables))
    }

    /// What is wrong with the variable that is to hold this credential.
    pub(super) fn objection(&self, loaded: &Loaded<'_>, variable: &str) -> Option<Objection> {
        let (held, place) = match self {
            Self::Sources(values) => match values.get(&format!("env.{variable}")) {
                Lookup::Found(value) => (Some(&value.text), value.origin.to_string()),
                Lookup::Missing => (None, "the environment".to_owned()),
                Lookup::Failed(why) => return Some(Objection::failure(format!("{variable} could not be read: {why}"))),
            },
            Self::File(file, variables) => (variables.get(variable), file.display().to_string()),
        };
        let id = loaded.id;
        match held {
            None => Some(Objection::failure(format!("{variable} is not in {place}: the application will miss {id}"))),
            Some(held) if held.expose_secret() != loaded.secret.expose_secret() => {
                Some(Objection::failure(format!("{variable} in {place} holds another value than {id}")))
            }
            Some(_) => None,
        }
    }
}
