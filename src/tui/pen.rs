//! What ratatui has changed, as bytes for the terminal: as few as they can be, and those of a paint in one write.
//!
//! A paint in two writes can be cut by the scheduler: whoever reads the first one wakes up, and the second comes
//! milliseconds later. And a cockpit is often at the end of a thin line: each second costs what it writes.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};

/// The terminal shows all that stands between these at once.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Modifiers with the numbers that switch them on.
const MODIFIERS: [(Modifier, u8); 9] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::RAPID_BLINK, 6),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

/// A backend that collects a paint and hands it over whole.
#[derive(Debug)]
pub(super) struct Pen<W: Write> {
    terminal: W,
    /// What the terminal has not got yet.
    ink: Vec<u8>,
}

/// How a cell looks.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Look {
    foreground: Color,
    background: Color,
    underline: Color,
    modifier: Modifier,
}

impl Look {
    const PLAIN: Self = Self {
        foreground: Color::Reset,
        background: Color::Reset,
        underline: Color::Reset,
        modifier: Modifier::empty(),
    };

    fn of(cell: &Cell) -> Self {
        let Cell { fg: foreground, bg: background, underline_color: underline, modifier, .. } = *cell;
        Self { foreground, background, underline, modifier }
    }

    /// What turns the look before into this one.
    fn write(self, before: Self, ink: &mut Vec<u8>) {
        let mut codes = Codes::default();
        let mut known = before;
        if self == Self::PLAIN || !(before.modifier - self.modifier).is_empty() {
            // Switching one off may switch its neighbour off with it (bold and dim): from the beginning, then.
            codes.push(&[0]);
            known = Self::PLAIN;
        }
        let added = self.modifier - known.modifier;
        MODIFIERS.iter().filter(|(modifier, _)| added.contains(*modifier)).for_each(|(_, code)| codes.push(&[*code]));
        if self.foreground != known.foreground {
            codes.colour(self.foreground, 30);
        }
        if self.background != known.background {
            codes.colour(self.background, 40);
        }
        if self.underline != known.underline {
            codes.colour(self.underline, 50);
        }
        codes.write(ink);
    }
}

/// The numbers of one change of look.
#[derive(Default)]
struct Codes(Vec<u8>);

impl Codes {
    fn push(&mut self, codes: &[u8]) {
        self.0.extend_from_slice(codes);
    }

    /// A colour of the foreground (30), the background (40) or the underline (50), which has none of the short forms.
    fn colour(&mut self, colour: Color, base: u8) {
        let of_sixteen = |number: u8| (base < 50).then(|| if number < 8 { base + number } else { base + 52 + number });
        let number = match colour {
            Color::Reset => return self.push(&[base + 9]),
            Color::Rgb(red, green, blue) => return self.push(&[base + 8, 2, red, green, blue]),
            Color::Indexed(number) => return self.push(&[base + 8, 5, number]),
            Color::Black => 0,
            Color::Red => 1,
            Color::Green => 2,
            Color::Yellow => 3,
            Color::Blue => 4,
            Color::Magenta => 5,
            Color::Cyan => 6,
            Color::Gray => 7,
            Color::DarkGray => 8,
            Color::LightRed => 9,
            Color::LightGreen => 10,
            Color::LightYellow => 11,
            Color::LightBlue => 12,
            Color::LightMagenta => 13,
            Color::LightCyan => 14,
            Color::White => 15,
        };
        match of_sixteen(number) {
            Some(code) => self.push(&[code]),
            None => self.push(&[base + 8, 5, number]),
        }
    }

    fn write(&self, ink: &mut Vec<u8>) {
        ink.extend_from_slice(b"\x1b[");
        // Nothing behind the bracket means 0.
        if self.0 != [0] {
            for (at, code) in self.0.iter().enumerate() {
                if at > 0 {
                    ink.push(b';');
                }
                write_number(u16::from(*code), ink);
            }
        }
        ink.push(b'm');
    }
}

