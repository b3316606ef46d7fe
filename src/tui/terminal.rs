//! The terminal, taken and given back: raw mode, alternate screen, bracketed paste, synchronized paints.
//!
//! However the cockpit ends, the terminal is left as it was found: the guard's drop, and a panic hook before it.

use std::io::{self, IsTerminal, Stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use rustix::process::{Signal, kill_current_process_group};

use crate::tui::frame;
use crate::tui::pen::Pen;
use crate::tui::ringing::Ring;
use crate::tui::scene::Scene;

/// Whether the terminal is ours now: what the panic hook asks.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal while it is ours.
pub struct Screen {
    terminal: Terminal<Pen<Stdout>>,
}

impl Screen {
    /// Whether there is a terminal to draw on.
    #[must_use]
    pub fn is_there() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Takes the terminal.
    ///
    /// # Errors
    /// If it cannot be set up; it is given back then.
    pub fn take() -> io::Result<Self> {
        give_back_on_panic();
        let taken = enter();
        if taken.is_err() {
            leave();
        }
        taken?;
        Ok(Self { terminal: Terminal::new(Pen::new(io::stdout()))? })
    }

    /// Paints what has changed, in one go.
    ///
    /// # Errors
    /// If the terminal does not take it.
    pub fn paint(&mut self, scene: &Scene<'_>) -> io::Result<()> {
        let draw = |canvas: &mut ratatui::Frame<'_>| {
            let area = canvas.area();
            frame::draw(canvas.buffer_mut(), area, scene);
        };
        let painted = self.terminal.draw(draw).map(|_| ());
        self.terminal.backend_mut().hand_over()?;
        painted
    }

    /// Rings, and shows a notification where the terminal can (OSC 9). Its texts hold no control character.
    ///
    /// # Errors
    /// If the terminal does not take it.
    pub fn ring(&mut self, ring: &Ring) -> io::Result<()> {
        if *ring == Ring::default() {
            return Ok(());
        }
        let mut told: String = ring.notifications.iter().map(|text| format!("\x1b]9;{text}\x07")).collect();
        if ring.bell {
            told.push('\x07');
        }
        self.terminal.backend_mut().say(told.as_bytes())
    }

    /// Hands a text to the terminal's clipboard (OSC 52). One that knows none takes no notice.
    ///
    /// # Errors
    /// If the terminal does not take it.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        self.terminal.backend_mut().say(format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).as_bytes())
    }

    /// Forgets what is on the screen, so that the next paint is whole.
    ///
    /// # Errors
    /// If the terminal does not take it.
    pub fn forget(&mut self) -> io::Result<()> {
        // Not `clear`: that one asks the terminal where its cursor is and waits for the answer.
        let size = self.terminal.size()?;
        self.terminal.resize(size.into())
    }

    /// Goes to sleep as the shell's job control has it; returns when somebody brought it back.
    ///
    /// # Errors
    /// If the terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        leave();
        kill_current_process_group(Signal::TSTP)?;
        enter()?;
        self.forget()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)
}

/// Gives the terminal back, in reverse order. Errors are no use to anybody here: the terminal may be gone.
fn leave() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), EndSynchronizedUpdate, Show, DisableBracketedPaste, LeaveAlternateScreen);
        let _ = disable_raw_mode();
    }
}

/// A panic of the screen's own thread gives the terminal back before it is reported. A panic of any other thread is
/// that task's error and no reason to write over the screen.
fn give_back_on_panic() {
    HOOK.call_once(|| {
        let screen = std::thread::current().id();
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().id() == screen {
                leave();
                before(panic);
            } else if !TAKEN.load(Ordering::SeqCst) {
                before(panic);
            }
        }));
    });
}
