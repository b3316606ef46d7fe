//! `golive init [DIR]`: a first plan from what a folder holds: env files, package.json, git. Never a value in it.
#![expect(clippy::disallowed_methods, reason = "it looks into the folder that it was named, and writes the plan")]

mod draft;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::init::draft::{Found, Package};
use crate::envfile;

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// The folder; this one when absent.
    folder: Option<PathBuf>,
}

pub(super) fn run(arguments: &InitArguments, console: &Console) -> Result<Exit, Stop> {
    let folder = arguments.folder.clone().unwrap_or_else(|| PathBuf::from("."));
    let folder = folder
        .canonicalize()
        .map_err(|error| Stop::wrong(format!("{} cannot be looked into: {error}", folder.display())))?;
    let path = folder.join("golive.toml");
    let text = draft::write(&look(&folder)?);
    let mut file =
        std::fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Stop::wrong(format!("{} is there already", path.display()))
                .instead("golive lint judges it; take it away first if you want a new one"),
            _ => Stop::wrong(format!("{} cannot be written: {error}", path.display())),
        })?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| Stop::own(format!("{} cannot be written: {error}", path.display())))?;
    console.result(&format!("{}\n", path.display()))?;
    console.say("next: read it, golive lint, golive trust (it names commands), golive");
    Ok(Exit::Go)
}

fn look(folder: &Path) -> Result<Found, Stop> {
    let name = folder.file_name().map_or_else(|| "service".to_owned(), |name| name.to_string_lossy().into_owned());
    let mut env_files = Vec::new();
    let mut texts = Vec::new();
    for file in envfile::files_of_mode("production") {
        if let Some(text) = read(&folder.join(&file))? {
            env_files.push(file);
            texts.push(text);
        }
    }
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let variables = envfile::load(&texts, &BTreeMap::new(), &[""]);
    let package = match read(&folder.join("package.json"))? {
        Some(text) => Some(Package::read(&text).ok_or_else(|| {
            Stop::wrong(format!("{} is not the JSON of a package", folder.join("package.json").display()))
        })?),
        None => None,
    };
    let variables = variables.into_iter().map(|variable| (variable.name, variable.value)).collect();
    Ok(Found { folder: name, env_files, variables, package, has_git: folder.join(".git").exists() })
}

fn read(path: &Path) -> Result<Option<String>, Stop> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Stop::wrong(format!("{} cannot be read: {error}", path.display()))),
    }
}
