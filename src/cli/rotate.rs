//! `golive rotate`: walks one credential's rotation, from the new value to the old one's end. At every point before
//! that the old value can be put back.

mod telling;
mod waiting;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::cli::check::narrowed;
use crate::cli::console::Console;
use crate::cli::credentials::value;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lint;
use crate::cli::machine::Machine;
use crate::cli::opening::{self, Keeping, Prepared};
use crate::cli::sessions::ListFormat;
use crate::cli::signals::Signals;
use crate::core::decide::Command;
use crate::core::event::Purpose;
use crate::core::rotation;
use crate::core::state::{RotationStage, State};
use crate::engine::handle::Handle;
use crate::engine::{Beginning, GateKeeping, Running};
use crate::model::id::{CredentialId, SessionId};
use crate::model::plan::{Credential, Plan};
use crate::model::values::Given;

#[derive(Debug, Args)]
pub(super) struct RotateArguments {
    /// The credential, by its id in the plan.
    credential: String,
    /// The plan; golive.toml here or in a folder above when absent.
    #[arg(long, value_name = "P")]
    plan: Option<PathBuf>,
    /// Take the new value from standard input, or ask for it, although the plan names where it comes from.
    #[arg(long)]
    given: bool,
    /// Do not ask whether the old value is retired: it is, or will be at once.
    #[arg(long)]
    yes: bool,
    /// The old value of a rotation that waits is retired now: bring it to its end.
    #[arg(long, conflicts_with_all = ["given", "abort"])]
    retired: bool,
    /// Take a rotation back that waits, or that was broken off: the old value is in force again.
    #[arg(long, conflicts_with_all = ["given", "yes"])]
    abort: bool,
    /// How to print what came of it.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

pub(super) fn run(arguments: &RotateArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let path = Machine::plan_path(arguments.plan.as_deref())?;
    let Some(loaded) = lint::load(&path, console) else { return Ok(Exit::Wrong) };
    let (mut plan, id) = (loaded.plan, CredentialId::new(&arguments.credential));
    // A walk that waits is found again from wherever golive is started.
    plan.folder = plan.folder.canonicalize().unwrap_or_else(|_| plan.folder.clone());
    let planned = planned(&plan, &id)?;
    let waiting = waiting::find(&plan, &id, console)?;
    let going_on = arguments.retired || arguments.abort;
    let (waiting, given) = match waiting {
        Some(waiting) if going_on => (Some(waiting), None),
        Some(waiting) => return Err(waiting.stands_in_the_way(&id)),
        None if arguments.abort => return waiting::take_back(&plan, &id, console, machine),
        None if arguments.retired => {
            return Err(Stop::wrong(format!("no rotation of {id} waits for the old value's end")));
        }
        None => (None, given(arguments, planned, console)?),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(walk(arguments, plan, &id, (waiting, given), (console, machine)));
    runtime.shutdown_background();
    ended
}

fn planned<'a>(plan: &'a Plan, id: &CredentialId) -> Result<&'a Credential, Stop> {
    plan.credentials.get(id).ok_or_else(|| {
        let known: Vec<&str> = plan.credentials.keys().map(CredentialId::as_str).collect();
        Stop::wrong(format!("the plan has no credential `{id}`")).instead(format!("it has: {}", known.join(", ")))
    })
}

/// The new value, where a person gives it.
fn given(arguments: &RotateArguments, planned: &Credential, console: &Console) -> Result<Option<Given>, Stop> {
    let by_itself = planned.rotation.generate.is_some() || planned.rotation.obtain.is_some();
    if by_itself && !arguments.given {
        return Ok(None);
    }
    value(&format!("the new value of {}", arguments.credential), console).map(|value| Some(Given(value)))
}

type Start = (Option<waiting::Waiting>, Option<Given>);

/// Opens the session of the walk, walks, and closes it.
async fn walk(
    arguments: &RotateArguments,
    plan: Plan,
    id: &CredentialId,
    (waiting, given): Start,
    (console, machine): (&Console, &Machine),
) -> Result<Exit, Stop> {
    let mut signals = Signals::listen()?;
    let trusted = opening::is_trusted(&plan.digest)?;
    let plan = narrowed(plan.clone(), &rotation::uses(&plan, id).into_iter().collect());
    let prepared = tokio::select! {
        prepared = opening::prepare(&plan, trusted, machine) => prepared?,
        exit = signals.next() => return Ok(exit),
    };
    let first = match &waiting {
        None => Some(Command::Rotate { credential: id.clone(), value: given }),
        Some(_) if arguments.abort => Some(Command::AbortRotation { credential: id.clone() }),
        // It is retired when it is verified, which it may have to be anew.
        Some(_) => None,
    };
    let (handle, running) = open(plan, prepared, waiting, machine)?;
    let walk = Walk { arguments, id, handle, console, machine };
    let begun = match first {
        Some(first) => walk.decide(first).await,
        None => Ok(()),
    };
    let ended = match begun {
        // A walk that was broken off is taken back by itself as soon as golive is there again.
        Err(stop) if !arguments.abort => Err(stop),
        Ok(()) | Err(_) => walk.to_its_end(&mut signals).await,
    };
    walk.handle.quit();
    drop(walk);
    running.join().map_err(|error| Stop::because(&error))?;
    ended
}

