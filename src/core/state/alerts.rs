//! What is known of each alert: whether its rule can be evaluated, where its life stands, who knows of it.

use std::sync::Arc;

use jiff::Timestamp;

use crate::core::event::{AlertEvent, Event};
use crate::core::state::State;
use crate::model::alert::Rule;
use crate::model::baseline::Hour;
use crate::model::id::{AlertId, CheckId};
use crate::model::operator::{Actor, Operator};
use crate::model::text::SafeText;
use crate::model::time::Now;

/// What is known of one alert.
#[derive(Clone, Debug, Default)]
pub struct AlertState {
    /// Whether its rule can be evaluated.
    pub sight: Sight,
    /// Where its life stands.
    pub life: Life,
    /// When its condition began to hold: what was normal is what was before that.
    pub began: Option<Now>,
    /// What was seen when it became pending or fired last.
    pub value: Option<SafeText>,
    /// What it was held against then.
    pub threshold: Option<SafeText>,
    /// The failing check that it stands on.
    pub cause: Option<CheckId>,
    /// The alert on its cause, while that fires: nobody is told of this one.
    pub held_by: Option<AlertId>,
    /// Whether people were told that it fires: not while it is silenced or held back.
    pub told: bool,
    /// While it is kept firing although its condition no longer holds: since when.
    pub calm_since: Option<Now>,
    /// Who has seen it.
    pub acknowledged: Option<Acknowledgement>,
    /// When it was escalated, and to whom.
    pub escalated: Option<(Timestamp, Vec<String>)>,
    /// No notices for a while.
    pub silence: Option<Silence>,
    /// How often it has fired in this session.
    pub fired: u64,
}

/// Whether a rule can be evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Sight {
    /// It never could be.
    #[default]
    Never,
    /// It can be.
    Clear,
    /// It could be, and cannot be now.
    Lost {
        /// Why.
        why: SafeText,
    },
}

/// Where an alert's life stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Life {
    /// Its condition does not hold, and it has not fired.
    #[default]
    Quiet,
    /// Its condition holds, not yet for long enough.
    Pending(Now),
    /// It fires.
    Firing(Now),
    /// It fired and is over.
    Resolved(Timestamp),
}

/// A person who has seen an alert.
#[derive(Clone, Debug)]
pub struct Acknowledgement {
    /// Who.
    pub by: Operator,
    /// When.
    pub at: Timestamp,
    /// What they noted.
    pub note: Option<SafeText>,
}

/// A time without notices.
#[derive(Clone, Debug)]
pub struct Silence {
    /// Who wanted it.
    pub by: Operator,
    /// Why.
    pub reason: SafeText,
    /// Until when.
    pub until: Timestamp,
}

/// A time in which business rests.
#[derive(Clone, Debug)]
pub struct Lull {
    /// Who declared it.
    pub by: Operator,
    /// Why.
    pub reason: SafeText,
    /// Until when.
    pub until: Timestamp,
}

/// What is normal for a series, known from elsewhere.
#[derive(Clone, Debug)]
pub struct Norm {
    /// Where from.
    pub from: SafeText,
    hours: Vec<Hour>,
}

impl Norm {
    /// What is normal at a moment, where that hour of the day is known.
    #[must_use]
    pub fn at(&self, moment: Timestamp) -> Option<f64> {
        let hour = Hour::of_day(moment);
        self.hours.iter().find(|known| known.hour == hour).map(|known| known.mean)
    }
}

impl AlertState {
    /// Whether it fires, acknowledged or not.
    #[must_use]
    pub const fn is_firing(&self) -> bool {
        matches!(self.life, Life::Firing(_))
    }

    /// Since when it is pending or fires.
    #[must_use]
    pub const fn since(&self) -> Option<Now> {
        match self.life {
            Life::Pending(since) | Life::Firing(since) => Some(since),
            Life::Quiet | Life::Resolved(_) => None,
        }
    }

    /// When it is escalated unless somebody acknowledges it. Not while it is silenced or held back.
    #[must_use]
    pub fn escalates(&self, rule: &Rule) -> Option<Now> {
        let Life::Firing(since) = self.life else { return None };
        let escalation = rule.escalate.as_ref()?;
        let is_quiet = self.silence.is_some() || self.held_by.is_some();
        (self.acknowledged.is_none() && self.escalated.is_none() && !is_quiet).then(|| since.after(escalation.after.0))
    }

