//! Questions about the way back, answered from state: is it recommended, is it still open, does a rehearsal count, how
//! long does it take, and until when may one decide for it.

use std::time::Duration;

use jiff::Timestamp;

use crate::core::event::StepEnd;
use crate::core::state::{Life, Stage, State};
use crate::core::status;
use crate::model::duration;
use crate::model::id::CheckId;
use crate::model::item::{Item, Rehearsal};
use crate::model::rehearsal::RehearsalRecord;
use crate::model::rollback::{Grade, Trigger};
use crate::model::step::UndoAfter;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::{Phase, Severity};

/// A trigger of the plan that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Since when.
    pub since: Timestamp,
    /// What stands, in a sentence.
    pub reason: String,
}

/// The triggers that stand, in plan order. Before a deployment has begun there is nothing to take back.
#[must_use]
pub fn triggers(state: &State, now: Now) -> Vec<Standing> {
    if !state.session().is_open(Some(Phase::Deployment)) {
        return Vec::new();
    }
    state.plan().rollback.when.iter().filter_map(|trigger| standing(state, trigger, now)).collect()
}

fn standing(state: &State, trigger: &Trigger, now: Now) -> Option<Standing> {
    match trigger {
        Trigger::Check(id) => {
            let (check, known) = state.check(id)?;
            let failure = known.known_failure()?;
            if status::is_waived(known.waiver.as_ref(), check.waivable, now) {
                return None;
            }
            Some(Standing { since: failure.since, reason: format!("{id}: {}", failure.evidence.summary) })
        }
        Trigger::Step(id) => {
            let (item, known) = state.item(id)?;
            let (end, at) = known.step.as_ref().and_then(|step| step.ended())?;
            let failed = !matches!(end, StepEnd::Succeeded(_) | StepEnd::Unknown(_));
            failed.then(|| Standing { since: at, reason: format!("{}: its step failed", item.title) })
        }
        Trigger::Alert(id) => {
            let (_, known) = state.alerts().find(|(rule, _)| rule.id == *id)?;
            let Life::Firing(since) = known.life else { return None };
            let value = known.value.as_ref().map(|value| format!(": {value}")).unwrap_or_default();
            Some(Standing { since: since.at, reason: format!("{id} fires{value}") })
        }
    }
}

/// The triggers that have stood for as long as the plan wants: golive recommends the rollback.
#[must_use]
pub fn recommendation(state: &State, now: Now) -> Vec<Standing> {
    let after = state.plan().rollback.after.0;
    let long_enough = |standing: &Standing| {
        let stood = now.at.duration_since(standing.since);
        after.is_zero() || (!stood.is_negative() && stood.unsigned_abs() >= after)
    };
    triggers(state, now).into_iter().filter(long_enough).collect()
}

/// The item past which there is no way back, where one has been passed: its step has been started, or it is settled.
#[must_use]
pub fn no_return(state: &State, now: Now) -> Option<&Item> {
    state.plan().rollback.no_return.iter().filter_map(|id| state.item(id)).find_map(|(item, known)| {
        let passed = match &item.step {
            Some(_) => known.step.is_some(),
            None => status::item_status(state, item, known, now).is_done(),
        };
        passed.then_some(item)
    })
}

/// Whether any step of the deployment has been started.
#[must_use]
pub fn is_anything_deployed(state: &State) -> bool {
    state.items().any(|(item, known)| item.phase == Phase::Deployment && known.step.is_some())
}

/// How much each of the plan's metrics has grown since the deployment began: what a rollback leaves behind.
#[must_use]
pub fn since_deployment(state: &State, now: Now) -> Vec<(CheckId, f64)> {
    let Some(began) = state.session().phase_opened(Phase::Deployment) else { return Vec::new() };
    let window = now.at.duration_since(began.at).unsigned_abs();
    let grown = state.plan().rollback.since.iter().filter_map(|id| {
        let within = state.series_at(state.index().check(id)?).within(now.at, window);
        (within.values > 0).then(|| (id.clone(), within.growth))
    });
    grown.collect()
}

/// The checks that have not yet passed on the old version, with what they say.
#[must_use]
pub fn unverified(state: &State) -> Vec<(CheckId, String)> {
    let Stage::Verifying { after, .. } = &state.procedure().stage else { return Vec::new() };
    let verify = state.plan().rollback.verify.iter();
    let open = verify.filter_map(|id| {
        let (_, known) = state.check(id)?;
        match known.latest.as_ref().filter(|latest| latest.effect > *after) {
            Some(latest) if latest.evidence.outcome.is_good() => None,
            Some(latest) => Some((id.clone(), latest.evidence.summary.to_string())),
            None => Some((id.clone(), "no result since the last step".to_owned())),
        }
    });
    open.collect()
}

/// What is left to do by hand: where the procedure stopped, the step that did not succeed and all behind it; and what a
/// step left half done that its undo is not for.
#[must_use]
pub fn left(state: &State) -> Vec<SafeText> {
    let steps = state.next_step_back().map(|(next, _)| state.steps_back_from(&next.id)).unwrap_or_default();
    let steps = steps.into_iter().map(|step| SafeText::bounded(&format!("{}: {}", step.id, step.title), 200));
    steps.chain(half_done(state)).collect()
}

