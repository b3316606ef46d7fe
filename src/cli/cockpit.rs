//! `golive [PLAN]`: the cockpit over a new session, over one that goes on, and over the demo's world.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::Arc;

use crate::cli::arguments;
use crate::cli::arriving::{Arriving, Opening};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lint;
use crate::cli::machine::Machine;
use crate::cli::moment;
use crate::cli::opening::{self, Keeping, Prepared};
use crate::cli::rehearse;
use crate::cli::resuming::{self, Resumed, Wish};
use crate::clock;
use crate::core::event::{Body, Event, Purpose, SessionEvent, VERSION};
use crate::core::state::State;
use crate::core::verdict;
use crate::engine::{Beginning, GateKeeping};
use crate::model::id::SessionId;
use crate::model::operator::Actor;
use crate::model::plan::SharedPlan;
use crate::tui;
use crate::tui::app::Leaving;
use crate::tui::run::{Options, TuiError};
use crate::tui::theme::Colours;
use crate::tui::ui::ScreenName;

/// Whether there is a terminal to draw on and to read keys from.
pub(super) fn has_terminal() -> bool {
    std::io::stdout().is_terminal() && std::io::stdin().is_terminal()
}

/// Refuses where there is no terminal to draw on: nothing is ever drawn into a pipe.
/// `headless` is the command that does without one.
pub(super) fn needs_terminal(headless: &str) -> Result<(), Stop> {
    if has_terminal() {
        return Ok(());
    }
    Err(Stop::wrong("the cockpit needs a terminal on standard input and output")
        .instead(format!("without one: {headless}")))
}

/// What a cockpit is opened for, and on which screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Purposed {
    pub(super) purpose: Purpose,
    pub(super) screen: ScreenName,
    /// Whether the rollback is rehearsed before: the demo's world is made anew each time.
    pub(super) rehearses: bool,
}

impl Purposed {
    /// A go-live, from its checklist.
    pub(super) const GO_LIVE: Self = Self { purpose: Purpose::GoLive, screen: ScreenName::Checklist, rehearses: false };
    /// The demo's go-live.
    pub(super) const DEMO: Self = Self { purpose: Purpose::Demo, screen: ScreenName::Checklist, rehearses: true };
    /// A rehearsal of the rollback, from its screen.
    pub(super) const REHEARSAL: Self =
        Self { purpose: Purpose::Rehearsal, screen: ScreenName::Rehearsal, rehearses: false };
}

pub(super) fn run(
    plan: Option<&Path>,
    wish: Wish,
    wanted: Purposed,
    (console, machine): (&Console, &Machine),
) -> Result<Exit, Stop> {
    if let Some(typed) = plan.filter(|plan| !plan.exists()) {
        return Err(no_such(typed));
    }
    needs_terminal(if wanted.purpose == Purpose::Triage { "golive triage --headless" } else { "golive check" })?;
    let path = Machine::plan_path(plan)?;
    let Some(loaded) = lint::load(&path, console) else { return Ok(Exit::Wrong) };
    let trusted = opening::is_trusted(&loaded.plan.digest)?;
    let plan = Arc::new(loaded.plan);
    let resumed = resuming::find(&plan, wish, console, machine)?;
    fly(plan, wanted, trusted, resumed, (console, machine))
}

/// A word stands where a plan may stand, and there is none: whoever typed it meant a command as likely.
fn no_such(typed: &Path) -> Stop {
    let meant = arguments::nearly_a_command(typed).map(|meant| format!("did you mean: golive {meant}"));
    Stop::wrong(format!("there is no plan and no command {}", typed.display()))
        .instead(meant.unwrap_or_else(|| "golive --help lists the commands".to_owned()))
}

/// Opens a session on a plan, or goes on with one, and the cockpit on it; ends by the verdict.
pub(super) fn fly(
    plan: SharedPlan,
    wanted: Purposed,
    trusted: bool,
    resumed: Option<Resumed>,
    (console, machine): (&Console, &Machine),
) -> Result<Exit, Stop> {
    let show = |arriving: &Arriving, options| tui::run::run(arriving, options);
    let (left, state) = flown(plan, wanted, trusted, resumed, (console, machine), show)?;
    self::left(left, || Exit::of(verdict::of_session(&state, clock::now()).answer(), false))
}

/// The same, shown in some way, with what is known at the end.
pub(super) fn flown(
    plan: SharedPlan,
    wanted: Purposed,
    trusted: bool,
    resumed: Option<Resumed>,
    (console, machine): (&Console, &Machine),
    show: impl FnOnce(&Arriving, Options) -> Result<Leaving, TuiError>,
) -> Result<(Result<Leaving, TuiError>, Arc<State>), Stop> {
    let (first, opening) = match resumed {
        Some(resumed) => going_on(&plan, trusted, resumed, machine)?,
        None => beginning(&plan, wanted, trusted, machine)?,
    };
    let arriving = Arriving::begin(first, opening)?;
    let left = show(&arriving, options(console, machine, wanted.screen));
    Ok((left, arriving.end()?))
}

