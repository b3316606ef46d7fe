//! The loop: keys, states, answers, the clock, signals. Drain, then paint; never block, paint nothing twice.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use crossterm::event::{Event, EventStream};
use futures_util::stream::FuturesUnordered;
use futures_util::{Stream, StreamExt};
use jiff::tz::TimeZone;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::core::decide::Refusal;
use crate::core::dry_run::WouldRun;
use crate::core::state::State;
use crate::model::id::CheckId;
use crate::model::mend::ShownProposal;
use crate::model::operator::Operator;
use crate::tui::app::{App, Effect, Leaving, Live};
use crate::tui::cockpit::Cockpit;
use crate::tui::ringing::Ringing;
use crate::tui::scene::Setting;
use crate::tui::standing::Standing;
use crate::tui::terminal::Screen;
use crate::tui::theme::{Colours, Theme, ThemeError};
use crate::tui::ticking::Ticks;
use crate::tui::ui::ScreenName;

/// Results are painted at most so often; a key paints at once.
const BETWEEN_PAINTS: Duration = Duration::from_millis(50);
/// So many events are taken in one go at most, so that a flood of keys cannot keep the screen from painting.
const MOST_AT_ONCE: usize = 512;

/// What the cockpit has to know besides the go-live.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who sits at the keyboard.
    pub own: Operator,
    /// The theme's name: `dark`, `light`.
    pub theme: String,
    /// How many colours the terminal has.
    pub colours: Colours,
    /// Where the reader is.
    pub zone: TimeZone,
    /// What is shown first.
    pub screen: ScreenName,
}

/// Why there is no cockpit.
#[derive(Debug, thiserror::Error)]
pub enum TuiError {
    /// Standard input or output is no terminal.
    #[error("the cockpit needs a terminal; without one, `golive check` gives the verdict")]
    NoTerminal,
    /// No such theme.
    #[error(transparent)]
    Theme(#[from] ThemeError),
    /// The terminal does not answer.
    #[error("the terminal could not be used")]
    Terminal(#[from] io::Error),
}

/// Runs the cockpit on this thread until it is left. The terminal is given back however it ends.
///
/// # Errors
/// Without a terminal, for a theme that is not there, or when the terminal fails.
pub fn run(cockpit: &dyn Cockpit, options: Options) -> Result<Leaving, TuiError> {
    if !Screen::is_there() {
        return Err(TuiError::NoTerminal);
    }
    let theme = Theme::load(&options.theme, options.colours)?;
    let mut app = App::new(Setting { theme, zone: options.zone, own: options.own });
    app.ui.screen = options.screen;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let leaving = runtime.block_on(fly(cockpit, app));
    cockpit.quit();
    leaving
}

type Answers = FuturesUnordered<Pin<Box<dyn Future<Output = Answered> + Send>>>;

/// What came back from the engine.
enum Answered {
    Decided(u64, Result<(), Refusal>),
    Proposed(Vec<CheckId>, Result<ShownProposal, Refusal>),
    WouldRun(Result<Vec<WouldRun>, Refusal>),
}

/// What woke the loop.
enum Woken {
    Input(Vec<Event>),
    State,
    Answer(Answered),
    Second,
    Paint,
    Leave(Leaving),
}

/// The signals that end the cockpit.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Leaving {
        tokio::select! {
            _ = self.interrupt.recv() => Leaving::Interrupted,
            _ = self.terminate.recv() => Leaving::Signalled(15),
            _ = self.hang_up.recv() => Leaving::Signalled(1),
        }
    }
}

