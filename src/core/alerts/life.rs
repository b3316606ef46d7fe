//! What follows for one alert from a state at a moment, and when to look again though nothing comes in.

use jiff::Timestamp;

use crate::core::alerts::answers::{answers, changes, seen_until};
use crate::core::alerts::cause::{causes, causes_are_judged, held_by, waits_until};
use crate::core::event::{AlertEvent, Body};
use crate::core::state::{AlertState, Life, Sight, State};
use crate::model::alert::{DuringLull, Rule};
use crate::model::text::SafeText;
use crate::model::time::Now;

/// What a look at one alert found.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// What follows.
    pub follows: Vec<Body>,
    /// When to look again though nothing comes in.
    pub again: Option<Timestamp>,
}

/// Looks at the alert at a position of the plan. Its transitions are numbered from `transition` on.
#[must_use]
pub fn look(state: &State, position: usize, now: Now, transition: u64) -> Look {
    let (rule, known) = state.alert_at(position);
    let Some(compiled) = state.rules().rule(position) else { return Look::default() };
    let found = answers(state, position, compiled, now);
    let holds = compiled.condition.holds(&found);
    let told = || {
        let (value, threshold) = compiled.condition.told(&found);
        (SafeText::bounded(&value, 120), SafeText::bounded(&threshold, 200))
    };
    let mut judge = Judge { state, position, rule, known, now, first: transition, follows: Vec::new() };
    judge.silence();
    judge.sight(&holds);
    match holds {
        Err(_) => judge.unknown(),
        Ok(true) if judge.is_muted() => judge.unknown(),
        Ok(true) => judge.holds(told),
        Ok(false) => judge.is_over(),
    }
    judge.notices();
    let follows = judge.follows;
    Look {
        follows,
        again: again(state, position, rule, known, now).into_iter().chain(changes(state, compiled, now)).min(),
    }
}

/// When a time of the alert's own runs out.
fn again(state: &State, position: usize, rule: &Rule, known: &AlertState, now: Now) -> Option<Timestamp> {
    let end = |since: Now, length: std::time::Duration| since.after(length).at;
    let hold = match known.life {
        Life::Pending(since) => [Some(end(since, rule.hold.0)), waits_until(state, position, now)],
        Life::Quiet | Life::Resolved(_) | Life::Firing(_) => [None, None],
    };
    let calm = known.calm_since.map(|since| end(since, rule.keep_firing.0));
    // Calm counts as long as somebody looks.
    let unseen = known.calm_since.and_then(|_| seen_until(state, position, now));
    let escalates = known.escalates(rule).map(|moment| moment.at);
    let silence = known.silence.as_ref().map(|silence| silence.until);
    let lull = state.lull().filter(|_| rule.during_lull == DuringLull::Muted).map(|lull| lull.until);
    let own = hold.into_iter().chain([calm, unseen, escalates, silence, lull]);
    own.flatten().filter(|at| *at > now.at).min()
}

struct Judge<'a> {
    state: &'a State,
    position: usize,
    rule: &'a Rule,
    known: &'a AlertState,
    now: Now,
    first: u64,
    follows: Vec<Body>,
}

