//! The cockpit in the demo: everything as it is in earnest, and the world's faults on a switchboard beside it. What is
//! switched is written down, so that a replay shows what the team could not know.

use std::sync::Arc;

use tokio::sync::watch;

use crate::cli::arriving::Arriving;
use crate::core::decide::{Command, Refusal};
use crate::core::state::State;
use crate::demo::{Fault, Switchboard};
use crate::model::id::CheckId;
use crate::model::operator::Operator;
use crate::tui::cockpit::{Answer, Cockpit, DryRun, Proposing};
use crate::tui::practising::PracticeFault;

/// A cockpit to practise in.
pub(super) struct Practising<'a> {
    pub(super) cockpit: &'a Arriving,
    pub(super) switchboard: Switchboard,
}

impl Cockpit for Practising<'_> {
    fn decide(&self, command: Command, by: Operator) -> Answer {
        self.cockpit.decide(command, by)
    }

    fn propose(&self, checks: Vec<CheckId>) -> Proposing {
        self.cockpit.propose(checks)
    }

    fn dry_run(&self) -> DryRun {
        self.cockpit.dry_run()
    }

    fn watch(&self) -> watch::Receiver<Arc<State>> {
        self.cockpit.watch()
    }

    fn shown(&self) {
        self.cockpit.shown();
    }

    fn quit(&self) {
        self.cockpit.quit();
    }

    fn practice(&self) -> Option<Vec<PracticeFault>> {
        let faults = self.switchboard.faults().into_iter();
        Some(faults.map(|(fault, sentence, on)| PracticeFault { name: fault.name(), sentence, on }).collect())
    }

    fn set_fault(&self, name: &str, on: bool, by: Operator) -> Answer {
        let Some(fault) = Fault::named(name) else {
            return Box::pin(std::future::ready(Err(Refusal::new(format!("there is no fault {name}")))));
        };
        let text = format!("practice: the fault {name} is switched {}", if on { "on" } else { "off" });
        let noted = self.cockpit.decide(Command::Note { subject: None, text }, by);
        let switchboard = self.switchboard.clone();
        Box::pin(async move {
            // Written down first: a fault that nobody knows of is no practice.
            noted.await?;
            let broken = |why: String| Refusal::new(format!("the fault cannot be switched: {why}"));
            let switched = tokio::task::spawn_blocking(move || switchboard.set(fault, on)).await;
            switched.map_err(|error| broken(error.to_string()))?.map_err(|error| broken(error.to_string()))
        })
    }
}
