//! Who was told, and whether it arrived: the notices of an alert, and how each notifier fares.

use crate::core::notice::{About, Happened};
use crate::core::state::{Fate, Posted, State};
use crate::model::id::AlertId;
use crate::report::shape::{NoticeEntry, NotifierEntry};

/// The notices of one alert, oldest first.
pub(super) fn of_alert(state: &State, alert: &AlertId) -> Vec<NoticeEntry> {
    state.notices().of_alert(alert).map(entry).collect()
}

/// Those who have it that an alert fires: it arrived.
pub(super) fn notified(state: &State, alert: &AlertId) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for posted in state.notices().of_alert(alert) {
        let told = matches!(posted.fate, Fate::Delivered { .. })
            && matches!(&posted.notice.about, About::Alert(about)
                if matches!(about.happened, Happened::Fired | Happened::Escalated));
        if told && !names.iter().any(|name| name == posted.notice.to.as_str()) {
            names.push(posted.notice.to.to_string());
        }
    }
    names
}

fn entry(posted: &Posted) -> NoticeEntry {
    let (at, answer) = match &posted.fate {
        Fate::Waiting => (posted.queued.at, None),
        Fate::Failed { when, why, .. } | Fate::Dead { when, why } => (when.at, Some(why.clone())),
        Fate::Delivered { when, answer } => (when.at, Some(answer.clone())),
    };
    NoticeEntry {
        key: posted.notice.key.to_string(),
        to: posted.notice.to.to_string(),
        about: posted.notice.kind(),
        state: posted.word(),
        queued: posted.queued.at,
        at,
        attempts: posted.attempts,
        answer,
    }
}

/// Every notifier of the plan, in plan order.
pub(super) fn notifiers(state: &State) -> Vec<NotifierEntry> {
    let notices = state.notices();
    let of = |notifier: &crate::model::notifier::Notifier| {
        let health = notices.health(&notifier.id);
        NotifierEntry {
            id: notifier.id.to_string(),
            kind: notifier.kind.to_string(),
            down: health.is_some_and(|health| health.is_down()),
            delivered: health.map_or(0, |health| health.delivered),
            waiting: notices.open().filter(|posted| posted.notice.to == notifier.id).count(),
            dead: health.map_or(0, |health| health.lost),
            why: health.and_then(|health| health.why.clone()),
        }
    };
    state.plan().notifiers.iter().map(of).collect()
}