impl Judge<'_> {
    fn follow(&mut self, event: AlertEvent) {
        self.follows.push(Body::Alert(event));
    }

    /// The number of the next transition, those that follow here already counted.
    fn transition(&self) -> u64 {
        let before = self.follows.iter().filter(|body| matches!(body, Body::Alert(e) if e.transition().is_some()));
        self.first + before.count() as u64
    }

    fn is_muted(&self) -> bool {
        let resting = self.state.lull().is_some_and(|lull| self.now.at < lull.until);
        resting && self.rule.during_lull == DuringLull::Muted && !self.known.is_firing()
    }

    fn silence(&mut self) {
        if self.known.silence.as_ref().is_some_and(|silence| silence.until <= self.now.at) {
            let why = SafeText::from_foreign("its time is over");
            self.follow(AlertEvent::SilenceEnded { alert: self.rule.id.clone(), why });
        }
    }

    fn sight(&mut self, holds: &Result<bool, String>) {
        let alert = self.rule.id.clone();
        match (holds, &self.known.sight) {
            (Ok(_), Sight::Never | Sight::Lost { .. }) => self.follow(AlertEvent::Evaluable { alert }),
            (Err(why), Sight::Clear) => {
                self.follow(AlertEvent::Unevaluable { alert, why: SafeText::bounded(why, 200) });
            }
            (Ok(_), Sight::Clear) | (Err(_), Sight::Never | Sight::Lost { .. }) => {}
        }
    }

    /// A rule that cannot be evaluated fires no more than it did, and no less.
    fn unknown(&mut self) {
        match self.known.life {
            Life::Pending(_) => self.follow(AlertEvent::Calmed { alert: self.rule.id.clone() }),
            Life::Firing(_) => self.unseen(),
            Life::Quiet | Life::Resolved(_) => {}
        }
    }

    /// Nobody sees whether one that fires still holds: calm that nobody saw is no calm, and counts anew.
    fn unseen(&mut self) {
        if self.known.calm_since.is_some() {
            self.follow(AlertEvent::HoldsAgain { alert: self.rule.id.clone() });
        }
    }

    fn holds(&mut self, told: impl FnOnce() -> (SafeText, SafeText)) {
        let alert = self.rule.id.clone();
        match self.known.life {
            Life::Firing(_) => {
                if self.known.calm_since.is_some() {
                    self.follow(AlertEvent::HoldsAgain { alert });
                }
            }
            Life::Pending(since) => match self.now.since(since) {
                // A clock that went backwards cannot say how long it held: it begins anew.
                None => self.follow(AlertEvent::Calmed { alert }),
                Some(held) if held >= self.rule.hold.0 && causes_are_judged(self.state, self.position, self.now) => {
                    self.fire(told());
                }
                Some(_) => {}
            },
            Life::Quiet | Life::Resolved(_) => {
                if self.rule.hold.0.is_zero() && causes_are_judged(self.state, self.position, self.now) {
                    self.fire(told());
                } else {
                    let (value, threshold) = told();
                    self.follow(AlertEvent::Pending { alert, value, threshold });
                }
            }
        }
    }

    fn fire(&mut self, (value, threshold): (SafeText, SafeText)) {
        let (alert, transition) = (self.rule.id.clone(), self.transition());
        let cause = causes(self.state, self.position).into_iter().next();
        let held_by = held_by(self.state, self.position);
        self.follow(AlertEvent::Fired { alert, transition, value, threshold, cause, held_by });
    }

    fn is_over(&mut self) {
        let alert = self.rule.id.clone();
        match self.known.life {
            Life::Quiet | Life::Resolved(_) => {}
            Life::Pending(_) => self.follow(AlertEvent::Calmed { alert }),
            // Samples that only left their window say nothing of how it is now.
            Life::Firing(_) if !self.is_seen_now() => self.unseen(),
            Life::Firing(_) => {
                let kept = self.rule.keep_firing.0;
                let calm = self.known.calm_since.map(|since| self.now.since(since).unwrap_or_default());
                if kept.is_zero() || calm.is_some_and(|calm| calm >= kept) {
                    let transition = self.transition();
                    self.follow(AlertEvent::Resolved { alert, transition });
                } else if calm.is_none() {
                    self.follow(AlertEvent::KeptFiring { alert });
                }
            }
        }
    }

    /// Whether every check that the rule asks has a fresh sample of what it is asked.
    fn is_seen_now(&self) -> bool {
        seen_until(self.state, self.position, self.now).is_none_or(|until| self.now.at < until)
    }

    /// Who else has to know of one that fires, and who need not.
    fn notices(&mut self) {
        let resolves = self.follows.iter().any(|body| matches!(body, Body::Alert(AlertEvent::Resolved { .. })));
        if !self.known.is_firing() || resolves {
            return;
        }
        let alert = self.rule.id.clone();
        match (&self.known.held_by, held_by(self.state, self.position)) {
            (None, Some(by)) => self.follow(AlertEvent::HeldBack { alert, by }),
            (held, None) if self.known.silence.is_none() && (held.is_some() || !self.known.told) => {
                let (transition, told_before) = (self.transition(), self.known.told);
                self.follow(AlertEvent::Released { alert, transition, told_before });
            }
            (None | Some(_), None) | (Some(_), Some(_)) => {}
        }
        let due = self.known.escalates(self.rule).is_some_and(|moment| moment.at <= self.now.at);
        if let (true, Some(escalation)) = (due, &self.rule.escalate) {
            let mut to = if escalation.to.is_empty() { self.rule.notify.clone() } else { escalation.to.clone() };
            if escalation.after.0.is_zero() {
                // At once is no second call: who is told that it fires hears of it once.
                to.retain(|name| !self.rule.notify.contains(name));
            }
            let (alert, transition) = (self.rule.id.clone(), self.transition());
            self.follow(AlertEvent::Escalated { alert, transition, to });
        }
    }
}
