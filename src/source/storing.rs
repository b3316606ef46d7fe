//! Values put away and taken back: where a plan's credential comes from a keyring, an encrypted file or a file, golive
//! can put it there. Environment variables and other programs' vaults are not golive's to write.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;

use crate::model::plan::ValueSource;
use crate::source::{keyring, placing, sealed};

/// Why a value was not put away, or not taken back.
#[derive(Debug, Error)]
pub enum StoringError {
    /// The source is not one that golive writes.
    #[error("it comes from {0}, which golive only reads")]
    OnlyRead(&'static str),
    /// The place did not take it, or did not let go of it.
    #[error("{0}")]
    Failed(String),
}

fn only_read(source: &ValueSource) -> StoringError {
    StoringError::OnlyRead(match source {
        ValueSource::Env(_) => "an environment variable",
        ValueSource::Command(_) => "a command",
        ValueSource::Value(_) => "the plan",
        ValueSource::Keyring(_) => "the keyring",
        ValueSource::Sealed(_) | ValueSource::File(_) => "a file",
    })
}

/// Puts a value where this source will find it. The old one stays in force until the new one is whole.
///
/// # Errors
/// The source is not one that golive writes, or its place did not take the value.
pub async fn store(
    source: &ValueSource,
    folder: &Path,
    process: &BTreeMap<String, String>,
    value: &SecretString,
) -> Result<(), StoringError> {
    match source {
        ValueSource::Keyring(name) => keyring::write(name, value).await.map_err(StoringError::Failed),
        ValueSource::Sealed(file) => sealed::write(folder, file, process, value).map_err(StoringError::Failed),
        ValueSource::File(path) => {
            let line = format!("{}\n", value.expose_secret());
            placing::whole(&folder.join(path), line.as_bytes())
                .map_err(|error| StoringError::Failed(format!("{}: {error}", path.display())))
        }
        ValueSource::Env(_) | ValueSource::Command(_) | ValueSource::Value(_) => Err(only_read(source)),
    }
}

/// Takes the value away from where this source finds it. One that is not there is taken away already.
///
/// # Errors
/// The source is not one that golive writes, or its place did not let go of the value.
#[expect(clippy::disallowed_methods, reason = "a stored value's file is removed")]
pub async fn forget(source: &ValueSource, folder: &Path) -> Result<(), StoringError> {
    let path = match source {
        ValueSource::Keyring(name) => return keyring::forget(name).await.map_err(StoringError::Failed),
        ValueSource::Sealed(file) => &file.age,
        ValueSource::File(path) => path,
        ValueSource::Env(_) | ValueSource::Command(_) | ValueSource::Value(_) => return Err(only_read(source)),
    };
    match std::fs::remove_file(folder.join(path)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoringError::Failed(format!("{}: {error}", path.display())))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}
