//! Steps: what is done in the world on a person's word. Begun only after the intent is on disk; everything that comes
//! of it comes back as events.

mod command;
mod pipeline;
mod request;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::check::Surroundings;
use crate::core::decide::{Command, Refusal};
use crate::core::event::{Body, OutputLine, ProcedureEvent, StepEnd, StepEvent};
use crate::core::state::{State, StepState, StepStatus};
use crate::mask::Redactor;
use crate::model::id::{EffectId, ItemId, RollbackStepId, SessionId};
use crate::model::step::{Action, Step};
use crate::model::text::SafeText;
use crate::model::time::Now;

/// What a step reports, and when.
pub(super) type Report = (Body, Now);

/// What a step belongs to.
#[derive(Clone, Debug)]
pub(super) enum Of {
    /// An item of the checklist.
    Item(ItemId),
    /// The rollback procedure.
    Rollback(RollbackStepId),
}

impl Of {
    fn name(&self) -> &str {
        match self {
            Self::Item(id) => id.as_str(),
            Self::Rollback(id) => id.as_str(),
        }
    }
}

/// What all steps of a session share.
#[derive(Clone)]
struct Shared {
    surroundings: Arc<Surroundings>,
    redactor: Redactor,
    folder: PathBuf,
    session: SessionId,
    reports: mpsc::Sender<Report>,
}

/// Runs steps in tasks.
pub(super) struct Stepper {
    shared: Shared,
    under_way: HashMap<EffectId, CancellationToken>,
}

/// One run of a step, and the way its events go.
struct Telling {
    of: Of,
    effect: EffectId,
    shared: Shared,
    began: Duration,
}

impl Stepper {
    pub(super) fn new(
        surroundings: Arc<Surroundings>,
        redactor: Redactor,
        (folder, session): (PathBuf, SessionId),
        reports: mpsc::Sender<Report>,
    ) -> Self {
        Self { shared: Shared { surroundings, redactor, folder, session, reports }, under_way: HashMap::new() }
    }

    /// Runs the next steps with other values, and takes these secrets out of what they print.
    pub(super) fn renew(&mut self, surroundings: &Arc<Surroundings>, redactor: &Redactor) {
        self.shared.surroundings = Arc::clone(surroundings);
        self.shared.redactor = redactor.clone();
    }

    /// Refuses what would start a step of a plan that its reader has not allowed.
    pub(super) fn refuse_untrusted(&self, state: &State, command: &Command) -> Result<(), Refusal> {
        let has_step = match command {
            Command::StartStep { item } => state.item(item).is_some_and(|(item, _)| item.step.is_some()),
            Command::RollBack { .. } => state.rollback_steps().len() > 0,
            _ => return Ok(()),
        };
        if self.shared.surroundings.trusted || !has_step {
            return Ok(());
        }
        Err(Refusal::new("the plan's commands are not allowed to run on this machine yet")
            .instead("read them with `golive lint --audit`, then run `golive trust`"))
    }

    /// Begins a step whose intent is on disk.
    pub(super) fn run(&mut self, of: Of, step: Step, effect: EffectId) {
        let trusted = self.shared.surroundings.trusted;
        let (stop, telling) = self.begin(of, effect);
        spawn(async move {
            // What golive begins by itself passes no person's door.
            if !trusted {
                let why = "was not started: the plan's commands are not allowed to run on this machine yet";
                return telling.end(StepEnd::Failed(SafeText::from_foreign(why))).await;
            }
            match step.action {
                Action::Request { .. } => {
                    telling.tell(telling.started()).await;
                    telling.request(&step, &stop).await;
                }
                Action::Command { .. } => telling.command(&step, &stop).await,
                Action::Pipeline(ref pipeline) => {
                    telling.tell(telling.started()).await;
                    telling.pipeline(pipeline, step.timeout.0, &stop).await;
                }
            }
        });
    }

