//! The pilot of the demo's unattended flights: what a careful operator would do next, as a function of state.
//!
//! It waives nothing and forces nothing. It asks for probes on demand, signs what has its evidence, starts steps in
//! order, opens the gate and closes the session, each only on a verdict that permits and rests on a result of every
//! check that counts.

use std::time::Duration;

use crate::core::decide::Command;
use crate::core::notice::test;
use crate::core::rollback;
use crate::core::state::{CheckState, Life, Sight, Stage, State, StepStatus};
use crate::core::status::{self, ItemStatus, Lack};
use crate::core::verdict::{Inquiry, Scope, verdict};
use crate::model::id::CheckId;
use crate::model::item::Item;
use crate::model::plan::{Check, Run};
use crate::model::time::Now;
use crate::model::word::{Phase, Question, Severity};

/// What to do next; `None` when there is nothing but to wait, or nothing at all.
#[must_use]
pub fn next_move(state: &State, now: Now) -> Option<Command> {
    if state.outcome().is_some() || state.procedure().is_under_way() {
        return None;
    }
    roll_back(state).or_else(|| demand(state)).or_else(|| sign(state, now)).or_else(|| advance(state, now))
}

/// What golive recommends by the plan's own triggers, a careful operator does; a rollback that failed is a person's.
fn roll_back(state: &State) -> Option<Command> {
    let recommended = state.procedure().recommended.is_some() && state.procedure().stage == Stage::NotRun;
    recommended.then_some(Command::RollBack { reason: None })
}

/// The decision to type a code back that has arrived, where a check waits for one.
#[must_use]
pub fn code_to_type(state: &State, code: Option<String>) -> Option<Command> {
    let code = code?;
    let fits = |known: &CheckState| {
        let latest = known.latest.as_ref()?;
        test::waiting(&latest.evidence).any(|(_, digest)| test::fits(&code, digest)).then_some(())
    };
    let waits = state.checks().find(|(_, known)| fits(known).is_some());
    waits.map(|(check, _)| Command::ConfirmCode { check: check.id.clone(), code })
}

/// What stands in the way this long stays there, however rarely it is looked at.
const PATIENCE: Duration = Duration::from_secs(4);

/// Whether waiting longer changes nothing: the session has ended, or no move is left, nothing is under way, and what
/// stands in the way has stood there for two intervals (four seconds at most).
#[must_use]
pub fn is_over(state: &State, now: Now) -> bool {
    if state.session().ended.is_some() {
        return true;
    }
    let coming = state.procedure().stage == Stage::NotRun && !rollback::triggers(state, now).is_empty();
    let is_quiet = !coming && !is_anything_under_way(state) && !is_anything_pending(state) && !is_gathering(state, now);
    next_move(state, now).is_none() && is_quiet && all_known(state) && is_steady(state, now)
}

/// Whether an alert may be about to fire: a careful operator waits for it.
fn is_anything_pending(state: &State) -> bool {
    state.alerts().any(|(_, known)| matches!(known.life, Life::Pending(_)))
}

/// Whether a rule still gathers the samples that it needs: they come by themselves, and soon.
fn is_gathering(state: &State, now: Now) -> bool {
    let age = now.since(state.session().opened).unwrap_or(Duration::MAX);
    state.alerts().enumerate().any(|(position, (_, known))| {
        let Some(rule) = state.rules().rule(position).filter(|_| known.sight == Sight::Never) else { return false };
        let reach = rule.condition.questions().iter().map(|question| question.window).max().unwrap_or_default();
        let comes = |check: &usize| {
            let (check, known) = state.check_at(*check);
            !known.blocks() && state.session().is_open(check.phase)
        };
        age < reach + PATIENCE && rule.checks.iter().all(comes) && !rule.ancestors.iter().any(|check| !comes(check))
    })
}

/// How long what stands in the way has to have stood there: so long as the rules over what customers meet need to see
/// it too, but no longer than [`PATIENCE`].
fn patience(state: &State) -> Duration {
    let questions = (0..state.plan().alerts.len()).filter_map(|rule| state.rules().rule(rule));
    let windows = questions.flat_map(|rule| rule.condition.questions().iter().map(|question| question.window));
    windows.max().unwrap_or_default().min(PATIENCE)
}

fn question(state: &State) -> Question {
    state.session().question()
}

fn counted(state: &State) -> impl Iterator<Item = (usize, &Check, &CheckState)> {
    let question = question(state);
    let checks = state.checks().enumerate().map(|(position, (check, known))| (position, check, known));
    checks.filter(move |(_, check, _)| {
        check.run != Run::AfterRollback && check.phase.is_none_or(|phase| question.includes(phase))
    })
}

/// Whether a check can come to a result as things stand.
fn can_run(state: &State, position: usize, check: &Check) -> bool {
    state.session().is_open(check.phase)
        && !status::is_kept_from_production(state, check)
        && status::may_run(state, position)
}

