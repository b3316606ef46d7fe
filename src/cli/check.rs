//! `golive check`: runs the validators without a screen and prints the report; the exit code is the verdict.

mod progress;
mod question;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::cli::check::question::Asked;
pub(super) use crate::cli::check::question::narrowed;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::formats::{self, Wanted};
use crate::cli::machine::Machine;
use crate::cli::opening::{self, Keeping};
use crate::cli::rehearse;
use crate::cli::signals::Signals;
use crate::clock;
use crate::core::state::State;
use crate::core::verdict::{self, Answer, Verdict};
use crate::engine::GateKeeping;
use crate::engine::handle::Handle;
use crate::engine::headless;
use crate::model::duration;
use crate::model::plan::SharedPlan;
use crate::model::values::Values;
use crate::model::word::{Phase, Question};
use crate::report::build::{self, Circumstances};

/// Sources and queries keep their own time; this is for what should not be.
const LONGEST_INQUIRY: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// The plan; golive.toml here or in a folder above when absent.
    plan: Option<PathBuf>,
    /// What the verdict answers: deploy, open, close. The last two need --session.
    #[arg(long, value_name = "Q", value_parser = word_of(Question::ALL, Question::word))]
    question: Option<Question>,
    /// Take this session's decisions in. It is read and never written to.
    #[arg(long, value_name = "S")]
    session: Option<String>,
    /// Judge this phase's checks alone; may be repeated.
    #[arg(long = "phase", value_name = "P", value_parser = word_of(Phase::ALL, Phase::word))]
    phases: Vec<Phase>,
    /// Judge only checks whose id fits this glob; may be repeated.
    #[arg(long = "only", value_name = "GLOB")]
    only: Vec<String>,
    /// Take warnings for blockers.
    #[arg(long)]
    strict: bool,
    /// Where to keep the session: a folder, or `memory` for nowhere.
    #[arg(long, value_name = "memory|DIR")]
    journal: Option<String>,
    #[arg(long = "format", value_name = "F[=FILE]", value_parser = formats::wanted, help = formats::help())]
    formats: Vec<Wanted>,
    /// Go on until the verdict is GO (or GO WITH WARNINGS, unless --strict), for this long at most.
    #[arg(long, value_name = "D", value_parser = duration::parse)]
    until_go: Option<Duration>,
    /// Go on and print the report whenever the verdict changes, until interrupted.
    #[arg(long)]
    watch: bool,
    /// Whether it is asked what changed outside and who is hurt: `golive triage --headless`.
    #[arg(skip)]
    inquires: bool,
}

impl CheckArguments {
    /// What is asked where only plan, question and session can be named.
    pub(super) fn about(plan: Option<PathBuf>, question: Option<Question>, session: Option<String>) -> Self {
        let journal = Some("memory".to_owned());
        let (phases, only, formats) = (Vec::new(), Vec::new(), Vec::new());
        let (until_go, strict, watch, inquires) = (None, false, false, false);
        Self { plan, question, session, phases, only, strict, journal, formats, until_go, watch, inquires }
    }

    /// What triage asks: everything, and what changed and who is hurt beside it.
    pub(super) fn triage(plan: Option<PathBuf>, session: Option<String>, formats: Vec<Wanted>) -> Self {
        Self { inquires: true, formats, ..Self::about(plan, None, session) }
    }
}

/// Reads a question.
pub(super) fn question() -> impl Fn(&str) -> Result<Question, String> + Clone + Send + Sync + 'static {
    word_of(Question::ALL, Question::word)
}

/// What came of the checks, with the very values that they were run on.
pub(super) struct Judged {
    pub(super) plan: SharedPlan,
    pub(super) values: Values,
    pub(super) verdict: Verdict,
}

/// Runs the checks without a report. `Err` holds how to end where there is no verdict: the plan is wrong and that has
/// been said, or somebody interrupted.
pub(super) fn judged(
    arguments: &CheckArguments,
    console: &Console,
    machine: &Machine,
) -> Result<Result<Judged, Exit>, Stop> {
    let Some(asked) = question::asked(arguments, console)? else { return Ok(Err(Exit::Wrong)) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let mut known = None;
    let judging = async |asked: &Asked, handle: &Handle, values: Values| {
        let settling = headless::settle(handle, &machine.operator, asked.wanted(), clock::now, asked.bound());
        progress::shown(handle, asked, console, settling).await;
        let verdict = verdict::verdict(&now_known(handle), &asked.inquiry, clock::now());
        known = Some(Judged { plan: Arc::clone(&asked.plan), values, verdict });
        Ok(Exit::Go)
    };
    let ended = runtime.block_on(interruptible(arguments, asked, console, machine, judging));
    runtime.shutdown_background();
    let exit = ended?;
    Ok(known.ok_or(exit))
}

/// A parser for one of a closed list of words.
fn word_of<T: Copy + Send + Sync + 'static>(
    all: &'static [T],
    word: fn(T) -> &'static str,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static {
    move |text| {
        let found = all.iter().copied().find(|known| word(*known) == text);
        found.ok_or_else(|| {
            let words = all.iter().map(|known| word(*known)).collect::<Vec<_>>();
            format!("there are: {}", words.join(", "))
        })
    }
}

