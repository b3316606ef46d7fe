//! What the watch over credentials and their files has seen and nobody has taken on them yet: standing warnings.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use jiff::Timestamp;

use crate::core::event::{CheckEvent, Event, WatchEvent};
use crate::core::state::{State, checks};
use crate::model::id::CheckId;
use crate::model::text::SafeText;
use crate::model::word::Outcome;

/// So many refusals within [`BURST_WITHIN`] are no accident.
pub const BURST: usize = 3;
/// Refusals so long ago are no burst with those of now.
pub const BURST_WITHIN: Duration = Duration::from_secs(300);
/// The name under which refusals stand.
pub const DENIED: &str = "denied";

/// What stands.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    standing: BTreeMap<SafeText, Standing>,
    denied: VecDeque<(Timestamp, CheckId)>,
}

/// One thing that was seen and stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The name under which rules count it.
    pub counted: &'static str,
    /// What was seen, in a sentence.
    pub sentence: String,
    /// What to do about it.
    pub remedy: &'static str,
    /// Since when.
    pub since: Timestamp,
    /// The fingerprint it had before, for a credential.
    from: Option<SafeText>,
}

impl Watched {
    /// What stands, by its subject: a credential's id, a file, `denied`.
    pub fn standing(&self) -> impl Iterator<Item = (&SafeText, &Standing)> {
        self.standing.iter()
    }

    /// What stands of one subject.
    #[must_use]
    pub fn of(&self, what: &str) -> Option<&Standing> {
        self.standing.get(&SafeText::from_foreign(what))
    }

    fn stand(&mut self, what: SafeText, standing: Standing) {
        // What stands already stands since then.
        let since = self.standing.get(&what).map_or(standing.since, |known| known.since);
        let from = self.standing.get(&what).and_then(|known| known.from.clone()).or_else(|| standing.from.clone());
        self.standing.insert(what, Standing { since, from, ..standing });
    }

    fn denied(&mut self, check: &CheckId, at: Timestamp) {
        if self.denied.len() == BURST {
            self.denied.pop_front();
        }
        self.denied.push_back((at, check.clone()));
        let first = self.denied.front().map_or(at, |(first, _)| *first);
        if self.denied.len() < BURST || at.duration_since(first).unsigned_abs() > BURST_WITHIN {
            return;
        }
        let mut checks: Vec<String> = self.denied.iter().map(|(_, check)| check.to_string()).collect();
        checks.dedup();
        let sentence = format!("{BURST} refusals (401, 403) within 5 min, met by {}", checks.join(", "));
        let remedy = "find out whether the credential was revoked, rotated elsewhere, or is being tried by somebody";
        let standing = Standing { counted: DENIED, sentence, remedy, since: at, from: None };
        self.stand(SafeText::from_foreign(DENIED), standing);
    }
}

/// A check that had been refused and passes again takes its refusals back.
pub(super) fn saw_check(state: &mut State, body: &CheckEvent) {
    let CheckEvent::Finished(finished) = body else { return };
    let watched = &mut state.watched;
    if watched.denied.is_empty() || !matches!(finished.evidence.outcome, Outcome::Pass | Outcome::Warn) {
        return;
    }
    watched.denied.retain(|(_, check)| *check != finished.check);
    if watched.denied.is_empty() {
        watched.standing.remove(&SafeText::from_foreign(DENIED));
    }
}

pub(super) fn apply(state: &mut State, body: &WatchEvent, event: &Event) {
    let since = event.at;
    let standing = |counted, sentence, remedy| Standing { counted, sentence, remedy, since, from: None };
    match body {
        WatchEvent::SourceChanged { file, how, values, checks, own } => {
            checks::void(state, checks);
            if !own && !values.is_empty() {
                let names = values.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", ");
                let sentence = format!("{file} was {how} while the session runs: {names}");
                let remedy = "find out who changed it and why; the checks that rest on it run again";
                state.watched.stand(file.clone(), standing("source_changed", sentence, remedy));
            }
        }
        WatchEvent::FingerprintChanged { credential, from, to } => {
            let what = SafeText::from_foreign(credential.as_str());
            let to = to.as_ref().map_or("gone", SafeText::as_str);
            let sentence = format!("{credential} changed while the session runs: fingerprint {from} → {to}");
            let remedy = "find out who changed it; a rotation is walked with golive rotate";
            let standing = Standing { from: Some(from.clone()), ..standing("credential_changed", sentence, remedy) };
            state.watched.stand(what, standing);
        }
        WatchEvent::FingerprintRestored { credential } => {
            state.watched.standing.remove(&SafeText::from_foreign(credential.as_str()));
        }
        WatchEvent::ModeOpened { file, from, to } => {
            let sentence = format!("{file} holds a secret and was opened: mode {from} → {to}");
            state.watched.stand(mode_of(file), standing("mode_opened", sentence, "close it: chmod 600"));
        }
        WatchEvent::ModeClosed { file, .. } => {
            state.watched.standing.remove(&mode_of(file));
        }
        WatchEvent::Denied { check } => state.watched.denied(check, since),
        WatchEvent::Acknowledged { what } => {
            state.watched.standing.remove(what);
            if what.as_str() == DENIED {
                state.watched.denied.clear();
            }
        }
    }
}

/// The subject under which a file's opened mode stands: its content is another subject.
fn mode_of(file: &SafeText) -> SafeText {
    SafeText::from_foreign(&format!("mode of {file}"))
}

impl Standing {
    /// Whether a credential's fingerprint is again the one that it had before it changed.
    #[must_use]
    pub fn was(&self, fingerprint: &SafeText) -> bool {
        self.from.as_ref() == Some(fingerprint)
    }
}
