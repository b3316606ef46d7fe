//! Coming back to a go-live: which unfinished session belongs to this plan, whether to go on with it, and who holds it.

use crate::cli::console::Console;
use crate::cli::exit::Stop;
use crate::cli::machine::Machine;
use crate::clock;
use crate::core::event::{Body, Purpose, SessionEvent};
use crate::core::state::State;
use crate::journal::lock::Holder;
use crate::journal::sessions::{self, SessionSummary};
use crate::journal::{Journal, JournalError};
use crate::model::plan::SharedPlan;

/// What the command line said about going on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// Ask, where there is something to go on with.
    Ask,
    /// Go on; it is an error if there is nothing.
    Resume,
    /// Begin a new session.
    New,
}

/// A session that goes on.
pub(super) struct Resumed {
    pub(super) summary: SessionSummary,
    pub(super) journal: Journal,
    pub(super) state: State,
    /// What changed since: the plan, if it is another one now.
    pub(super) changed: Vec<Body>,
}

/// The unfinished session of this plan's service, if there is one and it is wished for.
pub(super) fn find(
    plan: &SharedPlan,
    wish: Wish,
    console: &Console,
    machine: &Machine,
) -> Result<Option<Resumed>, Stop> {
    if wish == Wish::New {
        return Ok(None);
    }
    let Some(summary) = unfinished(plan, console)? else {
        return match wish {
            Wish::Resume => Err(Stop::wrong("there is no unfinished session of this service")
                .instead("golive sessions lists them all; golive begins a new one")),
            Wish::Ask | Wish::New => Ok(None),
        };
    };
    if let Some(holder) = &summary.held_by {
        return Err(held(holder));
    }
    if wish == Wish::Ask && !wanted(&summary, console)? {
        return Ok(None);
    }
    open(summary, plan, machine).map(Some)
}

fn held(holder: &Holder) -> Stop {
    Stop::wrong(format!("this go-live is open already: {holder}"))
        .instead("go to that terminal, or begin another session with golive --new")
}

/// The latest go-live of the service that has not ended.
fn unfinished(plan: &SharedPlan, console: &Console) -> Result<Option<SessionSummary>, Stop> {
    let (listed, unlisted) = sessions::sessions(&Machine::state_folder()?).map_err(|error| Stop::because(&error))?;
    for file in &unlisted {
        console.say(&Stop::because(&file.why).sentence);
    }
    let own = |session: &SessionSummary| {
        let (service, environment) = (&plan.service.name, &plan.service.environment);
        matches!(session.purpose, Purpose::GoLive | Purpose::Triage)
            && !session.closed
            && session.service == *service
            && session.environment == *environment
    };
    Ok(listed.into_iter().filter(own).max_by_key(|session| session.last_at))
}

/// Asks, before anything is drawn. Enter means yes: what was begun should be brought to an end.
fn wanted(session: &SessionSummary, console: &Console) -> Result<bool, Stop> {
    let (opened, last) = (session.opened_at.strftime("%F %H:%M UTC"), session.last_at.strftime("%H:%M UTC"));
    let what = format!("{} › {}", session.service, session.environment);
    console
        .say(&format!("{what} has an unfinished go-live of {opened}: {} events, the last at {last}.", session.events));
    console.answer("Go on with it?", true).ok_or_else(|| {
        Stop::wrong("nobody answered: nothing was opened")
            .instead("golive --resume goes on with it, golive --new begins another session")
    })
}

fn open(summary: SessionSummary, plan: &SharedPlan, machine: &Machine) -> Result<Resumed, Stop> {
    let holder = Holder::this_process(machine.host.clone(), machine.operator.id.clone(), clock::now().at);
    let (journal, state) = Journal::resume(&summary.path, &holder).map_err(|error| match &error {
        JournalError::Held { by, .. } => held(by),
        _ => Stop::because(&error),
    })?;
    let same = state.plan().digest == plan.digest && *state.plan() == **plan;
    let changed = if same { Vec::new() } else { vec![Body::Session(SessionEvent::PlanChanged { plan: plan.clone() })] };
    Ok(Resumed { summary, journal, state, changed })
}
