//! Values that are others now: by a rotation's own doing, or under its hands. What rests on them is void, and the next
//! look is with the new ones.

use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::core::event::{Body, CredentialSeen, RotationEvent, SessionEvent, WatchEvent};
use crate::core::resting;
use crate::core::state::State;
use crate::engine::redaction;
use crate::engine::rotating::Report;
use crate::engine::seeing;
use crate::engine::sequencer::Sequencer;
use crate::engine::watching::{Change, Lookout, Looks, Sight, opens};
use crate::model::id::CredentialId;
use crate::model::plan::ValueSource;
use crate::model::text::SafeText;
use crate::model::values::{Lookup, Values};
use crate::notify;

/// Values that were read again because a file changed.
pub(super) struct Reread {
    pub(super) watch: u64,
    pub(super) values: Values,
    pub(super) file: String,
    pub(super) how: &'static str,
}

/// What made values change.
pub(super) struct Reason<'a> {
    pub(super) file: &'a str,
    pub(super) how: &'a str,
    pub(super) own: bool,
}

impl Sequencer {
    /// Begins to watch the files that values come from.
    pub(super) fn begin_watch(&mut self) {
        let looks = Looks::of(self.state.plan());
        self.watch_from(looks);
    }

    /// Takes what a rotation's act came to.
    pub(super) async fn take_rotation(&mut self, report: Report) {
        self.learn(report.learned);
        if let Some((values, looks)) = report.read {
            let file = report.places.join(", ");
            self.adopt(values, &Reason { file: &file, how: "written", own: true }).await;
            self.watch_from(looks);
        }
        let step = redaction::rotation(&self.redactor, report.step);
        let event = RotationEvent { credential: report.credential.clone(), effect: report.effect, step };
        self.pend(Body::Rotation(event), report.when);
        self.flush().await;
        if self.state.rotation(&report.credential).is_some_and(|walk| !walk.is_under_way()) {
            self.rotator.forget(report.effect);
        }
    }

    /// Takes what the watch saw of a file. What a rotation writes is no news.
    pub(super) async fn take_sight(&mut self, sight: Sight) {
        let writes = self.state.rotations().any(|(_, walk)| walk.stage.writes());
        if sight.watch != self.lookout.number || writes {
            return;
        }
        let file = sight.file.display().to_string();
        match sight.what {
            Change::Content(how) => self.read_again(file, how),
            Change::Mode(was, is) => {
                if !self.holds_a_secret(&sight.file) {
                    return;
                }
                let (file, octal) =
                    (SafeText::from_foreign(&file), |mode| SafeText::from_foreign(&format!("{mode:04o}")));
                let body = if opens(was, is) {
                    WatchEvent::ModeOpened { file, from: octal(was), to: octal(is) }
                } else {
                    WatchEvent::ModeClosed { file, mode: octal(is) }
                };
                self.pend(Body::Watch(body), (self.clock)());
                self.flush().await;
            }
        }
    }

    /// Takes the values that were read again because a file changed.
    pub(super) async fn take_reread(&mut self, reread: Reread) {
        let writes = self.state.rotations().any(|(_, walk)| walk.stage.writes());
        if reread.watch == self.lookout.number && !writes {
            self.adopt(reread.values, &Reason { file: &reread.file, how: reread.how, own: false }).await;
        }
    }

    /// These are secrets too from now on.
    pub(super) fn learn(&mut self, secrets: Vec<SecretString>) {
        if secrets.is_empty() {
            return;
        }
        self.redactor = self.redactor.with(secrets.into_iter().map(|secret| (Arc::from("a new value"), secret)));
        self.stepper.renew(&self.surroundings, &self.redactor);
    }

    /// Watches on from how the files looked then: what golive wrote itself is no change.
    pub(super) fn watch_from(&mut self, looks: Looks) {
        let (number, folder) = (self.lookout.number + 1, self.state.plan().folder.clone());
        self.lookout = Lookout::begin(number, looks, folder, self.sights.clone());
    }

    #[expect(clippy::disallowed_methods, reason = "reading is done beside the loop")]
    fn read_again(&self, file: String, how: &'static str) {
        let (plan, surroundings) = (self.state.shared_plan(), Arc::clone(&self.surroundings));
        let (reader, reads, watch, now) =
            (self.reader.clone(), self.reads.clone(), self.lookout.number, (self.clock)());
        tokio::spawn(async move {
            let values = reader.reload(&plan, surroundings.trusted, &surroundings.values, &[], now).await;
            // Nobody listens any more: golive is ending.
            let _ = reads.send(Reread { watch, values, file, how }).await;
        });
    }

    fn holds_a_secret(&self, file: &Path) -> bool {
        let values = &self.surroundings.values;
        let stands =
            values.iter().any(|(_, value)| value.secret && value.origin.file().is_some_and(|f| Path::new(f) == file));
        stands
            || self.state.plan().credentials.values().any(|credential| match &credential.from {
                ValueSource::File(path) => path == file,
                ValueSource::Sealed(sealed) => sealed.age == file,
                _ => false,
            })
    }

