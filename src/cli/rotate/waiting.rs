//! Rotations that were begun and wait: found in the sessions, gone on with, or taken back from what their places kept
//! where no session knows of them.

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::{opening, seen};
use crate::clock;
use crate::core::event::Purpose;
use crate::core::state::{RotationStage, State};
use crate::journal::lock::Holder;
use crate::journal::sessions::{self, SessionSummary};
use crate::journal::{Journal, JournalError, reading};
use crate::model::id::{CredentialId, SessionId};
use crate::model::plan::Plan;
use crate::source::distributing::{self, Hands, Place};

/// A walk that is not over.
pub(super) struct Waiting {
    session: SessionSummary,
    stage: RotationStage,
}

/// The latest walk of this credential that is not over.
pub(super) fn find(plan: &Plan, id: &CredentialId, console: &Console) -> Result<Option<Waiting>, Stop> {
    let (listed, unlisted) = sessions::sessions(&Machine::state_folder()?).map_err(|error| Stop::because(&error))?;
    for file in &unlisted {
        console.say(&Stop::because(&file.why).sentence);
    }
    let (service, environment) = (&plan.service.name, &plan.service.environment);
    let own = |session: &SessionSummary| {
        session.purpose == Purpose::Rotation
            && !session.closed
            && session.service == *service
            && session.environment == *environment
    };
    for session in listed.into_iter().filter(own) {
        let reading = reading::read_all(&session.path).map_err(|error| Stop::because(&error))?;
        let state = State::fold(&reading.events).map_err(|error| Stop::because(&error))?;
        // The same service may stand in several folders: a playground is not the other's.
        let is_here = state.plan().folder == plan.folder;
        if let Some(walk) = state.rotation(id).filter(|walk| is_here && walk.is_under_way()) {
            let stage = walk.stage;
            return Ok(Some(Waiting { session, stage }));
        }
    }
    Ok(None)
}

impl Waiting {
    /// Why another walk cannot begin.
    pub(super) fn stands_in_the_way(&self, id: &CredentialId) -> Stop {
        match &self.session.held_by {
            Some(holder) => Stop::wrong(format!("a rotation of {id} is walked now: {holder}")),
            None => Stop::wrong(format!("a rotation of {id} is not over: {}", self.stage.words()))
                .instead(format!("golive rotate --retired {id}, or golive rotate --abort {id}")),
        }
    }

    /// Its journal, to go on with.
    pub(super) fn open(self, machine: &Machine) -> Result<(SessionId, Journal, State), Stop> {
        let holder = Holder::this_process(machine.host.clone(), machine.operator.id.clone(), clock::now().at);
        let (journal, state) = Journal::resume(&self.session.path, &holder).map_err(|error| match &error {
            JournalError::Held { by, .. } => Stop::wrong(format!("it is walked now: {by}")),
            _ => Stop::because(&error),
        })?;
        Ok((self.session.id, journal, state))
    }
}

/// Puts the old value back from what the places kept, where no session knows of the walk any more.
pub(super) fn take_back(plan: &Plan, id: &CredentialId, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let trusted = opening::is_trusted(&plan.digest)?;
    let hands = Hands { folder: plan.folder.clone(), process: machine.environment.clone(), trusted };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let values = seen::reader(machine).load(plan, trusted, clock::now()).await;
        let places = plan.credentials.get(id).map(|planned| distributing::places(plan, planned, &values));
        let places = places.transpose().map_err(Stop::own)?.unwrap_or_default();
        let taken: Vec<&Place> = places.iter().filter(|place| place.is_taken(&hands)).collect();
        if taken.is_empty() {
            return Err(Stop::wrong(format!("no rotation of {id} is under way: there is nothing to take back")));
        }
        for place in taken {
            place.put_back(&hands, None).await.map_err(|why| Stop::own(format!("{}: {why}", place.shown())))?;
            console.say(&format!("{id}: the old value is in force again: {}", place.shown()));
        }
        Ok(Exit::Go)
    })
}
