//! Keys of what lies over the screen and is no dialog: the help, the demo's faults, what the steps would run.

use crossterm::event::KeyEvent;

use crate::model::time::Now;
use crate::tui::action::Action;
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
            Action::Down => *scrolled = (*scrolled + 1).min(length),
            Action::Up => *scrolled = scrolled.saturating_sub(1),
            Action::PageDown => *scrolled = (*scrolled + 10).min(length),
            Action::PageUp => *scrolled = scrolled.saturating_sub(10),
            Action::First => *scrolled = 0,
            Action::Last => *scrolled = length,
            Action::Back | Action::Help | Action::Quit => {
                self.ui.layers.pop();
            }
            Action::Interrupt => self.interrupt(live, now),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Redraw => self.effects.push(Effect::Redraw),
            _ => {}
        }
    }

    pub(super) fn faults_key(&mut self, key: &KeyEvent, live: Live<'_>, now: Now) {
        let faults = self.ui.practice.clone().unwrap_or_default();
        let last = faults.len().saturating_sub(1);
        let Some(action) = keymap::action(key, &[Context::Global]) else { return };
        let Some(Layer::Faults(selected)) = self.ui.layers.top_mut() else { return };
        match action {
            Action::Down => *selected = (*selected + 1).min(last),
            Action::Up => *selected = selected.saturating_sub(1),
            Action::First => *selected = 0,
            Action::Last => *selected = last,
            Action::Open => {
                let Some(fault) = faults.get(*selected) else { return };
                let ticket = self.ticket(format!("{} is {}", fault.name, if fault.on { "off" } else { "on" }));
                self.effects.push(Effect::SetFault(ticket, fault.name, !fault.on));
            }
            Action::Back | Action::Practise | Action::Quit => drop(self.ui.layers.pop()),
            Action::Interrupt => self.interrupt(live, now),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Redraw => self.effects.push(Effect::Redraw),
            _ => {}
        }
    }

    pub(super) fn would_run_key(&mut self, key: &KeyEvent, live: Live<'_>, now: Now) {
        let here = [Context::Global, Context::On(self.ui.screen)];
        let Some(action) = keymap::action(key, &here) else { return };
        let Some(Layer::WouldRun(shown)) = self.ui.layers.top_mut() else { return };
        let length = shown.length();
        let to = |by: usize, forward: bool, from: usize| {
            if forward { (from + by).min(length) } else { from.saturating_sub(by) }
        };
        match action {
            Action::Down => shown.scrolled = to(1, true, shown.scrolled),
            Action::Up => shown.scrolled = to(1, false, shown.scrolled),
            Action::PageDown => shown.scrolled = to(10, true, shown.scrolled),
            Action::PageUp => shown.scrolled = to(10, false, shown.scrolled),
            Action::First => shown.scrolled = 0,
            Action::Last => shown.scrolled = length,
            Action::Back | Action::DryRun | Action::Quit => drop(self.ui.layers.pop()),
            Action::Interrupt => self.interrupt(live, now),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Redraw => self.effects.push(Effect::Redraw),
            Action::Help => self.ui.layers.push(Layer::Help(0)),
            _ => {}
        }
    }
}