impl<W: Write> Pen<W> {
    pub(super) const fn new(terminal: W) -> Self {
        Self { terminal, ink: Vec::new() }
    }

    /// Something that is no part of a paint; it goes out at once.
    pub(super) fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.terminal.write_all(bytes)?;
        self.terminal.flush()
    }

    /// Hands over what was painted since the last time, in one write; where nothing was, nothing is written.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        if self.ink.is_empty() {
            return Ok(());
        }
        self.ink.extend_from_slice(END);
        let written = self.terminal.write_all(&self.ink).and_then(|()| self.terminal.flush());
        self.ink.clear();
        written
    }

    fn ink(&mut self) -> &mut Vec<u8> {
        if self.ink.is_empty() {
            self.ink.extend_from_slice(BEGIN);
        }
        &mut self.ink
    }
}

impl<W: Write> Backend for Pen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut look = Look::PLAIN;
        // Where the cursor is known to be: behind a cell of one letter. How wide a terminal draws others is its own affair.
        let mut known: Option<Position> = None;
        let mut last: Option<Position> = None;
        for (x, y, cell) in content {
            let ink = self.ink();
            if last.is_none_or(|last| last.y != y || last.x + 1 != x) {
                match known.filter(|known| known.y == y && known.x <= x) {
                    Some(known) => write_forward(x - known.x, ink),
                    None => write_position(x, y, ink),
                }
            }
            let wanted = Look::of(cell);
            if wanted != look {
                wanted.write(look, ink);
                look = wanted;
            }
            ink.extend_from_slice(cell.symbol().as_bytes());
            last = Some(Position { x, y });
            let plain = cell.symbol().len() == 1 && cell.symbol().is_ascii();
            known = plain.then_some(Position { x: x + 1, y });
        }
        if look != Look::PLAIN {
            Look::PLAIN.write(look, self.ink());
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        // It is hidden from the moment the terminal is ours.
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        write_position(x, y, self.ink());
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        let code: &[u8] = match region {
            ClearType::All => b"\x1b[2J",
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        };
        self.ink().extend_from_slice(code);
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        // One question to the terminal that is painted on; the other way opens it anew for each.
        if let Ok(size) = rustix::termios::tcgetwinsize(rustix::stdio::stdout())
            && size.ws_col > 0
            && size.ws_row > 0
        {
            return Ok(Size { width: size.ws_col, height: size.ws_row });
        }
        let (width, height) = crossterm::terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        // A paint goes out when it is whole.
        Ok(())
    }
}

fn write_number(number: u16, ink: &mut Vec<u8>) {
    let mut digits = [0; 5];
    let mut at = digits.len();
    let mut left = number;
    while at == digits.len() || left > 0 {
        at -= 1;
        digits[at] = b'0' + u8::try_from(left % 10).unwrap_or(0);
        left /= 10;
    }
    ink.extend_from_slice(&digits[at..]);
}

/// Rows and columns count from 1 here.
fn write_position(x: u16, y: u16, ink: &mut Vec<u8>) {
    ink.extend_from_slice(b"\x1b[");
    write_number(y.saturating_add(1), ink);
    ink.push(b';');
    write_number(x.saturating_add(1), ink);
    ink.push(b'H');
}

