//! A series as columns, with the line that it is held against drawn in.

const PARTS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The rows of a chart, the highest first. `None` is a moment without a number; the line is drawn where nothing stands.
#[must_use]
pub fn chart(numbers: &[Option<f64>], line: Option<f64>, rows: usize) -> Vec<String> {
    let top = numbers.iter().flatten().copied().chain(line).fold(0.0_f64, f64::max);
    let scale = if top > 0.0 { top * 1.1 } else { 1.0 };
    let height = |number: f64| (number / scale * rows as f64).clamp(0.0, rows as f64);
    let line_row = line.map(height);
    (0..rows)
        .rev()
        .map(|row| {
            let floor = row as f64;
            let has_line = line_row.is_some_and(|line| line >= floor && line < floor + 1.0);
            numbers.iter().map(|number| cell(number.map(height), floor, has_line)).collect()
        })
        .collect()
}

fn cell(height: Option<f64>, floor: f64, has_line: bool) -> char {
    let part = height.map_or(0.0, |height| ((height - floor) * 8.0).round().clamp(0.0, 8.0));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=8")]
    let bar = PARTS[part as usize];
    match (bar, has_line) {
        (' ', true) => '┄',
        // What stands above the line keeps the line in sight.
        ('█', true) => '▓',
        (bar, _) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::chart;

    #[test]
    fn the_line_stands_where_the_threshold_is() {
        let rows = chart(&[Some(0.0), Some(5.0), None, Some(10.0)], Some(5.0), 4);
        assert_eq!(rows.len(), 4);
        assert_eq!(rows[2], "┄▇┄▓", "{rows:#?}");
        assert_eq!(rows[3], " █ █", "{rows:#?}");
        assert_eq!(chart(&[None, None], None, 2), ["  ", "  "]);
    }
}
