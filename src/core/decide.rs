//! May this person do this now? The answer is the events that follow from it, or a refusal in one sentence.
//!
//! The way past a HOLD or NO-GO is a waiver, never a force key (DECISIONS 3).

mod ceremony;
mod command;
mod confirm;
mod enforcement;
mod rollback;
mod rotation;
mod session;
mod task;
mod triage;

use std::time::Duration;

pub use command::Command;

use crate::core::alerts;
use crate::core::digest;
use crate::core::event::{Body, CheckEvent, ItemEvent, Subject};
use crate::core::state::{ItemState, State};
use crate::core::status;
use crate::model::id::{CheckId, ItemId};
use crate::model::item::{Item, NotBy, Waivable};
use crate::model::operator::Operator;
use crate::model::plan::Run;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// Why something may not be done, in one sentence, with what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Refusal {
    /// Why not.
    pub what: String,
    /// What to do instead.
    pub instead: Option<String>,
}

impl Refusal {
    /// A refusal without a way around it.
    #[must_use]
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), instead: None }
    }

    /// The same, with what to do instead.
    #[must_use]
    pub fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }
}

/// The longest waiver: what is needed longer belongs into the plan.
const LONGEST_WAIVER: Duration = Duration::from_secs(30 * 86_400);

/// The events that follow when `by` does this now.
///
/// # Errors
/// A [`Refusal`] when it may not be done.
pub fn decide(state: &State, command: &Command, by: &Operator, now: Now) -> Result<Vec<Body>, Refusal> {
    if by.normalised().is_empty() {
        return Err(Refusal::new("a decision needs a name").instead("type your name"));
    }
    if let (Some((outcome, _)), false) = (&state.session().ended, matches!(command, Command::Note { .. })) {
        return Err(Refusal::new(format!("the session has ended ({outcome:?})").to_lowercase()));
    }
    let body = match command {
        Command::Sign { item, note } => sign(state, item, note.as_ref(), by)?,
        Command::TakeBackSignature { item } => take_back(state, item, by)?,
        Command::Object { item, reason } => object(state, item, reason)?,
        Command::WithdrawObjection { item } => withdraw(state, item, by)?,
        Command::Waive { subject, reason, until } => waive(state, subject, reason, *until, by, now)?,
        Command::EndWaiver { subject } => end_waiver(state, subject, by)?,
        Command::Claim { item } => {
            find(state, item)?;
            Body::Item(ItemEvent::Claimed { item: item.clone() })
        }
        Command::Unclaim { item } => unclaim(state, item, by)?,
        Command::Note { subject, text } => {
            let text = written(text, "a note")?;
            Body::Item(ItemEvent::Noted { subject: subject.clone(), text })
        }
        Command::Tick { check, step, done } => triage::tick(state, check, *step, *done)?,
        Command::TakeTask { check } => task::take(state, check)?,
        Command::TaskDone { check, note } => return task::done(state, check, note.as_ref()),
        Command::ConfirmCode { check, code } => return confirm::confirm(state, check, code, by),
        Command::Acknowledge { alert, note } => alerts::acknowledge(state, alert, note.as_ref(), by)?,
        Command::TakeBackAcknowledgement { alert } => alerts::unacknowledge(state, alert, by)?,
        Command::Silence { alert, reason, until } => alerts::silence(state, alert, reason, *until, now)?,
        Command::EndSilence { alert } => alerts::end_silence(state, alert, by)?,
        Command::DeclareLull { reason, until } => alerts::declare_lull(reason, *until, now)?,
        Command::EndLull => alerts::end_lull(state, by)?,
        Command::RunAgain { checks } => run_again(state, checks)?,
        Command::StartStep { item } => return session::start_step(state, item, by, now),
        Command::StopStep { item } => session::stop_step(state, item)?,
        Command::Enforce { checks, variables, digest } => enforcement::enforce(state, checks, variables, digest)?,
        Command::UndoEnforcement { effect } => enforcement::undo(state, *effect)?,
        Command::BeginDeployment => return session::begin_deployment(state, now),
        Command::OpenGate => return session::open_gate(state, now),
        Command::CloseGate { reason } => session::close_gate(state, reason)?,
        Command::CloseSession => session::close(state, now)?,
        Command::AbortSession { reason } => session::abort(state, reason)?,
        Command::Rotate { credential, value } => rotation::begin(state, credential, value.is_some())?,
        Command::AbortRotation { credential } => rotation::abort(state, credential, by)?,
        Command::RetireOld { credential } => rotation::retire(state, credential)?,
        Command::AcknowledgeSeen { what } => rotation::acknowledge(state, what)?,
        Command::RollBack { reason } => return rollback::begin(state, reason.as_ref(), now),
        Command::StopRollback => rollback::stop(state)?,
        Command::SayInPoll { role, word, reason } => ceremony::poll(state, role, *word, reason.as_ref())?,
        Command::Hold { reason } => ceremony::hold(state, reason)?,
        Command::LiftHold => ceremony::lift_hold(state)?,
    };
    Ok(vec![body])
}

