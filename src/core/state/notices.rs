//! The outbox: what has to be told to whom, what became of it, and how each notifier fares.
//!
//! Who is told is worked out where the alert's event is applied: so whatever comes between, a crash or a full disk, a
//! fold over the same events owes the same notices under the same keys. `consequences` makes an event of each.

mod health;
mod recipients;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

pub use health::Health;

use crate::core::event::{AlertEvent, Event, NoticeEvent};
use crate::core::notice::{About, Happened, Notice, NoticeKey};
use crate::core::state::State;
use crate::model::id::{AlertId, NotifierId};
use crate::model::notifier::Notifier;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// So many notices that are over are remembered; the journal has them all.
const KEPT: usize = 1_000;
/// The longest wait between two attempts, unless the other side asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The outbox and what is known of notifiers.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    posted: Vec<Arc<Posted>>,
    /// Told, or about to be told, that an alert fires: they are told when it is over.
    told: BTreeMap<AlertId, BTreeSet<NotifierId>>,
    /// The transition with which an alert fired last.
    fired: BTreeMap<AlertId, u64>,
    owed: Vec<Notice>,
    health: BTreeMap<NotifierId, Health>,
}

/// A notice and what became of it.
#[derive(Clone, Debug)]
pub struct Posted {
    /// What is told, and to whom.
    pub notice: Notice,
    /// Since when it has to be told.
    pub queued: Now,
    /// How often it was tried.
    pub attempts: u32,
    /// Where it stands.
    pub fate: Fate,
}

/// Where a notice stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It has not been tried.
    Waiting,
    /// The latest attempt failed.
    Failed {
        /// When.
        when: Now,
        /// Why.
        why: SafeText,
        /// Whether it will never be taken.
        for_good: bool,
    },
    /// The other side has it.
    Delivered {
        /// When.
        when: Now,
        /// What it answered.
        answer: SafeText,
    },
    /// It is not tried any more.
    Dead {
        /// When.
        when: Now,
        /// Why.
        why: SafeText,
    },
}

impl Posted {
    /// Whether it still has to arrive.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.fate, Fate::Waiting | Fate::Failed { .. })
    }

    /// The word as it stands in reports: `waiting`, `retrying`, `delivered`, `dead`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.fate {
            Fate::Waiting => "waiting",
            Fate::Failed { .. } => "retrying",
            Fate::Delivered { .. } => "delivered",
            Fate::Dead { .. } => "dead",
        }
    }

    /// How long to wait after the latest attempt.
    fn wait(&self, notifier: &Notifier) -> Duration {
        backoff(notifier, self.attempts)
    }

    /// Whether it is time for another attempt of this one.
    #[must_use]
    pub fn is_due(&self, notifier: &Notifier, now: Now) -> bool {
        match &self.fate {
            Fate::Waiting => true,
            // A clock that went backwards says nothing: better once too often than never.
            Fate::Failed { when, .. } => now.since(*when).is_none_or(|past| past >= self.wait(notifier)),
            Fate::Delivered { .. } | Fate::Dead { .. } => false,
        }
    }

    /// When it may be tried again, by its own rhythm.
    #[must_use]
    pub fn due(&self, notifier: &Notifier) -> Option<Now> {
        match &self.fate {
            Fate::Failed { when, .. } => Some(when.after(self.wait(notifier))),
            Fate::Waiting | Fate::Delivered { .. } | Fate::Dead { .. } => None,
        }
    }

    /// Why it is given up now, if it is.
    fn given_up(&self, notifier: Option<&Notifier>, now: Now) -> Option<String> {
        let Fate::Failed { why, for_good, .. } = &self.fate else { return None };
        if *for_good {
            return Some(format!("it will never be taken: {why}"));
        }
        let budget = notifier.map_or(Duration::ZERO, |notifier| notifier.give_up_after.0);
        let age = now.since(self.queued).unwrap_or_default();
        (age >= budget).then(|| format!("given up after {} attempts: {why}", self.attempts))
    }
}

/// The wait after so many failed attempts.
fn backoff(notifier: &Notifier, failures: u32) -> Duration {
    let doubled = 2_u32.saturating_pow(failures.saturating_sub(1).min(16));
    notifier.retry_delay.0.saturating_mul(doubled).min(LONGEST_WAIT)
}

impl Notices {
    /// Every notice of the session that is remembered, oldest first.
    pub fn posted(&self) -> impl DoubleEndedIterator<Item = &Posted> + ExactSizeIterator {
        self.posted.iter().map(|posted| &**posted)
    }

