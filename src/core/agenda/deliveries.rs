//! Which notices to send now, and when the next one may go: in order for each alert, not faster than a notifier takes
//! them, and not before a failing one has had its rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::core::event::NoticeEvent;
use crate::core::notice::{Notice, NoticeKey};
use crate::core::state::{Health, Posted, State};
use crate::model::id::NotifierId;
use crate::model::notifier::Notifier;
use crate::model::time::Now;

/// What is under way: volatile, as every start is. After a restart nothing is, and what has not arrived is sent again.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    under_way: BTreeMap<NoticeKey, NotifierId>,
    next: Option<Duration>,
}

impl Deliveries {
    /// The notices whose turn it is. Each is handed out once; the engine answers with what came of it.
    pub(super) fn due(&mut self, state: &State, now: Now) -> Vec<Notice> {
        self.next = None;
        let mut due = Vec::new();
        let mut lanes: BTreeSet<(&NotifierId, &str)> = BTreeSet::new();
        let mut open: Vec<&Posted> = Vec::new();
        for posted in state.notices().open() {
            // Only the first of a lane may go.
            if lanes.insert((&posted.notice.to, posted.notice.lane())) {
                open.push(posted);
            }
        }
        // The least tried first: one that is never taken must not keep the others from being tried.
        open.sort_by_key(|posted| posted.attempts);
        for posted in open {
            if self.under_way.contains_key(&posted.notice.key) {
                continue;
            }
            let to = &posted.notice.to;
            let Some(notifier) = state.plan().notifiers.iter().find(|notifier| notifier.id == *to) else {
                // The engine finds out that there is none, and says so.
                self.begin(posted, &mut due);
                continue;
            };
            let under_way = self.under_way.values().filter(|other| *other == to).count();
            let health = state.notices().health(to);
            let ready = health.is_none_or(|health| health.is_ready(notifier, under_way, now));
            if ready && posted.is_due(notifier, now) {
                self.begin(posted, &mut due);
            } else {
                self.wake(posted, health, notifier, now);
            }
        }
        due
    }

    fn begin(&mut self, posted: &Posted, due: &mut Vec<Notice>) {
        self.under_way.insert(posted.notice.key.clone(), posted.notice.to.clone());
        due.push(posted.notice.clone());
    }

    /// Remembers when this one may go. While another is under way its end is what is waited for.
    fn wake(&mut self, posted: &Posted, health: Option<&Health>, notifier: &Notifier, now: Now) {
        let own = posted.due(notifier);
        let of_notifier = health.and_then(|health| health.ready_at(notifier));
        let at = [own, of_notifier].into_iter().flatten().map(|when| when.up).filter(|up| *up > now.up).max();
        let at = at.unwrap_or(now.up + Duration::from_secs(1));
        self.next = Some(self.next.map_or(at, |known| known.min(at)));
    }

    /// When the next one may go, as time since boot.
    pub(super) const fn next(&self) -> Option<Duration> {
        self.next
    }

    /// Takes note of what came of an attempt.
    pub(super) fn after(&mut self, body: &NoticeEvent, up: Duration) {
        match body {
            NoticeEvent::Delivered { key, .. }
            | NoticeEvent::Failed { key, .. }
            | NoticeEvent::DeadLettered { key, .. } => {
                self.under_way.remove(key);
                self.next = Some(up);
            }
            NoticeEvent::Queued(_) => self.next = Some(up),
            NoticeEvent::Confirmed { .. } | NoticeEvent::Beat { .. } => {}
        }
    }

    /// Everything that has not arrived is looked at again.
    pub(super) const fn look(&mut self, up: Duration) {
        self.next = Some(up);
    }
}
