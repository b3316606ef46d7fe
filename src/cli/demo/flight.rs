//! An unattended flight: the pilot's moves, made in the name of `demo`, bounded in time, and its report.

use std::sync::Arc;
use std::time::Duration;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::formats::{self, Wanted};
use crate::cli::lint;
use crate::cli::machine::Machine;
use crate::cli::opening::{self, Keeping};
use crate::cli::rehearse;
use crate::cli::signals::Signals;
use crate::clock;
use crate::core::event::Purpose;
use crate::core::state::State;
use crate::core::verdict::{Inquiry, Scope};
use crate::demo::{Fault, World, pilot};
use crate::engine::handle::Handle;
use crate::engine::{Beginning, GateKeeping};
use crate::model::id::SessionId;
use crate::model::operator::{Operator, Provenance};
use crate::model::time::Now;
use crate::report::build::{self, Circumstances};

/// Soaks end and evidence ages by time alone: so often the pilot looks again when nothing happens.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

pub(super) fn fly(
    world: &World,
    within: Duration,
    wanted: &[Wanted],
    console: &Console,
    machine: &Machine,
) -> Result<Exit, Stop> {
    let until = clock::now().after(within);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let flown = runtime.block_on(flown(world, until, console, machine));
    runtime.shutdown_background();
    let state = match flown? {
        Ended::Landed(state) => state,
        Ended::Interrupted(exit) => return Ok(exit),
    };
    let inquiry = Inquiry { question: state.session().question(), scope: Scope::All };
    let plan = Some(world.plan().display().to_string());
    let report = build::report(
        &state,
        &inquiry,
        &Circumstances { operator: pilot_name().id, plan, journal: None },
        clock::now(),
    );
    formats::write(wanted, &report, console)?;
    Ok(Exit::of(report.verdict, false))
}

enum Ended {
    Landed(Arc<State>),
    Interrupted(Exit),
}

fn pilot_name() -> Operator {
    Operator::new("demo", Provenance::Config)
}

async fn flown(world: &World, until: Now, console: &Console, machine: &Machine) -> Result<Ended, Stop> {
    let mut signals = Signals::listen()?;
    let Some(loaded) = lint::load(&world.plan(), console) else {
        return Err(Stop::own("the demo's own plan is wrong"));
    };
    let plan = Arc::new(loaded.plan);
    // golive wrote this plan and its scripts itself, a moment ago, into a folder of its own.
    let mut prepared = opening::prepare(&plan, true, machine).await?;
    if !world.faults().is_on(Fault::NoRehearsal) {
        prepared.facts.push(rehearse::fact(rehearse::quietly(&plan, &pilot_name(), machine).await?));
    }
    let keeping = Keeping::of(None)?;
    let session = SessionId::new(&ulid::Ulid::generate().to_string());
    let journal = keeping.journal(&session, machine)?;
    let (version, steps) = (prepared.version.clone(), keeping.steps(&session));
    let beginning = Beginning::New { session, purpose: Purpose::Demo, plan, version };
    let (handle, running) = opening::open(prepared, beginning, journal, machine, &steps, GateKeeping::Decided)?;
    let ended = tokio::select! {
        state = land(&handle, world, until, console) => Ended::Landed(state),
        exit = signals.next() => Ended::Interrupted(exit),
    };
    handle.quit();
    drop(handle);
    running.join().map_err(|error| Stop::because(&error))?;
    Ok(ended)
}

/// Makes the pilot's moves until the flight is over or out of time.
async fn land(handle: &Handle, world: &World, until: Now, console: &Console) -> Arc<State> {
    let mut states = handle.watch();
    loop {
        let state = Arc::clone(&states.borrow_and_update());
        let now = clock::now();
        let out_of_time = now.up >= until.up;
        if out_of_time || (pilot::is_over(&state, now) && pilot::code_to_type(&state, world.code()).is_none()) {
            return state;
        }
        let code = || pilot::code_to_type(&state, world.code());
        if let Some(command) = code().or_else(|| pilot::next_move(&state, now)) {
            match handle.decide(command, pilot_name()).await {
                Ok(()) => continue,
                // The world moved on between look and move; the next look knows.
                Err(refusal) => console.say(&format!("refused: {refusal}")),
            }
        }
        let ended = matches!(tokio::time::timeout(LOOK_AGAIN, states.changed()).await, Ok(Err(_)));
        if ended {
            return state;
        }
    }
}
