//! A list with a selection. Only visible rows are built, and the selected one is always among them.

use ratatui::text::Span;

use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::theme::Role;

/// One row: what stands left and right, and lines that belong below it.
#[derive(Clone, Default)]
pub struct Row {
    left: Vec<Span<'static>>,
    right: Vec<Span<'static>>,
    below: Vec<Vec<Span<'static>>>,
    heading: Option<(Vec<Span<'static>>, Vec<Span<'static>>)>,
}

impl Row {
    /// A row of one line.
    #[must_use]
    pub const fn new(left: Vec<Span<'static>>, right: Vec<Span<'static>>) -> Self {
        Self { left, right, below: Vec::new(), heading: None }
    }

    /// How many lines it takes where it stands alone.
    #[must_use]
    pub fn lines(&self) -> usize {
        self.height(false)
    }

    fn height(&self, apart: bool) -> usize {
        1 + self.below.len() + if self.heading.is_some() { 1 + usize::from(apart) } else { 0 }
    }

    /// The same under a heading: a line that cannot be selected.
    #[must_use]
    pub fn under(mut self, left: Vec<Span<'static>>, right: Vec<Span<'static>>) -> Self {
        self.heading = Some((left, right));
        self
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
    let mut first = first_visible(length, selected, height);
    // Rows of several lines: the selected one has to be whole on the screen.
    while first < selected && (first..=selected).map(|at| build(at).height(at > first)).sum::<usize>() > height {
        first += 1;
    }
    let (mut y, mut shown) = (0, first);
    for at in first..length {
        if y >= height {
            break;
        }
        shown = at + 1;
        let row = build(at);
        let chosen = at == selected;
        if let Some((left, mut right)) = row.heading {
            // A heading stands apart from what is above it.
            y += usize::from(y > 0);
            right.push(Span::raw(" "));
            canvas.both(y, left, right);
            y += 1;
        }
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
        canvas.over_the_end(0, &format!("↑ {first} more "), scene.style(Role::Quiet));
    }
    if shown < length && height > 1 {
        let more = format!("↓ {} more ", length - shown);
        canvas.over_the_end(height - 1, &more, scene.style(Role::Quiet));
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