fn find<'a>(state: &'a State, id: &ItemId) -> Result<(&'a Item, &'a ItemState), Refusal> {
    state.item(id).ok_or_else(|| Refusal::new(format!("the plan has no item {id}")))
}

fn written(text: &str, what: &str) -> Result<SafeText, Refusal> {
    let text = SafeText::bounded(text.trim(), 1_000);
    if text.is_empty() { Err(Refusal::new(format!("{what} needs words"))) } else { Ok(text) }
}

fn sign(state: &State, id: &ItemId, note: Option<&String>, by: &Operator) -> Result<Body, Refusal> {
    let (item, known) = find(state, id)?;
    let Some(manual) = &item.manual else {
        return Err(Refusal::new(format!("{} settles by evidence, not by a signature", item.title))
            .instead("press w to waive it with a reason"));
    };
    if !state.session().is_open(Some(item.phase)) {
        return Err(Refusal::new(format!("{} is not open yet", phase_words(item))));
    }
    let current = digest::of_item(state, item);
    if manual.not_by == Some(NotBy::Runner)
        && let Some(ran) = status::ran(state, by)
    {
        return Err(Refusal::new(format!("{} has run {} and cannot sign {}", by.id, ran.title, item.title))
            .instead("somebody who ran no step of this go-live has to sign it"));
    }
    let counted = status::counting(state, item, known);
    if counted.iter().any(|signature| signature.by.normalised() == by.normalised()) {
        let left = usize::from(manual.approvals).saturating_sub(counted.len());
        let refusal = Refusal::new(format!("{} has signed {} already", by.id, item.title));
        return Err(if left > 0 { refusal.instead("another person has to sign") } else { refusal });
    }
    if let Some(failing) = item.checks.iter().find(|id| is_failing(state, id)) {
        return Err(Refusal::new(format!("{failing} fails: there is nothing to sign yet"))
            .instead("mend it, or waive the check with a reason"));
    }
    let note = note.map(|note| SafeText::bounded(note.trim(), 1_000)).filter(|note| !note.is_empty());
    Ok(Body::Item(ItemEvent::Signed { item: id.clone(), digest: current, note }))
}

fn is_failing(state: &State, id: &CheckId) -> bool {
    state.check(id).is_some_and(|(_, known)| known.known_failure().is_some() && known.waiver.is_none())
}

fn phase_words(item: &Item) -> String {
    item.phase.word().replace('_', "-")
}

fn take_back(state: &State, id: &ItemId, by: &Operator) -> Result<Body, Refusal> {
    let (item, known) = find(state, id)?;
    if !known.signatures.iter().any(|signature| signature.by.normalised() == by.normalised()) {
        return Err(Refusal::new(format!("{} has not signed {}", by.id, item.title)));
    }
    Ok(Body::Item(ItemEvent::Unsigned { item: id.clone() }))
}

fn unclaim(state: &State, id: &ItemId, by: &Operator) -> Result<Body, Refusal> {
    let (item, known) = find(state, id)?;
    if known.claim.as_ref().is_none_or(|claim| claim.by.normalised() != by.normalised()) {
        return Err(Refusal::new(format!("{} is not on {}", by.id, item.title)));
    }
    let why = SafeText::from_foreign(&format!("{} is no longer on it", by.id));
    Ok(Body::Item(ItemEvent::ClaimEnded { item: id.clone(), why }))
}

fn object(state: &State, id: &ItemId, reason: &str) -> Result<Body, Refusal> {
    find(state, id)?;
    Ok(Body::Item(ItemEvent::Objected { item: id.clone(), reason: written(reason, "an objection")? }))
}

fn withdraw(state: &State, id: &ItemId, by: &Operator) -> Result<Body, Refusal> {
    let (item, known) = find(state, id)?;
    if !known.objections.iter().any(|objection| objection.by.normalised() == by.normalised()) {
        return Err(Refusal::new(format!("{} does not object to {}", by.id, item.title))
            .instead("only the objector can withdraw an objection"));
    }
    Ok(Body::Item(ItemEvent::ObjectionWithdrawn { item: id.clone() }))
}

