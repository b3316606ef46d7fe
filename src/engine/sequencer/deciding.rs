//! Decisions: judged by the core, kept, applied, shown, and only then answered.

use tokio::time::Instant;

use crate::core::decide::{Command, Refusal, decide};
use crate::core::event::Event;
use crate::engine::handle::Asked;
use crate::engine::redaction;
use crate::engine::sequencer::Sequencer;
use crate::journal::storage::StorageError;
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
        let command = redaction::command(&self.redactor, command);
        let now = (self.clock)();
        let bodies = decide(&self.state, &command, &by, now)?;
        if !self.pending.is_empty() {
            // What the person saw is what is signed; what golive knows already counts for whether it is permitted.
            let mut ahead = self.state.clone();
            self.pending.iter().for_each(|event| ahead.apply(event));
            decide(&ahead, &command, &by, now)?;
        }
        let decided: Vec<Event> =
            bodies.into_iter().map(|body| self.maker.event(Actor::Operator(by.clone()), body, now)).collect();
        self.keep(decided).await.map_err(|error| not_kept(&error))
    }
}

fn not_kept(error: &StorageError) -> Refusal {
    Refusal::new(format!("not done: the journal cannot be written ({error})"))
        .instead("make room or mend the disk; golive goes on by itself")
}
