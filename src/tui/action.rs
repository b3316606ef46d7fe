//! What a key means. A screen never sees a key, only one of these.

use crate::model::word::Phase;
use crate::tui::replaying::Steering;
use crate::tui::ui::ScreenName;

/// What a key means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// Opens what is selected.
    Open,
    /// The way back: innermost first. Never quits, never answers yes.
    Back,
    /// To the other pane.
    OtherPane,
    /// To the rows.
    RowsPane,
    /// To the detail.
    DetailPane,
    /// To a phase of the checklist.
    Phase(Phase),
    /// To a screen.
    Screen(ScreenName),
    /// To the next screen.
    NextScreen,
    /// To the screen before.
    PreviousScreen,
    /// To the next match, else to the next failure.
    NextFailure,
    /// To the match before, else to the failure before.
    PreviousFailure,
    /// Signs the selected item.
    Sign,
    /// Objects to the selected item.
    Object,
    /// Waives what is selected.
    Waive,
    /// Writes a note.
    Note,
    /// "I am on it."
    Claim,
    /// Runs the selected checks again.
    RunAgain,
    /// Shows what would be written into the configuration to mend the selected check.
    Fix,
    /// The act of what is selected: start or stop the step, open the gate, close the session.
    Act,
    /// Takes one's own last decision on the selected row back.
    Undo,
    /// Says that an alert was seen.
    Acknowledge,
    /// Mutes an alert's notices for a while.
    Silence,
    /// Declares or ends a lull.
    Lull,
    /// Gives the go-live up.
    Abort,
    /// Opens the door of the rollback.
    RollBack,
    /// Speaks for a role in the poll.
    Poll,
    /// Holds the go-live, or lets it go on.
    HoldGoLive,
    /// Copies what is selected.
    Copy,
    /// Shows only entries that hold some words.
    Filter,
    /// Looks for words in what a step printed.
    Search,
    /// Shows what the steps would run.
    DryRun,
    /// Opens the demo's faults.
    Practise,
    /// Holds the rows.
    Hold,
    /// Shows only what is not settled.
    OnlyUnsettled,
    /// Sorts the checks another way.
    Sort,
    /// Moves a replay.
    Steer(Steering),
    /// The keys.
    Help,
    /// Paints the whole screen again.
    Redraw,
    /// Puts golive to sleep, as the shell's job control has it.
    Suspend,
    /// Ends the cockpit.
    Quit,
    /// Cancels, then asks to quit, then quits.
    Interrupt,
}

impl Action {
    /// Whether it says why where it does nothing, although it decides nothing.
    #[must_use]
    pub const fn needs_something(self) -> bool {
        matches!(self, Self::Sort | Self::Practise | Self::Search | Self::DryRun)
    }

    /// Whether it decides something at once, so that a burst of pasted keys must not do it.
    #[must_use]
    pub const fn decides(self) -> bool {
        matches!(
            self,
            Self::Claim
                | Self::RunAgain
                | Self::Undo
                | Self::Fix
                | Self::Act
                | Self::Sign
                | Self::Object
                | Self::Waive
                | Self::Note
                | Self::Acknowledge
                | Self::Silence
                | Self::Lull
                | Self::Abort
                | Self::RollBack
                | Self::Poll
                | Self::HoldGoLive
                | Self::Quit
        )
    }
}
