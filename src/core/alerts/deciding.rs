//! What people decide about alerts: acknowledged, silenced, a lull declared, and each of it taken back.

use std::time::Duration;

use jiff::Timestamp;

use crate::core::decide::Refusal;
use crate::core::event::{AlertEvent, Body};
use crate::core::state::{AlertState, State};
use crate::model::alert::Rule;
use crate::model::id::AlertId;
use crate::model::operator::Operator;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// The longest silence and the longest lull: what is needed longer belongs into the plan.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// What a silence would hide as things stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// Who would not be told, by notifier.
    pub notifiers: Vec<String>,
    /// Whether it fires now.
    pub fires: bool,
    /// When it would have been escalated.
    pub escalates: Option<Timestamp>,
}

/// What a silence of an alert would hide.
#[must_use]
pub fn hidden_by(state: &State, id: &AlertId) -> Option<Hidden> {
    let (rule, known) = state.alert(id)?;
    let mut notifiers = rule.notify.clone();
    for to in rule.escalate.iter().flat_map(|escalation| &escalation.to) {
        if !notifiers.contains(to) {
            notifiers.push(to.clone());
        }
    }
    let escalates = known.escalates(rule).map(|moment| moment.at);
    Some(Hidden { notifiers, fires: known.is_firing(), escalates })
}

fn find<'a>(state: &'a State, id: &AlertId) -> Result<(&'a Rule, &'a AlertState), Refusal> {
    state.alert(id).ok_or_else(|| Refusal::new(format!("the plan has no alert {id}")))
}

fn words(text: &str, what: &str) -> Result<SafeText, Refusal> {
    let text = SafeText::bounded(text.trim(), 1_000);
    if text.is_empty() { Err(Refusal::new(format!("{what} needs words"))) } else { Ok(text) }
}

fn end(until: Timestamp, now: Now, what: &str) -> Result<(), Refusal> {
    if until <= now.at {
        return Err(Refusal::new(format!("{what} needs an end in the future")).instead("write for example 1h or 18:00"));
    }
    if until.duration_since(now.at).unsigned_abs() > LONGEST {
        return Err(Refusal::new(format!("{what} lasts 24 hours at most"))
            .instead("what is needed longer belongs into the plan"));
    }
    Ok(())
}

pub(in crate::core) fn acknowledge(
    state: &State,
    id: &AlertId,
    note: Option<&String>,
    by: &Operator,
) -> Result<Body, Refusal> {
    let (_, known) = find(state, id)?;
    if !known.is_firing() {
        return Err(Refusal::new(format!("{id} does not fire: there is nothing to acknowledge")));
    }
    if let Some(seen) = &known.acknowledged
        && seen.by.normalised() == by.normalised()
    {
        return Err(Refusal::new(format!("{} has acknowledged {id} already", by.id)).instead("u takes it back"));
    }
    let note = note.map(|note| SafeText::bounded(note.trim(), 1_000)).filter(|note| !note.is_empty());
    let transition = state.next_transition();
    Ok(Body::Alert(AlertEvent::Acknowledged { alert: id.clone(), transition, note }))
}

pub(in crate::core) fn unacknowledge(state: &State, id: &AlertId, by: &Operator) -> Result<Body, Refusal> {
    let (_, known) = find(state, id)?;
    match &known.acknowledged {
        Some(seen) if seen.by.normalised() == by.normalised() => {
            Ok(Body::Alert(AlertEvent::Unacknowledged { alert: id.clone() }))
        }
        Some(seen) => Err(Refusal::new(format!("{} acknowledged {id}", seen.by)).instead("only they can take it back")),
        None => Err(Refusal::new(format!("nobody has acknowledged {id}"))),
    }
}

pub(in crate::core) fn silence(
    state: &State,
    id: &AlertId,
    reason: &str,
    until: Timestamp,
    now: Now,
) -> Result<Body, Refusal> {
    find(state, id)?;
    let reason = words(reason, "a silence")?;
    end(until, now, "a silence")?;
    Ok(Body::Alert(AlertEvent::Silenced { alert: id.clone(), reason, until }))
}

pub(in crate::core) fn end_silence(state: &State, id: &AlertId, by: &Operator) -> Result<Body, Refusal> {
    let (_, known) = find(state, id)?;
    if known.silence.is_none() {
        return Err(Refusal::new(format!("{id} is not silenced")));
    }
    let why = SafeText::from_foreign(&format!("ended by {}", by.id));
    Ok(Body::Alert(AlertEvent::SilenceEnded { alert: id.clone(), why }))
}

pub(in crate::core) fn declare_lull(reason: &str, until: Timestamp, now: Now) -> Result<Body, Refusal> {
    let reason = words(reason, "a lull")?;
    end(until, now, "a lull")?;
    Ok(Body::Alert(AlertEvent::LullDeclared { reason, until }))
}

pub(in crate::core) fn end_lull(state: &State, by: &Operator) -> Result<Body, Refusal> {
    if state.lull().is_none() {
        return Err(Refusal::new("no lull is declared"));
    }
    Ok(Body::Alert(AlertEvent::LullEnded { why: SafeText::from_foreign(&format!("ended by {}", by.id)) }))
}
