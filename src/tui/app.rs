//! What keys do: from input to a changed [`Ui`] and to effects. Pure: no terminal, no task, no clock in it.

mod deciding;
mod moving;
mod overlays;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind};
use tui_input::backend::crossterm::to_input_request;

use crate::core::decide::{Command, Refusal};
use crate::core::dry_run::WouldRun;
use crate::core::state::State;
use crate::model::id::CheckId;
use crate::model::mend::ShownProposal;
use crate::model::operator::Operator;
use crate::model::time::Now;
use crate::tui::action::Action;
use crate::tui::copying;
use crate::tui::dialog::{self, Dialog};
use crate::tui::focus::Focus;
use crate::tui::keymap::{self, Context};
use crate::tui::layers::Layer;
use crate::tui::replaying::Steering;
use crate::tui::scene::{Scene, Setting};
use crate::tui::standing::Standing;
use crate::tui::ui::{Held, Pane, Place, RowKey, ScreenName, Ui};
use crate::tui::unavailable;
use crate::tui::would_run::Shown;

/// So many keys at once are no hand.
const MOST_AT_ONCE: usize = 8;
/// Twice ctrl-c within this time leaves.
const TWICE: Duration = Duration::from_secs(2);

/// How the cockpit was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaving {
    /// By `q`: the exit code is the verdict's.
    Quit,
    /// By ctrl-c, twice: 130.
    Interrupted,
    /// By a signal: 128 and its number.
    Signalled(u8),
}

/// What has to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask the engine for this; the answer comes back with the ticket.
    Decide(u64, Command, Operator),
    /// Ask the engine what the steps would run.
    DryRun,
    /// Ask the engine what would be written to mend these.
    Propose(Vec<CheckId>),
    /// End the cockpit.
    Leave(Leaving),
    /// Go to sleep.
    Suspend,
    /// Paint everything again.
    Redraw,
    /// Move the replay.
    Steer(Steering),
    /// Hand this to the terminal's clipboard.
    Copy(String),
    /// Switch a fault of the demo; the answer comes back with the ticket.
    SetFault(u64, &'static str, bool),
}

/// The newest state and where it stands.
pub type Live<'a> = (&'a Arc<State>, &'a Arc<Standing>);

/// The cockpit without its terminal.
pub struct App {
    /// What the eyes and hands are on.
    pub ui: Ui,
    /// What does not change.
    pub setting: Setting,
    trail: Vec<(ScreenName, Pane)>,
    next_ticket: u64,
    /// What to say when a decision is made.
    waiting: HashMap<u64, String>,
    interrupted: Option<Duration>,
    effects: Vec<Effect>,
}

