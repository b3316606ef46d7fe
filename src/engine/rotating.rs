//! A rotation's acts in the world, each in a task that answers with the walk's next step: get the new value and judge
//! it, write it, put the old one back, retire it. Values live here and in no event.

mod judging;
mod making;

use std::collections::HashMap;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{Mutex, mpsc};

use crate::check::Surroundings;
use crate::core::agenda::RotationAct;
use crate::core::event::{NewValue, Obtain, RotationStep};
use crate::engine::seeing::Reader;
use crate::engine::setup::ProbeOf;
use crate::engine::watching::Looks;
use crate::mask;
use crate::model::id::{CredentialId, EffectId};
use crate::model::plan::{Credential, SharedPlan};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::values::{Given, Lookup, Value, Values};
use crate::source::distributing::{self, Hands, Place};
use crate::source::name_of;

/// What an act came to.
pub(super) struct Report {
    pub(super) credential: CredentialId,
    pub(super) effect: EffectId,
    pub(super) step: RotationStep,
    /// Secrets that nobody knew before.
    pub(super) learned: Vec<SecretString>,
    /// The values read again, where files were written, with how the files looked before that.
    pub(super) read: Option<(Values, Looks)>,
    /// Where something was written.
    pub(super) places: Vec<String>,
    pub(super) when: Now,
}

/// Walks rotations in tasks.
pub(super) struct Rotator {
    shared: Shared,
    walks: HashMap<EffectId, Arc<Mutex<Secrets>>>,
    given: HashMap<EffectId, Given>,
}

/// What all acts share.
#[derive(Clone)]
struct Shared {
    surroundings: Arc<Surroundings>,
    probes: ProbeOf,
    reader: Reader,
    reports: mpsc::Sender<Report>,
}

/// The values of one walk. Its acts take turns by this lock: what is being written is not put back at the same time.
#[derive(Default)]
struct Secrets {
    new: Option<SecretString>,
    old: Option<SecretString>,
}

/// One walk, as its acts see it.
struct Walk {
    plan: SharedPlan,
    credential: CredentialId,
    effect: EffectId,
    shared: Shared,
    secrets: Arc<Mutex<Secrets>>,
}

impl Rotator {
    pub(super) fn new(
        surroundings: Arc<Surroundings>,
        probes: ProbeOf,
        reader: Reader,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        let shared = Shared { surroundings, probes, reader, reports };
        Self { shared, walks: HashMap::new(), given: HashMap::new() }
    }

    /// Walks on with other values.
    pub(super) fn renew(&mut self, surroundings: &Arc<Surroundings>) {
        self.shared.surroundings = Arc::clone(surroundings);
    }

    /// Takes the value that a person gave for a walk.
    pub(super) fn give(&mut self, effect: EffectId, value: Given) {
        self.given.insert(effect, value);
    }

    /// Does the next thing of a walk.
    pub(super) fn act(
        &mut self,
        plan: SharedPlan,
        credential: CredentialId,
        effect: EffectId,
        (act, obtain): (RotationAct, Obtain),
    ) {
        let given = self.given.remove(&effect);
        let secrets = Arc::clone(self.walks.entry(effect).or_default());
        let walk = Walk { plan, credential, effect, shared: self.shared.clone(), secrets };
        spawn(async move {
            let report = match act {
                RotationAct::Obtain => walk.obtain(obtain, given).await,
                RotationAct::Distribute => walk.distribute().await,
                RotationAct::PutBack => walk.put_back().await,
                RotationAct::Retire => walk.retire().await,
            };
            // Nobody listens any more: golive is ending, and the next start sees how far the walk was.
            let _ = walk.shared.reports.send(report).await;
        });
    }

    /// A walk is over: its values are forgotten.
    pub(super) fn forget(&mut self, effect: EffectId) {
        self.walks.remove(&effect);
    }
}

#[expect(clippy::disallowed_methods, reason = "the engine is the room with tasks")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

