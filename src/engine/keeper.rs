//! Keeping events on disk, and what happens while the disk does not: results wait in memory and are kept when it is
//! back, in order, so that a replay sees what was seen. Decisions never wait here: they are refused.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::core::event::{Body, CheckEvent, Event, NoticeEvent, OutputLine, ProcedureEvent, StepEvent};
use crate::core::notice;
use crate::core::state::State;
use crate::journal::Journal;
use crate::journal::chain::Hash;
use crate::journal::storage::{StorageError, Stored};
use crate::journal::writer::Appending;
use crate::model::id::EffectId;
use crate::model::text::SafeText;

/// Beyond so many events in memory, of each check only the latest result is kept.
const MOST_WAITING: usize = 10_000;

/// Of one run of a step at most so many lines are kept; the screen sees all, and the step's spool has them.
const MOST_LINES: u64 = 2_000;
const MORE: &str = "… what it printed from here on stands in the step's spool";

/// The journal, and what it owes.
#[derive(Debug)]
pub(super) struct Keeper {
    journal: Journal,
    waiting: Vec<Event>,
    trouble: Option<StorageError>,
    /// How many lines of each step that is under way are kept.
    lines: HashMap<EffectId, u64>,
    /// The end of what is kept, where anybody could look at it later: what notices carry outward.
    head: Option<notice::Head>,
}

impl Keeper {
    pub(super) fn new(journal: Journal, state: &State) -> Self {
        let of_items = state.items().filter_map(|(_, known)| known.step.as_ref());
        let steps =
            of_items.chain(state.rollback_steps().filter_map(|(_, run)| run)).filter(|step| step.is_under_way());
        let lines = steps.map(|step| (step.effect, step.lines)).collect();
        let opened_at = journal.opened_at();
        let kept = (!journal.is_memory() && opened_at.seq > 0).then_some((opened_at.seq, opened_at.hash));
        let head = kept.map(|(seq, hash)| head_of(state, seq, hash));
        Self { journal, waiting: Vec::new(), trouble: None, lines, head }
    }

    /// Events were stored.
    pub(super) fn stored(&mut self, stored: &[Stored], state: &State) {
        if let Some(last) = stored.last().filter(|_| !self.journal.is_memory()) {
            self.head = Some(head_of(state, last.seq, last.hash));
        }
    }

    /// What is to be kept next: a notice that is queued carries the head of this moment with it.
    pub(super) fn with_head(&self, mut body: Body) -> Body {
        if let Body::Notice(NoticeEvent::Queued(notice)) = &mut body {
            notice.head.clone_from(&self.head);
        }
        body
    }

    /// What of these events belongs into the journal: a command that prints for ever must not fill the disk.
    pub(super) fn bounded(&mut self, events: &[Event]) -> Vec<Event> {
        events.iter().filter_map(|event| self.worth_keeping(event)).collect()
    }

    fn worth_keeping(&mut self, event: &Event) -> Option<Event> {
        let body = match &event.body {
            Body::Step(step) => Body::Step(self.bounded_step(step)?),
            Body::Procedure(ProcedureEvent::Step(step)) => {
                Body::Procedure(ProcedureEvent::Step(self.bounded_step(step)?))
            }
            _ => return Some(event.clone()),
        };
        Some(Event { body, ..event.clone() })
    }

    fn bounded_step<Of: Clone>(&mut self, step: &StepEvent<Of>) -> Option<StepEvent<Of>> {
        match step {
            StepEvent::Output { item, effect, lines } => {
                let lines = within(lines, self.lines.entry(*effect).or_default())?;
                return Some(StepEvent::Output { item: item.clone(), effect: *effect, lines });
            }
            StepEvent::Ended { effect, .. } => {
                self.lines.remove(effect);
            }
            StepEvent::Intended { .. }
            | StepEvent::Started { .. }
            | StepEvent::WaitsForInput { .. }
            | StepEvent::Elsewhere { .. }
            | StepEvent::StopAsked { .. } => {}
        }
        Some(step.clone())
    }

