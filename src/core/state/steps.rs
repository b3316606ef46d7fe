//! What is known of each step: whether it runs, what it printed last, how it ended.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::event::{Event, OutputLine, StepEnd, StepEvent};
use crate::core::state::{State, checks};
use crate::model::id::EffectId;
use crate::model::operator::Actor;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::Phase;

/// How many lines of a step's output the screen can scroll back through. The spool on disk has more.
pub(crate) const LINES_KEPT: usize = 500;

/// The latest run of an item's step.
#[derive(Clone, Debug)]
pub struct StepState {
    /// Its number.
    pub effect: EffectId,
    /// Who started it.
    pub by: Actor,
    /// When it was intended.
    pub intended: Now,
    /// Where it stands.
    pub status: StepStatus,
    /// Whether it waits for input.
    pub waits_for_input: bool,
    /// What it began elsewhere: the run's id over there, and where people look at it.
    pub elsewhere: Option<(SafeText, Option<SafeText>)>,
    /// The last lines it printed.
    pub output: VecDeque<OutputLine>,
    /// How many lines it printed in all.
    pub lines: u64,
}

/// Where a step stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepStatus {
    /// A person started it; golive has not yet heard that it runs.
    Intended,
    /// It runs.
    Running,
    /// A person asked for it to be stopped; it still runs.
    Stopping,
    /// It ended.
    Ended {
        /// How.
        end: StepEnd,
        /// When.
        at: Timestamp,
        /// How long it ran.
        took: Duration,
    },
}

impl StepState {
    /// Whether it has not ended.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        !matches!(self.status, StepStatus::Ended { .. })
    }

    /// How and when it ended.
    #[must_use]
    pub const fn ended(&self) -> Option<(&StepEnd, Timestamp)> {
        match &self.status {
            StepStatus::Ended { end, at, .. } => Some((end, *at)),
            StepStatus::Intended | StepStatus::Running | StepStatus::Stopping => None,
        }
    }

    /// How it ended.
    #[must_use]
    pub const fn end(&self) -> Option<&StepEnd> {
        match &self.status {
            StepStatus::Ended { end, .. } => Some(end),
            StepStatus::Intended | StepStatus::Running | StepStatus::Stopping => None,
        }
    }
}

pub(super) fn apply(state: &mut State, body: &StepEvent, event: &Event) {
    let (id, effect) = body.run();
    state.saw_effect(effect);
    let deploys = state.item(id).is_some_and(|(item, _)| item.phase == Phase::Deployment);
    let Some(item) = state.item_mut(id) else { return };
    let taken = apply_to(&mut item.step, body, event);
    if let (StepEvent::Intended { .. }, Actor::Operator(by)) = (body, &event.actor)
        && !item.runners.iter().any(|known| known.normalised() == by.normalised())
    {
        item.runners.push(by.clone());
    }
    if taken && deploys && matches!(body, StepEvent::Started { .. }) {
        checks::void_on_demand(state);
    }
}

/// What one more event makes of the latest run of a step. A late answer to a run that is no longer wanted changes
/// nothing. Gives whether it changed anything.
pub(super) fn apply_to<Of>(run: &mut Option<StepState>, body: &StepEvent<Of>, event: &Event) -> bool {
    let (_, effect) = body.run();
    if let StepEvent::Intended { .. } = body {
        *run = Some(StepState {
            effect,
            by: event.actor.clone(),
            intended: event.when(),
            status: StepStatus::Intended,
            waits_for_input: false,
            elsewhere: None,
            output: VecDeque::new(),
            lines: 0,
        });
        return true;
    }
    let current = run.as_mut().filter(|step| step.effect == effect && step.is_under_way());
    let Some(step) = current else { return false };
    match body {
        StepEvent::Intended { .. } => {}
        StepEvent::Started { .. } => step.status = StepStatus::Running,
        StepEvent::Output { lines, .. } => print(step, lines),
        StepEvent::WaitsForInput { waits, .. } => step.waits_for_input = *waits,
        StepEvent::Elsewhere { run, link, .. } => step.elsewhere = Some((run.clone(), link.clone())),
        StepEvent::StopAsked { .. } => step.status = StepStatus::Stopping,
        StepEvent::Ended { end, took, .. } => {
            step.status = StepStatus::Ended { end: end.clone(), at: event.at, took: *took };
            step.waits_for_input = false;
        }
    }
    true
}

fn print(step: &mut StepState, lines: &[OutputLine]) {
    step.lines += lines.len() as u64;
    for line in lines {
        if step.output.len() == LINES_KEPT {
            step.output.pop_front();
        }
        step.output.push_back(line.clone());
    }
}