fn demand(state: &State) -> Option<Command> {
    let wanted = counted(state).filter(|(position, check, known)| {
        let idle = known.latest.is_none() && known.running.is_none();
        check.run == Run::OnDemand && idle && can_run(state, *position, check)
    });
    let checks: Vec<CheckId> = wanted.map(|(_, check, _)| check.id.clone()).collect();
    (!checks.is_empty()).then_some(Command::RunAgain { checks })
}

fn sign(state: &State, now: Now) -> Option<Command> {
    let waits = state.items().find(|(item, known)| {
        let lacks = status::lacks(state, item, known, now);
        item.manual.is_some()
            && status::item_status(state, item, known, now) == ItemStatus::Waiting
            && lacks.iter().all(|lack| matches!(lack, Lack::Signatures { given: 0, suspended: false, .. }))
    });
    waits.map(|(item, _)| Command::Sign { item: item.id.clone(), note: None })
}

fn advance(state: &State, now: Now) -> Option<Command> {
    if !all_known(state) || !permits(state, question(state), now) || is_gathering(state, now) {
        return steps_to_go(state, now);
    }
    match question(state) {
        Question::Deploy => steps_to_go(state, now).or(Some(Command::BeginDeployment)),
        Question::Open => Some(Command::OpenGate),
        Question::Close => (!is_anything_pending(state)).then_some(Command::CloseSession),
    }
}

/// The next step in plan order. The first of the deployment needs a verdict that permits; between steps the question
/// is whether to open, which cannot be answered before the last one.
fn steps_to_go(state: &State, now: Now) -> Option<Command> {
    let begun = state.session().is_open(Some(Phase::Deployment));
    if !begun && (!all_known(state) || !permits(state, Question::Deploy, now) || is_gathering(state, now)) {
        return None;
    }
    for (item, known) in state.items().filter(|(item, _)| item.step.is_some()) {
        let is_its_time = item.phase == Phase::Deployment || state.session().is_open(Some(item.phase));
        match known.step.as_ref().map(|step| &step.status) {
            // A step that runs, failed, or ended nobody knows how: nothing behind it is started.
            Some(_) if status::lacks(state, item, known, now).iter().any(is_about_step) => return None,
            Some(_) => {}
            None if !is_its_time || !is_ready(state, item, now) => return None,
            None => return Some(Command::StartStep { item: item.id.clone() }),
        }
    }
    None
}

const fn is_about_step(lack: &Lack) -> bool {
    matches!(lack, Lack::StepRunning | Lack::StepUndone | Lack::StepFailed(_) | Lack::StepUnknown(_))
}

fn is_ready(state: &State, item: &Item, now: Now) -> bool {
    let mut needs = item.needs.iter().filter_map(|need| state.item(need));
    needs.all(|(need, known)| status::item_status(state, need, known, now).is_done())
}

fn permits(state: &State, question: Question, now: Now) -> bool {
    verdict(state, &Inquiry { question, scope: Scope::All }, now).answer().permits()
}

/// Whether each check that counts has a result, is blocked by one that has, or can have none here.
fn all_known(state: &State) -> bool {
    counted(state).all(|(position, check, known)| known.latest.is_some() || !is_coming(state, position, check))
}

/// Whether a result can still come: nothing below is in the way, though it may itself be on its way.
fn is_coming(state: &State, position: usize, check: &Check) -> bool {
    let below = state.index().dependencies(position);
    let blocked = below.iter().any(|below| {
        let (under, known) = state.check_at(*below);
        known.blocks() || (known.latest.is_none() && !is_coming(state, *below, under))
    });
    state.session().is_open(check.phase) && !status::is_kept_from_production(state, check) && !blocked
}

fn is_anything_under_way(state: &State) -> bool {
    let session = state.session();
    state.procedure().is_under_way()
        || state.items().any(|(item, known)| {
            let step = known.step.as_ref().map(|step| &step.status);
            let runs = matches!(step, Some(StepStatus::Intended | StepStatus::Running | StepStatus::Stopping));
            let soaks = item.soak.is_some() && session.is_open(Some(item.phase));
            runs || (soaks && !matches!(known.soak, crate::core::state::Soaking::Done(_)) && !is_anything_bad(state))
        })
}

/// Whether something fails that breaks a quiet time: a warning does not.
fn is_anything_bad(state: &State) -> bool {
    counted(state).any(|(_, check, known)| known.blocks() && check.severity == Severity::Critical)
}

fn is_steady(state: &State, now: Now) -> bool {
    let patience = patience(state);
    counted(state).filter(|(_, _, known)| known.blocks()).all(|(_, check, known)| {
        let stood = known.latest.as_ref().map(|latest| now.at.duration_since(latest.since).unsigned_abs());
        check.run == Run::OnDemand
            || stood.is_some_and(|stood| stood >= (check.every.0 * 2).max(patience).min(PATIENCE))
    })
}
