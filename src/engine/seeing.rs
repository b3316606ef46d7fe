//! Reading a plan's sources for a session, and what may be known of each credential: its masked form, its length, a
//! keyed fingerprint, where it came from and since when.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::core::event::CredentialSeen;
use crate::mask;
use crate::model::id::CredentialId;
use crate::model::plan::{Plan, ValueSource};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::values::{Lookup, Origin, Record, Value, Values};
use crate::source::known::Memory;
use crate::source::{self, is_empty, name_of};

/// Reads the sources of a plan, at the start and again when one changed.
#[derive(Clone, Default)]
pub struct Reader {
    /// The environment of golive's own process.
    pub process: BTreeMap<String, String>,
    /// What this machine knows of credentials' values.
    pub memory: Memory,
}

impl Reader {
    /// Reads every source. Commands run only when the plan is `trusted`.
    pub async fn load(&self, plan: &Plan, trusted: bool, now: Now) -> Values {
        let mut values = source::load(plan, trusted, &self.process).await;
        self.memory.know(plan, &mut values, now.at);
        values
    }

    /// Reads again what stands in files. Commands and the keyring keep what they gave, but for the credentials that
    /// were rotated (DECISIONS 22).
    pub async fn reload(
        &self,
        plan: &Plan,
        trusted: bool,
        before: &Values,
        rotated: &[CredentialId],
        now: Now,
    ) -> Values {
        let mut values = source::reload(plan, trusted, &self.process, before, rotated).await;
        self.memory.know(plan, &mut values, now.at);
        values
    }
}

/// What may be known of each credential of the plan.
#[must_use]
pub fn credentials(plan: &Plan, values: &Values) -> Vec<CredentialSeen> {
    let credentials = plan.credentials.iter();
    let seen = credentials.map(|(id, planned)| {
        let name = name_of(id);
        one(id, &planned.from, values.get(&name), values.known(&name), &plan.folder)
    });
    seen.collect()
}

fn one(
    id: &CredentialId,
    from: &ValueSource,
    found: Lookup<'_>,
    known: Option<&Record>,
    folder: &Path,
) -> CredentialSeen {
    let without = |problem: &str| CredentialSeen {
        id: id.clone(),
        masked: None,
        length: 0,
        fingerprint: None,
        source: SafeText::bounded(&described(from), 200),
        problem: Some(SafeText::bounded(problem, 300)),
        changed: None,
    };
    match found {
        Lookup::Missing => without("it is not there"),
        Lookup::Failed(why) => without(why),
        Lookup::Found(value) if is_empty(&value.text) => without("it is empty"),
        Lookup::Found(Value { text, origin, .. }) => CredentialSeen {
            masked: Some(SafeText::from_foreign(&mask::shown(text))),
            length: characters(text),
            fingerprint: known.map(|known| SafeText::from_foreign(&known.fingerprint)),
            source: SafeText::bounded(&origin.to_string(), 200),
            problem: None,
            changed: in_use_since(origin, known, folder),
            ..without("")
        },
    }
}

fn characters(text: &SecretString) -> usize {
    text.expose_secret().chars().count()
}

fn described(from: &ValueSource) -> String {
    match from {
        ValueSource::Env(name) => format!("variable {name}"),
        ValueSource::File(path) => path.display().to_string(),
        ValueSource::Command(words) => format!("command {}", words.first().map_or("", String::as_str)),
        ValueSource::Keyring(name) => format!("keyring {name}"),
        ValueSource::Sealed(sealed) => sealed.age.display().to_string(),
        ValueSource::Value(_) => "plan".to_owned(),
    }
}

/// Since when a value is in use: since golive saw it made, or since its file was last changed, or since golive first
/// saw it there, whichever is longer ago. A file that changed for another value's sake makes no value younger.
fn in_use_since(origin: &Origin, known: Option<&Record>, folder: &Path) -> Option<Timestamp> {
    let born = known.filter(|known| known.born).and_then(|known| known.since);
    if born.is_some() {
        return born;
    }
    let modified = std::fs::metadata(folder.join(origin.file()?)).and_then(|metadata| metadata.modified()).ok()?;
    let changed = Timestamp::try_from(modified).ok()?;
    Some(known.and_then(|known| known.since).map_or(changed, |since| since.min(changed)))
}
