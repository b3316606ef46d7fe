//! Where a credential's new value is written in a rotation, and how the old one comes back: each place keeps what it
//! had beside it, readable by its owner alone, until the old value is retired.
#![expect(clippy::disallowed_methods, reason = "a credential's places are written here")]

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::envfile;
use crate::model::plan::{Credential, Plan, ValueSource};
use crate::model::values::{Lookup, Origin, Values};
use crate::source::{command, keyring, placing, storing};

/// How long a plan's command may take to carry a value somewhere.
const LONGEST: Duration = Duration::from_secs(120);
/// What stands behind the name of what is kept.
const KEPT: &str = "before-rotation";

/// One place that a value is written to.
#[derive(Clone, Debug)]
pub enum Place {
    /// A line of an env file.
    Line {
        /// The file, as the plan names it.
        file: PathBuf,
        /// The variable.
        variable: String,
    },
    /// A file, plain or encrypted, or an entry of the keyring.
    Stored(ValueSource),
    /// Wherever this command of the plan takes it.
    Command(Vec<String>),
}

/// What writing needs beside the place.
#[derive(Clone, Debug)]
pub struct Hands {
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The environment of golive's own process: passphrases.
    pub process: BTreeMap<String, String>,
    /// Whether the plan's commands may run.
    pub trusted: bool,
}

/// The places of a credential, in the order in which they are written: those that others read first, golive's own last.
///
/// # Errors
/// The sentence that says why it cannot be written.
pub fn places(plan: &Plan, credential: &Credential, values: &Values) -> Result<Vec<Place>, String> {
    let rotation = &credential.rotation;
    let by_command = rotation.distribute.iter().map(|words| Place::Command(words.clone()));
    let mut places: Vec<Place> = by_command.collect();
    match &credential.from {
        ValueSource::Env(variable) => {
            let file = rotation.env_file.clone().or_else(|| file_of(plan, values, variable));
            match file {
                Some(file) => places.push(Place::Line { file, variable: variable.clone() }),
                None if !places.is_empty() => {}
                None => {
                    return Err(format!(
                        "{variable} comes from the environment of a process, which golive cannot write: name env_file or \
                         distribute in its rotation"
                    ));
                }
            }
        }
        source @ (ValueSource::File(_) | ValueSource::Keyring(_) | ValueSource::Sealed(_)) => {
            places.push(Place::Stored(source.clone()));
        }
        ValueSource::Command(words) if places.is_empty() => {
            let program = words.first().map_or("a command", String::as_str);
            return Err(format!("it comes from {program}, which golive only reads: name distribute in its rotation"));
        }
        ValueSource::Command(_) | ValueSource::Value(_) => {}
    }
    Ok(places)
}

/// The env file that a variable's value stands in, or where a new one would: the last of the plan's that is there.
fn file_of(plan: &Plan, values: &Values, variable: &str) -> Option<PathBuf> {
    match values.get(&format!("env.{variable}")) {
        Lookup::Found(value) => match &value.origin {
            Origin::Line { file, .. } => Some(PathBuf::from(&**file)),
            _ => None,
        },
        Lookup::Failed(_) => None,
        Lookup::Missing => plan.sources.env_files.iter().rev().find(|file| plan.folder.join(file).exists()).cloned(),
    }
}

