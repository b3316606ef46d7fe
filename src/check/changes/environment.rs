//! `environment`: the values of environment files, by keyed fingerprints: which of them is another one now. No value
//! is shown, and no fingerprint can be guessed back without this machine's key.
#![expect(clippy::disallowed_methods, reason = "the files are read here, beside the loop")]

use std::path::PathBuf;

use schemars::JsonSchema;
use secrecy::SecretString;
use serde::Deserialize;

use crate::check::asking::keys;
use crate::check::changes::{Asked, Kind, Looking};
use crate::check::options;
use crate::core::inquiry::{Look, Sighting};
use crate::envfile;
use crate::mask;
use crate::model::kind::{KindSpec, OptionProblem, Touch};
use crate::model::word::Category;

/// What is larger is no environment file.
const LARGEST: u64 = 1 << 20;

pub(super) struct Environment;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The files, relative to the plan's folder: those of the servers, where they are mounted here. The plan's own
    /// `env_files` are watched anyway.
    files: Vec<PathBuf>,
}

impl Kind for Environment {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "environment",
            doc: "Variables of environment files that were set, changed or taken away; no value is shown.",
            category: Category::Environment,
            example: "files = [\"/etc/academy/checkout.env\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<Keys>(options, |keys, problems| {
                    if keys.files.is_empty() {
                        problems.push(OptionProblem::at("files", "no file is watched"));
                    }
                })
            },
            touches: |options| {
                let files = options.get("files").and_then(serde_json::Value::as_array).into_iter().flatten();
                files.filter_map(serde_json::Value::as_str).map(|file| Touch::File(file.to_owned())).collect()
            },
        }
    }

    fn look<'a>(&self, asked: Asked<'a>) -> Looking<'a> {
        Box::pin(async move {
            let keys: Keys = keys(asked.options)?;
            let (folder, key) = (asked.surroundings.folder.clone(), asked.key.to_vec());
            let work = move || {
                let files =
                    keys.files.iter().map(|file| of_file(&folder.join(file), &file.display().to_string(), &key));
                files.collect::<Result<Vec<_>, String>>()
            };
            // A file system that hangs must hold nobody else up.
            let reading = tokio::time::timeout_at(asked.deadline, tokio::task::spawn_blocking(work));
            let read = reading.await.map_err(|_| "the files could not be read in time".to_owned())?;
            let read = read.map_err(|error| format!("golive broke down while reading: {error}"))??;
            Ok(Look { sightings: read.into_iter().flatten().collect(), whole: true })
        })
    }
}

fn of_file(path: &std::path::Path, name: &str, key: &[u8]) -> Result<Vec<Sighting>, String> {
    let metadata = std::fs::metadata(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return Err(format!("{name} is no environment file"));
    }
    let text = std::fs::read(path).map_err(|error| format!("{name} cannot be read: {error}"))?;
    let lines = envfile::parse(&String::from_utf8_lossy(&text));
    let sighting = |line: envfile::Line| {
        let face = mask::fingerprint(key, &SecretString::from(line.value));
        let key = format!("{} in {name}", line.name);
        Sighting { readable: false, ..Sighting::new(&key, &face, &format!("{key} has another value")) }
    };
    Ok(lines.into_iter().map(sighting).collect())
}
