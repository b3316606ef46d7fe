//! An encrypted file in the age format (<https://age-encryption.org/v1>): opened by a passphrase, an age identity or an
//! ssh key; written anew, in one piece, for the same. For machines without a keyring.
#![expect(clippy::disallowed_methods, reason = "an encrypted file is read and written here")]

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use age::{Decryptor, Encryptor, Identity, IdentityFile, Recipient};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use crate::model::plan::SealedFile;
use crate::model::values::Origin;
use crate::source::{Got, placing};

/// What is larger is no credential.
const LARGEST: u64 = 64 << 10;

/// Opens the file. A missing one is a missing value.
pub(super) fn read(folder: &Path, sealed: &SealedFile, process: &BTreeMap<String, String>) -> Got {
    let shown = sealed.age.display().to_string();
    let file = match std::fs::File::open(folder.join(&sealed.age)) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{shown}: {error}")),
    };
    let identities = identities(folder, sealed, process)?;
    let opened = Decryptor::new_buffered(std::io::BufReader::new(file))
        .and_then(|decryptor| decryptor.decrypt(identities.iter().map(|identity| &**identity as &dyn Identity)));
    let opened = opened.map_err(|error| format!("{shown} cannot be opened: {error}"))?;
    let mut text = Zeroizing::new(String::new());
    opened.take(LARGEST).read_to_string(&mut text).map_err(|error| format!("{shown}: {error}"))?;
    Ok(Some((SecretString::from(text.trim_end_matches(['\r', '\n']).to_owned()), Origin::File(Arc::from(shown)))))
}

/// Writes the value, encrypted for whoever can read it by this plan: first beside its place, then in it.
pub(super) fn write(
    folder: &Path,
    sealed: &SealedFile,
    process: &BTreeMap<String, String>,
    value: &SecretString,
) -> Result<(), String> {
    let shown = sealed.age.display();
    let encryptor = match passphrase(sealed, process)? {
        Some(passphrase) => Encryptor::with_user_passphrase(passphrase),
        None => {
            let recipients = recipients(folder, sealed)?;
            Encryptor::with_recipients(recipients.iter().map(|recipient| &**recipient as &dyn Recipient))
                .map_err(|error| format!("{shown} cannot be sealed: {error}"))?
        }
    };
    let mut bytes = Vec::new();
    let mut writer = encryptor.wrap_output(&mut bytes).map_err(|error| format!("{shown}: {error}"))?;
    writer
        .write_all(value.expose_secret().as_bytes())
        .and_then(|()| writer.finish().map(|_| ()))
        .map_err(|error| format!("{shown} cannot be sealed: {error}"))?;
    placing::whole(&folder.join(&sealed.age), &bytes).map_err(|error| format!("{shown}: {error}"))
}

fn passphrase(sealed: &SealedFile, process: &BTreeMap<String, String>) -> Result<Option<SecretString>, String> {
    let Some(variable) = &sealed.passphrase_env else { return Ok(None) };
    match process.get(variable).filter(|passphrase| !passphrase.is_empty()) {
        Some(passphrase) => Ok(Some(SecretString::from(passphrase.clone()))),
        None => Err(format!("{} needs its passphrase in the variable {variable}", sealed.age.display())),
    }
}

fn identity_file(sealed: &SealedFile) -> Result<&Path, String> {
    sealed.identity.as_deref().ok_or_else(|| {
        format!("{} names neither an identity nor a passphrase_env to open it with", sealed.age.display())
    })
}

fn identities(
    folder: &Path,
    sealed: &SealedFile,
    process: &BTreeMap<String, String>,
) -> Result<Vec<Box<dyn Identity + Send + Sync>>, String> {
    if let Some(passphrase) = passphrase(sealed, process)? {
        return Ok(vec![Box::new(age::scrypt::Identity::new(passphrase))]);
    }
    let path = identity_file(sealed)?;
    let shown = path.display();
    let key = std::fs::read(folder.join(path)).map(Zeroizing::new).map_err(|error| format!("{shown}: {error}"))?;
    if is_ssh(&key) {
        let identity = age::ssh::Identity::from_buffer(key.as_slice(), None);
        return match identity.map_err(|error| format!("{shown}: {error}"))? {
            identity @ age::ssh::Identity::Unencrypted(_) => Ok(vec![Box::new(identity)]),
            age::ssh::Identity::Encrypted(_) => {
                Err(format!("{shown} has a passphrase of its own: use one without, or passphrase_env"))
            }
            age::ssh::Identity::Unsupported(_) => Err(format!("{shown} is of a kind that the age format cannot use")),
        };
    }
    IdentityFile::from_buffer(key.as_slice())
        .map_err(|error| format!("{shown}: {error}"))?
        .into_identities()
        .map_err(|error| format!("{shown}: {error}"))
}

/// Whoever can open the file may write it anew: an ssh key by its public half beside it.
fn recipients(folder: &Path, sealed: &SealedFile) -> Result<Vec<Box<dyn Recipient + Send>>, String> {
    let path = identity_file(sealed)?;
    let key =
        std::fs::read(folder.join(path)).map(Zeroizing::new).map_err(|error| format!("{}: {error}", path.display()))?;
    if is_ssh(&key) {
        let mut public = path.as_os_str().to_owned();
        public.push(".pub");
        let shown = Path::new(&public).display().to_string();
        let text = std::fs::read_to_string(folder.join(&public)).map_err(|error| format!("{shown}: {error}"))?;
        let recipient: age::ssh::Recipient =
            text.trim().parse().map_err(|_| format!("{shown} is no public key that the age format can use"))?;
        return Ok(vec![Box::new(recipient)]);
    }
    IdentityFile::from_buffer(key.as_slice())
        .map_err(|error| format!("{}: {error}", path.display()))?
        .to_recipients()
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn is_ssh(key: &[u8]) -> bool {
    key.starts_with(b"-----BEGIN")
}
