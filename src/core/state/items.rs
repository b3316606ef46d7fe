//! What people decided about items and checks: signatures, objections, waivers, claims, notes; and soaks.

use jiff::Timestamp;

use crate::core::event::{Event, ItemEvent, Subject};
use crate::core::state::{State, StepState};
use crate::model::operator::{Actor, Operator};
use crate::model::text::SafeText;
use crate::model::time::Now;

/// What is known of one item, beside its checks.
#[derive(Clone, Debug, Default)]
pub struct ItemState {
    /// Who said yes, in order; distinct people.
    pub signatures: Vec<Signature>,
    /// Who objects.
    pub objections: Vec<Objection>,
    /// Accepted although it is not settled.
    pub waiver: Option<Waiver>,
    /// Who is on it.
    pub claim: Option<Claim>,
    /// What was written down about it, oldest first.
    pub notes: Vec<Note>,
    /// Its quiet time.
    pub soak: Soaking,
    /// Its step's latest run.
    pub step: Option<StepState>,
    /// Who started a run of its step, each once.
    pub runners: Vec<Operator>,
    /// Why its signatures were struck out, since the last one.
    pub reopened: Option<(Timestamp, SafeText)>,
}

/// A person's yes, bound to what was on the screen.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Who.
    pub by: Operator,
    /// When.
    pub at: Timestamp,
    /// What they noted.
    pub note: Option<SafeText>,
    /// Digest of the material facts they saw.
    pub digest: SafeText,
}

/// A person's no.
#[derive(Clone, Debug)]
pub struct Objection {
    /// Who.
    pub by: Operator,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: SafeText,
}

/// Something accepted although it is not settled. In force once enough distinct people gave it, until its end.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Who gave it, in order.
    pub by: Vec<(Operator, Timestamp)>,
    /// Why.
    pub reason: SafeText,
    /// Until when.
    pub until: Timestamp,
}

impl Waiver {
    /// Whether it counts: enough people, and not over.
    #[must_use]
    pub fn in_force(&self, people: u8, now: Now) -> bool {
        self.by.len() >= usize::from(people) && now.at < self.until
    }
}

/// A person who is on it.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who.
    pub by: Operator,
    /// Since when.
    pub at: Timestamp,
}

/// Something a person wrote down.
#[derive(Clone, Debug)]
pub struct Note {
    /// Who.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: SafeText,
}

/// Where an item's quiet time stands.
#[derive(Clone, Debug, Default)]
pub enum Soaking {
    /// It has not begun, or was broken and has not begun again.
    #[default]
    NotBegun,
    /// It has been quiet since.
    Since(Now),
    /// It was broken.
    Broken {
        /// When.
        at: Timestamp,
        /// By what.
        by: SafeText,
    },
    /// It was quiet long enough.
    Done(Timestamp),
}

pub(super) fn apply(state: &mut State, body: &ItemEvent, event: &Event) {
    match body {
        ItemEvent::Waived { subject, reason, until } => {
            if let (Some(slot), Actor::Operator(by)) = (waiver_slot(state, subject), &event.actor) {
                waive(slot, by, reason, *until, event.at);
            }
        }
        ItemEvent::WaiverEnded { subject, .. } => {
            if let Some(slot) = waiver_slot(state, subject) {
                *slot = None;
            }
        }
        ItemEvent::Noted { subject, text } => {
            std::sync::Arc::make_mut(&mut state.triage).jot(subject.as_ref(), text, event);
            if let Some(Subject::Item(id)) = subject
                && let Some(item) = state.item_mut(id)
            {
                item.notes.push(Note { by: event.actor.clone(), at: event.at, text: text.clone() });
            }
        }
        ItemEvent::Signed { item, .. }
        | ItemEvent::Unsigned { item }
        | ItemEvent::Reopened { item, .. }
        | ItemEvent::Objected { item, .. }
        | ItemEvent::ObjectionWithdrawn { item }
        | ItemEvent::Claimed { item }
        | ItemEvent::ClaimEnded { item, .. }
        | ItemEvent::SoakStarted { item }
        | ItemEvent::SoakBroken { item, .. }
        | ItemEvent::Soaked { item } => {
            if let Some(item) = state.item_mut(item) {
                apply_to_item(item, body, event);
            }
        }
    }
}

fn apply_to_item(item: &mut ItemState, body: &ItemEvent, event: &Event) {
    let by = match &event.actor {
        Actor::Operator(operator) => Some(operator),
        Actor::Golive => None,
    };
    match (body, by) {
        (ItemEvent::Signed { digest, note, .. }, Some(by)) => {
            item.signatures.retain(|signature| signature.by.normalised() != by.normalised());
            let (digest, note) = (digest.clone(), note.clone());
            item.signatures.push(Signature { by: by.clone(), at: event.at, note, digest });
            item.reopened = None;
        }
        (ItemEvent::Unsigned { .. }, Some(by)) => {
            item.signatures.retain(|signature| signature.by.normalised() != by.normalised());
        }
        (ItemEvent::Objected { reason, .. }, Some(by)) => {
            item.objections.retain(|objection| objection.by.normalised() != by.normalised());
            item.objections.push(Objection { by: by.clone(), at: event.at, reason: reason.clone() });
        }
        (ItemEvent::ObjectionWithdrawn { .. }, Some(by)) => {
            item.objections.retain(|objection| objection.by.normalised() != by.normalised());
        }
        (ItemEvent::Claimed { .. }, Some(by)) => item.claim = Some(Claim { by: by.clone(), at: event.at }),
        (ItemEvent::ClaimEnded { .. }, _) => item.claim = None,
        (ItemEvent::Reopened { why, .. }, _) => {
            item.signatures.clear();
            item.reopened = Some((event.at, why.clone()));
        }
        (ItemEvent::SoakStarted { .. }, _) => item.soak = Soaking::Since(event.when()),
        (ItemEvent::SoakBroken { by, .. }, _) => item.soak = Soaking::Broken { at: event.at, by: by.clone() },
        (ItemEvent::Soaked { .. }, _) => item.soak = Soaking::Done(event.at),
        // A decision without a person behind it decides nothing.
        (_, _) => {}
    }
}

fn waiver_slot<'a>(state: &'a mut State, subject: &Subject) -> Option<&'a mut Option<Waiver>> {
    match subject {
        Subject::Item(id) => state.item_mut(id).map(|item| &mut item.waiver),
        Subject::Check(id) => state.check_mut(id).map(|check| &mut check.waiver),
        Subject::Alert(_) | Subject::Notifier(_) => None,
    }
}

/// A second person's waiver joins the first one's; its end is the earlier of the two.
fn waive(slot: &mut Option<Waiver>, by: &Operator, reason: &SafeText, until: Timestamp, at: Timestamp) {
    match slot {
        Some(waiver) if at < waiver.until => {
            let already = waiver.by.iter().any(|(given, _)| given.normalised() == by.normalised());
            if already {
                (waiver.reason, waiver.until) = (reason.clone(), until);
            } else {
                waiver.by.push((by.clone(), at));
                waiver.until = waiver.until.min(until);
            }
        }
        _ => *slot = Some(Waiver { by: vec![(by.clone(), at)], reason: reason.clone(), until }),
    }
}