impl App {
    /// A cockpit at its first screen.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self {
            ui: Ui::default(),
            setting,
            trail: Vec::new(),
            next_ticket: 1,
            waiting: HashMap::new(),
            interrupted: None,
            effects: Vec::new(),
        }
    }

    /// What is to be painted.
    #[must_use]
    pub fn scene<'a>(&'a self, live: Live<'a>, now: Now) -> Scene<'a> {
        Scene::new(live.0, live.1, &self.ui, now, &self.setting)
    }

    /// Takes everything that came in one go.
    pub fn input(&mut self, batch: &[Event], live: Live<'_>, now: Now) -> Vec<Effect> {
        let keys =
            batch.iter().filter(|event| matches!(event, Event::Key(key) if key.kind == KeyEventKind::Press)).count();
        for event in batch {
            match event {
                Event::Key(key) if key.kind != KeyEventKind::Release => self.key(key, keys, live, now),
                Event::Paste(text) => self.paste(text, now),
                _ => {}
            }
        }
        std::mem::take(&mut self.effects)
    }

    /// A paint was made: dialogs that were on it can be read from now on.
    pub fn drawn(&mut self, now: Now) {
        if let Some(Layer::Dialog(dialog)) = self.ui.layers.top_mut() {
            dialog.drawn.get_or_insert(now.up);
        }
    }

    /// A decision was made, or refused.
    pub fn answered(&mut self, ticket: u64, answer: Result<(), Refusal>, now: Now) {
        let done = self.waiting.remove(&ticket).unwrap_or_default();
        match answer {
            Ok(()) => {
                self.ui.layers.close(ticket);
                self.ui.say(done, false, now);
            }
            Err(refusal) => {
                let words = match &refusal.instead {
                    Some(instead) => format!("{}; {instead}", refusal.what),
                    None => refusal.what.clone(),
                };
                match self.ui.layers.dialog_mut().filter(|dialog| dialog.ticket == Some(ticket)) {
                    Some(dialog) => {
                        dialog.ticket = None;
                        dialog.refusal = Some(words);
                    }
                    None => self.ui.say(words, true, now),
                }
            }
        }
    }

    /// What would be written was worked out, or there is nothing to write.
    pub fn proposed(&mut self, checks: &[CheckId], proposal: Result<ShownProposal, Refusal>, live: Live<'_>, now: Now) {
        match proposal {
            // Somebody who opened something else meanwhile is not interrupted.
            Ok(_) if self.ui.layers.top().is_some() => {
                self.ui.say("what would be written was worked out; press f again to see it", true, now);
            }
            Ok(proposal) => {
                let dialog = Dialog::fix(&self.scene(live, now), checks, &proposal);
                self.ask(dialog);
            }
            Err(Refusal { what, instead: Some(instead) }) => self.ui.say(format!("{what}; {instead}"), true, now),
            Err(Refusal { what, instead: None }) => self.ui.say(what, true, now),
        }
    }

    /// What the steps would run was worked out.
    pub fn would_run(&mut self, steps: Result<Vec<WouldRun>, Refusal>, live: Live<'_>, now: Now) {
        match steps {
            // Somebody who opened something else meanwhile is not interrupted.
            Ok(_) if self.ui.layers.top().is_some() => {}
            Ok(steps) => {
                let shown = Shown::of(&self.scene(live, now), steps);
                self.ui.layers.push(Layer::WouldRun(Box::new(shown)));
            }
            Err(refusal) => self.ui.say(refusal.to_string(), true, now),
        }
    }

    fn paste(&mut self, text: &str, now: Now) {
        match self.ui.layers.top_mut() {
            Some(Layer::Dialog(dialog)) => dialog.paste(text, now),
            Some(Layer::Help(_) | Layer::Faults(_) | Layer::WouldRun(_)) | None => {
                self.ui.say("pasted text was discarded: there is no field to put it in", true, now);
            }
        }
    }

    fn key(&mut self, key: &KeyEvent, at_once: usize, live: Live<'_>, now: Now) {
        match self.ui.layers.top() {
            Some(Layer::Dialog(_)) => self.dialog_key(key, at_once, live, now),
            Some(Layer::Help(_)) => self.help_key(key, live, now),
            Some(Layer::Faults(_)) => self.faults_key(key, live, now),
            Some(Layer::WouldRun(_)) => self.would_run_key(key, live, now),
            None => {
                let contexts = [Context::Global, Context::On(self.ui.screen), Context::Replay];
                let holding = if self.ui.replay.is_some() { &contexts[..] } else { &contexts[..2] };
                let Some(action) = keymap::action(key, holding) else { return };
                if at_once > MOST_AT_ONCE && action.decides() {
                    self.ui.say("a burst of keys decides nothing: press it again", true, now);
                    return;
                }
                self.act(action, live, now);
            }
        }
    }

    fn act(&mut self, action: Action, live: Live<'_>, now: Now) {
        let scene = self.scene(live, now);
        let focus = Focus::of(&scene);
        let reason = unavailable::why(&scene, &focus, action);
        if let Some(reason) = reason.filter(|_| action.decides() || action.needs_something()) {
            self.ui.say(reason, true, now);
            return;
        }
        match action {
            Action::Help => self.ui.layers.push(Layer::Help(0)),
            Action::Redraw => self.effects.push(Effect::Redraw),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Interrupt => self.interrupt(live, now),
            Action::Quit => self.quit(live, now),
            Action::Copy => self.copy(live, now),
            Action::Filter => {
                let dialog = Dialog::filter(&self.ui.filter);
                self.ask(dialog);
            }
            Action::Search => {
                let dialog = Dialog::search(&self.ui.search);
                self.ask(dialog);
            }
            Action::DryRun => self.effects.push(Effect::DryRun),
            Action::Practise => self.ui.layers.push(Layer::Faults(0)),
            Action::Steer(steering) => self.effects.push(Effect::Steer(steering)),
            Action::Hold => {
                let held = Held { state: Arc::clone(live.0), standing: Arc::clone(live.1) };
                self.ui.held = if self.ui.held.is_some() { None } else { Some(held) };
            }
            Action::OnlyUnsettled => self.ui.only_unsettled = !self.ui.only_unsettled,
            _ if action.decides() => self.decide(action, &focus, live, now),
            _ => self.go(action, live, now),
        }
    }

    fn copy(&mut self, live: Live<'_>, now: Now) {
        match copying::of(&self.scene(live, now)) {
            Some((what, text)) => {
                self.ui.say(format!("{what}: handed to the terminal's clipboard"), false, now);
                self.effects.push(Effect::Copy(text));
            }
            None => self.ui.say("there is nothing to copy here", true, now),
        }
    }

    fn quit(&mut self, live: Live<'_>, now: Now) {
        let running = live.0.items().any(|(_, known)| known.step.as_ref().is_some_and(|step| step.is_under_way()));
        if running {
            let dialog = Dialog::quit(&self.scene(live, now));
            self.ask(dialog);
        } else {
            self.effects.push(Effect::Leave(Leaving::Quit));
        }
    }

    /// Cancels what is open, else asks to quit; twice in a row leaves.
    fn interrupt(&mut self, live: Live<'_>, now: Now) {
        let twice = self.interrupted.is_some_and(|before| now.up.saturating_sub(before) <= TWICE);
        self.interrupted = Some(now.up);
        if twice {
            self.effects.push(Effect::Leave(Leaving::Interrupted));
        } else if self.ui.layers.pop().is_none() {
            let dialog = Dialog::quit(&self.scene(live, now));
            self.ask(dialog);
        }
    }

    fn ask(&mut self, dialog: Dialog) {
        self.ui.message = None;
        self.ui.layers.push(Layer::Dialog(Box::new(dialog)));
    }

    fn dialog_key(&mut self, key: &KeyEvent, at_once: usize, live: Live<'_>, now: Now) {
        match keymap::action(key, &[Context::Dialog]) {
            Some(Action::Interrupt) => return self.interrupt(live, now),
            Some(Action::Suspend) => return self.effects.push(Effect::Suspend),
            Some(Action::Help) => return self.ui.layers.push(Layer::Help(0)),
            _ => {}
        }
        let (own, zone) = (self.setting.own.clone(), self.setting.zone.clone());
        let Some(Layer::Dialog(dialog)) = self.ui.layers.top_mut() else { return };
        let answer = match key.code {
            KeyCode::Esc => dialog::Answer::Leave,
            KeyCode::Enter if at_once > 1 => {
                dialog.refusal = Some("that enter came in one burst with other keys; press it again".to_owned());
                dialog::Answer::Stay
            }
            KeyCode::Enter => dialog.enter(&own, &zone, now),
            KeyCode::Tab | KeyCode::Down => {
                dialog.turn(true);
                dialog::Answer::Stay
            }
            KeyCode::BackTab | KeyCode::Up => {
                dialog.turn(false);
                dialog::Answer::Stay
            }
            KeyCode::Char('y') if dialog.lock == dialog::Lock::Yes && at_once == 1 => dialog.yes(&own, &zone, now),
            _ => {
                if let Some(request) = to_input_request(&Event::Key(*key)) {
                    dialog.edit(request, now);
                }
                dialog::Answer::Stay
            }
        };
        match answer {
            dialog::Answer::Stay => {}
            dialog::Answer::Leave => {
                self.ui.layers.pop();
            }
            dialog::Answer::Filter(words) => {
                self.ui.layers.pop();
                self.ui.filter = words;
            }
            dialog::Answer::Search(words) => {
                self.ui.layers.pop();
                self.search(words, live, now);
            }
            dialog::Answer::Quit => self.effects.push(Effect::Leave(Leaving::Quit)),
            dialog::Answer::Do(command, by) => {
                let ticket = self.send(command, by);
                if let Some(dialog) = self.ui.layers.dialog_mut() {
                    dialog.ticket = Some(ticket);
                }
            }
        }
    }

    /// Goes to where a check or an item stands on the checklist, with its evidence open; `Esc` comes back.
    fn show_evidence(&mut self, key: &RowKey, live: Live<'_>) {
        let state = live.0;
        let spot = match key {
            RowKey::Item(id) => state.item(id).map(|(item, _)| (item, None)),
            RowKey::Check(id) => {
                let users = state.index().check(id).map(|at| state.index().used_by(at)).unwrap_or_default();
                let item = users.first().and_then(|at| state.plan().items.get(*at));
                item.map(|item| (item, Some(id.clone())))
            }
            _ => return,
        };
        self.trail.push((self.ui.screen, self.ui.pane));
        self.ui.scroll = 0;
        self.ui.search.clear();
        self.ui.pane = Pane::Detail;
        match spot {
            Some((item, check)) => {
                self.ui.screen = ScreenName::Checklist;
                self.ui.phase = item.phase;
                self.ui.selected.insert(Place::Phase(item.phase), RowKey::Item(item.id.clone()));
                if let Some(check) = check {
                    self.ui.selected.insert(Place::ChecksOf(item.id.clone()), RowKey::Check(check));
                }
            }
            None => {
                self.ui.screen = ScreenName::Checks;
                self.ui.selected.insert(Place::Screen(ScreenName::Checks), key.clone());
            }
        }
    }

    fn send(&mut self, command: Command, by: Operator) -> u64 {
        let ticket = self.ticket(deciding::done_words(&command, &by));
        self.effects.push(Effect::Decide(ticket, command, by));
        ticket
    }

    /// A number under which an answer comes back, with what to say when it is done.
    fn ticket(&mut self, done: String) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.waiting.insert(ticket, done);
        ticket
    }
}
