//! What moves a go-live forward: steps, the gate, the end. Each asks the verdict first (DECISIONS 3).

use crate::core::decide::{Refusal, find, written};
use crate::core::event::{Body, SessionEvent, StepEvent};
use crate::core::state::{State, StepStatus};
use crate::core::status;
use crate::core::verdict::{self, Inquiry, Scope};
use crate::model::id::ItemId;
use crate::model::item::NotBy;
use crate::model::operator::Operator;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::{Phase, Question};

/// Refuses unless the verdict on a question permits, and says what stands against it first.
fn permitted(state: &State, question: Question, now: Now, what: &str) -> Result<(), Refusal> {
    let verdict = verdict::verdict(state, &Inquiry { question, scope: Scope::All }, now);
    if verdict.answer().permits() {
        return Ok(());
    }
    let first = verdict.reasons().first().map(|reason| reason.message.clone()).unwrap_or_default();
    Err(Refusal::new(format!("{what} needs GO on \"{question}\"; it is {}: {first}", verdict.answer().words()))
        .instead("mend what stands against it, or waive it with a reason"))
}

pub(super) fn start_step(state: &State, id: &ItemId, by: &Operator, now: Now) -> Result<Vec<Body>, Refusal> {
    let (item, known) = find(state, id)?;
    if state.procedure().is_under_way() {
        return Err(Refusal::new("the rollback is under way").instead("press R to stop it"));
    }
    if let Some(hold) = &state.ceremony().hold {
        return Err(Refusal::new(format!("the go-live is held by {}: {}", hold.by, hold.reason))
            .instead("press H to let it go on"));
    }
    if item.step.is_none() {
        return Err(Refusal::new(format!("{} has no step to start", item.title)));
    }
    refuse_approver(state, by, now)?;
    if let Some(step) = &known.step
        && step.is_under_way()
    {
        return Err(Refusal::new(format!("{} is running already", item.title)).instead("press x again to stop it"));
    }
    let mut events = Vec::new();
    if item.phase == Phase::Deployment && !state.session().is_open(Some(Phase::Deployment)) {
        permitted(state, Question::Deploy, now, "the first deployment step")?;
        events.push(Body::Session(SessionEvent::PhaseOpened { phase: Phase::Deployment }));
    } else if !state.session().is_open(Some(item.phase)) {
        return Err(Refusal::new(format!("{} is not open yet", item.phase.word().replace('_', "-"))));
    }
    let undone = item
        .needs
        .iter()
        .filter_map(|need| state.item(need))
        .find(|(need, known)| !status::item_status(state, need, known, now).is_done());
    if let Some((need, _)) = undone {
        return Err(Refusal::new(format!("{} comes first", need.title)).instead("settle it, or waive it with a reason"));
    }
    events.push(Body::Step(StepEvent::Intended { item: id.clone(), effect: state.next_effect() }));
    Ok(events)
}

/// Whoever runs a step takes back what only others may say: their own signature would no longer count.
fn refuse_approver(state: &State, by: &Operator, now: Now) -> Result<(), Refusal> {
    if status::ran(state, by).is_some() {
        return Ok(());
    }
    let needed = state.items().find(|(item, known)| {
        let Some(manual) = item.manual.as_ref().filter(|manual| manual.not_by == Some(NotBy::Runner)) else {
            return false;
        };
        let counting = status::counting(state, item, known);
        let own = counting.iter().filter(|signature| signature.by.normalised() == by.normalised()).count();
        let is_done = status::item_status(state, item, known, now).is_done();
        is_done && own > 0 && counting.len() - own < usize::from(manual.approvals)
    });
    match needed {
        Some((item, _)) => Err(Refusal::new(format!(
            "{} has signed {}, which whoever runs the deployment may not do",
            by.id, item.title
        ))
        .instead("let somebody else start it, or sign it in your place")),
        None => Ok(()),
    }
}

pub(super) fn stop_step(state: &State, id: &ItemId) -> Result<Body, Refusal> {
    let (item, known) = find(state, id)?;
    match &known.step {
        Some(step) if matches!(step.status, StepStatus::Intended | StepStatus::Running) => {
            Ok(Body::Step(StepEvent::StopAsked { item: id.clone(), effect: step.effect }))
        }
        Some(step) if step.is_under_way() => Err(Refusal::new(format!("{} is being stopped already", item.title))),
        _ => Err(Refusal::new(format!("{} is not running", item.title))),
    }
}

pub(super) fn begin_deployment(state: &State, now: Now) -> Result<Vec<Body>, Refusal> {
    if state.session().is_open(Some(Phase::Deployment)) {
        return Err(Refusal::new("the deployment has begun already"));
    }
    permitted(state, Question::Deploy, now, "the deployment")?;
    Ok(vec![Body::Session(SessionEvent::PhaseOpened { phase: Phase::Deployment })])
}

pub(super) fn open_gate(state: &State, now: Now) -> Result<Vec<Body>, Refusal> {
    if state.session().gate_opened.is_some() {
        return Err(Refusal::new("the gate is open already"));
    }
    let mut events = Vec::new();
    if !state.session().is_open(Some(Phase::Deployment)) {
        if state.plan().items_of(Phase::Deployment).next().is_some() {
            return Err(Refusal::new("the deployment has not begun").instead("start its first step"));
        }
        // A plan without a deployment of its own: the gate is all there is to open.
        events.push(Body::Session(SessionEvent::PhaseOpened { phase: Phase::Deployment }));
    }
    permitted(state, Question::Open, now, "the gate")?;
    events.push(Body::Session(SessionEvent::GateOpened));
    Ok(events)
}

pub(super) fn close_gate(state: &State, reason: &str) -> Result<Body, Refusal> {
    if state.session().gate_opened.is_none() {
        return Err(Refusal::new("the gate is closed already"));
    }
    Ok(Body::Session(SessionEvent::GateClosed { reason: written(reason, "closing the gate")? }))
}

pub(super) fn close(state: &State, now: Now) -> Result<Body, Refusal> {
    if state.session().gate_opened.is_none() {
        return Err(Refusal::new("the gate has not been opened: there is nothing to close yet")
            .instead("open the gate first, or abort the session"));
    }
    refuse_rotation(state)?;
    permitted(state, Question::Close, now, "closing")?;
    Ok(Body::Session(SessionEvent::Closed))
}

/// A session that ended could not bring a rotation to its end.
fn refuse_rotation(state: &State) -> Result<(), Refusal> {
    match state.rotations().find(|(_, walk)| walk.is_under_way()) {
        Some((id, walk)) => Err(Refusal::new(format!("a rotation of {id} is under way: {}", walk.stage.words()))
            .instead("bring it to its end, or abort it")),
        None => Ok(()),
    }
}

pub(super) fn abort(state: &State, reason: &str) -> Result<Body, Refusal> {
    let running = state.items().find(|(_, known)| known.step.as_ref().is_some_and(|step| step.is_under_way()));
    if let Some((item, _)) = running {
        return Err(Refusal::new(format!("{} is still running", item.title)).instead("stop it first"));
    }
    refuse_rotation(state)?;
    if state.procedure().is_under_way() {
        return Err(Refusal::new("the rollback is under way").instead("stop it first: R"));
    }
    let reason: SafeText = written(reason, "aborting")?;
    Ok(Body::Session(SessionEvent::Aborted { reason }))
}
