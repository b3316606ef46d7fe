//! A desk to sit at: keys go in, what stands on the screen and what was decided come out. Decisions are taken by the
//! real core on a real state, as the engine does.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use golive::core::consequences::consequences;
use golive::core::decide::{Command, Refusal, decide};
use golive::core::state::State;
use golive::model::mend::ShownProposal;
use golive::model::operator::{Actor, Operator};
use golive::model::time::Now;
use golive::model::values::Values;
use golive::tui::app::{App, Effect, Leaving};
use golive::tui::frame;
use golive::tui::scene::Setting;
use golive::tui::standing::Standing;
use golive::tui::theme::{Colours, Theme};
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::kit::{Moment, operator};
use crate::scenario::event;

pub(crate) fn setting(theme: &str, colours: Colours) -> Setting {
    let zone = TimeZone::fixed(jiff::tz::offset(2));
    Setting { theme: Theme::load(theme, colours).unwrap(), zone, own: operator("thandi") }
}

pub(crate) struct Desk {
    pub(crate) app: App,
    pub(crate) state: State,
    pub(crate) now: Now,
    pub(crate) left: Option<Leaving>,
    pub(crate) asked: Vec<(Command, Operator)>,
    pub(crate) slept: usize,
    pub(crate) copied: Option<String>,
    pub(crate) proposal: Result<ShownProposal, Refusal>,
    pub(crate) size: (u16, u16),
}

impl Desk {
    pub(crate) fn at(moment: Moment) -> Self {
        Self {
            app: App::new(setting("dark", Colours::True)),
            state: (*moment.state).clone(),
            now: moment.now,
            left: None,
            asked: Vec::new(),
            slept: 0,
            copied: None,
            proposal: Err(Refusal::new("no setting of the configuration would mend this")),
            size: (80, 23),
        }
    }

    /// Presses keys one by one, as a hand does: half a second apart, each painted.
    pub(crate) fn fly(&mut self, keys: &str) -> &mut Self {
        for key in parse(keys) {
            self.batch(&[key]);
        }
        self
    }

    /// The same keys in one go, as a paste without marks or a slow link brings them.
    pub(crate) fn burst(&mut self, keys: &str) -> &mut Self {
        let keys = parse(keys);
        self.batch(&keys);
        self
    }

    pub(crate) fn paste(&mut self, text: &str) -> &mut Self {
        self.batch(&[Event::Paste(text.to_owned())]);
        self
    }

    pub(crate) fn wait(&mut self, millis: u64) -> &mut Self {
        self.now = self.now.after(Duration::from_millis(millis));
        self
    }

    fn batch(&mut self, events: &[Event]) {
        self.wait(500);
        self.batch_now(events);
    }

    pub(crate) fn batch_now(&mut self, events: &[Event]) {
        let state = Arc::new(self.state.clone());
        let standing = Arc::new(Standing::of(&state, self.now));
        for effect in self.app.input(events, (&state, &standing), self.now) {
            match effect {
                Effect::Decide(ticket, command, by) => {
                    let answer = decide(&self.state, &command, &by, self.now);
                    if let Ok(bodies) = &answer {
                        for body in bodies {
                            self.state.apply(&event(self.now, Actor::Operator(by.clone()), body.clone()));
                        }
                        for body in consequences(&self.state, self.now) {
                            self.state.apply(&event(self.now, Actor::Golive, body));
                        }
                    }
                    self.asked.push((command, by));
                    self.app.answered(ticket, answer.map(|_| ()), self.now);
                }
                Effect::Propose(checks) => {
                    let proposal = self.proposal.clone();
                    self.app.proposed(&checks, proposal, (&state, &standing), self.now);
                }
                Effect::DryRun => {
                    let steps = golive::core::dry_run::of_session(&self.state, &Values::default());
                    self.app.would_run(Ok(steps), (&state, &standing), self.now);
                }
                Effect::Leave(leaving) => self.left = Some(leaving),
                Effect::Suspend => self.slept += 1,
                Effect::Copy(text) => self.copied = Some(text),
                Effect::SetFault(ticket, name, on) => {
                    let faults = self.app.ui.practice.iter_mut().flatten();
                    faults.filter(|fault| fault.name == name).for_each(|fault| fault.on = on);
                    self.app.answered(ticket, Ok(()), self.now);
                }
                Effect::Redraw | Effect::Steer(_) => {}
            }
        }
        self.app.drawn(self.now);
    }

    /// What stands on the screen now.
    pub(crate) fn screen(&self) -> String {
        text(&self.buffer())
    }

    pub(crate) fn buffer(&self) -> Buffer {
        let state = Arc::new(self.state.clone());
        let standing = Arc::new(Standing::of(&state, self.now));
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        let mut buffer = Buffer::empty(area);
        frame::draw(&mut buffer, area, &self.app.scene((&state, &standing), self.now));
        buffer
    }

    /// Fails with the whole screen when a text is not on it.
    pub(crate) fn sees(&self, wanted: &str) -> &Self {
        let screen = self.screen();
        assert!(screen.contains(wanted), "{wanted:?} is not on the screen:\n{screen}");
        self
    }
}

/// The text of a buffer, line by line, without blanks at the ends.
pub(crate) fn text(buffer: &Buffer) -> String {
    let lines = buffer.content().chunks(usize::from(buffer.area.width.max(1)));
    let line = |cells: &[ratatui::buffer::Cell]| cells.iter().map(|cell| cell.symbol()).collect::<String>();
    lines.map(|cells| line(cells).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// `jj s <enter>`: letters are keys, blanks separate, `<space>` is a blank.
fn parse(keys: &str) -> Vec<Event> {
    let mut events = Vec::new();
    let mut rest = keys;
    while let Some(first) = rest.chars().next() {
        if let Some((name, after)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
            events.push(named(name));
            rest = after;
        } else {
            if first != ' ' {
                events.push(press(KeyCode::Char(first), KeyModifiers::NONE));
            }
            rest = &rest[first.len_utf8()..];
        }
    }
    events
}

fn named(name: &str) -> Event {
    let plain = |code| press(code, KeyModifiers::NONE);
    match name {
        "enter" => plain(KeyCode::Enter),
        "esc" => plain(KeyCode::Esc),
        "tab" => plain(KeyCode::Tab),
        "space" => plain(KeyCode::Char(' ')),
        "back" => plain(KeyCode::Backspace),
        "down" => plain(KeyCode::Down),
        "f1" => plain(KeyCode::F(1)),
        _ => match name.strip_prefix("ctrl-") {
            Some(letter) => press(KeyCode::Char(letter.chars().next().unwrap()), KeyModifiers::CONTROL),
            None => panic!("no key is called {name}"),
        },
    }
}

fn press(code: KeyCode, modifiers: KeyModifiers) -> Event {
    Event::Key(KeyEvent::new(code, modifiers))
}