fn text(words: &str) -> SafeText {
    SafeText::bounded(words, 300)
}

impl Walk {
    fn planned(&self) -> Option<&Credential> {
        self.plan.credentials.get(&self.credential)
    }

    fn hands(&self) -> Hands {
        let Surroundings { folder, trusted, .. } = &*self.shared.surroundings;
        Hands { folder: folder.clone(), process: self.shared.reader.process.clone(), trusted: *trusted }
    }

    fn places(&self) -> Result<Vec<Place>, String> {
        let planned = self.planned().ok_or("the plan has no such credential any more")?;
        distributing::places(&self.plan, planned, &self.shared.surroundings.values)
    }

    fn now(&self) -> Now {
        (self.shared.surroundings.clock)()
    }

    fn report(&self, step: RotationStep) -> Report {
        let (credential, effect) = (self.credential.clone(), self.effect);
        Report { credential, effect, step, learned: Vec::new(), read: None, places: Vec::new(), when: self.now() }
    }

    async fn obtain(&self, obtain: Obtain, given: Option<Given>) -> Report {
        let mut secrets = self.secrets.lock().await;
        secrets.old = match self.shared.surroundings.values.get(&name_of(&self.credential)) {
            Lookup::Found(value) => Some(value.text.clone()),
            Lookup::Missing | Lookup::Failed(_) => None,
        };
        let refused = |why: Vec<String>| RotationStep::Refused { why: why.iter().map(|why| text(why)).collect() };
        let places = match self.prepared() {
            Ok(places) => places,
            Err(why) => return self.report(refused(vec![why])),
        };
        let new = match self.new_value(obtain, given).await {
            Ok(new) => new,
            Err(why) => return self.report(refused(vec![why])),
        };
        let objections = judging::objections(self, secrets.old.as_ref(), &new).await;
        let step = if objections.is_empty() {
            let seen = self.seen(&new);
            self.shared.reader.memory.born(seen.fingerprint.as_str(), self.now().at);
            RotationStep::Validated { new: seen, places: places.iter().map(|place| text(&place.shown())).collect() }
        } else {
            refused(objections)
        };
        secrets.new = Some(new.clone());
        Report { learned: vec![new], ..self.report(step) }
    }

    /// Where it will be written, if everything that the walk needs is there.
    fn prepared(&self) -> Result<Vec<Place>, String> {
        let (places, hands) = (self.places()?, self.hands());
        let rotation = &self.planned().ok_or("the plan has no such credential any more")?.rotation;
        if !hands.trusted
            && let Some((what, _)) = rotation.commands().next()
        {
            return Err(format!("the plan's command to {what} may not run yet: allow it with golive trust"));
        }
        match places.iter().find(|place| place.is_taken(&hands)) {
            Some(place) => Err(format!(
                "{} still keeps the old value of an earlier rotation: take that one back first (golive rotate --abort {})",
                place.shown(),
                self.credential
            )),
            None => Ok(places),
        }
    }

    async fn new_value(&self, obtain: Obtain, given: Option<Given>) -> Result<SecretString, String> {
        let rotation = &self.planned().ok_or("the plan has no such credential any more")?.rotation;
        match (obtain, given) {
            (Obtain::Given, Some(Given(value))) => Ok(value),
            (Obtain::Given, None) => Err("the value that was given is not there any more: give it again".to_owned()),
            (Obtain::Generated, _) => making::value(usize::from(rotation.generate.unwrap_or(40))),
            (Obtain::Command, _) => {
                distributing::obtain(rotation.obtain.as_deref().unwrap_or_default(), &self.hands()).await
            }
        }
    }

    fn seen(&self, new: &SecretString) -> NewValue {
        NewValue {
            masked: SafeText::from_foreign(&mask::shown(new)),
            length: new.expose_secret().chars().count(),
            fingerprint: SafeText::from_foreign(&mask::fingerprint(&self.shared.reader.memory.key, new)),
        }
    }

