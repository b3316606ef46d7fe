//! What `golive check` was asked: which plan, which question, whose word counts, which checks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use globset::{Glob, GlobSet, GlobSetBuilder};

use crate::cli::check::CheckArguments;
use crate::cli::console::Console;
use crate::cli::exit::Stop;
use crate::cli::machine::Machine;
use crate::cli::opening::Keeping;
use crate::cli::{lint, report};
use crate::core::event::{Body, Event, ProcedureEvent, Purpose, SessionEvent};
use crate::core::state::State;
use crate::core::verdict::{Inquiry, Scope};
use crate::engine::Beginning;
use crate::journal::Journal;
use crate::model::id::{CheckId, SessionId};
use crate::model::plan::{Plan, Run, SharedPlan};
use crate::model::text::SafeText;
use crate::model::word::Question;

/// What was asked.
pub(super) struct Asked {
    pub(super) plan: SharedPlan,
    /// The plan's file, where one was read.
    pub(super) path: Option<String>,
    pub(super) inquiry: Inquiry,
    pub(super) session: SessionId,
    /// The session whose decisions count, as it stands.
    taken_in: Option<State>,
}

impl Asked {
    /// The checks that are waited for; all when `None`.
    pub(super) const fn wanted(&self) -> Option<&BTreeSet<CheckId>> {
        match &self.inquiry.scope {
            Scope::All | Scope::Machines => None,
            Scope::Selection { checks, .. } => Some(checks),
        }
    }

    /// Longer than all checks one after another may take: each keeps its own time, this is for what should not be.
    pub(super) fn bound(&self) -> Duration {
        let waits = |check: &crate::model::plan::Check| {
            let attempts = check.retry.attempts.max(1);
            (check.timeout.0 + check.retry.delay.0 * attempts.min(10)) * attempts
        };
        let all: Duration = self.plan.checks.iter().map(waits).sum();
        (all + Duration::from_secs(30)).min(Duration::from_secs(3600))
    }

    /// Where this run keeps its events. A session that is taken in is never written to.
    pub(super) fn journal(&self, keeping: &Keeping, machine: &Machine) -> Result<Journal, Stop> {
        if self.taken_in.is_some() { Ok(Journal::memory()) } else { keeping.journal(&self.session, machine) }
    }

    pub(super) fn beginning(&self, version: Option<SafeText>) -> Beginning {
        match &self.taken_in {
            Some(state) => Beginning::Resumed(Box::new(state.clone())),
            None => Beginning::New {
                session: self.session.clone(),
                purpose: Purpose::Check,
                plan: Arc::clone(&self.plan),
                version,
            },
        }
    }
}

/// What the arguments ask; `None` when the plan is wrong and that has been said.
pub(super) fn asked(arguments: &CheckArguments, console: &Console) -> Result<Option<Asked>, Stop> {
    match &arguments.session {
        Some(session) => of_session(arguments, session, console).map(Some),
        None => of_plan(arguments, console),
    }
}

fn of_plan(arguments: &CheckArguments, console: &Console) -> Result<Option<Asked>, Stop> {
    let question = arguments.question.unwrap_or(Question::Deploy);
    if question != Question::Deploy {
        return Err(Stop::wrong(format!("--question {question} needs --session: it rests on what people decided"))
            .instead("list the sessions: golive sessions"));
    }
    let path = Machine::plan_path(arguments.plan.as_deref())?;
    let Some(loaded) = lint::load(&path, console) else { return Ok(None) };
    let mut plan = loaded.plan;
    let scope = match selected(arguments, &plan)? {
        Some(checks) => {
            plan = narrowed(plan, &checks);
            Scope::Selection { checks, phases: arguments.phases.clone() }
        }
        None => Scope::Machines,
    };
    Ok(Some(Asked {
        plan: Arc::new(plan),
        path: Some(path.display().to_string()),
        inquiry: Inquiry { question, scope },
        session: SessionId::new(&ulid::Ulid::generate().to_string()),
        taken_in: None,
    }))
}

fn of_session(arguments: &CheckArguments, session: &str, console: &Console) -> Result<Asked, Stop> {
    let (state, events) = report::read(session, console)?;
    let plan = state.shared_plan();
    if let Some(named) = &arguments.plan {
        let same = lint::load(named, console).is_some_and(|loaded| loaded.plan.digest == plan.digest);
        if !same {
            return Err(Stop::wrong(format!("session {session} is of another plan than {}", named.display()))
                .instead("leave the plan out: the session has its own"));
        }
    }
    let scope = match selected(arguments, &plan)? {
        Some(checks) => Scope::Selection { checks, phases: arguments.phases.clone() },
        None => Scope::All,
    };
    let question = arguments.question.unwrap_or_else(|| state.session().question());
    let inquiry = Inquiry { question, scope };
    let mut taken_in = State::fold(&without_running_steps(&state, events)).map_err(|error| Stop::because(&error))?;
    taken_in.set_harm(state.harm().cloned());
    Ok(Asked { plan, path: None, inquiry, session: state.session().id.clone(), taken_in: Some(taken_in) })
}

