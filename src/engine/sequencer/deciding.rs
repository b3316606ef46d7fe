//! Decisions: judged by the core, kept, applied, shown, and only then answered.

use tokio::time::Instant;

use crate::core::decide::{Command, Refusal, decide};
use crate::core::event::{Body, Event, RotationEvent, RotationStep};
use crate::engine::handle::Asked;
use crate::engine::redaction;
use crate::engine::sequencer::Sequencer;
use crate::journal::storage::StorageError;
use crate::model::id::EffectId;
use crate::model::operator::{Actor, Operator};

impl Sequencer {
    /// Answers a decision when it is on disk, applied and shown, or refused.
    pub(super) async fn answer(&mut self, asked: Asked) {
        let answer = self.settle(asked.command, asked.by).await;
        self.screen.publish(&self.state);
        // Who asked may be gone; what was decided stands.
        let _ = asked.answer.send(answer);
    }

    async fn settle(&mut self, command: Command, by: Operator) -> Result<(), Refusal> {
        if self.keeper.trouble().is_some() {
            self.retry_at = Some(Instant::now());
            self.flush().await;
        }
        if let Some(trouble) = self.keeper.trouble() {
            return Err(not_kept(trouble));
        }
        self.stepper.refuse_untrusted(&self.state, &command)?;
        let given = match &command {
            Command::Rotate { value: Some(given), .. } => Some(given.clone()),
            _ => None,
        };
        // Before anything is said of it, and whether it is taken or not.
        self.learn(given.iter().map(|given| given.0.clone()).collect());
        let command = redaction::command(&self.redactor, command);
        let now = (self.clock)();
        let bodies = decide(&self.state, &command, &by, now)?;
        if !self.pending.is_empty() {
            // What the person saw is what is signed; what golive knows already counts for whether it is permitted.
            let mut ahead = self.state.clone();
            self.pending.iter().for_each(|event| ahead.apply(event));
            decide(&ahead, &command, &by, now)?;
        }
        let begun = bodies.iter().find_map(begun);
        let decided: Vec<Event> =
            bodies.into_iter().map(|body| self.maker.event(Actor::Operator(by.clone()), body, now)).collect();
        self.keep(decided).await.map_err(|error| not_kept(&error))?;
        if let (Some(effect), Some(given)) = (begun, given) {
            self.rotator.give(effect, given);
        }
        Ok(())
    }
}

/// The number of the walk that an event begins.
const fn begun(body: &Body) -> Option<EffectId> {
    match body {
        Body::Rotation(RotationEvent { effect, step: RotationStep::Begun { .. }, .. }) => Some(*effect),
        _ => None,
    }
}

fn not_kept(error: &StorageError) -> Refusal {
    Refusal::new(format!("not done: the journal cannot be written ({error})"))
        .instead("make room or mend the disk; golive goes on by itself")
}