fn write_forward(columns: u16, ink: &mut Vec<u8>) {
    ink.extend_from_slice(b"\x1b[");
    if columns > 1 {
        write_number(columns, ink);
    }
    ink.push(b'C');
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    const AREA: Rect = Rect { x: 0, y: 0, width: 24, height: 4 };

    fn painted(before: &Buffer, after: &Buffer) -> Vec<u8> {
        let mut pen = Pen::new(Vec::new());
        pen.draw(before.diff(after).into_iter()).unwrap();
        pen.hand_over().unwrap();
        pen.terminal
    }

    #[test]
    fn a_paint_of_nothing_writes_nothing() {
        let empty = Buffer::empty(AREA);
        assert_eq!(painted(&empty, &empty), b"");
    }

    #[test]
    fn a_second_that_passes_costs_three_digits_and_little_more() {
        let look = |age: &str, clock: &str| {
            let mut buffer = Buffer::empty(AREA);
            buffer.set_string(0, 0, age, Style::new().fg(Color::DarkGray));
            buffer.set_string(10, 0, clock, Style::new());
            buffer.set_string(5, 2, age, Style::new().fg(Color::DarkGray));
            buffer
        };
        let bytes = painted(&look("3 s ago", "14:02:33"), &look("4 s ago", "14:02:34"));
        let expected = "\x1b[?2026h\x1b[1;1H\x1b[90m4\x1b[16C\x1b[m4\x1b[3;6H\x1b[90m4\x1b[m\x1b[?2026l";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn behind_a_wide_or_unknown_letter_the_place_is_said_whole() {
        let mut after = Buffer::empty(AREA);
        after.set_string(0, 0, "✓", Style::new());
        after.set_string(4, 0, "a", Style::new());
        let bytes = String::from_utf8(painted(&Buffer::empty(AREA), &after)).unwrap();
        assert_eq!(bytes, "\x1b[?2026h\x1b[1;1H✓\x1b[1;5Ha\x1b[?2026l");
    }

    #[test]
    fn every_look_arrives_as_it_was_meant_whatever_came_before_it() {
        let colours = [Color::Reset, Color::Red, Color::DarkGray, Color::Indexed(200), Color::Rgb(1, 2, 3)];
        let modifiers = [Modifier::empty(), Modifier::BOLD, Modifier::DIM, Modifier::REVERSED | Modifier::UNDERLINED];
        let looks: Vec<Style> = colours
            .iter()
            .flat_map(|fg| colours.iter().map(move |bg| Style::new().fg(*fg).bg(*bg)))
            .flat_map(|style| modifiers.iter().map(move |modifier| style.add_modifier(*modifier)))
            .collect();
        let area = Rect { x: 0, y: 0, width: 100, height: 200 };
        let mut wanted = Buffer::empty(area);
        for (first, one) in looks.iter().enumerate() {
            for (second, other) in looks.iter().enumerate() {
                // Every look stands behind every other one somewhere.
                let at = first * looks.len() + second;
                let (x, y) = (u16::try_from(at % 50 * 2).unwrap(), u16::try_from(at / 50).unwrap());
                wanted.set_string(x, y, "a", *one);
                wanted.set_string(x + 1, y, "b", *other);
            }
        }
        let [rows, columns] = [area.height, area.width].map(|length| length.try_into().unwrap());
        let mut screen = vt100::Parser::new(rows, columns, 0);
        screen.process(&painted(&Buffer::empty(area), &wanted));
        for (x, y) in (0..area.width).flat_map(|x| (0..area.height).map(move |y| (x, y))) {
            let (cell, shown) = (&wanted[(x, y)], screen.screen().cell(y, x).unwrap());
            assert_eq!(seen(cell.fg), shown.fgcolor(), "{x} {y}");
            assert_eq!(seen(cell.bg), shown.bgcolor(), "{x} {y}");
            let expected = [Modifier::BOLD, Modifier::UNDERLINED, Modifier::REVERSED, Modifier::DIM]
                .map(|modifier| cell.modifier.contains(modifier));
            assert_eq!(expected, [shown.bold(), shown.underline(), shown.inverse(), shown.dim()], "{x} {y}");
        }
    }

    fn seen(colour: Color) -> vt100::Color {
        match colour {
            Color::Reset => vt100::Color::Default,
            Color::Red => vt100::Color::Idx(1),
            Color::DarkGray => vt100::Color::Idx(8),
            Color::Indexed(number) => vt100::Color::Idx(number),
            Color::Rgb(red, green, blue) => vt100::Color::Rgb(red, green, blue),
            other => panic!("{other} is not looked at here"),
        }
    }
}