async fn fly(cockpit: &dyn Cockpit, mut app: App) -> Result<Leaving, TuiError> {
    let mut states = cockpit.watch();
    let (mut signals, mut ticks) = (Signals::new()?, Ticks::new()?);
    let mut screen = Screen::take()?;
    let mut state = Arc::clone(&states.borrow_and_update());
    let mut standing = Arc::new(Standing::of(&state, cockpit.now()));
    let mut answers = Answers::new();
    let mut ringing = Ringing::from(&state);
    paint(cockpit, &mut screen, &mut app, (&state, &standing))?;
    cockpit.shown();
    let mut events = EventStream::new();
    let mut painted = Instant::now();
    let mut due: Option<Instant> = None;
    loop {
        let woken = next(&mut events, &mut states, &mut answers, (&mut signals, &mut ticks), due).await?;
        let now = cockpit.now();
        let mut at_once = true;
        let ticked = matches!(woken, Woken::Second);
        match woken {
            Woken::Leave(leaving) => return Ok(leaving),
            Woken::Input(batch) => {
                for effect in app.input(&batch, (&state, &standing), now) {
                    match effect {
                        Effect::Leave(leaving) => return Ok(leaving),
                        Effect::Redraw => screen.forget()?,
                        Effect::Copy(text) => screen.copy(&text)?,
                        Effect::Steer(steering) => cockpit.steer(steering),
                        Effect::Suspend => {
                            // The reader of keys has to be gone while another program has the terminal.
                            drop(events);
                            screen.suspend()?;
                            events = EventStream::new();
                        }
                        Effect::Decide(ticket, command, by) => {
                            let answer = cockpit.decide(command, by);
                            answers.push(Box::pin(async move { Answered::Decided(ticket, answer.await) }));
                        }
                        Effect::SetFault(ticket, name, on) => {
                            let answer = cockpit.set_fault(name, on, app.setting.own.clone());
                            answers.push(Box::pin(async move { Answered::Decided(ticket, answer.await) }));
                        }
                        Effect::DryRun => {
                            let steps = cockpit.dry_run();
                            answers.push(Box::pin(async move { Answered::WouldRun(steps.await) }));
                        }
                        Effect::Propose(checks) => {
                            let proposal = cockpit.propose(checks.clone());
                            answers.push(Box::pin(async move { Answered::Proposed(checks, proposal.await) }));
                        }
                    }
                }
            }
            Woken::Answer(Answered::Decided(ticket, answer)) => app.answered(ticket, answer, now),
            Woken::Answer(Answered::Proposed(checks, proposal)) => {
                app.proposed(&checks, proposal, (&state, &standing), now);
            }
            Woken::Answer(Answered::WouldRun(steps)) => app.would_run(steps, (&state, &standing), now),
            Woken::State => at_once = painted.elapsed() >= BETWEEN_PAINTS,
            Woken::Second | Woken::Paint => {}
        }
        if !at_once {
            due.get_or_insert(painted + BETWEEN_PAINTS);
            continue;
        }
        let newest = Arc::clone(&states.borrow_and_update());
        let moved = !Arc::ptr_eq(&newest, &state);
        if moved || ticked {
            state = newest;
            screen.ring(&ringing.news(&state))?;
            standing = Arc::new(Standing::of(&state, cockpit.now()));
        }
        paint(cockpit, &mut screen, &mut app, (&state, &standing))?;
        (painted, due) = (Instant::now(), None);
    }
}

fn paint(cockpit: &dyn Cockpit, screen: &mut Screen, app: &mut App, live: Live<'_>) -> io::Result<()> {
    app.ui.replay = cockpit.replay();
    app.ui.practice = cockpit.practice();
    screen.paint(&app.scene(live, cockpit.now()))?;
    app.drawn(cockpit.now());
    Ok(())
}

async fn next(
    events: &mut EventStream,
    states: &mut watch::Receiver<Arc<State>>,
    answers: &mut Answers,
    (signals, ticks): (&mut Signals, &mut Ticks),
    due: Option<Instant>,
) -> io::Result<Woken> {
    let paint = sleep_until(due.unwrap_or_else(Instant::now));
    Ok(tokio::select! {
        biased;
        leaving = signals.next() => Woken::Leave(leaving),
        batch = drained(events) => match batch {
            Some(batch) => Woken::Input(batch),
            // The terminal is gone.
            None => Woken::Leave(Leaving::Signalled(1)),
        },
        Some(answered) = answers.next(), if !answers.is_empty() => Woken::Answer(answered),
        changed = states.changed(), if due.is_none() => match changed {
            Ok(()) => Woken::State,
            // The engine is gone; whoever opened it says why.
            Err(_) => Woken::Leave(Leaving::Quit),
        },
        () = paint, if due.is_some() => Woken::Paint,
        ticked = ticks.next() => ticked.map(|()| Woken::Second)?,
    })
}

/// Everything that has come from the keyboard, as one batch; waits for the first. `None` when it is closed.
async fn drained(events: &mut EventStream) -> Option<Vec<Event>> {
    let mut batch = Vec::new();
    std::future::poll_fn(|context| {
        while batch.len() < MOST_AT_ONCE {
            match Pin::new(&mut *events).poll_next(context) {
                Poll::Ready(Some(Ok(event))) => batch.push(event),
                Poll::Ready(Some(Err(_)) | None) => {
                    return Poll::Ready(if batch.is_empty() { None } else { Some(std::mem::take(&mut batch)) });
                }
                Poll::Pending => break,
            }
        }
        if batch.is_empty() { Poll::Pending } else { Poll::Ready(Some(std::mem::take(&mut batch))) }
    })
    .await
}
