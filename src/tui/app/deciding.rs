//! Keys that decide: each opens its dialog or door, or asks at once where it can be undone and needs no words.

use crate::core::decide::Command;
use crate::core::event::Subject;
use crate::core::state::RotationState;
use crate::model::id::{CredentialId, ItemId};
use crate::model::operator::Operator;
use crate::model::time::Now;
use crate::tui::action::Action;
use crate::tui::app::{App, Effect, Live};
use crate::tui::dialog::Dialog;
use crate::tui::focus::Focus;
use crate::tui::scene::Scene;

impl App {
    pub(super) fn decide(&mut self, action: Action, focus: &Focus, live: Live<'_>, now: Now) {
        let scene = self.scene(live, now);
        let subject = focus.subject(&scene);
        let item = focus.item.as_ref();
        let dialog = match action {
            Action::Sign => item.and_then(|id| Dialog::sign(&scene, id)),
            Action::Object => item.and_then(|id| Dialog::object(&scene, id)),
            Action::Waive => subject.map(|subject| Dialog::waive(&scene, subject)),
            Action::Note => Some(Dialog::note(subject)),
            Action::Acknowledge if focus.seen(&scene).is_some() => {
                focus.seen(&scene).map(|what| Dialog::acknowledge_seen(&scene, &what))
            }
            Action::Acknowledge => focus.firing(&scene).and_then(|id| Dialog::acknowledge(&scene, &id)),
            Action::Silence => {
                focus.alert.clone().or_else(|| focus.firing(&scene)).and_then(|id| Dialog::silence(&scene, &id))
            }
            Action::Lull => Some(Dialog::lull(&scene)),
            Action::Abort => Some(Dialog::abort(&scene)),
            Action::RollBack => Some(Dialog::rollback(&scene)),
            Action::Poll => Some(Dialog::poll(&scene)),
            Action::HoldGoLive => Some(Dialog::hold(&scene)),
            Action::Act if focus.step.is_some() => {
                if let Some((check, step)) = focus.step.clone() {
                    let done = live.0.triage().tick(&check, step).is_none();
                    self.send(Command::Tick { check, step, done }, self.setting.own.clone());
                }
                None
            }
            Action::Act => match (focus.act, item, &focus.credential) {
                (Some(act), _, _) => Some(Dialog::act(&scene, act)),
                (None, _, Some(id)) => Dialog::rotation(&scene, id),
                (None, id, None) => match focus.waiting_for_code(&scene) {
                    Some(check) => Some(Dialog::code(&scene, &check)),
                    None => match focus.task(&scene) {
                        Some(check) => Dialog::task(&scene, &check),
                        None => id.and_then(|id| Dialog::step(&scene, id)),
                    },
                },
            },
            Action::Fix => {
                let checks = focus.failing(&scene);
                self.effects.push(Effect::Propose(checks));
                None
            }
            Action::Undo if rotating(&scene, focus).is_some() => {
                rotating(&scene, focus).map(|(id, walk)| Dialog::abort_rotation(&scene, id, walk))
            }
            Action::Undo if self.undoing(focus, live).is_none() => {
                focus.enforcement(&scene).map(|enforcement| Dialog::undo_fix(&scene, enforcement))
            }
            Action::Claim | Action::RunAgain | Action::Undo => {
                let command = match action {
                    Action::Claim => match focus.task(&scene) {
                        Some(check) => Some(Command::TakeTask { check }),
                        None => item.map(|item| self.claiming(item, live)),
                    },
                    Action::RunAgain => Some(Command::RunAgain { checks: focus.checks(&scene) }),
                    _ => self.undoing(focus, live),
                };
                if let Some(command) = command {
                    self.send(command, self.setting.own.clone());
                }
                None
            }
            _ => None,
        };
        if let Some(dialog) = dialog {
            self.ask(dialog);
        }
    }

    /// "I am on it", or no longer.
    fn claiming(&self, item: &ItemId, live: Live<'_>) -> Command {
        let own = self.setting.own.normalised();
        let claim = live.0.item(item).and_then(|(_, known)| known.claim.as_ref());
        match claim.is_some_and(|claim| claim.by.normalised() == own) {
            true => Command::Unclaim { item: item.clone() },
            false => Command::Claim { item: item.clone() },
        }
    }

