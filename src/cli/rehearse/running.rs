//! One rehearsal, run by the engine as a rollback is: begun, followed to its end, its record made of the state.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::opening::{self, Keeping};
use crate::cli::rehearse::telling;
use crate::cli::signals::Signals;
use crate::clock;
use crate::core::decide::Command;
use crate::core::event::Purpose;
use crate::core::rehearsal;
use crate::core::state::State;
use crate::engine::handle::Handle;
use crate::engine::{Beginning, GateKeeping};
use crate::model::id::SessionId;
use crate::model::operator::Operator;
use crate::model::plan::{Plan, SharedPlan};
use crate::model::rehearsal::RehearsalRecord;

/// The clock goes on when nothing happens.
const TICK: Duration = Duration::from_secs(1);

/// A rehearsal that somebody may watch; `Err` holds how to end when it was interrupted, and then its running step has
/// been stopped.
pub(super) fn watched(
    plan: &SharedPlan,
    earlier: &[RehearsalRecord],
    keeping: &Keeping,
    console: &Console,
    machine: &Machine,
) -> Result<Result<RehearsalRecord, Exit>, Stop> {
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let mut signals = Signals::listen()?;
        let (handle, running) = begun(plan, keeping, machine).await?;
        let show = |state: &State| {
            if console.is_watched() {
                console.progress(&telling::progress(state, earlier, clock::now()));
            }
        };
        let record = tokio::select! {
            record = followed(&handle, &machine.operator, show) => record.map(Ok),
            exit = signals.next() => {
                let _ = handle.decide(Command::StopRollback, machine.operator.clone()).await;
                stopped(&handle).await;
                Ok(Err(exit))
            }
        };
        if console.is_watched() {
            console.progress("");
        }
        handle.quit();
        drop(handle);
        running.join().map_err(|error| Stop::because(&error))?;
        record
    });
    runtime.shutdown_background();
    ended
}

/// A rehearsal of a trusted plan that nobody watches and nothing keeps: the demo's.
pub(in crate::cli) async fn quietly(plan: &Plan, by: &Operator, machine: &Machine) -> Result<RehearsalRecord, Stop> {
    let plan = Arc::new(super::rehearsable(plan)?);
    let (handle, running) = begun(&plan, &Keeping::Memory, machine).await?;
    let record = followed(&handle, by, |_| {}).await;
    handle.quit();
    drop(handle);
    running.join().map_err(|error| Stop::because(&error))?;
    record
}

fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Stop::own(format!("cannot start: {error}")))
}

async fn begun(
    plan: &SharedPlan,
    keeping: &Keeping,
    machine: &Machine,
) -> Result<(Handle, crate::engine::Running), Stop> {
    let prepared = opening::prepare(plan, true, machine).await?;
    let session = SessionId::new(&ulid::Ulid::generate().to_string());
    let journal = keeping.journal(&session, machine)?;
    let (version, steps) = (prepared.version.clone(), keeping.steps(&session));
    let beginning = Beginning::New { session, purpose: Purpose::Rehearsal, plan: Arc::clone(plan), version };
    opening::open(prepared, beginning, journal, machine, &steps, GateKeeping::Not)
}

async fn followed(handle: &Handle, by: &Operator, show: impl Fn(&State)) -> Result<RehearsalRecord, Stop> {
    let begin = Command::RollBack { reason: None };
    handle.decide(begin, by.clone()).await.map_err(|refusal| Stop::own(refusal.to_string()))?;
    let mut states = handle.watch();
    loop {
        let state = Arc::clone(&states.borrow_and_update());
        if let Some(record) = rehearsal::record(&state) {
            return Ok(record);
        }
        show(&state);
        if matches!(tokio::time::timeout(TICK, states.changed()).await, Ok(Err(_))) {
            return Err(Stop::own("golive ended before the rehearsal did"));
        }
    }
}

/// Waits until a stopped rehearsal has stopped, for as long as a tree may take to end.
async fn stopped(handle: &Handle) {
    let mut states = handle.watch();
    let ended = states.wait_for(|state| !state.procedure().is_under_way());
    // A step that does not end goes on under its supervising process, and the journal says so.
    let _ = tokio::time::timeout(Duration::from_secs(15), ended).await;
}