    /// The word as it stands in reports: `inactive`, `pending`, `firing`, `acknowledged`, `resolved`, and `unknown`
    /// for one whose rule cannot be evaluated and that does not fire.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match (&self.life, &self.sight) {
            (Life::Firing(_), _) if self.acknowledged.is_some() => "acknowledged",
            (Life::Firing(_), _) => "firing",
            (_, Sight::Never | Sight::Lost { .. }) => "unknown",
            (Life::Pending(_), _) => "pending",
            (Life::Resolved(_), _) => "resolved",
            (Life::Quiet, _) => "inactive",
        }
    }

    fn fire(&mut self, when: Now) {
        self.began.get_or_insert(when);
        self.life = Life::Firing(when);
        self.sight = Sight::Clear;
        self.fired += 1;
        (self.calm_since, self.acknowledged, self.escalated) = (None, None, None);
    }

    fn apply(&mut self, body: &AlertEvent, event: &Event) {
        let by = match &event.actor {
            Actor::Operator(operator) => Some(operator.clone()),
            Actor::Golive => None,
        };
        match body {
            AlertEvent::Evaluable { .. } => self.sight = Sight::Clear,
            AlertEvent::Unevaluable { why, .. } => self.sight = Sight::Lost { why: why.clone() },
            AlertEvent::Pending { value, threshold, .. } => {
                self.life = Life::Pending(event.when());
                self.began = Some(event.when());
                (self.value, self.threshold) = (Some(value.clone()), Some(threshold.clone()));
            }
            AlertEvent::Calmed { .. } => (self.life, self.began) = (Life::Quiet, None),
            AlertEvent::Fired { value, threshold, cause, held_by, .. } => {
                self.fire(event.when());
                (self.value, self.threshold) = (Some(value.clone()), Some(threshold.clone()));
                (self.cause, self.held_by) = (cause.clone(), held_by.clone());
                self.told = held_by.is_none() && self.silence.is_none();
            }
            AlertEvent::HeldBack { by, .. } => self.held_by = Some(by.clone()),
            AlertEvent::Released { .. } => (self.held_by, self.told) = (None, true),
            AlertEvent::KeptFiring { .. } => self.calm_since = Some(event.when()),
            AlertEvent::HoldsAgain { .. } => self.calm_since = None,
            AlertEvent::Resolved { .. } => {
                self.life = Life::Resolved(event.at);
                (self.calm_since, self.held_by, self.began) = (None, None, None);
            }
            AlertEvent::Acknowledged { note, .. } => {
                self.acknowledged = by.map(|by| Acknowledgement { by, at: event.at, note: note.clone() });
            }
            AlertEvent::Unacknowledged { .. } => self.acknowledged = None,
            AlertEvent::Escalated { to, .. } => self.escalated = Some((event.at, to.clone())),
            AlertEvent::Silenced { reason, until, .. } => {
                self.silence = by.map(|by| Silence { by, reason: reason.clone(), until: *until });
            }
            AlertEvent::SilenceEnded { .. } => self.silence = None,
            AlertEvent::BaselineKnown { .. } | AlertEvent::LullDeclared { .. } | AlertEvent::LullEnded { .. } => {}
        }
    }
}

pub(super) fn apply(state: &mut State, body: &AlertEvent, event: &Event) {
    if let Some(transition) = body.transition() {
        state.next_transition = state.next_transition.max(transition + 1);
    }
    match (body, &event.actor) {
        (AlertEvent::LullDeclared { reason, until }, Actor::Operator(by)) => {
            state.lull = Some(Lull { by: by.clone(), reason: reason.clone(), until: *until });
        }
        (AlertEvent::BaselineKnown { series, from, hours }, _) => {
            state.norms.insert(series.clone(), Arc::new(Norm { from: from.clone(), hours: hours.clone() }));
        }
        (AlertEvent::LullEnded { .. }, _) => state.lull = None,
        (body, _) => {
            if let Some(alert) = body.alert().and_then(|alert| state.alert_mut(alert)) {
                alert.apply(body, event);
            }
        }
    }
}
