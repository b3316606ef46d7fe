//! Telling people: one attempt of a notice, in a task of its own, and the heartbeats of a session in flight. What came
//! of it goes back as an event; when to try again is the core's affair.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::check::Surroundings;
use crate::core::event::NoticeEvent;
use crate::core::notice::Notice;
use crate::engine::redaction;
use crate::mask::Redactor;
use crate::model::id::NotifierId;
use crate::model::time::Now;
use crate::notify::Again;

/// What came of an attempt, and when.
pub(super) type Report = (NoticeEvent, Now);

/// Tells people, in tasks.
pub(super) struct Deliverer {
    surroundings: Arc<Surroundings>,
    redactor: Redactor,
    reports: mpsc::Sender<Report>,
    tasks: JoinSet<()>,
    beats: JoinSet<()>,
}

impl Deliverer {
    pub(super) fn new(surroundings: Arc<Surroundings>, redactor: Redactor, reports: mpsc::Sender<Report>) -> Self {
        Self { surroundings, redactor, reports, tasks: JoinSet::new(), beats: JoinSet::new() }
    }

    /// Tells with other values from the next attempt on: a source changed.
    pub(super) fn renew(&mut self, surroundings: &Arc<Surroundings>, redactor: &Redactor) {
        (self.surroundings, self.redactor) = (Arc::clone(surroundings), redactor.clone());
        if !self.beats.is_empty() {
            self.beats.abort_all();
            self.beat();
        }
    }

    /// Tries a notice once. Its intent is on disk by now.
    pub(super) fn deliver(&mut self, notice: Notice) {
        // Ended tasks are taken out as new ones come in.
        while self.tasks.try_join_next().is_some() {}
        let (surroundings, redactor) = (Arc::clone(&self.surroundings), self.redactor.clone());
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let event = attempt(&notice, &surroundings, &redactor).await;
            // Nobody listens any more: golive is ending, and the next start sends it again under the same key.
            let _ = reports.send((event, (surroundings.clock)())).await;
        });
    }

    /// Whether notices go out from here at all.
    pub(super) fn is_at_work(&self) -> bool {
        !self.surroundings.notifiers.leaves_outbox()
    }

    /// Begins to beat: a session is in flight.
    pub(super) fn beat(&mut self) {
        for (id, every) in self.surroundings.notifiers.beats() {
            let (surroundings, redactor) = (Arc::clone(&self.surroundings), self.redactor.clone());
            let (id, reports) = (id.clone(), self.reports.clone());
            self.beats.spawn(async move { beating(&id, every, &surroundings, &redactor, &reports).await });
        }
    }

    /// The session has ended: nobody has to notice that golive does so too.
    pub(super) fn rest(&mut self) {
        self.beats.abort_all();
    }

    /// Waits for the attempts under way, not longer than this: one that is broken off might have to be made twice.
    pub(super) async fn last_attempts(&mut self, patience: Duration) {
        self.rest();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        // Whoever has not answered by then is asked again by the next start.
        let _ = tokio::time::timeout(patience, all).await;
    }
}

async fn attempt(notice: &Notice, surroundings: &Surroundings, redactor: &Redactor) -> NoticeEvent {
    let key = notice.key.clone();
    match surroundings.notifiers.send(notice, &surroundings.network, surroundings.clock).await {
        Ok(taken) => NoticeEvent::Delivered { key, answer: redaction::text(redactor, taken.answer.as_str()) },
        Err(refused) => {
            let pause = match refused.again {
                Again::After(pause) => pause,
                Again::Later | Again::Never => Duration::ZERO,
            };
            let why = redaction::text(redactor, refused.why.as_str());
            NoticeEvent::Failed { key, why, pause, for_good: refused.again == Again::Never }
        }
    }
}

/// Beats for ever. Only a change is told: it arrives, or no longer does on two beats in a row.
async fn beating(
    id: &NotifierId,
    every: Duration,
    surroundings: &Surroundings,
    redactor: &Redactor,
    reports: &mpsc::Sender<Report>,
) {
    let mut told: Option<bool> = None;
    let mut missed = 0_u32;
    loop {
        let beat = surroundings.notifiers.beat(id, &surroundings.network, surroundings.clock).await;
        missed = if beat.is_ok() { 0 } else { missed + 1 };
        let arrives = beat.is_ok();
        if told != Some(arrives) && (arrives || missed > 1) {
            told = Some(arrives);
            let why = match &beat {
                Ok(taken) => redaction::text(redactor, taken.answer.as_str()),
                Err(refused) => redaction::text(redactor, refused.why.as_str()),
            };
            let event = NoticeEvent::Beat { notifier: id.clone(), arrives, why };
            let _ = reports.send((event, (surroundings.clock)())).await;
        }
        tokio::time::sleep(every).await;
    }
}