impl Place {
    /// As people read it.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Line { file, variable } => format!("{variable} in {}", file.display()),
            Self::Stored(ValueSource::Keyring(name)) => format!("keyring {name}"),
            Self::Stored(ValueSource::Sealed(sealed)) => sealed.age.display().to_string(),
            Self::Stored(ValueSource::File(path)) => path.display().to_string(),
            Self::Stored(_) => "its source".to_owned(),
            Self::Command(words) => format!("command {}", words.first().map_or("", String::as_str)),
        }
    }

    /// Writes the new value, after what is there was kept beside it.
    ///
    /// # Errors
    /// The sentence that says why not; then the place is as it was.
    pub async fn write(&self, hands: &Hands, new: &SecretString) -> Result<(), String> {
        match self {
            Self::Line { file, variable } => {
                let path = real(&hands.folder.join(file));
                let text = read(&path)?.unwrap_or_default();
                let written = envfile::set(&text, variable, new.expose_secret())
                    .ok_or_else(|| format!("{}: no way of quoting would be read back as this value", file.display()))?;
                keep(&path, variable, text.as_bytes())?;
                replace(&path, written.as_bytes())
            }
            Self::Stored(source @ ValueSource::Keyring(name)) => {
                if let Some((old, _)) = keyring::read(name).await? {
                    keyring::write(&kept_entry(name), &old).await?;
                }
                storing::store(source, &hands.folder, &hands.process, new).await.map_err(|error| error.to_string())
            }
            Self::Stored(source) => {
                if let Some(path) = file(source) {
                    let path = hands.folder.join(path);
                    if let Some(bytes) = bytes(&path)? {
                        keep(&path, "", &bytes)?;
                    }
                }
                storing::store(source, &hands.folder, &hands.process, new).await.map_err(|error| error.to_string())
            }
            Self::Command(words) => command::feed(words, &hands.folder, hands.trusted, new, LONGEST).await,
        }
    }

    /// Puts the old value back. Where nothing was kept nothing had been written, and that is well.
    ///
    /// # Errors
    /// The sentence that says why not.
    pub async fn put_back(&self, hands: &Hands, old: Option<&SecretString>) -> Result<(), String> {
        match self {
            Self::Line { file, variable } => {
                let path = real(&hands.folder.join(file));
                let Some(kept) = read(&kept_file(&path, variable))? else { return Ok(()) };
                let now = read(&path)?.unwrap_or_default();
                replace(&path, with_old_line(&kept, &now, variable).as_bytes())?;
                remove(&kept_file(&path, variable))
            }
            Self::Stored(ValueSource::Keyring(name)) => {
                let Some((old, _)) = keyring::read(&kept_entry(name)).await? else { return Ok(()) };
                keyring::write(name, &old).await?;
                keyring::forget(&kept_entry(name)).await
            }
            Self::Stored(source) => {
                let Some(path) = file(source).map(|path| hands.folder.join(path)) else { return Ok(()) };
                match std::fs::rename(kept_file(&path, ""), &path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(told(&path, &error)),
                    Ok(()) | Err(_) => Ok(()),
                }
            }
            Self::Command(words) => match old {
                Some(old) => command::feed(words, &hands.folder, hands.trusted, old, LONGEST).await,
                None => Err(format!("the old value is not known any more: put it back by hand ({})", words.join(" "))),
            },
        }
    }

    /// Lets go of what was kept of the old value.
    ///
    /// # Errors
    /// The sentence that says why not: what was kept still lies there.
    pub async fn let_go(&self, hands: &Hands) -> Result<(), String> {
        match self {
            Self::Line { file, variable } => remove(&kept_file(&real(&hands.folder.join(file)), variable)),
            Self::Stored(ValueSource::Keyring(name)) => keyring::forget(&kept_entry(name)).await,
            Self::Stored(source) => match file(source) {
                Some(path) => remove(&kept_file(&hands.folder.join(path), "")),
                None => Ok(()),
            },
            Self::Command(_) => Ok(()),
        }
    }

    /// What was kept of the old value, where it was kept in plain.
    pub async fn kept(&self, hands: &Hands) -> Option<SecretString> {
        match self {
            Self::Line { file, variable } => {
                let text = read(&kept_file(&real(&hands.folder.join(file)), variable)).ok()??;
                let variables = envfile::load(&[&text], &BTreeMap::new(), &[""]);
                variables.into_iter().find(|found| found.name == *variable).map(|found| found.value.into())
            }
            Self::Stored(ValueSource::Keyring(name)) => {
                keyring::read(&kept_entry(name)).await.ok()?.map(|(old, _)| old)
            }
            Self::Stored(ValueSource::File(path)) => {
                let text = read(&kept_file(&hands.folder.join(path), "")).ok()??;
                Some(text.trim_end_matches(['\r', '\n']).to_owned().into())
            }
            Self::Stored(_) | Self::Command(_) => None,
        }
    }

    /// Whether an earlier rotation has left something here.
    #[must_use]
    pub fn is_taken(&self, hands: &Hands) -> bool {
        match self {
            Self::Line { file, variable } => kept_file(&real(&hands.folder.join(file)), variable).exists(),
            Self::Stored(source) => file(source).is_some_and(|path| kept_file(&hands.folder.join(path), "").exists()),
            Self::Command(_) => false,
        }
    }
}

/// Hands the old value to the plan's command that retires it.
///
/// # Errors
/// How the command ended, where not well.
pub async fn retire(words: &[String], hands: &Hands, old: &SecretString) -> Result<(), String> {
    command::feed(words, &hands.folder, hands.trusted, old, LONGEST).await
}

/// The first line that the plan's command for a new value prints.
///
/// # Errors
/// How the command ended, where not well.
pub async fn obtain(words: &[String], hands: &Hands) -> Result<SecretString, String> {
    let got = command::read(words, &hands.folder, hands.trusted, LONGEST).await?;
    got.map(|(value, _)| value).ok_or_else(|| "it gave no value".to_owned())
}

/// The file as it was, if nobody else wrote to it since; else the file as it is now with the old line in it.
fn with_old_line(kept: &str, now: &str, variable: &str) -> String {
    let value = |text: &str| {
        let read = envfile::load(&[text], &BTreeMap::new(), &[""]);
        read.into_iter().find(|read| read.name == variable).map(|read| read.value)
    };
    let ours = value(now).and_then(|new| envfile::set(kept, variable, &new));
    if ours.as_deref() == Some(now) {
        return kept.to_owned();
    }
    value(kept).and_then(|old| envfile::set(now, variable, &old)).unwrap_or_else(|| kept.to_owned())
}

fn file(source: &ValueSource) -> Option<&Path> {
    match source {
        ValueSource::File(path) => Some(path),
        ValueSource::Sealed(sealed) => Some(&sealed.age),
        ValueSource::Env(_) | ValueSource::Command(_) | ValueSource::Keyring(_) | ValueSource::Value(_) => None,
    }
}

/// A link is written through: what it leads to is the file.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn kept_file(path: &Path, variable: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    if !variable.is_empty() {
        name.push(format!(".{variable}"));
    }
    name.push(format!(".{KEPT}"));
    name.into()
}

fn kept_entry(name: &str) -> String {
    format!("{name} ({KEPT})")
}

fn keep(path: &Path, variable: &str, bytes: &[u8]) -> Result<(), String> {
    let kept = kept_file(path, variable);
    placing::whole(&kept, bytes).map_err(|error| told(&kept, &error))
}

/// Writes a file anew in one piece, with the mode it had.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let mode = std::fs::metadata(path).ok().map(|metadata| metadata.permissions().mode() & 0o7777);
    placing::whole_as(path, bytes, mode.unwrap_or(0o600)).map_err(|error| told(path, &error))
}

fn remove(path: &Path) -> Result<(), String> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(told(path, &error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<String>, String> {
    let bytes = bytes(path)?;
    bytes.map(|bytes| String::from_utf8(bytes).map_err(|_| format!("{} is no text", path.display()))).transpose()
}

fn bytes(path: &Path) -> Result<Option<Vec<u8>>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(told(path, &error)),
    }
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
