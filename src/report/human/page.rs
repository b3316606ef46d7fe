//! A page of lines: wrapped at the terminal's width with hanging indents, coloured only when asked.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::report::Look;

/// What a piece of text is; it chooses a colour, never the words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Quiet,
    Good,
    Look,
    Bad,
}

impl Tone {
    /// The parameters of `ESC [ … m` (ECMA-48, SGR): the terminal's own sixteen colours, so any theme fits.
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Strong => Some("1"),
            Self::Quiet => Some("2"),
            Self::Good => Some("32"),
            Self::Look => Some("33"),
            Self::Bad => Some("1;31"),
        }
    }
}

/// The narrowest column that text is wrapped into; below that, lines run over.
const NARROWEST: usize = 20;

pub(super) struct Page {
    look: Look,
    text: String,
}

impl Page {
    pub(super) const fn new(look: Look) -> Self {
        Self { look, text: String::new() }
    }

    pub(super) fn finish(self) -> String {
        self.text
    }

    /// An empty line, unless there is one already or the page begins.
    pub(super) fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A paragraph.
    pub(super) fn text(&mut self, indent: usize, text: &str, tone: Tone) {
        self.row(indent, "", 0, Tone::Plain, text, tone);
    }

    /// A left part of a fixed width and a paragraph beside it; with a width of 0, the paragraph follows at once.
    pub(super) fn row(&mut self, indent: usize, left: &str, column: usize, tone: Tone, right: &str, right_tone: Tone) {
        let used = width(left).max(column);
        let gap = if used == 0 || column == 0 { 0 } else { 2 };
        let hang = indent + used + gap;
        let room = self.look.width.saturating_sub(hang).max(NARROWEST);
        self.spaces(indent);
        self.paint(left, tone);
        let lines = wrap(right, room);
        for (number, line) in lines.iter().enumerate() {
            let before = if number > 0 { hang } else { used + gap - width(left) };
            if !line.is_empty() {
                self.spaces(before);
                self.paint(line, right_tone);
            }
            self.text.push('\n');
        }
    }

    fn spaces(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
    }

    fn paint(&mut self, text: &str, tone: Tone) {
        match tone.code().filter(|_| self.look.colour && !text.trim().is_empty()) {
            Some(code) => self.text.push_str(&format!("\x1b[{code}m{text}\x1b[0m")),
            None => self.text.push_str(text),
        }
    }
}

/// How many cells a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// A text with spaces behind it up to a width.
pub(super) fn padded(text: &str, to: usize) -> String {
    format!("{text}{}", " ".repeat(to.saturating_sub(width(text))))
}

/// `4 ms`, `1.9 s`.
pub(super) fn milliseconds(value: f64) -> String {
    if value < 1.0 {
        "under 1 ms".to_owned()
    } else if value < 1e3 {
        format!("{value:.0} ms")
    } else {
        format!("{:.1} s", value / 1e3)
    }
}

/// Lines of at most `room` cells, broken at spaces; a word that is longer is broken where it has to be. Always at
/// least one line.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        if used > 0 && used + width(word.trim_end()) > room {
            lines.push(String::new());
            used = 0;
        }
        for character in word.chars() {
            let cells = character.width().unwrap_or(0);
            if used + cells > room && character != ' ' {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(character);
            }
            used += cells;
        }
    }
    lines.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_at_spaces_and_hang_under_their_text() {
        let mut page = Page::new(Look { colour: false, width: 34 });
        page.row(2, "✗ fail", 8, Tone::Bad, "webhook_secret equals api_secret", Tone::Plain);
        assert_eq!(page.finish(), "  ✗ fail    webhook_secret equals\n            api_secret\n");
    }

    #[test]
    fn without_colour_no_escape_is_written() {
        let paint = |colour| {
            let mut page = Page::new(Look { colour, width: 80 });
            page.text(0, "NO-GO", Tone::Bad);
            page.finish()
        };
        assert_eq!(paint(false), "NO-GO\n");
        assert_eq!(paint(true), "\x1b[1;31mNO-GO\x1b[0m\n");
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_its_room_and_no_word_is_lost(text in "[a-z ]{0,200}", room in 1usize..40) {
            let lines = wrap(&text, room);
            prop_assert!(lines.iter().all(|line| width(line) <= room));
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
