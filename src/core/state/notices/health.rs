//! How a notifier fares: failures in a row, how long it wants to be left alone, what it took lately.

use std::collections::VecDeque;
use std::time::Duration;

use crate::core::state::notices::backoff;
use crate::model::notifier::Notifier;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// So many failures in a row, and the others are told.
const DOWN_AFTER: u32 = 3;
/// So many attempts are remembered for the rate; no plan may allow more at once.
const REMEMBERED: usize = 1_000;

/// How a notifier fares.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Failures since it last took something.
    pub failures: u32,
    /// Since when it takes nothing.
    pub failing_since: Option<Now>,
    /// What it answered last.
    pub why: Option<SafeText>,
    /// Notices that were given up since it last took something.
    pub dead_letters: u64,
    /// Notices that it took.
    pub delivered: u64,
    /// Notices that were given up, in all.
    pub lost: u64,
    /// Whether the others know that it is down.
    told_down: bool,
    /// How often it went down and came back.
    pub(super) turns: u64,
    last_failure: Option<Now>,
    pause: Duration,
    recent: VecDeque<Now>,
}

/// A notifier went down or came back.
pub(super) struct News {
    pub(super) down: bool,
    pub(super) why: SafeText,
    pub(super) turn: u64,
}

impl Health {
    /// Whether it is down: it failed several times in a row.
    #[must_use]
    pub const fn is_down(&self) -> bool {
        self.told_down
    }

    /// Whether it may be tried now: its pause is over and its rate allows it. `under_way` attempts have not ended yet.
    #[must_use]
    pub fn is_ready(&self, notifier: &Notifier, under_way: usize, now: Now) -> bool {
        if self.failures > 0 && under_way > 0 {
            // One at a time until it takes something again.
            return false;
        }
        let rested =
            self.last_failure.is_none_or(|when| now.since(when).is_none_or(|past| past >= self.wait(notifier)));
        let within = |when: &Now| now.since(*when).is_none_or(|past| past < notifier.rate.per.0);
        let recent = self.recent.iter().filter(|when| within(when)).count();
        rested && recent + under_way < usize::try_from(notifier.rate.most).unwrap_or(usize::MAX)
    }

    /// When it may be tried again.
    #[must_use]
    pub fn ready_at(&self, notifier: &Notifier) -> Option<Now> {
        let rested = self.last_failure.map(|when| when.after(self.wait(notifier)));
        let most = usize::try_from(notifier.rate.most).unwrap_or(usize::MAX).min(REMEMBERED);
        let full = self.recent.len().checked_sub(most).and_then(|first| self.recent.get(first));
        let room = full.map(|when| when.after(notifier.rate.per.0));
        [rested, room].into_iter().flatten().max_by_key(|when| when.up)
    }

    fn wait(&self, notifier: &Notifier) -> Duration {
        backoff(notifier, self.failures).max(self.pause)
    }

    fn tried(&mut self, when: Now) {
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(when);
    }

    pub(super) fn took(&mut self, when: Now) -> Option<News> {
        self.tried(when);
        self.delivered += 1;
        (self.failures, self.dead_letters, self.failing_since, self.last_failure) = (0, 0, None, None);
        self.pause = Duration::ZERO;
        self.why = None;
        std::mem::take(&mut self.told_down).then(|| self.news(false, SafeText::empty()))
    }

    pub(super) fn refused(&mut self, why: &SafeText, pause: Duration, when: Now) -> Option<News> {
        self.tried(when);
        self.failures += 1;
        (self.last_failure, self.pause) = (Some(when), pause);
        self.failing_since.get_or_insert(when);
        self.why = Some(why.clone());
        (self.failures >= DOWN_AFTER && !self.told_down).then(|| {
            self.told_down = true;
            self.news(true, why.clone())
        })
    }

    /// A heartbeat that does not arrive is down at once: only changes are told, and it was tried more than once.
    pub(super) fn silent(&mut self, why: &SafeText, when: Now) -> Option<News> {
        self.failures = DOWN_AFTER - 1;
        self.refused(why, Duration::ZERO, when)
    }

    pub(super) fn lost(&mut self, why: &SafeText, when: Now) {
        self.dead_letters += 1;
        self.lost += 1;
        self.failing_since.get_or_insert(when);
        self.why = Some(why.clone());
    }

    fn news(&mut self, down: bool, why: SafeText) -> News {
        self.turns += 1;
        News { down, why, turn: self.turns }
    }
}
