//! `golive demo`: a world on loopback with real faults, and a go-live flown over it.

mod flight;
mod practising;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::cli::arriving::Arriving;
use crate::cli::cockpit;
use crate::cli::console::Console;
use crate::cli::demo::practising::Practising;
use crate::cli::exit::{Exit, Stop};
use crate::cli::formats::{self, Wanted};
use crate::cli::lint;
use crate::cli::machine::Machine;
use crate::cli::signals::Signals;
use crate::core::verdict;
use crate::demo::scenario::{self, SCENARIOS, Scenario};
use crate::demo::{Fault, World, WorldError};
use crate::model::duration;
use crate::{clock, tui};

/// How to switch the faults of a world that serves alone.
const SWITCHING: &str = "\
Faults while it runs: with --target-only, the object on standard output has the address of the switchboard and its
token under `control`. With both, GET lists the faults, PUT switches one on, DELETE mends it:

  curl -H 'x-golive-token: TOKEN' http://127.0.0.1:PORT/faults
  curl -X PUT -H 'x-golive-token: TOKEN' http://127.0.0.1:PORT/faults/payment-outage
  curl -X DELETE -H 'x-golive-token: TOKEN' http://127.0.0.1:PORT/faults/payment-outage

Each answers with the faults that are on and all that there are. In the cockpit's demo, D does the same.";

#[derive(Debug, Args)]
#[command(after_long_help = SWITCHING)]
pub(super) struct DemoArguments {
    /// What is wrong in the world; nothing unless named.
    #[arg(long, value_name = "NAME", default_value = "healthy", value_parser = scenario_named)]
    scenario: &'static Scenario,
    /// Fly unattended, print the report, and end by the verdict.
    #[arg(long)]
    headless: bool,
    /// An unattended flight ends after so long, wherever it stands: more than that for a machine that is busy.
    #[arg(long, value_name = "D", value_parser = duration::parse, requires = "headless", default_value = "17s")]
    within: Duration,
    #[arg(long = "format", value_name = "F[=FILE]", requires = "headless")]
    #[arg(value_parser = formats::wanted, help = formats::help())]
    formats: Vec<Wanted>,
    /// Serve the world alone, as a playground for writing plans, until interrupted.
    #[arg(long, conflicts_with = "headless")]
    target_only: bool,
    /// The folder to put the world into: new, empty, or an earlier demo's; one of its own that goes with it when
    /// absent.
    #[arg(long, value_name = "D")]
    dir: Option<PathBuf>,
    /// List the scenarios.
    #[arg(long, conflicts_with_all = ["headless", "target_only"])]
    list: bool,
}

fn scenario_named(name: &str) -> Result<&'static Scenario, String> {
    scenario::named(name).ok_or_else(|| {
        let names = SCENARIOS.iter().map(|scenario| scenario.name).collect::<Vec<_>>();
        format!("there are: {}", names.join(", "))
    })
}

pub(super) fn run(arguments: &DemoArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    if arguments.list {
        return list(console);
    }
    if arguments.target_only {
        return serve(arguments, console);
    }
    if arguments.headless {
        let world = start(arguments)?;
        return flight::fly(&world, arguments.within, &arguments.formats, console, machine);
    }
    cockpit::needs_terminal("golive demo --headless")?;
    let world = start(arguments)?;
    let Some(loaded) = lint::load(&world.plan(), console) else {
        return Err(Stop::own("the demo's own plan is wrong"));
    };
    // golive wrote this plan and its scripts itself, a moment ago, into a folder of its own.
    let rehearses = !world.faults().is_on(Fault::NoRehearsal);
    let wanted = cockpit::Purposed { rehearses, ..cockpit::Purposed::DEMO };
    let switchboard = world.switchboard();
    let show = |cockpit: &Arriving, options| tui::run::run(&Practising { cockpit, switchboard }, options);
    let (left, state) = cockpit::flown(Arc::new(loaded.plan), wanted, true, None, (console, machine), show)?;
    cockpit::left(left, || Exit::of(verdict::of_session(&state, clock::now()).answer(), false))
}

fn list(console: &Console) -> Result<Exit, Stop> {
    let width = SCENARIOS.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let line = |scenario: &Scenario| format!("{:<width$}   {}\n", scenario.name, scenario.sentence);
    console.result(&SCENARIOS.iter().map(line).collect::<String>())?;
    Ok(Exit::Go)
}

fn start(arguments: &DemoArguments) -> Result<World, Stop> {
    World::start(arguments.dir.as_deref(), arguments.scenario.faults).map_err(|error| match &error {
        WorldError::Folder(_) => {
            Stop::wrong(error.to_string()).instead("name a folder that is new or empty, or leave --dir out")
        }
        _ => Stop::because(&error),
    })
}

/// Prints what the world is made of, and serves until somebody interrupts it.
fn serve(arguments: &DemoArguments, console: &Console) -> Result<Exit, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        // Listening comes first: whoever reads the addresses may end it at once, and the folder has to go then too.
        let mut signals = Signals::listen()?;
        let world = start(arguments)?;
        console.result(&format!("{:#}\n", world.describe()))?;
        console.say("serving until interrupted");
        Ok(signals.next().await)
    })
}