    async fn distribute(&self) -> Report {
        let secrets = self.secrets.lock().await;
        let withdrawing = |why: &str| RotationStep::Withdrawing { why: text(why) };
        let written = self.write(&secrets).await;
        let read = self.read_again().await;
        let step = match written {
            Err(why) => withdrawing(&why),
            Ok(()) => match (read.0.get(&name_of(&self.credential)), &secrets.new) {
                (Lookup::Found(Value { text, .. }), Some(new)) if text.expose_secret() == new.expose_secret() => {
                    RotationStep::Distributed
                }
                (Lookup::Failed(why), _) => withdrawing(&format!("it cannot be read back: {why}")),
                (Lookup::Found(Value { origin, .. }), _) => {
                    withdrawing(&format!("{origin} gives another value than the one that was written"))
                }
                (Lookup::Missing, _) => withdrawing("it is not found where it was written"),
            },
        };
        Report { read: Some(read), places: self.shown_places(), ..self.report(step) }
    }

    async fn write(&self, secrets: &Secrets) -> Result<(), String> {
        let new = secrets.new.as_ref().ok_or("the new value is not known any more")?;
        let hands = self.hands();
        for place in self.places()? {
            place.write(&hands, new).await.map_err(|why| format!("{}: {why}", place.shown()))?;
        }
        Ok(())
    }

    fn shown_places(&self) -> Vec<String> {
        self.places().unwrap_or_default().iter().map(Place::shown).collect()
    }

    async fn read_again(&self) -> (Values, Looks) {
        let surroundings = &self.shared.surroundings;
        let looks = Looks::of(&self.plan);
        let rotated = std::slice::from_ref(&self.credential);
        let (reader, now) = (&self.shared.reader, self.now());
        let values = reader.reload(&self.plan, surroundings.trusted, &surroundings.values, rotated, now).await;
        (values, looks)
    }

    async fn put_back(&self) -> Report {
        let secrets = self.secrets.lock().await;
        let hands = self.hands();
        let mut wrong = Vec::new();
        match self.places() {
            Ok(places) => {
                for place in &places {
                    if let Err(why) = place.put_back(&hands, secrets.old.as_ref()).await {
                        wrong.push(format!("{}: {why}", place.shown()));
                    }
                }
            }
            Err(why) => wrong.push(why),
        }
        let step = match wrong.first() {
            None => RotationStep::PutBack,
            Some(_) => RotationStep::NotPutBack { why: text(&wrong.join("; ")) },
        };
        let read = self.read_again().await;
        Report { read: Some(read), places: self.shown_places(), ..self.report(step) }
    }

    async fn retire(&self) -> Report {
        let secrets = self.secrets.lock().await;
        let step = match self.retired(&secrets).await {
            Ok(how) => RotationStep::Retired { how: text(&how) },
            Err(why) => RotationStep::NotRetired { why: text(&why) },
        };
        self.report(step)
    }

    async fn retired(&self, secrets: &Secrets) -> Result<String, String> {
        let (hands, places) = (self.hands(), self.places()?);
        let command = self.planned().and_then(|planned| planned.rotation.retire.as_ref());
        let how = match command {
            None => "on a person's word".to_owned(),
            Some(words) => {
                let mut old = secrets.old.clone();
                for place in &places {
                    old = if old.is_some() { old } else { place.kept(&hands).await };
                }
                let old = old.ok_or("the old value is not known any more: retire it by hand")?;
                distributing::retire(words, &hands, &old).await?;
                format!("by {}", words.first().map_or("a command", String::as_str))
            }
        };
        let mut left = Vec::new();
        for place in &places {
            left.extend(place.let_go(&hands).await.err());
        }
        Ok(if left.is_empty() {
            how
        } else {
            format!("{how}; what was kept of it still lies there: {}", left.join("; "))
        })
    }
}
