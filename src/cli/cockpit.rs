//! `golive [PLAN]`: the cockpit over a new session, over one that goes on, and over the demo's world.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::cli::arguments;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lint;
use crate::cli::machine::Machine;
use crate::cli::opening::{self, Keeping};
use crate::cli::resuming::{self, Resumed, Wish};
use crate::clock;
use crate::core::event::Purpose;
use crate::core::verdict;
use crate::engine::Beginning;
use crate::model::id::SessionId;
use crate::model::plan::SharedPlan;
use crate::tui;
use crate::tui::app::Leaving;
use crate::tui::run::{Options, TuiError};
use crate::tui::theme::Colours;

/// Refuses where there is no terminal to draw on: nothing is ever drawn into a pipe.
pub(super) fn needs_terminal() -> Result<(), Stop> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Stop::wrong("the cockpit needs a terminal on standard input and output").instead("without one: golive check"))
}

pub(super) fn run(plan: Option<&Path>, wish: Wish, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    if let Some(meant) = plan.filter(|plan| !plan.exists()).and_then(arguments::nearly_a_command) {
        let typed = plan.map(|plan| plan.display().to_string()).unwrap_or_default();
        return Err(Stop::wrong(format!("there is no plan and no command {typed}"))
            .instead(format!("did you mean: golive {meant}")));
    }
    needs_terminal()?;
    let path = Machine::plan_path(plan)?;
    let Some(loaded) = lint::load(&path, console) else { return Ok(Exit::Wrong) };
    let trusted = opening::is_trusted(&loaded.plan.digest)?;
    let plan = Arc::new(loaded.plan);
    let resumed = resuming::find(&plan, wish, console, machine)?;
    fly(plan, Purpose::GoLive, trusted, resumed, (console, machine))
}

/// Opens a session on a plan, or goes on with one, and the cockpit on it; ends by the verdict.
pub(super) fn fly(
    plan: SharedPlan,
    purpose: Purpose,
    trusted: bool,
    resumed: Option<Resumed>,
    (console, machine): (&Console, &Machine),
) -> Result<Exit, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let mut prepared = runtime.block_on(opening::prepare(&plan, trusted, machine))?;
    runtime.shutdown_background();
    let keeping = Keeping::of(None)?;
    let (journal, beginning, steps) = match resumed {
        Some(resumed) => {
            prepared.facts.splice(0..0, resumed.changed);
            (resumed.journal, Beginning::Resumed(resumed.events), keeping.steps(&resumed.summary.id))
        }
        None => {
            let session = SessionId::new(&ulid::Ulid::generate().to_string());
            let (journal, steps) = (keeping.journal(&session, machine)?, keeping.steps(&session));
            let version = prepared.version.clone();
            (journal, Beginning::New { session, purpose, plan, version }, steps)
        }
    };
    let (handle, running) = opening::open(prepared, beginning, journal, machine, &steps)?;
    let states = handle.watch();
    let left = tui::run::run(&handle, options(console, machine));
    drop(handle);
    running.join().map_err(|error| Stop::because(&error))?;
    match left {
        Ok(Leaving::Quit) => {
            let state = Arc::clone(&states.borrow());
            Ok(Exit::of(verdict::of_session(&state, clock::now()).answer(), false))
        }
        Ok(Leaving::Interrupted) => Ok(Exit::Interrupted),
        Ok(Leaving::Signalled(_)) => Ok(Exit::Terminated),
        Err(error @ (TuiError::NoTerminal | TuiError::Theme(_))) => Err(Stop::wrong(error.to_string())),
        Err(error @ TuiError::Terminal(_)) => Err(Stop::because(&error)),
    }
}

fn options(console: &Console, machine: &Machine) -> Options {
    let value = |name: &str| machine.environment.get(name).map_or("", String::as_str);
    let colours = if !console.look().colour {
        Colours::None
    } else if matches!(value("COLORTERM"), "truecolor" | "24bit") {
        Colours::True
    } else {
        Colours::Sixteen
    };
    let theme = machine.environment.get("GOLIVE_THEME").filter(|theme| !theme.is_empty());
    Options {
        own: machine.operator.clone(),
        theme: theme.map_or_else(|| "dark".to_owned(), Clone::clone),
        colours,
        zone: TimeZone::system(),
    }
}
