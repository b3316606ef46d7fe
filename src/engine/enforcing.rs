//! Enforcement while a session runs: what would be changed is worked out when a person asks, written when they say yes,
//! and then every value is read anew, so that the checks look at what is there now.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::check::{self, Surroundings};
use crate::core::decide::Refusal;
use crate::core::dry_run::WouldRun;
use crate::core::event::{EnforcementEvent, GateKept, WrittenFile};
use crate::core::state::{Enforcement, EnforcementStatus};
use crate::enforce::disk::{self, Written};
use crate::enforce::{self, Proposal};
use crate::engine::seeing::Reader;
use crate::engine::watching::Looks;
use crate::mask::Redactor;
use crate::model::id::CheckId;
use crate::model::mend::ShownProposal;
use crate::model::plan::SharedPlan;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::values::Values;

/// What comes back to the sequencer beside results and steps, and when.
pub(super) type Report = (Told, Now);

/// What is reported.
pub(super) enum Told {
    /// What became of an enforcement, with the values as they were read after it.
    Enforcement {
        /// What became of it.
        event: EnforcementEvent,
        /// What the sources give now.
        values: Values,
        /// How the files looked when they were read.
        looks: Looks,
    },
    /// What whoever asks the gate is told now.
    Gate(GateKept),
}

/// Somebody who wants to see what would be done, before anything is.
#[derive(Debug)]
pub(super) enum Wish {
    /// What would be changed in the configuration.
    Proposal {
        /// To mend these.
        checks: Vec<CheckId>,
        /// Who asked.
        answer: oneshot::Sender<Result<ShownProposal, Refusal>>,
    },
    /// What the steps would run.
    DryRun {
        /// Who asked.
        answer: oneshot::Sender<Vec<WouldRun>>,
    },
}

/// What enforcement works with at a moment.
pub(super) struct Desk {
    pub(super) plan: SharedPlan,
    pub(super) surroundings: Arc<Surroundings>,
    pub(super) redactor: Redactor,
}

/// Proposes, writes, puts back.
pub(super) struct Enforcer {
    reader: Reader,
    reports: mpsc::Sender<Report>,
}

impl Enforcer {
    pub(super) const fn new(reader: Reader, reports: mpsc::Sender<Report>) -> Self {
        Self { reader, reports }
    }

    /// Answers who wants to see a proposal, beside the loop: files are read for it.
    pub(super) fn show(
        &self,
        desk: Desk,
        checks: Vec<CheckId>,
        answer: oneshot::Sender<Result<ShownProposal, Refusal>>,
    ) {
        let reader = self.reader.clone();
        spawn(async move {
            let shown = shown(&reader, &desk, checks).await;
            // Who asked may be gone.
            let _ = answer.send(shown);
        });
    }

    /// Writes what a person said yes to, if it is still what they were shown.
    pub(super) fn write(&self, desk: Desk, wanted: &Enforcement) {
        let (reader, reports, wanted) = (self.reader.clone(), self.reports.clone(), wanted.clone());
        spawn(async move {
            let event = match written(&reader, &desk, &wanted).await {
                Ok(files) => EnforcementEvent::Written { effect: wanted.effect, files },
                Err(why) => EnforcementEvent::Failed { effect: wanted.effect, why: clean(&desk, &why) },
            };
            tell(&reader, &reports, &desk, event).await;
        });
    }

    /// Puts back what was written.
    pub(super) fn undo(&self, desk: Desk, wanted: &Enforcement) {
        let (reader, reports, effect) = (self.reader.clone(), self.reports.clone(), wanted.effect);
        let EnforcementStatus::Undoing(files) = wanted.status.clone() else { return };
        spawn(async move {
            let folder = desk.plan.folder.clone();
            let put_back = beside(move || {
                let mut put_back = files
                    .iter()
                    .rev()
                    .map(|file| disk::undo(&folder, &as_written(file)).map_err(|why| format!("{}: {why}", file.path)));
                put_back.find_map(Result::err).map_or(Ok(()), Err)
            });
            let event = match put_back.await {
                Ok(()) => EnforcementEvent::Undone { effect },
                Err(why) => EnforcementEvent::Failed { effect, why: clean(&desk, &why) },
            };
            tell(&reader, &reports, &desk, event).await;
        });
    }
}

async fn shown(reader: &Reader, desk: &Desk, checks: Vec<CheckId>) -> Result<ShownProposal, Refusal> {
    let (proposal, values) = proposed(reader, desk, checks.into_iter().collect()).await.map_err(Refusal::new)?;
    let shown = proposal.shown(&values, &desk.redactor);
    if !shown.files.is_empty() {
        return Ok(shown);
    }
    Err(match shown.left.first() {
        Some(left) => Refusal::new(format!("this is not for golive to write: {left}")),
        None => Refusal::new("no setting of the configuration would mend this").instead("look at its remedy"),
    })
}

/// What would be changed, from the files as they are now.
async fn proposed(reader: &Reader, desk: &Desk, checks: BTreeSet<CheckId>) -> Result<(Proposal, Values), String> {
    let now = (desk.surroundings.clock)();
    let (before, trusted) = (&desk.surroundings.values, desk.surroundings.trusted);
    let values = reader.reload(&desk.plan, trusted, before, &[], now).await;
    let plan = Arc::clone(&desk.plan);
    beside(move || {
        let files = disk::read(&plan.folder, &plan.sources.env_files)?;
        let proposal = enforce::propose(&check::mends(&plan, &values, Some(&checks)), &values, &files);
        Ok((proposal, values))
    })
    .await
}

async fn written(reader: &Reader, desk: &Desk, wanted: &Enforcement) -> Result<Vec<WrittenFile>, String> {
    let (proposal, _) = proposed(reader, desk, wanted.checks.iter().cloned().collect()).await?;
    if proposal.digest() != wanted.digest {
        return Err("what would be written is not what was shown: the files changed meanwhile".to_owned());
    }
    let (folder, now) = (desk.plan.folder.clone(), (desk.surroundings.clock)());
    let written = beside(move || disk::write(&folder, &proposal, now.at)).await?;
    Ok(written.iter().map(as_event).collect())
}

fn clean(desk: &Desk, why: &str) -> SafeText {
    SafeText::bounded(&desk.redactor.redact(why), 300)
}

/// Tells what happened, with every value read anew.
async fn tell(reader: &Reader, reports: &mpsc::Sender<Report>, desk: &Desk, event: EnforcementEvent) {
    let now = (desk.surroundings.clock)();
    let looks = Looks::of(&desk.plan);
    let (before, trusted) = (&desk.surroundings.values, desk.surroundings.trusted);
    let values = reader.reload(&desk.plan, trusted, before, &[], now).await;
    // When nobody listens any more golive is ending; the next start says that nobody knows what became of it.
    let _ = reports.send((Told::Enforcement { event, values, looks }, now)).await;
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

/// Work with files, beside the loop.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> Result<T, String> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|_| Err("golive broke down over it".to_owned()))
}

#[expect(clippy::disallowed_methods, reason = "the engine is the room with tasks")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