/// The steps that ended half-way and whose undo is only for whole ones.
#[must_use]
pub fn half_done(state: &State) -> Vec<SafeText> {
    let left = state.items().filter_map(|(item, known)| {
        let undo = item.step.as_ref()?.undo.as_ref()?;
        let end = known.step.as_ref()?.end()?;
        let half = undo.after == UndoAfter::Success && !matches!(end, StepEnd::Succeeded(_));
        half.then(|| format!("{}: its step ended half-way; its undo is for a whole one", item.title))
    });
    left.map(|text| SafeText::bounded(&text, 200)).collect()
}

/// When golive begins the rollback by itself, where the plan lets it: the recommendation and the plan's countdown. A
/// person who holds the go-live holds this too.
#[must_use]
pub fn begins_at(state: &State, now: Now) -> Option<Timestamp> {
    let (since, _) = state.procedure().recommended.as_ref()?;
    let may = state.plan().rollback.unattended && state.procedure().stage == Stage::NotRun;
    if !may || state.ceremony().hold.is_some() || no_return(state, now).is_some() {
        return None;
    }
    since.checked_add(countdown(state)).ok()
}

/// Whether that moment has come, by both clocks: a clock that was set begins no rollback.
#[must_use]
pub fn is_countdown_over(state: &State, now: Now) -> bool {
    let (Some(_), Some(since)) = (begins_at(state, now), state.procedure().recommended_when) else { return false };
    let by_wall = now.at.duration_since(since.at);
    let by_boot = now.up.checked_sub(since.up);
    let wanted = countdown(state);
    wanted.is_zero()
        || (!by_wall.is_negative() && by_wall.unsigned_abs() >= wanted && by_boot.is_some_and(|up| up >= wanted))
}

/// Until when a person should have decided, where the plan wants a countdown.
#[must_use]
pub fn counts_down_to(state: &State) -> Option<Timestamp> {
    state.plan().rollback.countdown?;
    let (since, _) = state.procedure().recommended.as_ref()?;
    let open = matches!(state.procedure().stage, Stage::NotRun);
    since.checked_add(countdown(state)).ok().filter(|_| open)
}

fn countdown(state: &State) -> Duration {
    state.plan().rollback.countdown.map_or(Duration::ZERO, |countdown| countdown.0)
}

/// The rehearsal that counts for what an item needs.
///
/// # Errors
/// Says why none does, of the latest one first.
pub fn rehearsed<'a>(
    state: &'a State,
    item: &Item,
    needs: &Rehearsal,
    now: Now,
) -> Result<&'a RehearsalRecord, String> {
    let mut why = None;
    for record in state.procedure().rehearsals().rev() {
        match objection(state, item, needs, record, now) {
            None => return Ok(record),
            Some(objection) => why = why.or(Some(objection)),
        }
    }
    let wanted = format!("no rehearsal within {} that kept its {} budget", needs.within, needs.budget);
    Err(match why {
        Some(why) => format!("{wanted}: {why}"),
        None => wanted,
    })
}

fn objection(state: &State, item: &Item, needs: &Rehearsal, record: &RehearsalRecord, now: Now) -> Option<String> {
    // A dry run settles nothing critical: nothing was changed, so nothing is known of changing it back.
    let least = if item.severity == Severity::Critical { needs.grade.max(Grade::Staging) } else { needs.grade };
    let age = now.at.duration_since(record.at);
    if let Some(failed) = &record.failed {
        return Some(format!("the last one failed: {failed}"));
    }
    if record.fingerprint != state.plan().rollback.fingerprint {
        return Some("the procedure, or a script or file that it names, has changed since the last one".to_owned());
    }
    if record.grade < least {
        return Some(format!("the last one was {} and has to be {}", record.grade.word(), least.word()));
    }
    if age.is_negative() && age.unsigned_abs() > Duration::from_secs(60) {
        return Some("the last one lies in the future of this machine's clock".to_owned());
    }
    if !age.is_negative() && age.unsigned_abs() >= needs.within.0 {
        let days = duration::written(Duration::from_secs(age.unsigned_abs().as_secs()));
        return Some(format!("the last one was {days} ago"));
    }
    (record.took > needs.budget).then(|| format!("the last one took {}", record.took))
}

/// How long the way back takes: as the last rehearsal of this very procedure that passed took, else as the plan allows.
#[must_use]
pub fn length(state: &State) -> Option<Duration> {
    let rollback = &state.plan().rollback;
    let counts = |record: &&RehearsalRecord| record.passed() && record.fingerprint == rollback.fingerprint;
    let last = state.procedure().rehearsals().rev().find(counts).map(|record| record.took.0);
    last.or_else(|| budget(state))
}

/// How long the procedure may take: as the plan says, else all budgets of its steps together.
#[must_use]
pub fn budget(state: &State) -> Option<Duration> {
    let plan = state.plan();
    let undone = plan.items.iter().filter_map(|item| item.step.as_ref()?.undo.as_ref()).map(|undo| &undo.step);
    let steps = plan.procedure.iter().chain(undone);
    let of_steps: Option<Duration> = steps.map(|step| step.budget.map(|budget| budget.0)).sum();
    plan.rollback.budget.map(|budget| budget.0).or(of_steps.filter(|sum| !sum.is_zero()))
}

/// Until when one may decide for the way back, so that it ends within the window.
#[must_use]
pub fn decide_by(state: &State) -> Option<Timestamp> {
    let until = state.plan().ceremony.window.as_ref()?.until?;
    until.checked_sub(length(state)?).ok()
}
