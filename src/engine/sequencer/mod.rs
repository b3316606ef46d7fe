//! The sequencer: the one place where things happen in order. Append, acknowledged, apply, what follows, publish.
//!
//! Decisions go at once; results wait up to 20 ms for company and share a commit. While the disk fails, results are
//! applied all the same and wait in memory, no verdict is better than HOLD, and decisions are refused with the reason;
//! it goes on by itself when the disk is back (DECISIONS 29).

mod deciding;
mod enforcing;
mod keeping;
mod rotating;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::check::Surroundings;
use crate::core::agenda::{Agenda, Effect};
use crate::core::alerts::Watch as RuleWatch;
use crate::core::event::{
    Body, CheckEvent, Event, Finished, ProcedureEvent, Purpose, SessionEvent, StepEvent, WatchEvent,
};
use crate::core::state::State;
use crate::engine::delivering::{self, Deliverer};
use crate::engine::enforcing::{self as enforcement, Enforcer, Wish};
use crate::engine::events::Maker;
use crate::engine::gate::Gatekeeper;
use crate::engine::handle::{Asked, Handle, Lateness};
use crate::engine::inquiring::{self, Inquirer};
use crate::engine::keeper::Keeper;
use crate::engine::pacing;
use crate::engine::redaction;
use crate::engine::rotating::{Report, Rotator};
use crate::engine::running::{Ran, Runner};
use crate::engine::screen::Screen;
use crate::engine::seeing::Reader;
use crate::engine::sequencer::rotating::Reread;
use crate::engine::setup::{Beginning, OpenError, Setup};
use crate::engine::stepping::{self, Of, Stepper};
use crate::engine::watching::{Lookout, Sight};
use crate::journal::storage::StorageError;
use crate::mask::Redactor;
use crate::model::failure::FailureClass;
use crate::model::id::EffectId;
use crate::model::operator::Actor;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::Outcome;

/// How long results wait for company.
const COMPANY: Duration = Duration::from_millis(20);
/// So many decisions, and so many results, may wait in the channels.
const ASKED: usize = 64;
const REPORTED: usize = 1_024;
/// Whoever is being told while golive ends has so long to answer.
const LAST_ATTEMPTS: Duration = Duration::from_secs(2);
/// Of what is rare, so many may wait.
const FEW: usize = 16;

/// Events in, state out.
pub(super) struct Sequencer {
    state: State,
    agenda: Agenda,
    rules: RuleWatch,
    keeper: Keeper,
    maker: Maker,
    clock: fn() -> Now,
    redactor: Redactor,
    surroundings: Arc<Surroundings>,
    reader: Reader,
    runner: Runner,
    stepper: Stepper,
    deliverer: Deliverer,
    enforcer: Enforcer,
    rotator: Rotator,
    inquirer: Inquirer,
    lookout: Lookout,
    screen: Screen,
    asked: mpsc::Receiver<Asked>,
    ran: mpsc::Receiver<Ran>,
    stepped: mpsc::Receiver<stepping::Report>,
    told: mpsc::Receiver<delivering::Report>,
    mended: mpsc::Receiver<enforcement::Report>,
    wishes: mpsc::Receiver<Wish>,
    gatekeeper: Option<Gatekeeper>,
    rotated: mpsc::Receiver<Report>,
    learnt: mpsc::Receiver<inquiring::Report>,
    sights: mpsc::Sender<Sight>,
    seen: mpsc::Receiver<Sight>,
    reads: mpsc::Sender<Reread>,
    reread: mpsc::Receiver<Reread>,
    quit: CancellationToken,
    /// Events of golive itself that wait for company.
    pending: Vec<Event>,
    flush_at: Option<Instant>,
    retry_at: Option<Instant>,
    /// The disk did not answer even while golive was ending.
    unanswered: bool,
    /// When time alone changes the verdict, or makes something follow.
    change_at: Option<Timestamp>,
}