    /// The notices of an alert, oldest first.
    pub fn of_alert<'a>(&'a self, alert: &'a AlertId) -> impl Iterator<Item = &'a Posted> + 'a {
        self.posted().filter(move |posted| matches!(&posted.notice.about, About::Alert(about) if about.alert == *alert))
    }

    /// What still has to arrive, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &Posted> {
        self.posted().filter(|posted| posted.is_open())
    }

    /// How a notifier fares.
    #[must_use]
    pub fn health(&self, notifier: &NotifierId) -> Option<&Health> {
        self.health.get(notifier)
    }

    /// The notifiers that something was tried with, in order of name.
    pub fn notifiers(&self) -> impl Iterator<Item = (&NotifierId, &Health)> {
        self.health.iter()
    }

    /// Notices that nobody has queued yet.
    pub(in crate::core) fn owed(&self) -> impl Iterator<Item = &Notice> {
        self.owed.iter()
    }

    /// Notices whose budget is used up, and why.
    pub(in crate::core) fn given_up<'a>(
        &'a self,
        notifiers: &'a [Notifier],
        now: Now,
    ) -> impl Iterator<Item = (&'a NoticeKey, String)> + 'a {
        self.open().filter_map(move |posted| {
            let notifier = notifiers.iter().find(|notifier| notifier.id == posted.notice.to);
            Some((&posted.notice.key, posted.given_up(notifier, now)?))
        })
    }

    fn posted_mut(&mut self, key: &NoticeKey) -> Option<&mut Posted> {
        let posted = self.posted.iter_mut().rev().find(|posted| posted.notice.key == *key && posted.is_open())?;
        Some(Arc::make_mut(posted))
    }

    fn knows(&self, key: &NoticeKey) -> bool {
        self.owed.iter().any(|notice| notice.key == *key) || self.posted.iter().any(|posted| posted.notice.key == *key)
    }

    fn owe(&mut self, notice: Notice) {
        if !self.knows(&notice.key) {
            self.owed.push(notice);
        }
    }

    fn queue(&mut self, notice: &Notice, when: Now) {
        self.owed.retain(|owed| owed.key != notice.key);
        if self.posted.iter().any(|posted| posted.notice.key == notice.key) {
            return;
        }
        if self.posted.len() >= KEPT
            && let Some(oldest) = self.posted.iter().position(|posted| !posted.is_open())
        {
            self.posted.remove(oldest);
        }
        let posted = Posted { notice: notice.clone(), queued: when, attempts: 0, fate: Fate::Waiting };
        self.posted.push(Arc::new(posted));
    }

    /// Notes what came of an attempt; gives who was to be told.
    fn came_of(&mut self, key: &NoticeKey, fate: Fate) -> Option<NotifierId> {
        let posted = self.posted_mut(key)?;
        posted.attempts += u32::from(!matches!(fate, Fate::Dead { .. }));
        posted.fate = fate;
        Some(posted.notice.to.clone())
    }
}

pub(super) fn apply(state: &mut State, body: &NoticeEvent, event: &Event) {
    let when = event.when();
    let notices = Arc::make_mut(&mut state.notices);
    match body {
        NoticeEvent::Queued(notice) => notices.queue(notice, when),
        NoticeEvent::Delivered { key, answer } => {
            let delivered = Fate::Delivered { when, answer: answer.clone() };
            if let Some(to) = notices.came_of(key, delivered)
                && let Some(news) = notices.health.entry(to.clone()).or_default().took(when)
            {
                recipients::of_notifier(state, &to, &news, event);
            }
        }
        NoticeEvent::Failed { key, why, pause, for_good } => {
            let failed = Fate::Failed { when, why: why.clone(), for_good: *for_good };
            if let Some(to) = notices.came_of(key, failed)
                && let Some(news) = notices.health.entry(to.clone()).or_default().refused(why, *pause, when)
            {
                recipients::of_notifier(state, &to, &news, event);
            }
        }
        NoticeEvent::DeadLettered { key, why } => {
            let alert = notices.posted_mut(key).and_then(|posted| match &posted.notice.about {
                About::Alert(about) if matches!(about.happened, Happened::Fired | Happened::Escalated) => {
                    Some(about.alert.clone())
                }
                About::Alert(_) | About::Notifier { .. } | About::Test { .. } => None,
            });
            if let Some(to) = notices.came_of(key, Fate::Dead { when, why: why.clone() }) {
                notices.health.entry(to.clone()).or_default().lost(why, when);
                // Who never heard that it fires need not hear that it is over.
                if let Some(told) = alert.and_then(|alert| notices.told.get_mut(&alert)) {
                    told.remove(&to);
                }
            }
        }
        NoticeEvent::Beat { notifier, arrives, why } => {
            let health = notices.health.entry(notifier.clone()).or_default();
            let news = if *arrives { health.took(when) } else { health.silent(why, when) };
            if let Some(news) = news {
                recipients::of_notifier(state, notifier, &news, event);
            }
        }
        NoticeEvent::Confirmed { .. } => {}
    }
}

/// Whom an alert's change concerns. Called after the alert itself has been changed.
pub(super) fn after_alert(state: &mut State, body: &AlertEvent, event: &Event) {
    recipients::of_alert(state, body, event);
}