    /// What takes back one's own decision on the selected row: the signature first, then objection, then waiver.
    fn undoing(&self, focus: &Focus, live: Live<'_>) -> Option<Command> {
        let own = self.setting.own.normalised();
        if let Some(id) = &focus.alert {
            let (_, known) = live.0.alert(id)?;
            return match (&known.acknowledged, &known.silence) {
                (Some(seen), _) if known.is_firing() && seen.by.normalised() == own => {
                    Some(Command::TakeBackAcknowledgement { alert: id.clone() })
                }
                (_, Some(_)) => Some(Command::EndSilence { alert: id.clone() }),
                (_, None) => None,
            };
        }
        if let Some(check) = &focus.check
            && live.0.check(check).is_some_and(|(_, known)| known.waiver.is_some())
        {
            return Some(Command::EndWaiver { subject: Subject::Check(check.clone()) });
        }
        let id = focus.item.as_ref()?;
        let (_, known) = live.0.item(id)?;
        if known.signatures.iter().any(|signature| signature.by.normalised() == own) {
            return Some(Command::TakeBackSignature { item: id.clone() });
        }
        if known.objections.iter().any(|objection| objection.by.normalised() == own) {
            return Some(Command::WithdrawObjection { item: id.clone() });
        }
        known.waiver.as_ref().map(|_| Command::EndWaiver { subject: Subject::Item(id.clone()) })
    }
}

/// The selected credential's walk, while it is under way.
fn rotating<'a>(scene: &'a Scene<'_>, focus: &'a Focus) -> Option<(&'a CredentialId, &'a RotationState)> {
    let id = focus.credential.as_ref()?;
    scene.live.rotation(id).filter(|walk| walk.is_under_way()).map(|walk| (id, walk))
}

/// What is said when it is done. It is said only after it is on disk.
pub(super) fn done_words(command: &Command, by: &Operator) -> String {
    let name = |subject: &Subject| match subject {
        Subject::Item(id) => id.to_string(),
        Subject::Check(id) => id.to_string(),
        Subject::Alert(id) => id.to_string(),
        Subject::Notifier(id) => id.to_string(),
    };
    match command {
        Command::Sign { item, .. } => format!("{item} signed by {by}   u takes it back"),
        Command::TakeBackSignature { item } => format!("signature on {item} taken back"),
        Command::Object { item, .. } => format!("objection to {item} recorded   u withdraws it"),
        Command::WithdrawObjection { item } => format!("objection to {item} withdrawn"),
        Command::Waive { subject, .. } => format!("{} waived   u ends it", name(subject)),
        Command::EndWaiver { subject } => format!("waiver of {} ended", name(subject)),
        Command::Claim { item } => format!("{item} is yours   i lets go of it"),
        Command::Unclaim { item } => format!("nobody is on {item}"),
        Command::Acknowledge { alert, .. } => format!("{alert} acknowledged   u takes it back"),
        Command::TakeBackAcknowledgement { alert } => format!("acknowledgement of {alert} taken back"),
        Command::Silence { alert, .. } => format!("{alert} silenced: it counts all the same   u ends it"),
        Command::EndSilence { alert } => format!("silence of {alert} ended"),
        Command::DeclareLull { .. } => "lull declared   L ends it".to_owned(),
        Command::EndLull => "lull ended".to_owned(),
        Command::Note { .. } => "noted".to_owned(),
        Command::Tick { step, done: true, .. } => format!("step {} ticked off   x opens it again", step + 1),
        Command::Tick { step, done: false, .. } => format!("step {} is open again", step + 1),
        Command::RunAgain { checks } if checks.len() == 1 => format!("{} runs again", checks[0]),
        Command::RunAgain { checks } => format!("{} checks run again", checks.len()),
        Command::TakeTask { check } => format!("{check} is yours"),
        Command::TaskDone { check, .. } => format!("{check}: done, as you say; it runs again now"),
        Command::ConfirmCode { check, .. } => format!("{check}: the code is right"),
        Command::StartStep { item } => format!("{item} started"),
        Command::StopStep { item } => format!("{item} is being stopped"),
        Command::Enforce { variables, .. } => format!("{} is being put right   u puts it back", variables.join(", ")),
        Command::UndoEnforcement { .. } => "the configuration is being put back".to_owned(),
        Command::BeginDeployment => "the deployment has begun".to_owned(),
        Command::OpenGate => "the gate is open: customers are let in".to_owned(),
        Command::CloseGate { .. } => "the gate is closed".to_owned(),
        Command::CloseSession => "the go-live is closed".to_owned(),
        Command::RollBack { .. } => "the rollback has begun".to_owned(),
        Command::StopRollback => "the rollback is being stopped".to_owned(),
        Command::SayInPoll { role, word, .. } => format!("{role}: {}", word.words()),
        Command::Hold { .. } => "the go-live is held   H lets it go on".to_owned(),
        Command::LiftHold => "the go-live goes on".to_owned(),
        Command::AbortSession { .. } => "the go-live was given up".to_owned(),
        Command::Rotate { credential, .. } => format!("rotation of {credential} begun   x shows how far it is"),
        Command::AbortRotation { credential } => format!("rotation of {credential} is being taken back"),
        Command::RetireOld { credential } => format!("the old value of {credential} is being retired"),
        Command::AcknowledgeSeen { what } => format!("{what} is yours"),
    }
}
