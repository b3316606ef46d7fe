//! Values that nobody meant for production: placeholders, provider test prefixes, what stands in the development and
//! test env files, and values that a plan knows by their digest (C5).
#![expect(clippy::disallowed_methods, reason = "the other environments' env files are read here")]

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use crate::envfile;

/// Found anywhere in a value, in any case.
const ANYWHERE: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "placeholder",
    "example",
    "sandbox",
    "your_key",
    "your-key",
    "your_secret",
    "insert_",
    "replace_me",
    "password",
    "xxxxxx",
    "000000",
    "123456",
    "abcdef123",
];

/// Found as a part between separators: a random value of forty characters holds `dev` by chance often enough.
const AS_A_PART: &[&str] = &[
    "test",
    "testing",
    "dev",
    "development",
    "demo",
    "dummy",
    "sample",
    "fake",
    "staging",
    "local",
    "todo",
    "xxx",
    "foo",
    "secret",
];

/// Found at the beginning: what providers and people put before values of their test environments.
const PREFIXES: &[&str] = &["sk_test_", "pk_test_", "rk_test_", "whsec_test", "test_", "test-", "dev_", "dev-"];

/// The word that gives a development or placeholder value away.
pub(super) fn word(value: &str) -> Option<&'static str> {
    let lower = value.to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let repeated = || {
        let first = lower.chars().next()?;
        (lower.chars().count() > 3 && lower.chars().all(|c| c == first)).then_some("one character repeated")
    };
    PREFIXES
        .iter()
        .find(|prefix| lower.starts_with(**prefix))
        .or_else(|| ANYWHERE.iter().find(|word| lower.contains(**word)))
        .or_else(|| AS_A_PART.iter().find(|word| parts.contains(*word)))
        .copied()
        .or_else(repeated)
}

/// Shorter values of other environments are flags and numbers, not credentials.
const SHORTEST: usize = 8;

/// An env file is written by people; no more of one is read.
const LARGEST: u64 = 1 << 20;

/// Values that are known to belong to another environment.
#[derive(Default)]
pub(super) struct Known {
    values: Vec<(SecretString, PathBuf)>,
    digests: Vec<[u8; 32]>,
}

impl Known {
    /// The values of these env files, and these SHA-256 digests in hex.
    ///
    /// # Errors
    /// The sentence that says which file could not be read; a missing one is skipped.
    pub(super) fn read(folder: &Path, files: &[PathBuf], digests: &[String]) -> Result<Self, String> {
        let mut values = Vec::new();
        for file in files {
            let mut text = String::new();
            match std::fs::File::open(folder.join(file)) {
                Ok(open) => open.take(LARGEST).read_to_string(&mut text).map(|_| ()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => Err(error),
            }
            .map_err(|error| format!("{} could not be read: {error}", file.display()))?;
            for variable in envfile::load(&[&text], &BTreeMap::new(), &[""]) {
                if variable.value.chars().count() >= SHORTEST {
                    values.push((SecretString::from(variable.value), file.clone()));
                }
            }
        }
        let digests = digests.iter().filter_map(|digest| digest_of(digest)).collect();
        Ok(Self { values, digests })
    }

    /// Where this value is known from.
    pub(super) fn place_of(&self, value: &str) -> Option<String> {
        let stands = self.values.iter().find(|(known, _)| known.expose_secret() == value);
        let digest: [u8; 32] = Sha256::digest(value.as_bytes()).into();
        stands
            .map(|(_, file)| format!("it stands in {} too", file.display()))
            .or_else(|| self.digests.contains(&digest).then(|| "the plan lists it as one".to_owned()))
    }
}

/// A digest as a plan writes it: 64 hex digits, `sha256:` before them or not.
pub(super) fn digest_of(text: &str) -> Option<[u8; 32]> {
    hex::decode(text.trim().trim_start_matches("sha256:")).ok()?.try_into().ok()
}