impl Sequencer {
    /// The sequencer of a session and the handle to it. Nothing has happened yet: it begins with [`Sequencer::run`].
    pub(super) fn new(setup: Setup) -> Result<(Handle, Self), OpenError> {
        let Setup { journal, beginning, host, run, facts, surroundings, probes, reader, redactor, .. } = setup;
        let Setup { steps_folder, gate, inquires, .. } = setup;
        let clock = surroundings.clock;
        let (now, mut maker) = (clock(), Maker::new(run));
        let (state, first) = begin(beginning, host, &mut maker, now)?;
        let facts = rotating::facts(&state, facts).into_iter().map(|body| maker.event(Actor::Golive, body, now));
        let (ask, asked) = mpsc::channel(ASKED);
        let (results, ran) = mpsc::channel(REPORTED);
        let (reports, stepped) = mpsc::channel(REPORTED);
        let (tell, told) = mpsc::channel(REPORTED);
        let (mends, mended) = mpsc::channel(REPORTED);
        let (wish, wishes) = mpsc::channel(ASKED);
        let (rotations, rotated) = mpsc::channel(FEW);
        let (inquiries, learnt) = mpsc::channel(FEW);
        let ((sights, seen), (reads, reread)) = (mpsc::channel(FEW), mpsc::channel(FEW));
        let (states, shown) = watch::channel(Arc::new(state.clone()));
        let (late, lateness) = watch::channel(Lateness::default());
        let quit = CancellationToken::new();
        let gatekeeper =
            Gatekeeper { keeping: gate, states: shown.clone(), reports: mends.clone(), clock, quit: quit.clone() };
        let handle = Handle { asked: ask, states: shown, wishes: wish, quit: quit.clone(), lateness };
        let deliverer = Deliverer::new(Arc::clone(&surroundings), redactor.clone(), tell);
        let key = reader.memory.key.clone();
        let inquirer = Inquirer::new((&surroundings, &redactor), (inquires, key), handle.states.clone(), inquiries);
        let sequencer = Self {
            agenda: Agenda::new(&state, now),
            rules: RuleWatch::new(&state),
            keeper: Keeper::new(journal, &state),
            enforcer: Enforcer::new(reader.clone(), mends),
            runner: Runner::new(
                Arc::clone(&probes),
                Arc::clone(&surroundings),
                state.plan().limits.concurrency,
                results,
            ),
            stepper: Stepper::new(
                Arc::clone(&surroundings),
                redactor.clone(),
                (steps_folder, state.session().id.clone()),
                reports,
            ),
            rotator: Rotator::new(Arc::clone(&surroundings), probes, reader.clone(), rotations),
            inquirer,
            lookout: Lookout::none(),
            deliverer,
            screen: Screen::new(states, late),
            pending: std::iter::once(first).chain(facts).collect(),
            flush_at: None,
            retry_at: None,
            unanswered: false,
            change_at: None,
            state,
            maker,
            clock,
            redactor,
            surroundings,
            reader,
            asked,
            ran,
            stepped,
            told,
            mended,
            wishes,
            gatekeeper: Some(gatekeeper),
            rotated,
            learnt,
            sights,
            seen,
            reads,
            reread,
            quit,
        };
        Ok((handle, sequencer))
    }