    /// Looks with these values from now on, and says what that changes.
    pub(super) async fn adopt(&mut self, values: Values, reason: &Reason<'_>) {
        // Results of what was looked at before go before the change, in one piece.
        self.flush().await;
        let (plan, old) = (self.state.shared_plan(), &self.surroundings);
        let notifiers = old.notifiers.renewed(&plan, &values, old.trusted);
        let renewed = Arc::new(old.with_values(values, notifiers));
        let before = std::mem::replace(&mut self.surroundings, renewed);
        let surroundings = Arc::clone(&self.surroundings);
        let of_notifiers = notify::secrets(&plan.notifiers, &surroundings.values);
        self.redactor = self.redactor.with(surroundings.values.secrets().chain(of_notifiers));
        self.runner.renew(&surroundings);
        self.rotator.renew(&surroundings);
        self.stepper.renew(&surroundings, &self.redactor);
        self.deliverer.renew(&surroundings, &self.redactor);
        self.inquirer.renew(&surroundings, &self.redactor, &self.state);
        let now = (self.clock)();
        for body in self.what_changed(&before.values, &surroundings.values, reason) {
            self.pend(body, now);
        }
        self.flush().await;
    }

    fn what_changed(&self, before: &Values, after: &Values, reason: &Reason<'_>) -> Vec<Body> {
        let names = others(before, after);
        let plan = self.state.plan();
        let seen: Vec<CredentialSeen> = seeing::credentials(plan, after)
            .into_iter()
            .map(|seen| redaction::seen(&self.redactor, seen))
            .filter(|seen| self.state.session().credentials.get(&seen.id) != Some(seen))
            .collect();
        let mut bodies: Vec<Body> = seen.iter().filter_map(|seen| fingerprint_change(&self.state, seen)).collect();
        bodies.extend(seen.into_iter().map(|seen| Body::Session(SessionEvent::CredentialSeen(Box::new(seen)))));
        let file = redaction::text(&self.redactor, reason.file);
        let checks = resting::on(plan, &names, &[reason.file.to_owned()]);
        let is_told_elsewhere = |name: &String| self.holds_a_credential(name);
        let values = names.iter().filter(|name| !is_told_elsewhere(name)).map(|name| SafeText::bounded(name, 100));
        bodies.push(Body::Watch(WatchEvent::SourceChanged {
            file,
            how: SafeText::from_foreign(reason.how),
            values: values.collect(),
            checks,
            own: reason.own,
        }));
        bodies
    }

    /// Whether a value is a credential, or the variable that one comes from: its fingerprint tells of it.
    fn holds_a_credential(&self, name: &str) -> bool {
        name.starts_with("credentials.")
            || self.state.plan().credentials.values().any(|credential| match &credential.from {
                ValueSource::Env(variable) => name.strip_prefix("env.") == Some(variable),
                _ => false,
            })
    }
}

/// The names whose values are others, in order.
fn others(before: &Values, after: &Values) -> Vec<String> {
    let mut names: Vec<String> = before.iter().chain(after.iter()).map(|(name, _)| name.to_owned()).collect();
    names.sort_unstable();
    names.dedup();
    let same = |name: &String| match (before.get(name), after.get(name)) {
        (Lookup::Found(one), Lookup::Found(other)) => one.text.expose_secret() == other.text.expose_secret(),
        (Lookup::Missing, Lookup::Missing) | (Lookup::Failed(_), Lookup::Failed(_)) => true,
        _ => false,
    };
    names.retain(|name| !same(name));
    names
}

/// What a new sight of a credential means, if it is another value now and no rotation of it is why.
pub(super) fn fingerprint_change(state: &State, seen: &CredentialSeen) -> Option<Body> {
    let from = state.session().credentials.get(&seen.id)?.fingerprint.clone()?;
    if seen.fingerprint.as_ref() == Some(&from) || is_rotated(state, &seen.id) {
        return None;
    }
    let credential = seen.id.clone();
    let stands = state.watched().of(credential.as_str());
    let is_back = seen.fingerprint.as_ref().is_some_and(|now| stands.is_some_and(|standing| standing.was(now)));
    Some(Body::Watch(if is_back {
        WatchEvent::FingerprintRestored { credential }
    } else {
        WatchEvent::FingerprintChanged { credential, from, to: seen.fingerprint.clone() }
    }))
}

fn is_rotated(state: &State, id: &CredentialId) -> bool {
    state.rotation(id).is_some_and(|walk| walk.stage.writes())
}

/// What is known at the start, with what it means where the session has seen another value before.
pub(super) fn facts(state: &State, facts: Vec<Body>) -> Vec<Body> {
    let meant = facts.iter().filter_map(|body| match body {
        Body::Session(SessionEvent::CredentialSeen(seen)) => fingerprint_change(state, seen),
        _ => None,
    });
    let meant: Vec<Body> = meant.collect();
    // What ran before is what ran at the opening: read later it may be the new version.
    let is_known = state.session().previous.is_some();
    let is_told = |body: &Body| is_known && matches!(body, Body::Session(SessionEvent::VersionBefore { .. }));
    meant.into_iter().chain(facts.into_iter().filter(|body| !is_told(body))).collect()
}
