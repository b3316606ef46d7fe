//! What triage asks of the world, in tasks: sources of changes are looked at all the while, who is hurt is asked while
//! something is broken, and once more when it is over. What it means is the core's affair.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::check::Surroundings;
use crate::check::changes::{self, Asked};
use crate::check::hurt;
use crate::core::event::TriageEvent;
use crate::core::inquiry::{Counted, Look, MOST_SIGHTINGS, Sighting};
use crate::core::state::State;
use crate::core::triage;
use crate::engine::redaction;
use crate::mask::Redactor;
use crate::model::id::{HurtId, SourceId};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::triage::{Hurt, Source};

/// A source keeps its time by itself; only one that does not is cut off from outside.
const GRACE: Duration = Duration::from_millis(250);
/// Somebody who waits for a first answer is not kept waiting for a whole interval after something broke.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// What is kept of a reason.
const LONGEST_REASON: usize = 200;

/// What came of asking, and when.
pub(super) struct Report {
    pub(super) when: Now,
    pub(super) learnt: Learnt,
}

/// What was learnt.
pub(super) enum Learnt {
    /// What a source shows, or why it cannot be looked at.
    Look(SourceId, Result<Look, SafeText>),
    /// Who is hurt since a moment, or why nobody knows.
    Hurt(HurtId, Timestamp, Result<Counted, SafeText>),
}

/// Asks, in tasks.
pub(super) struct Inquirer {
    surroundings: Arc<Surroundings>,
    redactor: Redactor,
    at_work: bool,
    key: Vec<u8>,
    states: watch::Receiver<Arc<State>>,
    reports: mpsc::Sender<Report>,
    tasks: JoinSet<()>,
}

impl Inquirer {
    pub(super) fn new(
        (surroundings, redactor): (&Arc<Surroundings>, &Redactor),
        (at_work, key): (bool, Vec<u8>),
        states: watch::Receiver<Arc<State>>,
        reports: mpsc::Sender<Report>,
    ) -> Self {
        let (surroundings, redactor) = (Arc::clone(surroundings), redactor.clone());
        Self { surroundings, redactor, at_work, key, states, reports, tasks: JoinSet::new() }
    }

    /// Begins to ask what the plan wants asked, in sessions that people look at.
    pub(super) fn begin(&mut self, state: &State) {
        self.rest();
        if !self.at_work || state.session().ended.is_some() {
            return;
        }
        for source in &state.plan().triage.changes {
            self.tasks.spawn(self.watcher().watch(source.clone()));
        }
        for hurt in &state.plan().triage.hurt {
            self.tasks.spawn(self.watcher().count(hurt.clone()));
        }
    }

    /// Asks with other values from now on: a source of values changed.
    pub(super) fn renew(&mut self, surroundings: &Arc<Surroundings>, redactor: &Redactor, state: &State) {
        (self.surroundings, self.redactor) = (Arc::clone(surroundings), redactor.clone());
        if !self.tasks.is_empty() {
            self.begin(state);
        }
    }

    /// Asks nothing any more.
    pub(super) fn rest(&mut self) {
        self.tasks.abort_all();
        self.tasks = JoinSet::new();
    }

    fn watcher(&self) -> Watcher {
        Watcher {
            surroundings: Arc::clone(&self.surroundings),
            redactor: self.redactor.clone(),
            key: self.key.clone(),
            states: self.states.clone(),
            reports: self.reports.clone(),
        }
    }
}

/// What one task needs.
struct Watcher {
    surroundings: Arc<Surroundings>,
    redactor: Redactor,
    key: Vec<u8>,
    states: watch::Receiver<Arc<State>>,
    reports: mpsc::Sender<Report>,
}

impl Watcher {
    async fn watch(self, source: Source) {
        let mut told_lost: Option<SafeText> = None;
        loop {
            let next = Instant::now() + source.every.0;
            let look = self.look(&source).await.map_err(|why| self.reason(&why));
            // Only the first of the same complaints is news.
            let same = look.as_ref().err().is_some_and(|why| told_lost.as_ref() == Some(why));
            told_lost = look.as_ref().err().cloned();
            if !same && !self.report(Learnt::Look(source.id.clone(), look)).await {
                return;
            }
            sleep_until(next).await;
        }
    }

