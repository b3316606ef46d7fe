//! A rotation's doors: begin it, let the old value go, take it back. What a door says is where the walk stands.

use crate::core::decide::Command;
use crate::core::rotation;
use crate::core::state::{RotationStage, RotationState};
use crate::model::id::CredentialId;
use crate::model::plan::Credential;
use crate::tui::dialog::{Dialog, Lock, Question};
use crate::tui::scene::Scene;

impl Dialog {
    /// The door that fits where the credential's rotation stands.
    #[must_use]
    pub fn rotation(scene: &Scene<'_>, id: &CredentialId) -> Option<Self> {
        let planned = scene.live.plan().credentials.get(id)?;
        let walk = scene.live.rotation(id).filter(|walk| walk.is_under_way());
        Some(match walk {
            None => begin(scene, id, planned),
            Some(walk) if walk.stage == RotationStage::Verified => retire(scene, id, planned, walk),
            Some(walk) => Self::abort_rotation(scene, id, walk),
        })
    }

    /// To take on oneself what the watch over credentials saw.
    #[must_use]
    pub fn acknowledge_seen(scene: &Scene<'_>, what: &str) -> Self {
        let command = Command::AcknowledgeSeen { what: what.to_owned() };
        let dialog = Self::new(Question::Door(command), format!("Acknowledge: {what}"));
        let standing = scene.live.watched().of(what);
        let dialog = dialog.fact("seen", standing.map(|standing| standing.sentence.clone()).unwrap_or_default());
        let dialog = dialog.fact("do", standing.map_or("", |standing| standing.remedy));
        dialog.fact("", "You have seen it and it is yours: the warning goes, the timeline keeps it.").locked(Lock::Yes)
    }

    /// The door to the way back.
    #[must_use]
    pub fn abort_rotation(scene: &Scene<'_>, id: &CredentialId, walk: &RotationState) -> Self {
        let command = Command::AbortRotation { credential: id.clone() };
        let dialog = Self::new(Question::Door(command), format!("Take the rotation of {id} back"));
        let dialog = known(dialog.fact("now", walk.stage.words()), walk);
        let dialog = dialog.fact("", "The old value is put back wherever the new one was written, and stays in force.");
        dialog.fact("where", place(scene)).locked(Lock::Yes)
    }
}

fn place(scene: &Scene<'_>) -> String {
    let service = &scene.live.plan().service;
    format!("{} in {}", service.name, service.environment.to_uppercase())
}

fn begin(scene: &Scene<'_>, id: &CredentialId, planned: &Credential) -> Dialog {
    let rotation = &planned.rotation;
    let obtain = match (&rotation.obtain, rotation.generate) {
        (Some(words), _) => Some(words.join(" ")),
        (None, Some(length)) => Some(format!("golive makes {length} random characters up")),
        (None, None) => None,
    };
    let command = Command::Rotate { credential: id.clone(), value: None };
    let question = if obtain.is_some() { Question::Door(command) } else { Question::Rotate(id.clone()) };
    let mut dialog = Dialog::new(question, format!("Rotate {id}"));
    dialog = dialog.fact("", "The new value is judged by every rule, written, and verified. Until the old one is retired it can be put back.");
    if let Some(before) = scene.live.rotation(id) {
        dialog = dialog.fact("before", before.stage.words());
        for why in &before.why {
            dialog = dialog.fact("", why.to_string());
        }
    }
    let checks = rotation::uses(scene.live.plan(), id);
    dialog = dialog.fact("verified", checks.iter().map(|check| check.as_str()).collect::<Vec<_>>().join(", "));
    dialog = dialog.fact("where", place(scene)).fact("as", scene.own.to_string());
    match obtain {
        Some(obtain) => dialog.fact("new", obtain),
        None => dialog.secret_field("new value"),
    }
    .locked(Lock::Word(id.to_string()))
}

fn retire(scene: &Scene<'_>, id: &CredentialId, planned: &Credential, walk: &RotationState) -> Dialog {
    let command = Command::RetireOld { credential: id.clone() };
    let dialog = known(Dialog::new(Question::Door(command), format!("Retire the old value of {id}")), walk);
    let dialog = match &planned.rotation.retire {
        Some(words) => dialog.fact("runs", words.join(" ")),
        None => dialog.fact("", "You say that it is retired where it was issued: golive has no command for it."),
    };
    let dialog = dialog.fact("", "After this there is no way back. u takes the rotation back instead.");
    dialog.fact("where", place(scene)).fact("as", scene.own.to_string()).locked(Lock::Word(id.to_string()))
}

/// What is known of the walk's new value.
fn known(mut dialog: Dialog, walk: &RotationState) -> Dialog {
    if let Some(new) = &walk.new {
        dialog = dialog.fact("new", format!("{}  {} ch  fingerprint {}", new.masked, new.length, new.fingerprint));
        let places = walk.places.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        dialog = dialog.fact("written", places);
    }
    for why in &walk.why {
        dialog = dialog.fact("because", why.to_string());
    }
    dialog
}
