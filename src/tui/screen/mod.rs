//! The screens: one question each, one file each, behind one trait and in one table.

mod alerts;
mod checklist;
mod checks;
mod credentials;
mod flow;
mod rehearsal;
mod timeline;
mod triage;
mod verdict;

pub use flow::first_hop;

use crate::core::state::StepState;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::ui::{Place, RowKey, ScreenName};

/// A screen: rows with a selection, and how they are drawn. What a screen knows comes from the scene alone.
pub trait Screen: Sync {
    /// Which it is.
    fn name(&self) -> ScreenName;

    /// Its name on the screen.
    fn title(&self) -> &'static str;

    /// The question that it answers.
    fn question(&self) -> &'static str;

    /// Its rows, in the order in which they stand.
    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey>;

    /// Draws the body.
    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>);

    /// What stands behind a row and can be acted on: the row itself unless it leads elsewhere.
    fn target(&self, _scene: &Scene<'_>, key: &RowKey) -> RowKey {
        key.clone()
    }
}

/// Every screen, in the order of `[` and `]`.
pub const SCREENS: &[&dyn Screen] = &[
    &checklist::Checklist,
    &verdict::VerdictScreen,
    &triage::Triage,
    &alerts::Alerts,
    &checks::Checks,
    &flow::Flow,
    &credentials::Credentials,
    &timeline::Timeline,
    &rehearsal::Rehearsal,
];

/// The steps of the runbook that triage shows, with the list that they are.
#[must_use]
pub fn triage_steps(scene: &Scene<'_>) -> Option<(Place, Vec<RowKey>)> {
    triage::steps(scene)
}

/// The run of a rollback's step whose output is shown on the screen of the way back.
#[must_use]
pub(crate) fn printing_rollback<'a>(scene: &Scene<'a>) -> Option<&'a StepState> {
    rehearsal::printing(scene)
}

/// The screen with this name.
#[must_use]
pub fn of(name: ScreenName) -> &'static dyn Screen {
    SCREENS.iter().find(|screen| screen.name() == name).copied().unwrap_or(SCREENS[0])
}
