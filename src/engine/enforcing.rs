//! Enforcement while a session runs: what would be changed is worked out when a person asks, written when they say yes,
//! and then every value is read anew, so that the checks look at what is there now.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::check::{self, Surroundings};
use crate::core::decide::Refusal;
use crate::core::event::{EnforcementEvent, GateKept, WrittenFile};
use crate::core::state::{Enforcement, EnforcementStatus};
use crate::enforce::disk::{self, Written};
use crate::enforce::{self, Proposal};
use crate::engine::setup::{Renew, Renewed};
use crate::mask::Redactor;
use crate::model::id::{CheckId, EffectId};
use crate::model::mend::ShownProposal;
use crate::model::plan::{Plan, SharedPlan};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::values::Values;

/// What comes back to the sequencer beside results and steps, and when.
pub(super) type Report = (Told, Now);

/// What is reported.
pub(super) enum Told {
    /// What became of an enforcement.
    Enforcement(EnforcementEvent),
    /// What whoever asks the gate is told now.
    Gate(GateKept),
    /// Every value was read anew, after this enforcement.
    Renewed(EffectId, Box<Renewed>),
}

/// Somebody who wants to see what would be changed.
#[derive(Debug)]
pub(super) struct Wish {
    pub(super) checks: Vec<CheckId>,
    pub(super) answer: oneshot::Sender<Result<ShownProposal, Refusal>>,
}

/// Proposes, writes, puts back.
#[derive(Clone)]
pub(super) struct Enforcer {
    surroundings: Arc<Surroundings>,
    redactor: Redactor,
    renew: Option<Renew>,
    reports: mpsc::Sender<Report>,
}

impl Enforcer {
    pub(super) const fn new(
        surroundings: Arc<Surroundings>,
        redactor: Redactor,
        renew: Option<Renew>,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        Self { surroundings, redactor, renew, reports }
    }

    /// Looks from now on with these values.
    pub(super) fn look_with(&mut self, renewed: &Renewed) {
        self.surroundings = Arc::clone(&renewed.surroundings);
        self.redactor = renewed.redactor.clone();
    }

    /// Answers a wish, off the loop: files are read for it.
    pub(super) fn show(&self, plan: SharedPlan, wish: Wish) {
        let own = self.clone();
        blocking(move || {
            // Who asked may be gone.
            let _ = wish.answer.send(own.shown(&plan, wish.checks));
        });
    }

    /// Writes what a person said yes to, if it is still what they were shown.
    pub(super) fn write(&self, plan: SharedPlan, wanted: &Enforcement) {
        let (own, wanted) = (self.clone(), wanted.clone());
        blocking(move || {
            let written = own.written(&plan, &wanted);
            let event = match written {
                Ok(files) => EnforcementEvent::Written { effect: wanted.effect, files },
                Err(why) => EnforcementEvent::Failed { effect: wanted.effect, why: own.clean(&why) },
            };
            own.tell(&plan, wanted.effect, event);
        });
    }

    /// Puts back what was written.
    pub(super) fn undo(&self, plan: SharedPlan, wanted: &Enforcement) {
        let (own, wanted) = (self.clone(), wanted.clone());
        blocking(move || {
            let EnforcementStatus::Undoing(files) = &wanted.status else { return };
            let mut put_back = files.iter().rev().map(|file| {
                let path = file.path.clone();
                disk::undo(&plan.folder, &as_written(file)).map_err(|why| format!("{path}: {why}"))
            });
            let event = match put_back.find_map(Result::err) {
                None => EnforcementEvent::Undone { effect: wanted.effect },
                Some(why) => EnforcementEvent::Failed { effect: wanted.effect, why: own.clean(&why) },
            };
            own.tell(&plan, wanted.effect, event);
        });
    }

    /// An earlier golive ended while this was being written: each file is whole, and nobody knows which it is.
    pub(super) fn recall(&self, plan: SharedPlan, effect: EffectId) {
        let own = self.clone();
        blocking(move || {
            let why = "golive ended meanwhile; each file is whole, old or new: look at it, its backup is beside it";
            own.tell(&plan, effect, EnforcementEvent::Failed { effect, why: SafeText::from_foreign(why) });
        });
    }

    fn shown(&self, plan: &Plan, checks: Vec<CheckId>) -> Result<ShownProposal, Refusal> {
        let (proposal, values) = self.proposed(plan, &checks.into_iter().collect()).map_err(Refusal::new)?;
        let shown = proposal.shown(&values, &self.redactor);
        if !shown.files.is_empty() {
            return Ok(shown);
        }
        Err(match shown.left.first() {
            Some(left) => Refusal::new(format!("this is not for golive to write: {left}")),
            None => Refusal::new("no setting of the configuration would mend this").instead("look at its remedy"),
        })
    }

    /// What would be changed, from the files as they are now.
    fn proposed(&self, plan: &Plan, checks: &BTreeSet<CheckId>) -> Result<(Proposal, Values), String> {
        let values = match &self.renew {
            Some(renew) => renew(plan).surroundings.values.clone(),
            None => self.surroundings.values.clone(),
        };
        let files = disk::read(&plan.folder, &plan.sources.env_files)?;
        let proposal = enforce::propose(&check::mends(plan, &values, Some(checks)), &values, &files);
        Ok((proposal, values))
    }

    fn written(&self, plan: &Plan, wanted: &Enforcement) -> Result<Vec<WrittenFile>, String> {
        let (proposal, _) = self.proposed(plan, &wanted.checks.iter().cloned().collect())?;
        if proposal.digest() != wanted.digest {
            return Err("what would be written is not what was shown: the files changed meanwhile".to_owned());
        }
        let now = (self.surroundings.clock)();
        let written = disk::write(&plan.folder, &proposal, now.at)?;
        Ok(written.iter().map(as_event).collect())
    }

    fn clean(&self, why: &str) -> SafeText {
        SafeText::bounded(&self.redactor.redact(why), 300)
    }

    /// Tells what happened, and reads every value anew.
    fn tell(&self, plan: &Plan, effect: EffectId, event: EnforcementEvent) {
        let now = (self.surroundings.clock)();
        // When nobody listens any more golive is ending; the next start asks what became of it.
        let _ = self.reports.blocking_send((Told::Enforcement(event), now));
        if let Some(renew) = &self.renew {
            let _ = self.reports.blocking_send((Told::Renewed(effect, Box::new(renew(plan))), now));
        }
    }
}

fn as_event(written: &Written) -> WrittenFile {
    let path = |path: &PathBuf| SafeText::from_foreign(&path.display().to_string());
    WrittenFile {
        path: path(&written.path),
        backup: written.backup.as_ref().map(path),
        digest: SafeText::from_foreign(&written.digest),
    }
}

fn as_written(file: &WrittenFile) -> Written {
    Written {
        path: PathBuf::from(file.path.as_str()),
        backup: file.backup.as_ref().map(|backup| PathBuf::from(backup.as_str())),
        digest: file.digest.to_string(),
    }
}

fn blocking(work: impl FnOnce() + Send + 'static) {
    // It tells by itself what became of it.
    drop(tokio::task::spawn_blocking(work));
}
