//! `golive env`: the variables as the build would see them, each with file and line, masked; with a key, digests that
//! two machines can compare without showing a value.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use sha2::Sha256;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::sessions::ListFormat;
use crate::envfile::{self, Variable};
use crate::mask;
use crate::model::text::SafeText;

#[derive(Debug, Args)]
pub(super) struct EnvArguments {
    /// The folder with the env files; this one when absent.
    folder: Option<PathBuf>,
    /// Which files are read: .env, .env.local, .env.MODE, .env.MODE.local; later wins.
    #[arg(long, value_name = "M", default_value = "production")]
    mode: String,
    /// The prefixes that the bundler publishes; may repeat.
    #[arg(long = "prefix", value_name = "P", default_value = "VITE_")]
    prefixes: Vec<String>,
    /// The variable whose value keys the digests.
    #[arg(long, value_name = "K")]
    digest_key_env: Option<String>,
    /// List the rest of the process's environment too.
    #[arg(long)]
    all: bool,
    /// How to list them.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

/// The environment as scripts see it.
#[derive(Serialize)]
struct Listing {
    mode: String,
    files: Vec<String>,
    variables: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: String,
    source: String,
    line: Option<u32>,
    public: bool,
    masked: String,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

pub(super) fn run(arguments: &EnvArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let key = arguments.digest_key_env.as_deref().map(|variable| key(variable, machine)).transpose()?;
    if arguments.mode == "local" {
        return Err(Stop::wrong(
            "`local` is no mode: it would take .env.local for a mode's own file, and Vite refuses it too; \
                                name the mode that is built, such as production",
        ));
    }
    let folder = arguments.folder.as_deref().unwrap_or(Path::new("."));
    let files = files(folder, &arguments.mode)?;
    let named: BTreeSet<String> =
        files.iter().flat_map(|(_, text)| envfile::parse(text)).map(|line| line.name).collect();
    let is_public = |name: &str| arguments.prefixes.iter().any(|prefix| name.starts_with(prefix));
    let texts: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
    let variables = envfile::load(&texts, &machine.environment, &[""])
        .into_iter()
        .filter(|variable| arguments.all || named.contains(&variable.name) || is_public(&variable.name))
        .map(|variable| entry(variable, &files, is_public, key.as_ref()))
        .collect();
    let files = files.into_iter().map(|(name, _)| name).collect();
    let listing = Listing { mode: arguments.mode.clone(), files, variables };
    match arguments.format {
        ListFormat::Json => {
            let json = serde_json::to_string_pretty(&listing).expect("texts and numbers become JSON");
            console.result(&format!("{json}\n"))?;
        }
        ListFormat::Human => console.result(&table(&listing))?,
    }
    Ok(Exit::Go)
}

fn key(variable: &str, machine: &Machine) -> Result<SecretString, Stop> {
    let value = machine.environment.get(variable).filter(|value| !value.is_empty());
    value.map(|value| SecretString::from(value.clone())).ok_or_else(|| {
        Stop::wrong(format!("the variable {variable} holds no key"))
            .instead("set it to a random value on both machines")
    })
}

/// The files that are there, in Vite's order, with their texts.
#[expect(clippy::disallowed_methods, reason = "env files are read here")]
fn files(folder: &Path, mode: &str) -> Result<Vec<(String, String)>, Stop> {
    if !folder.is_dir() {
        return Err(Stop::wrong(format!("{} is no folder", folder.display())));
    }
    let mut files = Vec::new();
    for name in envfile::files_of_mode(mode) {
        match std::fs::read(folder.join(&name)) {
            Ok(bytes) => files.push((name, String::from_utf8_lossy(&bytes).into_owned())),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {}
            // As Vite has it: a folder of that name is no env file.
            Err(error) if error.kind() == ErrorKind::IsADirectory => {}
            Err(error) => return Err(Stop::own(format!("{name} could not be read: {error}"))),
        }
    }
    Ok(files)
}

fn entry(
    variable: Variable,
    files: &[(String, String)],
    is_public: impl Fn(&str) -> bool,
    key: Option<&SecretString>,
) -> Entry {
    let Variable { name, value, place } = variable;
    let value = SecretString::from(value);
    Entry {
        public: is_public(&name),
        source: place.map_or_else(|| "process".to_owned(), |(file, _)| files[file].0.clone()),
        line: place.map(|(_, line)| line),
        masked: mask::shown(&value),
        length: value.expose_secret().chars().count(),
        digest: key.map(|key| digest(key, &value)),
        name,
    }
}

fn digest(key: &SecretString, value: &SecretString) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret().as_bytes()).expect("HMAC takes any key");
    mac.update(value.expose_secret().as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn table(listing: &Listing) -> String {
    let width = listing.variables.iter().map(|entry| entry.name.chars().count()).max().unwrap_or(0);
    let mut text = format!("mode {}; files {}\n", listing.mode, listing.files.join(", "));
    for entry in &listing.variables {
        let place = entry.line.map_or_else(|| entry.source.clone(), |line| format!("{}:{line}", entry.source));
        let public = if entry.public { "  published by the bundler" } else { "" };
        let digest = entry.digest.as_ref().map(|digest| format!("  {}", &digest[..16])).unwrap_or_default();
        let name = SafeText::bounded(&entry.name, 120);
        // A write to a string cannot fail.
        let _ = writeln!(text, "{name:<width$}  {:<8}  {:>4} ch  {place}{public}{digest}", entry.masked, entry.length);
    }
    text
}
