//! A replay, as the screen knows it: where it stands, and what moves it.

/// Where a replay stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayStand {
    /// How many events have happened.
    pub applied: usize,
    /// How many there are.
    pub length: usize,
    /// Whether time goes on.
    pub playing: bool,
    /// How many times faster than it was.
    pub speed: f64,
}

/// What moves a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steering {
    /// Lets time go on, or stops it.
    PlayPause,
    /// One event on.
    Forward,
    /// One event back.
    Backward,
    /// On to the next event that changed the verdict.
    NextTurn,
    /// Back to the event before that changed the verdict.
    TurnBefore,
    /// Twice as fast.
    Faster,
    /// Half as fast.
    Slower,
}
