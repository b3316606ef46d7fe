//! What the outside may do with a running engine: decide, watch, quit. The only part of the engine a screen imports.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use crate::core::decide::{Command, Refusal};
use crate::core::dry_run::WouldRun;
use crate::core::state::State;
use crate::engine::enforcing::Wish;
use crate::model::id::CheckId;
use crate::model::mend::ShownProposal;
use crate::model::operator::Operator;

/// A running engine, from outside. Cheap to clone; when the last one is gone, the engine ends.
#[derive(Clone, Debug)]
pub struct Handle {
    pub(super) asked: mpsc::Sender<Asked>,
    pub(super) states: watch::Receiver<Arc<State>>,
    pub(super) wishes: mpsc::Sender<Wish>,
    pub(super) quit: CancellationToken,
    pub(super) lateness: watch::Receiver<Lateness>,
}

/// A decision that waits for its answer.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) command: Command,
    pub(super) by: Operator,
    pub(super) answer: oneshot::Sender<Result<(), Refusal>>,
}

/// How late checks began, over the latest runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// Of how many runs.
    pub runs: usize,
    /// Half of them began no later than this.
    pub median: Duration,
    /// None began later than this.
    pub worst: Duration,
}

impl Handle {
    /// Asks for something in a person's name. Answered when it is on disk and in the state that [`Handle::watch`]
    /// shows, or with the reason why it was not done.
    pub fn decide(
        &self,
        command: Command,
        by: Operator,
    ) -> impl Future<Output = Result<(), Refusal>> + Send + 'static + use<> {
        let asked = self.asked.clone();
        async move {
            let gone = || Refusal::new("golive is ending").instead("start it again; it stands where it stood");
            let (answer, answered) = oneshot::channel();
            asked.send(Asked { command, by, answer }).await.map_err(|_| gone())?;
            answered.await.unwrap_or_else(|_| Err(gone()))
        }
    }

    /// Asks what enforcement would change in the configuration to mend these checks.
    pub fn propose(
        &self,
        checks: Vec<CheckId>,
    ) -> impl Future<Output = Result<ShownProposal, Refusal>> + Send + 'static + use<> {
        let wishes = self.wishes.clone();
        async move {
            let gone = || Refusal::new("golive is ending").instead("start it again; it stands where it stood");
            let (answer, answered) = oneshot::channel();
            wishes.send(Wish::Proposal { checks, answer }).await.map_err(|_| gone())?;
            answered.await.unwrap_or_else(|_| Err(gone()))
        }
    }

    /// Asks what the steps of the session would run, with secrets masked. Runs nothing.
    pub fn dry_run(&self) -> impl Future<Output = Result<Vec<WouldRun>, Refusal>> + Send + 'static + use<> {
        let wishes = self.wishes.clone();
        async move {
            let gone = || Refusal::new("golive is ending").instead("start it again; it stands where it stood");
            let (answer, answered) = oneshot::channel();
            wishes.send(Wish::DryRun { answer }).await.map_err(|_| gone())?;
            answered.await.map_err(|_| gone())
        }
    }

    /// The state, always the newest: at once after a decision, at most 20 times a second for results.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<State>> {
        self.states.clone()
    }

    /// Asks the engine to end: checks are dropped, steps go on as the plan says, the journal ends in order.
    pub fn quit(&self) {
        self.quit.cancel();
    }

    /// How late checks began lately.
    #[must_use]
    pub fn lateness(&self) -> Lateness {
        *self.lateness.borrow()
    }
}

/// The latest runs' lateness.
#[derive(Debug, Default)]
pub(super) struct Starts(VecDeque<Duration>);

/// Over so many runs figures are given.
const MEASURED: usize = 1_000;

impl Starts {
    pub(super) fn record(&mut self, lateness: Duration) {
        if self.0.len() == MEASURED {
            self.0.pop_front();
        }
        self.0.push_back(lateness);
    }

    pub(super) fn figures(&self) -> Lateness {
        let mut sorted: Vec<Duration> = self.0.iter().copied().collect();
        sorted.sort_unstable();
        let Some(worst) = sorted.last().copied() else { return Lateness::default() };
        Lateness { runs: sorted.len(), median: sorted[sorted.len() / 2], worst }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_told_over_the_latest_runs() {
        let mut starts = Starts::default();
        assert_eq!(starts.figures(), Lateness::default());
        for late in 0..=2_000 {
            starts.record(Duration::from_millis(late));
        }
        let figures = starts.figures();
        assert_eq!((figures.runs, figures.worst), (1_000, Duration::from_secs(2)));
        assert_eq!(figures.median, Duration::from_millis(1_501));
    }
}
