//! `golive rehearse`: the rollback in its rehearsal forms, against the clock. What comes of it is kept, so that later
//! sessions of the service know of it.

mod kept;
mod running;
mod telling;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, ValueEnum};

pub(super) use kept::{fact, known};
pub(super) use running::quietly;

use crate::cli::arriving::Arriving;
use crate::cli::cockpit;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lint;
use crate::cli::machine::Machine;
use crate::cli::opening::{self, Keeping};
use crate::core::rehearsal;
use crate::model::plan::{Plan, SharedPlan};
use crate::model::rehearsal::RehearsalRecord;
use crate::tui;

#[derive(Debug, Args)]
pub(super) struct RehearseArguments {
    /// The plan; golive.toml here or in a folder above when absent.
    plan: Option<PathBuf>,
    /// Only show what a deployment, a rollback and a rehearsal would run, with values masked.
    #[arg(long)]
    dry_run: bool,
    /// Where to keep the session and its result: a folder, or `memory` for nowhere.
    #[arg(long, value_name = "memory|DIR")]
    journal: Option<String>,
    /// How to write the result; when it is named, nothing is drawn and the rehearsal begins at once.
    #[arg(long, value_name = "F")]
    format: Option<RehearsalFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RehearsalFormat {
    /// For people.
    Human,
    /// For programs.
    Json,
}

pub(super) fn run(arguments: &RehearseArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let path = Machine::plan_path(arguments.plan.as_deref())?;
    let Some(loaded) = lint::load(&path, console) else { return Ok(Exit::Wrong) };
    let plan = Arc::new(loaded.plan);
    if arguments.dry_run {
        return telling::dry_run(&plan, console, machine);
    }
    let rehearsed = Arc::new(rehearsable(&plan)?);
    if !opening::is_trusted(&plan.digest)? {
        return Err(Stop::wrong("the plan's commands are not allowed to run on this machine yet")
            .instead("read them with `golive lint --audit`, then run `golive trust`"));
    }
    let keeping = Keeping::of(arguments.journal.as_deref())?;
    let earlier = kept::records(&plan, &keeping)?;
    let in_cockpit = arguments.format.is_none() && arguments.journal.is_none() && cockpit::has_terminal();
    let record = match in_cockpit {
        true => in_the_cockpit(&rehearsed, console, machine)?,
        false => running::watched(&rehearsed, &earlier, &keeping, console, machine)?,
    };
    let record = match record {
        Ok(record) => record,
        Err(exit) => {
            console.say("nothing was rehearsed to its end");
            return Ok(exit);
        }
    };
    kept::keep(&plan, &keeping, &record)?;
    match arguments.format {
        None | Some(RehearsalFormat::Human) => console.result(&telling::human(&record, &earlier))?,
        Some(RehearsalFormat::Json) => console.result(&format!("{:#}\n", telling::json(&plan, &record, &earlier)))?,
    }
    Ok(if record.passed() { Exit::Go } else { Exit::NoGo })
}

/// The rehearsal on the screen: begun by `R` behind its door, left when it has been seen. `Err` holds how to end where
/// there was none.
fn in_the_cockpit(
    plan: &SharedPlan,
    console: &Console,
    machine: &Machine,
) -> Result<Result<RehearsalRecord, Exit>, Stop> {
    let wanted = cockpit::Purposed::REHEARSAL;
    let show = |arriving: &Arriving, options| tui::run::run(arriving, options);
    let (left, state) = cockpit::flown(Arc::clone(plan), wanted, true, None, (console, machine), show)?;
    let exit = cockpit::left(left, || Exit::Hold)?;
    Ok(rehearsal::record(&state).ok_or(exit))
}

/// The plan of a rehearsal, or what is missing for one.
fn rehearsable(plan: &Plan) -> Result<Plan, Stop> {
    rehearsal::as_rehearsal(plan).map_err(|without| match without.is_empty() {
        true => Stop::wrong("there is nothing to rehearse: the plan has no [[rollback_step]]")
            .instead("add the steps of the way back to the plan"),
        false => {
            let names = without.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Stop::wrong(format!("these steps cannot be rehearsed: {names}")).instead(
                "add to each: rehearse = { run = [\"./rollback.sh\", \"--on\", \"staging\"], grade = \"staging\" }",
            )
        }
    })
}