    /// Attaches again to a step that an earlier process began.
    pub(super) fn attach(&mut self, of: Of, step: Option<Step>, known: &StepState) {
        let trusted = self.shared.surroundings.trusted;
        let (stop, telling) = self.begin(of, known.effect);
        let known = known.clone();
        spawn(async move {
            let Some(step) = step else {
                return telling.end(unknown("the plan has no such step any more")).await;
            };
            let intended = known.status == StepStatus::Intended;
            match step.action {
                Action::Request { .. } => {
                    telling.end(unknown("golive ended while the request was under way")).await;
                }
                Action::Command { .. } => telling.attached(known.lines, intended, &stop).await,
                // It sends the plan's credentials to the plan's address.
                Action::Pipeline(_) if !trusted => {
                    let why = "it cannot be followed: the plan's commands are not allowed to run on this machine yet";
                    telling.end(unknown(why)).await;
                }
                Action::Pipeline(ref pipeline) => {
                    if intended {
                        telling.tell(telling.started()).await;
                    }
                    let now = (telling.shared.surroundings.clock)();
                    let spent = now.since(known.intended).unwrap_or_default();
                    let left = step.timeout.0.saturating_sub(spent);
                    telling.pipeline_again(pipeline, known.elsewhere.as_ref(), left, &stop).await;
                }
            }
        });
    }

    /// Stops a step with everything it started.
    pub(super) fn stop(&self, effect: EffectId) {
        if let Some(stop) = self.under_way.get(&effect) {
            stop.cancel();
        }
    }

    /// A step's end has been taken note of.
    pub(super) fn forget(&mut self, effect: EffectId) {
        self.under_way.remove(&effect);
    }

    fn begin(&mut self, of: Of, effect: EffectId) -> (CancellationToken, Telling) {
        let stop = CancellationToken::new();
        self.under_way.insert(effect, stop.clone());
        let began = (self.shared.surroundings.clock)().up;
        (stop, Telling { of, effect, shared: self.shared.clone(), began })
    }
}

#[expect(clippy::disallowed_methods, reason = "the engine is the room with tasks")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

fn unknown(why: &str) -> StepEnd {
    StepEnd::Unknown(SafeText::from_foreign(why))
}

impl Telling {
    fn started(&self) -> StepEvent<()> {
        StepEvent::Started { item: (), effect: self.effect }
    }

    /// Sends an event; when nobody listens any more golive is ending, and the next start attaches again.
    async fn tell(&self, event: StepEvent<()>) {
        let body = match &self.of {
            Of::Item(id) => Body::Step(event.about(|()| id.clone())),
            Of::Rollback(id) => Body::Procedure(ProcedureEvent::Step(event.about(|()| id.clone()))),
        };
        let _ = self.shared.reports.send((body, (self.shared.surroundings.clock)())).await;
    }

    async fn print(&self, lines: Vec<OutputLine>) {
        if lines.is_empty() {
            return;
        }
        let lines = lines.iter().map(|line| crate::engine::redaction::line(&self.shared.redactor, line)).collect();
        self.tell(StepEvent::Output { item: (), effect: self.effect, lines }).await;
    }

    /// How long it has been followed.
    fn running_for(&self) -> Duration {
        (self.shared.surroundings.clock)().up.saturating_sub(self.began)
    }

    async fn end(&self, end: StepEnd) {
        self.end_after(end, self.running_for()).await;
    }

    async fn end_after(&self, end: StepEnd, took: Duration) {
        let clean = |text: &SafeText| crate::engine::redaction::text(&self.shared.redactor, text.as_str());
        let end = match end {
            StepEnd::Succeeded(how) => StepEnd::Succeeded(clean(&how)),
            StepEnd::Failed(how) => StepEnd::Failed(clean(&how)),
            StepEnd::Unknown(why) => StepEnd::Unknown(clean(&why)),
            StepEnd::TimedOut | StepEnd::Stopped => end,
        };
        self.tell(StepEvent::Ended { item: (), effect: self.effect, end, took }).await;
    }

    async fn request(&self, step: &Step, stop: &CancellationToken) {
        let made = request::make(self.of.name(), &step.action, step.timeout, &self.shared.surroundings);
        tokio::select! {
            (lines, end) = made => {
                let at = (self.shared.surroundings.clock)().at;
                self.print(lines.into_iter().map(|text| OutputLine { at, error: false, text }).collect()).await;
                self.end(end).await;
            }
            () = stop.cancelled() => self.end(StepEnd::Stopped).await,
        }
    }
}
