//! The sequencer: the one place where things happen in order. Append, acknowledged, apply, what follows, publish.
//!
//! Decisions go at once; results wait up to 20 ms for company and share a commit. While the disk fails, results are
//! applied all the same and wait in memory, no verdict is better than HOLD, and decisions are refused with the reason;
//! it goes on by itself when the disk is back (DECISIONS 29).

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::core::agenda::{Agenda, Effect};
use crate::core::consequences::consequences;
use crate::core::decide::{Command, Refusal, decide};
use crate::core::event::{Body, CheckEvent, Event, ItemEvent, SessionEvent};
use crate::core::state::State;
use crate::core::verdict::next_change;
use crate::engine::compact;
use crate::engine::events::Maker;
use crate::engine::handle::{Asked, Handle, Starts};
use crate::engine::keeper::Keeper;
use crate::engine::pacing;
use crate::engine::redaction;
use crate::engine::running::{Ran, Runner};
use crate::engine::screen::Screen;
use crate::engine::setup::{Beginning, OpenError, Setup};
use crate::engine::stepping::{self, Stepper};
use crate::journal::storage::StorageError;
use crate::mask::Redactor;
use crate::model::operator::{Actor, Operator};
use crate::model::text::SafeText;
use crate::model::time::Now;

/// How long results wait for company.
const COMPANY: Duration = Duration::from_millis(20);
/// How often a failing disk is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// A disk that has not answered for so long is trouble, whatever comes of it.
const PATIENCE: Duration = Duration::from_secs(5);
/// So many decisions, and so many results, may wait in the channels.
const ASKED: usize = 64;
const REPORTED: usize = 1_024;
/// Consequences of consequences end soon; a rule that feeds itself must not hold the loop.
const MOST_ROUNDS: usize = 16;

/// Events in, state out.
pub(super) struct Sequencer {
    state: State,
    agenda: Agenda,
    keeper: Keeper,
    maker: Maker,
    clock: fn() -> Now,
    redactor: Redactor,
    runner: Runner,
    stepper: Stepper,
    screen: Screen,
    starts: Starts,
    asked: mpsc::Receiver<Asked>,
    ran: mpsc::Receiver<Ran>,
    stepped: mpsc::Receiver<stepping::Report>,
    quit: CancellationToken,
    /// Events of golive itself that wait for company.
    pending: Vec<Event>,
    flush_at: Option<Instant>,
    retry_at: Option<Instant>,
    /// When time alone changes the verdict, or makes something follow.
    change_at: Option<Timestamp>,
}

impl Sequencer {
    /// The sequencer of a session and the handle to it. Nothing has happened yet: it begins with [`Sequencer::run`].
    pub(super) fn new(setup: Setup) -> Result<(Handle, Self), OpenError> {
        let Setup { journal, beginning, host, run, facts, surroundings, probes, redactor, steps_folder } = setup;
        let clock = surroundings.clock;
        let (now, mut maker) = (clock(), Maker::new(run));
        let (state, first) = begin(beginning, host, &mut maker, now)?;
        let facts = facts.into_iter().map(|body| maker.event(Actor::Golive, body, now));
        let (ask, asked) = mpsc::channel(ASKED);
        let (results, ran) = mpsc::channel(REPORTED);
        let (reports, stepped) = mpsc::channel(REPORTED);
        let (states, shown) = watch::channel(Arc::new(state.clone()));
        let (quit, starts) = (CancellationToken::new(), Starts::default());
        let handle = Handle { asked: ask, states: shown, quit: quit.clone(), starts: starts.clone() };
        let sequencer = Self {
            agenda: Agenda::new(&state, now),
            keeper: Keeper::new(journal),
            runner: Runner::new(probes, state.plan().limits.concurrency, results, clock),
            stepper: Stepper::new(surroundings, redactor.clone(), steps_folder, reports),
            screen: Screen::new(states),
            pending: std::iter::once(first).chain(facts).collect(),
            flush_at: None,
            retry_at: None,
            change_at: None,
            state,
            maker,
            clock,
            redactor,
            starts,
            asked,
            ran,
            stepped,
            quit,
        };
        Ok((handle, sequencer))
    }

    /// Lives until it is told to quit or nobody is left to tell it anything.
    pub(super) async fn run(mut self) -> Result<(), StorageError> {
        self.flush().await;
        loop {
            self.act();
            let wake = self.wake_at();
            tokio::select! {
                biased;
                () = self.quit.cancelled() => break,
                asked = self.asked.recv() => match asked {
                    Some(asked) => self.answer(asked).await,
                    None => break,
                },
                Some(ran) = self.ran.recv() => self.take_result(ran),
                Some(report) = self.stepped.recv() => self.take_report(report),
                () = sleep_until(wake) => {}
            }
            self.catch_up().await;
        }
        self.end().await
    }