    /// What is wrong with the disk, if anything.
    pub(super) const fn trouble(&self) -> Option<&StorageError> {
        self.trouble.as_ref()
    }

    /// Hands over what waited and these behind it, in one piece.
    pub(super) fn append(&self, events: &[Event]) -> Appending {
        let batch: Arc<[Event]> = self.waiting.iter().chain(events).cloned().collect();
        self.journal.append(batch)
    }

    /// All of it is kept.
    pub(super) fn kept(&mut self) {
        self.waiting.clear();
        self.trouble = None;
    }

    /// None of it is kept: these results wait.
    pub(super) fn lost(&mut self, results: &[Event], why: StorageError) {
        self.trouble = Some(why);
        self.wait(results);
    }

    /// Lets results wait without trying.
    pub(super) fn wait(&mut self, results: &[Event]) {
        self.waiting.extend_from_slice(results);
        if self.waiting.len() > MOST_WAITING {
            thin(&mut self.waiting);
        }
    }

    /// Ends the journal in order.
    pub(super) fn close(self) -> Result<(), StorageError> {
        let ended = self.journal.close();
        match self.trouble {
            Some(trouble) if !self.waiting.is_empty() => Err(trouble),
            Some(_) | None => ended,
        }
    }

    /// Leaves a journal alone whose disk does not answer: its thread cannot be waited for.
    pub(super) fn abandon(self) -> StorageError {
        std::mem::forget(self.journal);
        self.trouble.unwrap_or_else(|| StorageError("the disk does not answer".to_owned()))
    }
}

fn head_of(state: &State, event: u64, hash: Hash) -> notice::Head {
    let hash = SafeText::from_foreign(&hash.to_string());
    notice::Head { session: state.session().id.clone(), event, hash }
}

/// The lines that still have room; the last one of all says that there are more.
fn within(lines: &[OutputLine], kept: &mut u64) -> Option<Vec<OutputLine>> {
    let room = usize::try_from(MOST_LINES.saturating_sub(*kept)).unwrap_or(usize::MAX);
    *kept = kept.saturating_add(lines.len() as u64);
    if lines.len() < room {
        return Some(lines.to_vec());
    }
    let last = lines.get(room.checked_sub(1)?)?;
    let mut within = lines[..room - 1].to_vec();
    within.push(OutputLine { text: SafeText::from_foreign(MORE), ..last.clone() });
    Some(within)
}

/// Keeps of each check's full results the latest only. All else stays.
fn thin(waiting: &mut Vec<Event>) {
    let mut seen = HashSet::new();
    let mut kept: Vec<Event> = Vec::new();
    for event in waiting.drain(..).rev() {
        let fresh = match &event.body {
            Body::Check(CheckEvent::Finished(finished)) => seen.insert(finished.check.clone()),
            _ => true,
        };
        if fresh {
            kept.push(event);
        }
    }
    kept.reverse();
    *waiting = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: usize) -> Vec<OutputLine> {
        let line = |number: usize| OutputLine {
            at: jiff::Timestamp::UNIX_EPOCH,
            error: false,
            text: SafeText::from_foreign(&number.to_string()),
        };
        (0..count).map(line).collect()
    }

    #[test]
    fn of_a_command_that_prints_for_ever_the_beginning_is_kept() {
        let mut kept = 0;
        assert_eq!(within(&lines(1_990), &mut kept).unwrap().len(), 1_990);
        let last = within(&lines(500), &mut kept).unwrap();
        assert_eq!((last.len(), last[8].text.as_str(), last[9].text.as_str()), (10, "8", MORE));
        assert_eq!(within(&lines(500), &mut kept), None);
        assert_eq!(within(&lines(1), &mut kept), None);
    }

    #[test]
    fn a_step_that_an_earlier_golive_followed_has_no_new_room() {
        assert_eq!(within(&lines(1), &mut MOST_LINES.clone()), None);
    }
}
