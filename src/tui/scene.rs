//! Everything a paint is made of. A paint is a function of a scene and an area, and of nothing else.

use std::sync::Arc;

use jiff::tz::TimeZone;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::core::state::State;
use crate::model::operator::Operator;
use crate::model::time::Now;
use crate::tui::standing::Standing;
use crate::tui::theme::{Role, Theme};
use crate::tui::ui::Ui;

/// Everything a paint is made of.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What the rows show: the newest state, or the one that is held.
    pub state: &'a State,
    /// Where that stands.
    pub standing: &'a Standing,
    /// The newest state; header and verdict always show it.
    pub live: &'a State,
    /// Where the newest stands.
    pub live_standing: &'a Standing,
    /// What the eyes and hands are on.
    pub ui: &'a Ui,
    /// This moment.
    pub now: Now,
    /// How roles look.
    pub theme: &'a Theme,
    /// Where the reader is.
    pub zone: &'a TimeZone,
    /// Who sits at the keyboard.
    pub own: &'a Operator,
}

impl<'a> Scene<'a> {
    /// A scene from the newest state; the rows are the held ones where some are held.
    #[must_use]
    pub fn new(
        live: &'a Arc<State>,
        live_standing: &'a Arc<Standing>,
        ui: &'a Ui,
        now: Now,
        setting: &'a Setting,
    ) -> Self {
        let (state, standing) = match &ui.held {
            Some(held) => (&held.state, &held.standing),
            None => (live, live_standing),
        };
        Self {
            state,
            standing,
            live,
            live_standing,
            ui,
            now,
            theme: &setting.theme,
            zone: &setting.zone,
            own: &setting.own,
        }
    }

    /// The style of a role.
    #[must_use]
    pub const fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// A text in the voice of a role.
    pub fn say(&self, text: impl Into<String>, role: Role) -> Span<'static> {
        let style = self.style(role);
        // The ground is painted once, under everything: what is written on a selected row must not cover its ground.
        let style = if role == Role::Text { Style { bg: None, ..style } } else { style };
        Span::styled(text.into(), style)
    }

    /// One frame of the spinner: it moves with the seconds, never on its own.
    #[must_use]
    pub fn spinner(&self) -> &'static str {
        const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
        FRAMES[usize::try_from(self.now.up.as_secs() % 10).unwrap_or(0)]
    }
}

/// What does not change while the cockpit is open.
#[derive(Clone, Debug)]
pub struct Setting {
    /// How roles look.
    pub theme: Theme,
    /// Where the reader is.
    pub zone: TimeZone,
    /// Who sits at the keyboard.
    pub own: Operator,
}
