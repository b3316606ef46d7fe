//! `golive [PLAN]`: the cockpit.

use std::io::IsTerminal as _;
use std::path::Path;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lint;
use crate::cli::machine::Machine;

/// Refuses where there is no terminal to draw on: nothing is ever drawn into a pipe.
pub(super) fn needs_terminal() -> Result<(), Stop> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Stop::wrong("the cockpit needs a terminal on standard input and output").instead("without one: golive check"))
}

pub(super) fn run(plan: Option<&Path>, console: &Console) -> Result<Exit, Stop> {
    needs_terminal()?;
    let path = Machine::plan_path(plan)?;
    let Some(_loaded) = lint::load(&path, console) else { return Ok(Exit::Wrong) };
    Err(Stop::own("this build of golive has no cockpit").instead("judge the plan without one: golive check"))
}