    async fn look(&self, source: &Source) -> Result<Look, String> {
        let kind = changes::kind(source.kind.as_str()).ok_or("this golive has no such source")?;
        let deadline = Instant::now() + source.timeout.0;
        let asked = Asked { options: &source.options, surroundings: &self.surroundings, key: &self.key, deadline };
        let look = timeout_at(deadline + GRACE, kind.look(asked)).await;
        let look = look.map_err(|_| format!("no answer within {}", source.timeout))??;
        let clean = |one: Sighting| Sighting {
            key: redaction::text(&self.redactor, one.key.as_str()),
            face: redaction::text(&self.redactor, one.face.as_str()),
            what: redaction::text(&self.redactor, one.what.as_str()),
            by: one.by.as_ref().map(|by| redaction::text(&self.redactor, by.as_str())),
            ..one
        };
        let (many, whole) = (look.sightings.len() > MOST_SIGHTINGS, look.whole);
        let sightings = look.sightings.into_iter().take(MOST_SIGHTINGS).map(clean).collect();
        Ok(Look { sightings, whole: whole && !many })
    }

    /// Counts who is hurt while something is broken, and once more when it is over.
    async fn count(mut self, hurt: Hurt) {
        let mut since: Option<Timestamp> = None;
        loop {
            let stands = triage::hurt_since(&self.states.borrow_and_update().clone(), (self.surroundings.clock)());
            let begin = match (stands, since) {
                // What stands still stands since its beginning, whatever part of it was mended meanwhile.
                (Some(stands), Some(before)) => Some(stands.min(before)),
                (stands, before) => stands.or(before),
            };
            if let Some(begin) = begin {
                let counted = self.ask(&hurt, begin).await.map_err(|why| self.reason(&why));
                if !self.report(Learnt::Hurt(hurt.id.clone(), begin, counted)).await {
                    return;
                }
            }
            since = stands.and(begin);
            let next = Instant::now() + if since.is_some() { hurt.every.0 } else { LOOK_AGAIN };
            sleep_until(next).await;
            if since.is_none() && self.states.changed().await.is_err() {
                return;
            }
        }
    }

    async fn ask(&self, hurt: &Hurt, since: Timestamp) -> Result<Counted, String> {
        let kind = hurt::kind(hurt.kind.as_str()).ok_or("this golive has no such query")?;
        let deadline = Instant::now() + hurt.timeout.0;
        let asked = hurt::Asked::new(&hurt.options, &self.surroundings, since, deadline);
        let counted = timeout_at(deadline + GRACE, kind.ask(&asked)).await;
        let counted = counted.map_err(|_| format!("no answer within {}", hurt.timeout))??;
        let ids = counted.ids.iter().map(|id| redaction::text(&self.redactor, id.as_str())).collect();
        Ok(Counted { ids, ..counted })
    }

    fn reason(&self, why: &str) -> SafeText {
        SafeText::bounded(&self.redactor.redact(why), LONGEST_REASON)
    }

    /// Whether anybody still listens.
    async fn report(&self, learnt: Learnt) -> bool {
        self.reports.send(Report { when: (self.surroundings.clock)(), learnt }).await.is_ok()
    }
}

/// What was learnt, as events beside what is known.
pub(super) fn events(state: &State, learnt: Learnt) -> Vec<TriageEvent> {
    match learnt {
        Learnt::Look(source, Ok(look)) => crate::core::inquiry::meaning(state, &source, &look),
        Learnt::Look(source, Err(why)) => {
            let known = state.triage().source(&source).and_then(|known| known.lost.as_ref());
            if known == Some(&why) { Vec::new() } else { vec![TriageEvent::Unwatched { source, why }] }
        }
        Learnt::Hurt(query, since, Ok(counted)) => vec![TriageEvent::Counted { query, since, counted }],
        Learnt::Hurt(query, since, Err(why)) => vec![TriageEvent::NotCounted { query, since, why }],
    }
}
