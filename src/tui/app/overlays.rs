//! Keys of what lies over the screen and is no dialog: the help, the demo's faults, what the steps would run.

use crossterm::event::KeyEvent;

use crate::model::time::Now;
use crate::tui::action::Action;
use crate::tui::app::moving::moved;
use crate::tui::app::{App, Effect, Live};
use crate::tui::help;
use crate::tui::keymap::{self, Context};
use crate::tui::layers::Layer;

impl App {
    pub(super) fn help_key(&mut self, key: &KeyEvent, live: Live<'_>, now: Now) {
        let length = help::length(&self.scene(live, now));
        let Some(action) = keymap::action(key, &[Context::Global]) else { return };
        let Some(Layer::Help(scrolled)) = self.ui.layers.top_mut() else { return };
        match action {
            Action::Back | Action::Help | Action::Quit => drop(self.ui.layers.pop()),
            _ => match moved(action, *scrolled, length) {
                Some(to) => *scrolled = to,
                None => self.over_everything(action, live, now),
            },
        }
    }

    pub(super) fn faults_key(&mut self, key: &KeyEvent, live: Live<'_>, now: Now) {
        let faults = self.ui.practice.clone().unwrap_or_default();
        let Some(action) = keymap::action(key, &[Context::Global]) else { return };
        let Some(Layer::Faults(selected)) = self.ui.layers.top_mut() else { return };
        match action {
            Action::Open => {
                let Some(fault) = faults.get(*selected) else { return };
                let ticket = self.ticket(format!("{} is {}", fault.name, if fault.on { "off" } else { "on" }));
                self.effects.push(Effect::SetFault(ticket, fault.name, !fault.on));
            }
            Action::Back | Action::Practise | Action::Quit => drop(self.ui.layers.pop()),
            _ => match moved(action, *selected, faults.len().saturating_sub(1)) {
                Some(to) => *selected = to,
                None => self.over_everything(action, live, now),
            },
        }
    }

    pub(super) fn would_run_key(&mut self, key: &KeyEvent, live: Live<'_>, now: Now) {
        let here = [Context::Global, Context::On(self.ui.screen)];
        let Some(action) = keymap::action(key, &here) else { return };
        let Some(Layer::WouldRun(shown)) = self.ui.layers.top_mut() else { return };
        match action {
            Action::Back | Action::DryRun | Action::Quit => drop(self.ui.layers.pop()),
            Action::Help => self.ui.layers.push(Layer::Help(0)),
            _ => match moved(action, shown.scrolled, shown.length()) {
                Some(to) => shown.scrolled = to,
                None => self.over_everything(action, live, now),
            },
        }
    }

    /// What keys do whatever lies over the screen.
    fn over_everything(&mut self, action: Action, live: Live<'_>, now: Now) {
        match action {
            Action::Interrupt => self.interrupt(live, now),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Redraw => self.effects.push(Effect::Redraw),
            _ => {}
        }
    }
}
