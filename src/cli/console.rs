//! The one writer to standard output and standard error. Results go to standard output, everything else to standard
//! error; a pipe that was closed ends it quietly; no escape is written where no terminal is.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::Path;

use clap::ColorChoice;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::cli::exit::Stop;
use crate::report::Look;

/// As wide as a line may get on any terminal: beyond that the eye loses the next one.
const WIDEST: usize = 140;

pub(super) struct Console {
    colour: ColorChoice,
    no_colour: bool,
    dumb: bool,
}

impl Console {
    /// `no_colour`: `NO_COLOR` is set and not empty (<https://no-color.org>); `dumb`: `TERM=dumb`.
    pub(super) const fn new(colour: ColorChoice, no_colour: bool, dumb: bool) -> Self {
        Self { colour, no_colour, dumb }
    }

    /// How a report on standard output looks.
    pub(super) fn look(&self) -> Look {
        let width = match io::stdout().is_terminal() {
            true => width_of_terminal().unwrap_or(Look::PLAIN.width).min(WIDEST),
            false => Look::PLAIN.width,
        };
        Look { colour: self.colours(io::stdout().is_terminal()), width }
    }

    /// Whether texts on standard error may have colour.
    pub(super) fn colours_errors(&self) -> bool {
        self.colours(io::stderr().is_terminal())
    }

    /// A person's explicit word counts most, then `NO_COLOR`, then what is at the other end.
    const fn colours(&self, is_terminal: bool) -> bool {
        match self.colour {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => is_terminal && !self.no_colour && !self.dumb,
        }
    }

    /// Writes a result, line break included.
    pub(super) fn result(&self, text: &str) -> Result<(), Stop> {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Stop::own(format!("cannot write to standard output: {error}"))),
        }
    }

    /// Whether whoever read the results has gone: the pipe or terminal behind standard output is closed.
    pub(super) fn is_closed(&self) -> bool {
        let out = io::stdout();
        let mut looked_at = [PollFd::new(&out, PollFlags::empty())];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut looked_at, Some(&at_once)).is_ok()
            && looked_at[0].revents().intersects(PollFlags::ERR | PollFlags::HUP)
    }

    /// Writes a result to a file.
    pub(super) fn result_to(&self, path: &Path, text: &str) -> Result<(), Stop> {
        let wrong = |error: io::Error| Stop::own(format!("cannot write the report to {}: {error}", path.display()));
        let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).open(path).map_err(wrong)?;
        file.write_all(text.as_bytes()).map_err(wrong)
    }

    /// Says something beside the result.
    pub(super) fn say(&self, text: &str) {
        // Nobody is left to be told when standard error is gone.
        let _ = writeln!(io::stderr(), "{}", text.trim_end());
    }

    /// Says why golive stops, and what to do next.
    pub(super) fn stop(&self, stop: &Stop) {
        let bold = if self.colours_errors() { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        self.say(&format!("{}golive:{} {}", bold.0, bold.1, stop.sentence));
        if let Some(instead) = &stop.instead {
            self.say(&format!("        {instead}"));
        }
    }

    /// Whether somebody can watch progress on standard error.
    pub(super) fn is_watched(&self) -> bool {
        io::stderr().is_terminal() && !self.dumb
    }

    /// Replaces the line of progress by this one; an empty one clears it. Only where [`Self::is_watched`].
    pub(super) fn progress(&self, line: &str) {
        let mut out = io::stderr().lock();
        let room = width_of_terminal().unwrap_or(80).saturating_sub(1);
        let short: String = line.chars().take(room).collect();
        let _ = write!(out, "\r\x1b[K{short}").and_then(|()| out.flush());
    }

    /// Whether a person can be asked: there is a terminal on both sides.
    pub(super) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Asks a yes-or-no question. `usual` is the answer to a bare Enter: yes only where it does nothing in the world.
    /// The end of the input, or input that cannot be read, is no answer: then nothing may be done.
    pub(super) fn answer(&self, question: &str, usual: bool) -> Option<bool> {
        let mut out = io::stderr().lock();
        let choice = if usual { "[Y/n]" } else { "[y/N]" };
        // Nobody is left to be asked when standard error is gone, and then the answer below is empty too.
        let _ = write!(out, "{question} {choice} ").and_then(|()| out.flush());
        let mut answer = String::new();
        let ended = !matches!(io::stdin().lock().read_line(&mut answer), Ok(1..));
        if ended {
            // The question stands there without an answer: what is said next begins on a line of its own.
            self.say("");
            return None;
        }
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => Some(true),
            "" => Some(usual),
            _ => Some(false),
        }
    }

    /// Asks for something that is only done when somebody says so.
    pub(super) fn ask(&self, question: &str) -> bool {
        self.answer(question, false).unwrap_or(false)
    }
}

fn width_of_terminal() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).or_else(|_| rustix::termios::tcgetwinsize(io::stderr()));
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}