    /// Lives until it is told to quit or nobody is left to tell it anything.
    pub(super) async fn run(mut self) -> Result<(), StorageError> {
        self.flush().await;
        let in_flight = self.state.session().purpose != Purpose::Check && self.state.session().ended.is_none();
        if in_flight && self.deliverer.is_at_work() {
            self.deliverer.beat();
        }
        if let Some(gatekeeper) = self.gatekeeper.take() {
            gatekeeper.begin(&self.state.shared_plan());
        }
        self.begin_watch();
        self.inquirer.begin(&self.state);
        loop {
            self.act();
            self.tell();
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
                Some(report) = self.told.recv() => self.take_told(report),
                Some(report) = self.mended.recv() => self.take_mended(report).await,
                Some(wish) = self.wishes.recv() => self.show(wish),
                Some(report) = self.rotated.recv() => self.take_rotation(report).await,
                Some(report) = self.learnt.recv() => self.take_learnt(report),
                Some(sight) = self.seen.recv() => self.take_sight(sight).await,
                Some(reread) = self.reread.recv() => self.take_reread(reread).await,
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
                    if let Some(position) = self.state.index().check(&check) {
                        self.runner.start(self.state.shared_plan(), position, effect, due);
                    }
                }
                Effect::RunStep { item, effect } => {
                    if let Some(step) = self.state.item(&item).and_then(|(item, _)| item.step.clone()) {
                        self.stepper.run(Of::Item(item), step, effect);
                    }
                }
                Effect::AttachStep { item, .. } => {
                    if let Some((planned, known)) = self.state.item(&item)
                        && let Some(step) = &known.step
                    {
                        self.stepper.attach(Of::Item(item), planned.step.clone(), step);
                    }
                }
                Effect::Enforce { effect } => self.enforce(effect),
                Effect::UndoEnforcement { effect } => self.undo_enforcement(effect),
                Effect::RecallEnforcement { effect } => self.recall_enforcement(effect),
                Effect::RunRollbackStep { step, effect } => {
                    if let Some((planned, _)) = self.state.rollback_steps().find(|(planned, _)| planned.id == step) {
                        self.stepper.run(Of::Rollback(step), planned.as_step(), effect);
                    }
                }
                Effect::AttachRollbackStep { step, .. } => {
                    let known = self.state.rollback_steps().find(|(planned, _)| planned.id == step);
                    if let Some((planned, Some(run))) = known {
                        self.stepper.attach(Of::Rollback(step), Some(planned.as_step()), run);
                    }
                }
                Effect::StopStep { effect, .. } | Effect::StopRollbackStep { effect, .. } => self.stepper.stop(effect),
                Effect::Rotate { credential, effect, act } => {
                    if let Some(walk) = self.state.rotation(&credential) {
                        self.rotator.act(self.state.shared_plan(), credential, effect, (act, walk.obtain));
                    }
                }
                Effect::Deliver(notice) => self.deliverer.deliver(*notice),
            }
        }
    }

    /// Tells people what is due. Not while the disk fails: nobody is told of what may be lost (DECISIONS 28).
    fn tell(&mut self) {
        if self.keeper.trouble().is_some() || !self.deliverer.is_at_work() {
            return;
        }
        for effect in self.agenda.notices_due(&self.state, (self.clock)()) {
            if let Effect::Deliver(notice) = effect {
                self.deliverer.deliver(*notice);
            }
        }
    }

    /// When there is something to do next without being asked.
    fn wake_at(&self) -> Option<Instant> {
        let now = (self.clock)();
        let from_now = |wait: Duration| Instant::now() + wait;
        let due = self.agenda.next().map(|due| from_now(pacing::until_due(due, now)));
        let may_tell = self.keeper.trouble().is_none() && self.deliverer.is_at_work();
        let tell = self.agenda.next_notice().filter(|_| may_tell);
        let tell = tell.map(|due| from_now(pacing::until_due(due, now)));
        let change = self.change_at.map(|change| from_now(pacing::until_moment(change, now)));
        [due, tell, change, self.flush_at, self.retry_at, self.screen.due()].into_iter().flatten().min()
    }

    /// Takes a result, and all that wait behind it.
    fn take_result(&mut self, ran: Ran) {
        let mut next = Some(ran);
        while let Some(Ran { mut finished, when }) = next {
            self.screen.began(finished.lateness);
            finished.evidence = redaction::evidence(&self.redactor, finished.evidence);
            let denied = is_denied(&finished).then(|| WatchEvent::Denied { check: finished.check.clone() });
            self.pend(Body::Check(CheckEvent::Finished(Box::new(finished))), when);
            if let Some(denied) = denied {
                self.pend(Body::Watch(denied), when);
            }
            next = self.ran.try_recv().ok();
        }
    }

    fn take_report(&mut self, report: stepping::Report) {
        let mut next = Some(report);
        while let Some((body, when)) = next {
            if let Some(effect) = ended(&body) {
                self.stepper.forget(effect);
            }
            self.pend(body, when);
            next = self.stepped.try_recv().ok();
        }
    }

    fn take_told(&mut self, report: delivering::Report) {
        let mut next = Some(report);
        while let Some((event, when)) = next {
            self.pend(Body::Notice(event), when);
            next = self.told.try_recv().ok();
        }
    }

    /// Takes what was learnt for triage. What it means is worked out beside what was kept before.
    fn take_learnt(&mut self, report: inquiring::Report) {
        for body in inquiring::events(&self.state, report.learnt) {
            self.pend(Body::Triage(body), report.when);
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

    /// The end: nothing new begins, what is known is kept.
    async fn end(mut self) -> Result<(), StorageError> {
        self.runner.cancel();
        self.inquirer.rest();
        self.deliverer.last_attempts(LAST_ATTEMPTS).await;
        while let Ok(ran) = self.ran.try_recv() {
            self.take_result(ran);
        }
        while let Ok(report) = self.stepped.try_recv() {
            self.take_report(report);
        }
        while let Ok(report) = self.told.try_recv() {
            self.take_told(report);
        }
        self.retry_at = None;
        if !self.unanswered {
            self.flush().await;
        }
        self.screen.publish(&self.state);
        if self.unanswered { Err(self.keeper.abandon()) } else { self.keeper.close() }
    }
}

/// Whether somebody refused our credentials.
fn is_denied(finished: &Finished) -> bool {
    let class = finished.evidence.failure.as_ref().map(|failure| failure.class);
    finished.evidence.outcome == Outcome::Fail && class == Some(FailureClass::Denied)
}

/// The number of the run whose end an event tells of.
const fn ended(body: &Body) -> Option<EffectId> {
    match body {
        Body::Step(StepEvent::Ended { effect, .. })
        | Body::Procedure(ProcedureEvent::Step(StepEvent::Ended { effect, .. })) => Some(*effect),
        _ => None,
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
        Beginning::Resumed(state) => {
            let resumed = Body::Session(SessionEvent::Resumed { host });
            Ok((*state, maker.event(Actor::Golive, resumed, now)))
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake).await,
        None => std::future::pending().await,
    }
}
