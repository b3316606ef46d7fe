//! Append, acknowledged, apply, what follows: the order in which every event goes, and what a failing disk changes.

use std::time::Duration;

use tokio::time::Instant;

use crate::core::consequences::consequences;
use crate::core::event::{Body, CheckEvent, Event, ItemEvent, SessionEvent};
use crate::core::verdict::next_change;
use crate::engine::compact;
use crate::engine::sequencer::Sequencer;
use crate::journal::storage::StorageError;
use crate::model::operator::Actor;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// How often a failing disk is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// A disk that has not answered for so long is trouble, whatever comes of it.
const PATIENCE: Duration = Duration::from_secs(5);
const UNANSWERED: &str = "the disk does not answer";
/// Consequences of consequences end soon; a rule that feeds itself must not hold the loop.
const MOST_ROUNDS: usize = 16;

impl Sequencer {
    /// Keeps and applies what waits.
    pub(super) async fn flush(&mut self) {
        // The trouble itself is in the state, for everybody to see.
        let _ = self.keep(Vec::new()).await;
    }

    /// Keeps and applies what waits, and a decision with it. Results are applied whatever the disk says; a decision
    /// only when it is kept.
    pub(super) async fn keep(&mut self, decided: Vec<Event>) -> Result<(), StorageError> {
        self.flush_at = None;
        let results = self.results();
        let worth_keeping = self.keeper.bounded(&results);
        if self.keeper.trouble().is_some() && self.retry_at.is_some_and(|at| at > Instant::now()) {
            self.keeper.wait(&worth_keeping);
            self.apply_all(&results);
            self.follow().await;
            return Ok(());
        }
        let outage = self.outage();
        let with_it: Vec<Event> = outage.iter().chain(&decided).cloned().collect();
        let kept = self.append(&worth_keeping, &with_it).await;
        self.apply_all(&results);
        match &kept {
            Ok(()) => {
                self.keeper.kept();
                self.retry_at = None;
                self.state.set_trouble(None);
                self.apply_all(&with_it);
            }
            Err(error) => {
                self.keeper.lost(&worth_keeping, error.clone());
                self.in_trouble(error);
            }
        }
        self.follow().await;
        kept
    }

    /// Shows that the disk fails, and when it is tried again.
    fn in_trouble(&mut self, error: &StorageError) {
        self.retry_at = Some(Instant::now() + AGAIN);
        self.state.set_trouble(Some(SafeText::from_foreign(&error.to_string())));
    }

    /// The events that wait, repeats as one. In trouble nothing is made short: a repeat rests on a result that may not
    /// be on disk.
    fn results(&mut self) -> Vec<Event> {
        let pending = std::mem::take(&mut self.pending);
        if self.keeper.trouble().is_some() {
            return pending;
        }
        let (mut results, repeats) = compact::split(&self.state, pending);
        if !repeats.is_empty() {
            let observed = Body::Check(CheckEvent::Observed { repeats });
            results.push(self.maker.event(Actor::Golive, observed, (self.clock)()));
        }
        results
    }

    /// The note that tells of an outage, kept when the disk is back, behind what waited.
    fn outage(&mut self) -> Option<Event> {
        let why = self.keeper.trouble()?;
        let text = SafeText::from_foreign(&format!("the journal could not be written ({why}); it goes on from here"));
        let noted = Body::Item(ItemEvent::Noted { subject: None, text });
        Some(self.maker.event(Actor::Golive, noted, (self.clock)()))
    }

    /// Appends, and waits for the answer however long it takes; a disk that does not answer is shown as trouble
    /// meanwhile.
    async fn append(&mut self, results: &[Event], decided: &[Event]) -> Result<(), StorageError> {
        let batch: Vec<Event> = results.iter().chain(decided).cloned().collect();
        if batch.is_empty() && self.keeper.trouble().is_none() {
            return Ok(());
        }
        let mut appending = self.keeper.append(&batch);
        let before = self.state.trouble().cloned();
        let answer = loop {
            match tokio::time::timeout(PATIENCE, &mut appending).await {
                Ok(answer) => break answer.map(|stored| self.keeper.stored(&stored, &self.state)),
                Err(_) if self.quit.is_cancelled() => {
                    self.unanswered = true;
                    break Err(StorageError(UNANSWERED.to_owned()));
                }
                Err(_) => {
                    self.state.set_trouble(Some(SafeText::from_foreign(UNANSWERED)));
                    self.screen.publish(&self.state);
                }
            }
        };
        self.state.set_trouble(before);
        answer
    }

    fn apply_all(&mut self, events: &[Event]) {
        for event in events {
            self.apply(event);
        }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        // The opening is the state's beginning; it only has to be kept.
        if !matches!(event.body, Body::Session(SessionEvent::Opened { .. })) {
            self.state.apply(event);
            self.agenda.after(&self.state, event);
            self.rules.after(&self.state, event);
        }
        if matches!(event.body, Body::Session(SessionEvent::PlanChanged { .. })) {
            self.runner.forget();
            self.inquirer.begin(&self.state);
        }
        if matches!(event.body, Body::Session(SessionEvent::Closed | SessionEvent::Aborted { .. })) {
            self.deliverer.rest();
        }
        if self.state.session().ended.is_some() {
            self.inquirer.rest();
        }
        self.screen.touch();
    }

    fn followed_by(&mut self, body: Body, now: Now) -> Event {
        let body = self.keeper.with_head(body);
        self.maker.event(Actor::Golive, body, now)
    }

    /// What follows by itself, until nothing more does.
    pub(super) async fn follow(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let now = (self.clock)();
            let mut follows = consequences(&self.state, now);
            follows.extend(self.rules.follows(&self.state, now));
            if follows.is_empty() {
                break;
            }
            let events: Vec<Event> = follows.into_iter().map(|body| self.followed_by(body, now)).collect();
            if self.keeper.trouble().is_some() {
                self.keeper.wait(&events);
            } else if let Err(error) = self.append(&events, &[]).await {
                self.in_trouble(&error);
                self.keeper.lost(&events, error);
            }
            self.apply_all(&events);
        }
        let now = (self.clock)();
        let alerts = if self.rules.is_due(now) { Some(now.at) } else { self.rules.next() };
        self.change_at = next_change(&self.state, now).into_iter().chain(alerts).min();
    }
}