    /// Does in the world what is due.
    fn act(&mut self) {
        let now = (self.clock)();
        for effect in self.agenda.due(&self.state, now) {
            match effect {
                Effect::RunCheck { check, effect, due } => {
                    let started = CheckEvent::Started { check: check.clone(), effect };
                    let started = self.maker.event(Actor::Golive, Body::Check(started), now);
                    self.apply(&started);
                    if let Some((check, _)) = self.state.check(&check) {
                        self.runner.start(check, effect, due);
                    }
                }
                Effect::RunStep { item, effect } => {
                    if let Some((item, _)) = self.state.item(&item) {
                        self.stepper.run(item, effect);
                    }
                }
                Effect::AttachStep { item, effect } => {
                    if let Some((item, _)) = self.state.item(&item) {
                        self.stepper.attach(item, effect);
                    }
                }
                Effect::StopStep { effect, .. } => self.stepper.stop(effect),
            }
        }
    }

    /// When there is something to do next without being asked.
    fn wake_at(&self) -> Option<Instant> {
        let now = (self.clock)();
        let from_now = |wait: Duration| Instant::now() + wait;
        let due = self.agenda.next().map(|due| from_now(pacing::until_due(due, now)));
        let change = self.change_at.map(|change| from_now(pacing::until_moment(change, now)));
        [due, change, self.flush_at, self.retry_at, self.screen.due()].into_iter().flatten().min()
    }

    /// Takes a result, and all that wait behind it.
    fn take_result(&mut self, ran: Ran) {
        let mut next = Some(ran);
        while let Some(Ran { mut finished, when }) = next {
            self.starts.record(finished.lateness);
            finished.evidence = redaction::evidence(&self.redactor, finished.evidence);
            self.pend(Body::Check(CheckEvent::Finished(Box::new(finished))), when);
            next = self.ran.try_recv().ok();
        }
    }

    fn take_report(&mut self, report: stepping::Report) {
        let mut next = Some(report);
        while let Some((event, when)) = next {
            self.pend(Body::Step(event), when);
            next = self.stepped.try_recv().ok();
        }
    }

    fn pend(&mut self, body: Body, when: Now) {
        self.pending.push(self.maker.event(Actor::Golive, body, when));
        self.flush_at.get_or_insert_with(|| Instant::now() + COMPANY);
    }

    /// What time alone has made due: a flush, another try of the disk, what follows from the hour, a publishing.
    async fn catch_up(&mut self) {
        let is_due = |at: Option<Instant>| at.is_some_and(|at| at <= Instant::now());
        if is_due(self.flush_at) || is_due(self.retry_at) {
            self.flush().await;
        } else if self.change_at.is_some_and(|change| change <= (self.clock)().at) {
            self.follow().await;
            self.screen.touch();
        }
        if is_due(self.screen.due()) {
            self.screen.publish(&self.state);
        }
    }

    /// Answers a decision when it is on disk, applied and shown, or refused.
    async fn answer(&mut self, asked: Asked) {
        let answer = self.settle(asked.command, asked.by).await;
        self.screen.publish(&self.state);
        // Who asked may be gone; what was decided stands.
        let _ = asked.answer.send(answer);
    }

    async fn settle(&mut self, command: Command, by: Operator) -> Result<(), Refusal> {
        if self.keeper.trouble().is_some() {
            self.retry_at = Some(Instant::now());
            self.flush().await;
        }
        if let Some(trouble) = self.keeper.trouble() {
            return Err(not_kept(trouble));
        }
        self.stepper.refuse_untrusted(&self.state, &command)?;
        let command = redaction::command(&self.redactor, command);
        let now = (self.clock)();
        let bodies = decide(&self.state, &command, &by, now)?;
        if !self.pending.is_empty() {
            // What the person saw is what is signed; what golive knows already counts for whether it is permitted.
            let mut ahead = self.state.clone();
            self.pending.iter().for_each(|event| ahead.apply(event));
            decide(&ahead, &command, &by, now)?;
        }
        let decided: Vec<Event> =
            bodies.into_iter().map(|body| self.maker.event(Actor::Operator(by.clone()), body, now)).collect();
        self.keep(decided).await.map_err(|error| not_kept(&error))
    }