/// A step that runs belongs to the cockpit that started it: here it counts as not run, and nobody attaches to it.
fn without_running_steps(state: &State, events: Vec<Event>) -> Vec<Event> {
    let running: BTreeSet<_> = state
        .items()
        .filter_map(|(_, known)| known.step.as_ref())
        .chain(state.rollback_steps().filter_map(|(_, run)| run))
        .filter(|step| step.is_under_way())
        .map(|step| step.effect)
        .collect();
    let effect = |event: &Event| match &event.body {
        Body::Step(body) => Some(body.run().1),
        Body::Procedure(ProcedureEvent::Step(body)) => Some(body.run().1),
        _ => None,
    };
    let events = events.into_iter().filter(|event| effect(event).is_none_or(|effect| !running.contains(&effect)));
    let begins = |event: &Event| matches!(event.body, Body::Procedure(ProcedureEvent::Begun { .. }));
    let mut events: Vec<Event> = events.collect();
    // Nor does anybody here go on with a rollback, or begin one.
    if state.procedure().is_under_way()
        && let Some(begun) = events.iter().rposition(begins)
    {
        let why = SafeText::from_foreign("it is under way in another golive");
        events.truncate(begun + 1);
        events[begun].body = Body::Procedure(ProcedureEvent::Failed { why, left: Vec::new() });
    }
    for event in &mut events {
        if let Body::Session(SessionEvent::Opened { plan, .. } | SessionEvent::PlanChanged { plan }) = &mut event.body
            && plan.rollback.unattended
        {
            Arc::make_mut(plan).rollback.unattended = false;
        }
    }
    events
}

/// The checks that `--phase` and `--only` choose; `None` when neither was given.
fn selected(arguments: &CheckArguments, plan: &Plan) -> Result<Option<BTreeSet<CheckId>>, Stop> {
    if arguments.phases.is_empty() && arguments.only.is_empty() {
        return Ok(None);
    }
    let globs = globs(&arguments.only)?;
    let of_phase = |id: &CheckId| {
        let items = plan.items.iter().filter(|item| item.checks.contains(id));
        arguments.phases.is_empty() || items.into_iter().any(|item| arguments.phases.contains(&item.phase))
    };
    let fits = |id: &CheckId| arguments.only.is_empty() || globs.is_match(id.as_str());
    let ids = plan.checks.iter().map(|check| &check.id);
    let chosen: BTreeSet<_> = ids.filter(|id| of_phase(id) && fits(id)).cloned().collect();
    if chosen.is_empty() {
        return Err(Stop::wrong("no check of the plan is selected").instead(nearest(arguments, plan)));
    }
    Ok(Some(chosen))
}

fn globs(texts: &[String]) -> Result<GlobSet, Stop> {
    let mut set = GlobSetBuilder::new();
    for text in texts {
        set.add(Glob::new(text).map_err(|error| Stop::wrong(format!("--only {text} is no glob: {}", error.kind())))?);
    }
    set.build().map_err(|error| Stop::wrong(format!("--only: {}", error.kind())))
}

fn nearest(arguments: &CheckArguments, plan: &Plan) -> String {
    let wrong = arguments.only.first().map_or("", String::as_str);
    let ids = plan.checks.iter().map(|check| check.id.as_str());
    match ids.min_by_key(|id| strsim::damerau_levenshtein(id, wrong)) {
        Some(id) if !wrong.is_empty() => format!("the nearest id is {id}"),
        _ => "the checks are listed by: golive lint --expand".to_owned(),
    }
}

/// The plan with all else put to rest: what was selected, and what it stands on, runs from the start; the rest only if
/// a person asked.
pub(in crate::cli) fn narrowed(mut plan: Plan, selected: &BTreeSet<CheckId>) -> Plan {
    let mut needed = selected.clone();
    let mut open: Vec<CheckId> = selected.iter().cloned().collect();
    while let Some(id) = open.pop() {
        for below in plan.check(&id).map(|check| check.depends_on.clone()).unwrap_or_default() {
            if needed.insert(below.clone()) {
                open.push(below);
            }
        }
    }
    for check in &mut plan.checks {
        if needed.contains(&check.id) {
            check.phase = None;
        } else {
            check.run = Run::OnDemand;
        }
    }
    plan
}