fn open(
    plan: Plan,
    prepared: Prepared,
    waiting: Option<waiting::Waiting>,
    machine: &Machine,
) -> Result<(Handle, Running), Stop> {
    let keeping = Keeping::of(None)?;
    let (session, journal, beginning) = match waiting {
        Some(waiting) => {
            let (session, journal, state) = waiting.open(machine)?;
            (session, journal, Beginning::Resumed(Box::new(state)))
        }
        None => {
            let session = SessionId::new(&ulid::Ulid::generate().to_string());
            let journal = keeping.journal(&session, machine)?;
            let (purpose, version) = (Purpose::Rotation, prepared.version.clone());
            let beginning = Beginning::New { session: session.clone(), purpose, plan: Arc::new(plan), version };
            (session, journal, beginning)
        }
    };
    opening::open(prepared, beginning, journal, machine, &keeping.steps(&session), GateKeeping::Not)
}

/// A walk under way.
struct Walk<'a> {
    arguments: &'a RotateArguments,
    id: &'a CredentialId,
    handle: Handle,
    console: &'a Console,
    machine: &'a Machine,
}

impl Walk<'_> {
    async fn decide(&self, command: Command) -> Result<(), Stop> {
        self.handle.decide(command, self.machine.operator.clone()).await.map_err(|refusal| {
            let stop = Stop::wrong(refusal.what);
            match refusal.instead {
                Some(instead) => stop.instead(instead),
                None => stop,
            }
        })
    }

    /// Follows the walk. A signal takes it back while it can be; the old value is in force when golive ends.
    async fn to_its_end(&self, signals: &mut Signals) -> Result<Exit, Stop> {
        let mut states = self.handle.watch();
        let (mut told, mut asked, mut interrupted) = (None, false, None);
        loop {
            let state = Arc::clone(&states.borrow_and_update());
            let Some(walk) = state.rotation(self.id) else { return Err(Stop::own("the walk is lost")) };
            let stage = walk.stage;
            if told != Some(stage) {
                told = Some(stage);
                self.console.say(&telling::line(self.id, walk));
            }
            match stage {
                RotationStage::Verified if !asked => {
                    asked = true;
                    match self.may_retire(&state) {
                        true => self.decide(Command::RetireOld { credential: self.id.clone() }).await?,
                        false => return self.waits(&state),
                    }
                    continue;
                }
                // It was tried once: what failed is told, and tried again by hand.
                RotationStage::Verified => return self.waits(&state),
                RotationStage::Done | RotationStage::Refused | RotationStage::PutBack | RotationStage::Stuck => {
                    let exit = self.ended(&state, stage)?;
                    return Ok(interrupted.unwrap_or(exit));
                }
                _ => {}
            }
            tokio::select! {
                changed = states.changed() => changed.map_err(|_| Stop::own("the engine ended by itself"))?,
                exit = signals.next() => {
                    if interrupted.replace(exit).is_some() {
                        return Err(Stop::own("left in the middle").instead(format!("golive rotate --abort {}", self.id)));
                    }
                    self.console.say("interrupted: the old value is put back; once more leaves at once");
                    // What is being retired, or over, is not taken back: it comes to its end.
                    let _ = self.decide(Command::AbortRotation { credential: self.id.clone() }).await;
                }
            }
        }
    }

    /// Whether the old value may go: by the plan's command, or on a person's word.
    fn may_retire(&self, state: &State) -> bool {
        let planned = state.plan().credentials.get(self.id);
        let command = planned.and_then(|planned| planned.rotation.retire.as_ref());
        if self.arguments.yes || self.arguments.retired {
            return true;
        }
        match command {
            Some(words) if self.console.can_ask() => {
                self.console.ask(&format!("Retire the old value now, with {}?", words.join(" ")))
            }
            Some(_) => true,
            None => self.console.can_ask() && self.console.ask("Is the old value retired where it was issued?"),
        }
    }

    fn waits(&self, state: &State) -> Result<Exit, Stop> {
        telling::result(self.arguments.format, self.id, state, self.console)?;
        let id = self.id;
        self.console.say(&format!(
            "the new value of {id} is in force and verified; the old one waits to be retired. Then: golive rotate --retired {id}; \
             or take it back: golive rotate --abort {id}"
        ));
        Ok(Exit::Hold)
    }

    fn ended(&self, state: &State, stage: RotationStage) -> Result<Exit, Stop> {
        telling::result(self.arguments.format, self.id, state, self.console)?;
        Ok(match stage {
            RotationStage::Done => Exit::Go,
            // That is what was asked for.
            RotationStage::PutBack | RotationStage::Refused if self.arguments.abort => Exit::Go,
            _ => Exit::NoGo,
        })
    }
}
