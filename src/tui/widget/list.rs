//! A list with a selection. Only visible rows are built, and the selected one is always among them.

use ratatui::text::Span;

use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::theme::Role;

/// One row: what stands left and right, and lines that belong below it.
#[derive(Default)]
pub struct Row {
    left: Vec<Span<'static>>,
    right: Vec<Span<'static>>,
    below: Vec<Vec<Span<'static>>>,
}

impl Row {
    /// A row of one line.
    #[must_use]
    pub const fn new(left: Vec<Span<'static>>, right: Vec<Span<'static>>) -> Self {
        Self { left, right, below: Vec::new() }
    }

    /// The same with one more line below it.
    #[must_use]
    pub fn below(mut self, line: Vec<Span<'static>>) -> Self {
        self.below.push(line);
        self
    }
}

/// Draws the visible rows of a list. `build` is asked only for those. `focused` tells whether keys move in this list.
pub fn draw(
    scene: &Scene<'_>,
    length: usize,
    selected: usize,
    focused: bool,
    canvas: &mut Canvas<'_>,
    build: impl Fn(usize) -> Row,
) {
    let height = canvas.height();
    let first = first_visible(length, selected, height);
    let mut y = 0;
    for at in first..length {
        if y >= height {
            break;
        }
        let row = build(at);
        let chosen = at == selected;
        let marker = if chosen && focused {
            scene.say(" ▌ ", Role::Key)
        } else if chosen {
            scene.say(" ▏ ", Role::Key)
        } else {
            Span::raw("   ")
        };
        let mut left = vec![marker];
        left.extend(row.left);
        let mut right = row.right;
        right.push(Span::raw(" "));
        if chosen && focused {
            canvas.style_row(y, scene.style(Role::Selected));
        }
        canvas.both(y, left, right);
        y += 1;
        for line in row.below {
            let mut indented = vec![Span::raw("   ")];
            indented.extend(line);
            canvas.line(y, indented);
            y += 1;
        }
    }
    if first > 0 {
        canvas.both(0, Vec::new(), vec![scene.say(format!("↑ {first} more "), Role::Quiet)]);
    }
    let shown = length.min(first + height);
    if shown < length && height > 1 {
        let more = format!("↓ {} more ", length - shown);
        canvas.both(height - 1, Vec::new(), vec![scene.say(more, Role::Quiet)]);
    }
}

/// The first row that is drawn: the selected one stands in the middle, as far as there are rows on both sides.
#[must_use]
pub fn first_visible(length: usize, selected: usize, height: usize) -> usize {
    if length <= height {
        return 0;
    }
    selected.saturating_sub(height / 2).min(length - height)
}

#[cfg(test)]
mod tests {
    use super::first_visible;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_selected_row_is_always_visible(length in 1usize..500, selected in 0usize..500, height in 1usize..80) {
            let selected = selected.min(length - 1);
            let first = first_visible(length, selected, height);
            prop_assert!(first <= selected && selected < first + height);
            prop_assert!(first == 0 || first + height <= length, "no empty rows at the end");
        }
    }
}