pub(super) fn run(arguments: &CheckArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let Some(asked) = question::asked(arguments, console)? else { return Ok(Exit::Wrong) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let judging =
        async |asked: &Asked, handle: &Handle, _: Values| judge(arguments, asked, handle, console, machine).await;
    let ended = runtime.block_on(interruptible(arguments, asked, console, machine, judging));
    runtime.shutdown_background();
    ended
}

async fn interruptible(
    arguments: &CheckArguments,
    asked: Asked,
    console: &Console,
    machine: &Machine,
    judging: impl AsyncFnOnce(&Asked, &Handle, Values) -> Result<Exit, Stop>,
) -> Result<Exit, Stop> {
    let mut signals = Signals::listen()?;
    let trusted = opening::is_trusted(&asked.plan.digest)?;
    let mut prepared = tokio::select! {
        prepared = opening::prepare(&asked.plan, trusted, machine) => prepared?,
        exit = signals.next() => return Ok(interrupted(exit, console)),
    };
    if arguments.session.is_some() || arguments.inquires {
        prepared.leave_outbox();
    }
    prepared.inquires = arguments.inquires;
    let keeping = Keeping::of(arguments.journal.as_deref())?;
    prepared.facts.extend(rehearse::known(&asked.plan, &Keeping::of(None)?));
    let journal = asked.journal(&keeping, machine)?;
    let beginning = asked.beginning(prepared.version.clone());
    let values = prepared.values().clone();
    // A run that is over in a moment keeps no gate: nobody could ask it.
    let gate = if arguments.watch { GateKeeping::Watched } else { GateKeeping::Not };
    let steps = keeping.steps(&asked.session);
    let (handle, running) = opening::open(prepared, beginning, journal, machine, &steps, gate)?;
    let ended = tokio::select! {
        ended = judging(&asked, &handle, values) => ended,
        exit = signals.next() => Ok(interrupted(exit, console)),
    };
    handle.quit();
    drop(handle);
    running.join().map_err(|error| Stop::because(&error))?;
    ended
}

fn interrupted(exit: Exit, console: &Console) -> Exit {
    if console.is_watched() {
        console.progress("");
    }
    console.say("interrupted: nothing is claimed");
    exit
}

async fn judge(
    arguments: &CheckArguments,
    asked: &Asked,
    handle: &Handle,
    console: &Console,
    machine: &Machine,
) -> Result<Exit, Stop> {
    let bound = arguments.until_go.unwrap_or_else(|| asked.bound());
    let settling = headless::settle(handle, &machine.operator, asked.wanted(), clock::now, bound);
    let began = clock::now();
    progress::shown(handle, asked, console, settling).await;
    if arguments.inquires {
        headless::inquired(handle, clock::now, LONGEST_INQUIRY).await;
    }
    if let Some(bound) = arguments.until_go {
        let left = bound.saturating_sub(clock::now().since(began).unwrap_or(bound));
        let is_enough = |answer| Exit::of(answer, arguments.strict) == Exit::Go;
        let permitting = headless::until_go(handle, &asked.inquiry, clock::now, left, is_enough);
        progress::shown(handle, asked, console, permitting).await;
    }
    let answer = report(arguments, asked, &now_known(handle), console, machine)?;
    if arguments.watch {
        return watch(arguments, asked, handle, console, machine).await;
    }
    Ok(Exit::of(answer, arguments.strict))
}

fn now_known(handle: &Handle) -> Arc<State> {
    Arc::clone(&handle.watch().borrow())
}

fn report(
    arguments: &CheckArguments,
    asked: &Asked,
    state: &State,
    console: &Console,
    machine: &Machine,
) -> Result<Answer, Stop> {
    let circumstances =
        Circumstances { operator: machine.operator.id.clone(), plan: asked.path.clone(), journal: None };
    let report = build::report(state, &asked.inquiry, &circumstances, clock::now());
    formats::write(&arguments.formats, &report, console)?;
    Ok(report.verdict)
}

/// Prints the report again whenever the answer or its reasons change. Ends by a signal, with the engine, or when nobody
/// reads the reports any more.
async fn watch(
    arguments: &CheckArguments,
    asked: &Asked,
    handle: &Handle,
    console: &Console,
    machine: &Machine,
) -> Result<Exit, Stop> {
    let mut states = handle.watch();
    let mut told = told(&states.borrow_and_update().clone(), asked);
    loop {
        // Evidence goes stale by time alone: looked at again every second, whatever happens.
        let changed = tokio::time::timeout(Duration::from_secs(1), states.changed()).await;
        if matches!(changed, Ok(Err(_))) {
            return Err(Stop::own("the engine ended by itself"));
        }
        if formats::on_standard_output(&arguments.formats) && console.is_closed() {
            return Ok(Exit::of(told.0, arguments.strict));
        }
        let state = Arc::clone(&states.borrow_and_update());
        let now_told = self::told(&state, asked);
        if now_told != told {
            told = now_told;
            report(arguments, asked, &state, console, machine)?;
        }
    }
}

type Told = (Answer, Vec<(Option<crate::core::event::Subject>, Answer)>);

fn told(state: &State, asked: &Asked) -> Told {
    let verdict = verdict::verdict(state, &asked.inquiry, clock::now());
    (verdict.answer(), verdict.reasons().iter().map(|reason| (reason.subject.clone(), reason.weight)).collect())
}
