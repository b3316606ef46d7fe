//! What plays a replay: a thread that folds on as time goes by, and the cockpit's view of it.

use std::ops::RangeInclusive;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::cli::exit::Stop;
use crate::clock;
use crate::core::decide::{Command, Refusal};
use crate::core::replay::Replay;
use crate::core::state::State;
use crate::model::id::CheckId;
use crate::model::operator::Operator;
use crate::model::time::Now;
use crate::tui::cockpit::{Answer, Cockpit, DryRun, Proposing};
use crate::tui::replaying::{ReplayStand, Steering};

/// How fast a replay may go.
pub(super) const SPEEDS: RangeInclusive<f64> = 0.25..=1024.0;
/// So often a playing replay moves.
const BEAT: Duration = Duration::from_millis(50);
/// Nobody watches an empty night: a silence that would last longer than this is cut short.
const LONGEST_SILENCE: Duration = Duration::from_secs(3);
/// Keys that wait for the player.
const WAITING: usize = 64;
/// So many events are folded ahead between two looks at the keys.
const AT_A_TIME: usize = 100;

/// A replay that plays, as a cockpit.
pub(super) struct Player {
    states: watch::Receiver<Arc<State>>,
    shown: Arc<Mutex<Shown>>,
    keys: SyncSender<Steering>,
}

/// What is shown of it.
#[derive(Clone, Copy)]
struct Shown {
    stand: ReplayStand,
    moment: Now,
}

impl Player {
    /// Begins where the replay stands, not yet playing.
    pub(super) fn begin(replay: Replay, speed: f64) -> Result<Self, Stop> {
        let (sender, states) = watch::channel(Arc::new(replay.state().clone()));
        let (keys, pressed) = sync_channel(WAITING);
        let mut playing = Playing::new(replay, speed, sender);
        let shown = Arc::clone(&playing.shown);
        std::thread::Builder::new()
            .name("replay".into())
            .spawn(move || playing.run(&pressed))
            .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
        Ok(Self { states, shown, keys })
    }

    fn shown(&self) -> Shown {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cockpit for Player {
    fn decide(&self, _: Command, _: Operator) -> Answer {
        Box::pin(std::future::ready(Err(Refusal::new("this is a replay: what was decided stands"))))
    }

    fn propose(&self, _: Vec<CheckId>) -> Proposing {
        Box::pin(std::future::ready(Err(Refusal::new("this is a replay: nothing is written"))))
    }

    fn dry_run(&self) -> DryRun {
        let refused = Refusal::new("this is a replay: the values that steps were given are not in the journal")
            .instead("the step's detail names what it ran");
        Box::pin(std::future::ready(Err(refused)))
    }

    fn watch(&self) -> watch::Receiver<Arc<State>> {
        self.states.clone()
    }

    fn shown(&self) {}

    fn quit(&self) {}

    fn now(&self) -> Now {
        self.shown().moment
    }

    fn replay(&self) -> Option<ReplayStand> {
        Some(self.shown().stand)
    }

    fn steer(&self, steering: Steering) {
        // A key that finds sixty others waiting is one too many, and the person sees that it did nothing.
        let _ = self.keys.try_send(steering);
    }
}

struct Playing {
    replay: Replay,
    /// Whether every way in it is short by now.
    prepared: bool,
    playing: bool,
    speed: f64,
    moment: Now,
    sender: watch::Sender<Arc<State>>,
    shown: Arc<Mutex<Shown>>,
}

impl Playing {
    fn new(replay: Replay, speed: f64, sender: watch::Sender<Arc<State>>) -> Self {
        let moment = replay.moment();
        let stand = ReplayStand { applied: replay.applied(), length: replay.length(), playing: false, speed };
        let shown = Arc::new(Mutex::new(Shown { stand, moment }));
        Self { replay, prepared: false, playing: false, speed, moment, sender, shown }
    }

    /// Plays until the cockpit is gone.
    fn run(&mut self, pressed: &Receiver<Steering>) {
        let mut before = clock::now();
        loop {
            let key = if self.playing {
                pressed.recv_timeout(BEAT)
            } else if self.prepared {
                pressed.recv().map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                pressed.recv_timeout(Duration::ZERO)
            };
            let now = clock::now();
            match key {
                Ok(key) => self.steer(key),
                // Nobody presses a key: what lies ahead is made ready, a little at a time.
                Err(RecvTimeoutError::Timeout) if !self.playing => {
                    self.prepared = self.replay.prepare(AT_A_TIME);
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => self.pass(now.up.saturating_sub(before.up)),
                Err(RecvTimeoutError::Disconnected) => return,
            }
            before = now;
            self.show();
        }
    }

    fn steer(&mut self, key: Steering) {
        let applied = self.replay.applied();
        match key {
            Steering::PlayPause => {
                self.playing = !self.playing && self.replay.next_moment().is_some();
                return;
            }
            Steering::Faster => self.speed = (self.speed * 2.0).min(*SPEEDS.end()),
            Steering::Slower => self.speed = (self.speed / 2.0).max(*SPEEDS.start()),
            Steering::Forward => self.replay.go_to(applied + 1),
            Steering::Backward => self.replay.go_to(applied - 1),
            Steering::NextTurn => self.replay.go_to_next_turn(),
            Steering::TurnBefore => self.replay.go_to_turn_before(),
        }
        if self.replay.applied() != applied {
            self.moment = self.replay.moment();
        }
    }

    /// Lets time go by, and everything happen that happened in it.
    fn pass(&mut self, elapsed: Duration) {
        let mut until = self.moment.after(elapsed.mul_f64(self.speed));
        let longest = LONGEST_SILENCE.mul_f64(self.speed);
        if let Some(next) = self.replay.next_moment()
            && next.at.duration_since(until.at).unsigned_abs() > longest
            && next.at > until.at
        {
            until.at = next.at - longest;
            until.up = next.up.saturating_sub(longest);
        }
        while self.replay.next_moment().is_some_and(|next| next.at <= until.at) {
            self.replay.go_to(self.replay.applied() + 1);
            // The machine may have been started again in between: its boot clock is the event's from there on.
            until.up = self.replay.moment().up;
        }
        self.moment = until;
        self.playing = self.replay.next_moment().is_some();
    }

    fn show(&self) {
        let stand = ReplayStand {
            applied: self.replay.applied(),
            length: self.replay.length(),
            playing: self.playing,
            speed: self.speed,
        };
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = Shown { stand, moment: self.moment };
        self.sender.send_replace(Arc::new(self.replay.state().clone()));
    }
}