    /// Keeps and applies what waits.
    async fn flush(&mut self) {
        // The trouble itself is in the state, for everybody to see.
        let _ = self.keep(Vec::new()).await;
    }

    /// Keeps and applies what waits, and a decision with it. Results are applied whatever the disk says; a decision
    /// only when it is kept.
    async fn keep(&mut self, decided: Vec<Event>) -> Result<(), StorageError> {
        self.flush_at = None;
        let mut results = self.results();
        if self.keeper.trouble().is_some() && self.retry_at.is_some_and(|at| at > Instant::now()) {
            self.keeper.wait(&results);
            self.apply_all(&results);
            self.follow().await;
            return Ok(());
        }
        if self.keeper.trouble().is_some() {
            results.push(self.outage());
        }
        let kept = self.append(&results, &decided).await;
        match &kept {
            Ok(()) => {
                self.keeper.kept();
                (self.retry_at, ()) = (None, self.state.set_trouble(None));
                self.apply_all(&results);
                self.apply_all(&decided);
            }
            Err(error) => {
                if self.keeper.trouble().is_some() {
                    results.pop();
                }
                self.keeper.lost(&results, error.clone());
                self.retry_at = Some(Instant::now() + AGAIN);
                self.state.set_trouble(Some(SafeText::from_foreign(&error.to_string())));
                self.apply_all(&results);
            }
        }
        self.follow().await;
        kept
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

    /// The note that tells of an outage, kept as the first thing when the disk is back.
    fn outage(&mut self) -> Event {
        let why = self.keeper.trouble().map(ToString::to_string).unwrap_or_default();
        let text = SafeText::from_foreign(&format!("the journal could not be written ({why}); it goes on from here"));
        self.maker.event(Actor::Golive, Body::Item(ItemEvent::Noted { subject: None, text }), (self.clock)())
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
                Ok(answer) => break answer.map(drop),
                Err(_) => {
                    self.state.set_trouble(Some(SafeText::from_foreign("the disk does not answer")));
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

    fn apply(&mut self, event: &Event) {
        // The opening is the state's beginning; it only has to be kept.
        if !matches!(event.body, Body::Session(SessionEvent::Opened { .. })) {
            self.state.apply(event);
            self.agenda.after(&self.state, event);
        }
        if matches!(event.body, Body::Session(SessionEvent::PlanChanged { .. })) {
            self.runner.forget();
        }
        self.screen.touch();
    }

    /// What follows by itself, until nothing more does.
    async fn follow(&mut self) {
        for _ in 0..MOST_ROUNDS {
            let now = (self.clock)();
            let follows = consequences(&self.state, now);
            if follows.is_empty() {
                break;
            }
            let events: Vec<Event> =
                follows.into_iter().map(|body| self.maker.event(Actor::Golive, body, now)).collect();
            if self.keeper.trouble().is_some() {
                self.keeper.wait(&events);
            } else if let Err(error) = self.append(&events, &[]).await {
                self.state.set_trouble(Some(SafeText::from_foreign(&error.to_string())));
                self.keeper.lost(&events, error);
                self.retry_at = Some(Instant::now() + AGAIN);
            }
            self.apply_all(&events);
        }
        self.change_at = next_change(&self.state, (self.clock)());
    }

    /// The end: nothing new begins, what is known is kept.
    async fn end(mut self) -> Result<(), StorageError> {
        self.runner.cancel();
        while let Ok(ran) = self.ran.try_recv() {
            self.take_result(ran);
        }
        while let Ok(report) = self.stepped.try_recv() {
            self.take_report(report);
        }
        self.retry_at = None;
        self.flush().await;
        self.screen.publish(&self.state);
        self.keeper.close()
    }
}

/// The state to begin with, and the event that says how it began.
fn begin(beginning: Beginning, host: SafeText, maker: &mut Maker, now: Now) -> Result<(State, Event), OpenError> {
    match beginning {
        Beginning::New { session, purpose, plan, version } => {
            let opened = SessionEvent::Opened { session, purpose, plan, version, host };
            let opened = maker.event(Actor::Golive, Body::Session(opened), now);
            Ok((State::open(&opened)?, opened))
        }
        Beginning::Resumed(events) => {
            let resumed = Body::Session(SessionEvent::Resumed { host });
            Ok((State::fold(&events)?, maker.event(Actor::Golive, resumed, now)))
        }
    }
}

fn not_kept(error: &StorageError) -> Refusal {
    Refusal::new(format!("not done: the journal cannot be written ({error})"))
        .instead("make room or mend the disk; golive goes on by itself")
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