fn waive(
    state: &State,
    subject: &Subject,
    reason: &str,
    until: jiff::Timestamp,
    by: &Operator,
    now: Now,
) -> Result<Body, Refusal> {
    let (name, waivable, before) = waiver_of(state, subject)?;
    let reason = written(reason, "a waiver")?;
    let Waivable::By(_) = waivable else {
        return Err(Refusal::new(format!("{name} cannot be waived: the plan says that it must hold"))
            .instead("mend it; nothing else turns it"));
    };
    if until <= now.at {
        return Err(Refusal::new("a waiver needs an end in the future").instead("write for example 2h or 18:00"));
    }
    if until.duration_since(now.at).unsigned_abs() > LONGEST_WAIVER {
        return Err(
            Refusal::new("a waiver lasts 30 days at most").instead("what is needed longer belongs into the plan")
        );
    }
    if before.is_some_and(|waiver| waiver.by.iter().any(|(given, _)| given.normalised() == by.normalised()))
        && matches!(waivable, Waivable::By(people) if people > 1)
        && before.is_some_and(|waiver| !status::is_waived(Some(waiver), waivable, now))
    {
        return Err(
            Refusal::new(format!("{} has waived {name} already", by.id)).instead("another person has to waive it too")
        );
    }
    if let Subject::Item(id) = subject {
        refuse_items_of_checks_alone(state, id)?;
    }
    Ok(Body::Item(ItemEvent::Waived { subject: subject.clone(), reason, until }))
}

/// Checks count for themselves (DECISIONS 6): an item's waiver is about what it asks of people and steps.
fn refuse_items_of_checks_alone(state: &State, id: &ItemId) -> Result<(), Refusal> {
    let (item, _) = find(state, id)?;
    let rests_on_checks_alone =
        item.manual.is_none() && item.step.is_none() && item.soak.is_none() && item.rehearsal.is_none();
    if !rests_on_checks_alone {
        return Ok(());
    }
    let failing = item.checks.iter().find(|id| is_failing(state, id)).or_else(|| item.checks.first());
    Err(Refusal::new(format!("{} rests on its checks alone", item.title)).instead(match failing {
        Some(check) => format!("waive the check itself: {check}"),
        None => "mend the plan: it has nothing to waive".to_owned(),
    }))
}

type WaiverOf<'a> = (String, Waivable, Option<&'a crate::core::state::Waiver>);

fn waiver_of<'a>(state: &'a State, subject: &Subject) -> Result<WaiverOf<'a>, Refusal> {
    match subject {
        Subject::Item(id) => {
            let (item, known) = find(state, id)?;
            Ok((item.title.clone(), item.waivable, known.waiver.as_ref()))
        }
        Subject::Check(id) => {
            let found = state.check(id).ok_or_else(|| Refusal::new(format!("the plan has no check {id}")))?;
            Ok((id.to_string(), found.0.waivable, found.1.waiver.as_ref()))
        }
        Subject::Notifier(id) => Err(Refusal::new(format!("{id} is a notifier: it cannot be waived"))
            .instead("mend it, or tell those people in another way")),
        Subject::Alert(id) => Err(Refusal::new(format!("{id} is an alert: it cannot be waived"))
            .instead("mend its cause; a acknowledges it, S silences its notices")),
    }
}

fn end_waiver(state: &State, subject: &Subject, by: &Operator) -> Result<Body, Refusal> {
    let (name, _, waiver) = waiver_of(state, subject)?;
    if waiver.is_none() {
        return Err(Refusal::new(format!("{name} is not waived")));
    }
    let why = SafeText::from_foreign(&format!("ended by {}", by.id));
    Ok(Body::Item(ItemEvent::WaiverEnded { subject: subject.clone(), why }))
}

fn run_again(state: &State, checks: &[CheckId]) -> Result<Body, Refusal> {
    if checks.is_empty() {
        return Err(
            Refusal::new("nothing to run again here").instead("choose a check, or an item that rests on checks")
        );
    }
    for id in checks {
        let (check, _) = state.check(id).ok_or_else(|| Refusal::new(format!("the plan has no check {id}")))?;
        if check.run == Run::OnDemand && status::is_kept_from_production(state, check) {
            return Err(Refusal::new(format!("{id} may not run in production"))
                .instead("the plan has to say allow_in_production = true"));
        }
    }
    Ok(Body::Check(CheckEvent::Demanded { checks: checks.to_vec() }))
}
