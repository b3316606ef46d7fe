//! What the screen needs of a running engine, or of a replay: decide, watch, steer, quit. Nothing more reaches it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::clock;
use crate::core::decide::{Command, Refusal};
use crate::core::dry_run::WouldRun;
use crate::core::state::State;
use crate::model::id::CheckId;
use crate::model::mend::ShownProposal;
use crate::model::operator::Operator;
use crate::model::time::Now;
use crate::tui::practising::PracticeFault;
use crate::tui::replaying::{ReplayStand, Steering};

/// The answer to a decision, once it is on disk or refused.
pub type Answer = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

/// What would be written to mend some checks, once it is worked out.
pub type Proposing = Pin<Box<dyn Future<Output = Result<ShownProposal, Refusal>> + Send>>;

/// What the steps would run, once it is worked out.
pub type DryRun = Pin<Box<dyn Future<Output = Result<Vec<WouldRun>, Refusal>> + Send>>;

/// A running go-live, as the screen sees it.
pub trait Cockpit {
    /// Asks for something in a person's name.
    fn decide(&self, command: Command, by: Operator) -> Answer;

    /// Asks what enforcement would write to mend these checks.
    fn propose(&self, checks: Vec<CheckId>) -> Proposing;

    /// Asks what the steps would run, with secrets masked. Runs nothing.
    fn dry_run(&self) -> DryRun;

    /// The state, always the newest.
    fn watch(&self) -> watch::Receiver<Arc<State>>;

    /// Told when the first frame is on the screen: what can wait for it begins now.
    fn shown(&self);

    /// Asks the engine to end.
    fn quit(&self);

    /// The moment that is shown: a replay shows another one than the clock does.
    fn now(&self) -> Now {
        clock::now()
    }

    /// Where a replay stands; nothing for a session that is live.
    fn replay(&self) -> Option<ReplayStand> {
        None
    }

    /// The faults that can be switched, in the demo alone.
    fn practice(&self) -> Option<Vec<PracticeFault>> {
        None
    }

    /// Switches one of them.
    fn set_fault(&self, _: &str, _: bool, _: Operator) -> Answer {
        Box::pin(std::future::ready(Err(Refusal::new("there is nothing to practise on: this is no demo"))))
    }

    /// Moves a replay. A session that is live takes no notice.
    fn steer(&self, _: Steering) {}
}

impl Cockpit for crate::engine::handle::Handle {
    fn decide(&self, command: Command, by: Operator) -> Answer {
        Box::pin(Self::decide(self, command, by))
    }

    fn propose(&self, checks: Vec<CheckId>) -> Proposing {
        Box::pin(Self::propose(self, checks))
    }

    fn dry_run(&self) -> DryRun {
        Box::pin(Self::dry_run(self))
    }

    fn watch(&self) -> watch::Receiver<Arc<State>> {
        Self::watch(self)
    }

    fn shown(&self) {}

    fn quit(&self) {
        Self::quit(self);
    }
}
