//! Enforcement in the order of events: begun when its intent is on disk, and then everything is looked at anew.

use std::sync::Arc;

use crate::core::dry_run;
use crate::core::event::{Body, EnforcementEvent, SessionEvent};
use crate::engine::enforcing::{Desk, Report, Told, Wish};
use crate::engine::redaction;
use crate::engine::sequencer::Sequencer;
use crate::engine::sequencer::rotating::Reason;
use crate::model::id::EffectId;
use crate::model::text::SafeText;

impl Sequencer {
    /// Answers somebody who wants to see what would be done. Nothing is done for it.
    pub(super) fn show(&self, wish: Wish) {
        match wish {
            Wish::Proposal { checks, answer } => self.enforcer.show(self.desk(), checks, answer),
            Wish::DryRun { answer } => {
                let mut steps = dry_run::of_session(&self.state, &self.surroundings.values);
                // Secrets are masked by where they come from; the redactor knows them by how they look.
                for (_, words) in steps.iter_mut().flat_map(|step| &mut step.facts) {
                    *words = redaction::text(&self.redactor, words.as_str());
                }
                // Who asked may be gone.
                let _ = answer.send(steps);
            }
        }
    }

    pub(super) fn enforce(&self, effect: EffectId) {
        if let Some(wanted) = self.state.enforcements().iter().rfind(|known| known.effect == effect) {
            self.enforcer.write(self.desk(), wanted);
        }
    }

    pub(super) fn undo_enforcement(&self, effect: EffectId) {
        if let Some(wanted) = self.state.enforcements().iter().rfind(|known| known.effect == effect) {
            self.enforcer.undo(self.desk(), wanted);
        }
    }

    /// An earlier golive ended while this was being written: each file is whole, and nobody knows which it is.
    pub(super) fn recall_enforcement(&mut self, effect: EffectId) {
        let why = "golive ended meanwhile; each file is whole, old or new: look at it, its backup is beside it";
        let failed = EnforcementEvent::Failed { effect, why: SafeText::from_foreign(why) };
        self.pend(Body::Enforcement(failed), (self.clock)());
    }

    pub(super) async fn take_mended(&mut self, (told, now): Report) {
        match told {
            Told::Gate(kept) => self.pend(Body::Session(SessionEvent::GateKept(kept)), now),
            Told::Enforcement { event, values, looks } => {
                let files = match &event {
                    EnforcementEvent::Written { files, .. } => {
                        files.iter().map(|file| file.path.to_string()).collect::<Vec<_>>().join(", ")
                    }
                    _ => "the configuration".to_owned(),
                };
                self.pend(Body::Enforcement(event), now);
                self.adopt(values, &Reason { file: &files, how: "written", own: true }).await;
                self.watch_from(looks);
            }
        }
    }

    /// What enforcement works with at this moment.
    fn desk(&self) -> Desk {
        Desk {
            plan: self.state.shared_plan(),
            surroundings: Arc::clone(&self.surroundings),
            redactor: self.redactor.clone(),
        }
    }
}
