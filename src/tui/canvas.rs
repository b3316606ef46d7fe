//! A clipped part of the screen to write lines on. Nothing drawn through it can miss the screen, whatever its size.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::text;

/// A part of the screen.
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
}

impl<'a> Canvas<'a> {
    /// The part of a buffer that lies in `area`.
    pub fn new(buffer: &'a mut Buffer, area: Rect) -> Self {
        let area = area.intersection(buffer.area);
        Self { buffer, area }
    }

    /// A part of this part, by offset and size.
    pub fn part(&mut self, x: u16, y: u16, width: u16, height: u16) -> Canvas<'_> {
        let area = Rect {
            x: self.area.x.saturating_add(x),
            y: self.area.y.saturating_add(y),
            width: width.min(self.area.width.saturating_sub(x)),
            height: height.min(self.area.height.saturating_sub(y)),
        };
        Canvas::new(self.buffer, area)
    }

    /// Columns.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.area.width as usize
    }

    /// Rows.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.area.height as usize
    }

    /// Writes a line, cut to the width.
    pub fn line(&mut self, row: usize, spans: Vec<Span<'_>>) {
        let Some(y) = self.row(row) else { return };
        let line = Line::from(text::cut_spans(harmless(spans), self.width()));
        self.buffer.set_line(self.area.x, y, &line, self.area.width);
    }

    /// Writes a line with something at its right end. The left part is cut first; what is on the right stays whole as
    /// long as there is room for a few letters beside it.
    pub fn both(&mut self, row: usize, left: Vec<Span<'_>>, right: Vec<Span<'_>>) {
        let Some(y) = self.row(row) else { return };
        let (left, right) = (harmless(left), harmless(right));
        let right = text::cut_spans(right, self.width().saturating_sub(12.min(text::spans_width(&left))));
        let taken = text::spans_width(&right);
        let room = self.width().saturating_sub(taken + if taken > 0 { 2 } else { 0 });
        self.buffer.set_line(self.area.x, y, &Line::from(text::cut_spans(left, room)), self.area.width);
        let at = self.area.x + u16::try_from(self.width().saturating_sub(taken)).unwrap_or(u16::MAX);
        let taken = u16::try_from(taken).unwrap_or(u16::MAX);
        self.buffer.set_line(at, y, &Line::from(right), taken);
    }

    /// Writes something over the end of a row that says what is not shown. What it covers is cut, and seen to be.
    pub fn over_the_end(&mut self, row: usize, text: &str, style: Style) {
        let Some(y) = self.row(row) else { return };
        let text = text::cut(text, self.width().saturating_sub(2));
        let at = self.area.x + u16::try_from(self.width() - text::width(&text)).unwrap_or(u16::MAX);
        let before = at.saturating_sub(2)..at;
        let covers = (before.start..self.area.right())
            .any(|x| self.buffer.cell((x, y)).is_some_and(|cell| !cell.symbol().trim().is_empty()));
        self.buffer.set_stringn(before.start, y, if covers { "… " } else { "  " }, 2, style);
        self.buffer.set_string(at, y, &text, style);
    }

    /// Lays a style over a whole row.
    pub fn style_row(&mut self, row: usize, style: Style) {
        let Some(y) = self.row(row) else { return };
        self.buffer.set_style(Rect { y, height: 1, ..self.area }, style);
    }

    /// Lays a style over everything.
    pub fn style(&mut self, style: Style) {
        self.buffer.set_style(self.area, style);
    }

    /// A rule over the whole width.
    pub fn rule(&mut self, row: usize, glyph: &str, style: Style) {
        self.line(row, vec![Span::styled(glyph.repeat(self.width()), style)]);
    }

    /// Blanks everything.
    pub fn clear(&mut self, style: Style) {
        for row in 0..self.height() {
            self.line(row, vec![Span::styled(" ".repeat(self.width()), Style::reset())]);
        }
        self.style(style);
    }

    /// A vertical rule in a column.
    pub fn column(&mut self, x: usize, style: Style) {
        for row in 0..self.height() {
            if let (Some(y), Ok(x)) = (self.row(row), u16::try_from(x))
                && x < self.area.width
            {
                self.buffer.set_string(self.area.x + x, y, "│", style);
            }
        }
    }

    fn row(&self, row: usize) -> Option<u16> {
        let row = u16::try_from(row).ok().filter(|row| *row < self.area.height && self.area.width > 0)?;
        Some(self.area.y + row)
    }
}

fn harmless(spans: Vec<Span<'_>>) -> Vec<Span<'_>> {
    if spans.iter().all(|span| !span.content.chars().any(char::is_control)) {
        return spans;
    }
    spans.into_iter().map(|span| Span::styled(text::clean(&span.content).into_owned(), span.style)).collect()
}