/// How the program ends when the cockpit was left: by `quit` where a person left it.
pub(super) fn left(left: Result<Leaving, TuiError>, quit: impl FnOnce() -> Exit) -> Result<Exit, Stop> {
    match left {
        Ok(Leaving::Quit) => Ok(quit()),
        Ok(Leaving::Interrupted) => Ok(Exit::Interrupted),
        Ok(Leaving::Signalled(_)) => Ok(Exit::Terminated),
        Err(error @ (TuiError::NoTerminal | TuiError::Theme(_))) => Err(Stop::wrong(error.to_string())),
        Err(error @ TuiError::Terminal(_)) => Err(Stop::because(&error)),
    }
}

/// A new session: what is drawn first is the plan, of which nothing is known yet.
fn beginning(plan: &SharedPlan, wanted: Purposed, trusted: bool, machine: &Machine) -> Result<(State, Opening), Stop> {
    let Purposed { purpose, rehearses, .. } = wanted;
    let session = SessionId::new(&ulid::Ulid::generate().to_string());
    let now = clock::now();
    let (host, opened) = (machine.host.clone(), Arc::clone(plan));
    let body = SessionEvent::Opened { session: session.clone(), purpose, plan: opened, version: None, host };
    let event = Event {
        v: VERSION,
        id: ulid::Ulid::nil(),
        run: ulid::Ulid::nil(),
        at: now.at,
        up: u64::try_from(now.up.as_millis()).unwrap_or(0),
        actor: Actor::Golive,
        body: Body::Session(body),
    };
    let first = State::open(&event).map_err(|error| Stop::because(&error))?;
    let (plan, machine) = (Arc::clone(plan), machine.clone());
    let opening = move || {
        let keeping = Keeping::of(None)?;
        let mut prepared = prepared(&plan, trusted, &machine, Some(&keeping))?;
        prepared.facts.extend(if rehearses { rehearsed(&plan, &machine)? } else { rehearse::known(&plan, &keeping) });
        let (journal, steps) = (keeping.journal(&session, &machine)?, keeping.steps(&session));
        let version = prepared.version.clone();
        let beginning = Beginning::New { session, purpose, plan, version };
        opening::open(prepared, beginning, journal, &machine, &steps, GateKeeping::Decided)
    };
    Ok((first, Box::new(opening)))
}

/// A session that goes on: what is drawn first is where it stood.
fn going_on(plan: &SharedPlan, trusted: bool, resumed: Resumed, machine: &Machine) -> Result<(State, Opening), Stop> {
    let first = resumed.state.clone();
    let (plan, machine) = (Arc::clone(plan), machine.clone());
    let opening = move || {
        let mut prepared = prepared(&plan, trusted, &machine, None)?;
        prepared.facts.splice(0..0, resumed.changed);
        let keeping = Keeping::of(None)?;
        prepared.facts.extend(rehearse::known(&plan, &keeping));
        let steps = keeping.steps(&resumed.summary.id);
        let beginning = Beginning::Resumed(Box::new(resumed.state));
        opening::open(prepared, beginning, resumed.journal, &machine, &steps, GateKeeping::Decided)
    };
    Ok((first, Box::new(opening)))
}

/// A rehearsal before the session, as a fact for it.
fn rehearsed(plan: &SharedPlan, machine: &Machine) -> Result<Vec<Body>, Stop> {
    let runtime = runtime()?;
    let record = runtime.block_on(rehearse::quietly(plan, &machine.operator, machine));
    runtime.shutdown_background();
    Ok(vec![rehearse::fact(record?)])
}

fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| Stop::own(format!("cannot start: {error}")))
}

/// Values and network; with `keeping`, what was normal in the sessions kept there and elsewhere.
fn prepared(plan: &SharedPlan, trusted: bool, machine: &Machine, keeping: Option<&Keeping>) -> Result<Prepared, Stop> {
    let runtime = runtime()?;
    let prepared = runtime.block_on(async {
        let mut prepared = opening::prepare(plan, trusted, machine).await?;
        if let Some(keeping) = keeping {
            prepared.remember(plan, keeping).await;
        }
        Ok(prepared)
    });
    runtime.shutdown_background();
    prepared
}

/// What the cockpit has to know of this machine and person.
pub(super) fn options(console: &Console, machine: &Machine, screen: ScreenName) -> Options {
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
        zone: moment::zone(&machine.environment),
        screen,
    }
}
