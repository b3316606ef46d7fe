//! Text for cells: harmless, cut with `…`, wrapped by words, measured in columns. Every widget's text comes through here.

use std::borrow::Cow;

use ratatui::text::Span;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// The text without control characters: the last net before a cell. What is foreign is a `SafeText` long before.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().map(|c| if c.is_control() { '·' } else { c }).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// How many columns a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most so many columns; what is cut ends in `…`.
#[must_use]
pub fn cut(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    if most == 0 {
        return Cow::Borrowed("");
    }
    let mut short = String::new();
    let mut taken = 0;
    for grapheme in text.graphemes(true) {
        let wide = width(grapheme);
        if taken + wide > most - 1 {
            break;
        }
        taken += wide;
        short.push_str(grapheme);
    }
    short.push('…');
    Cow::Owned(short)
}

/// The end of the text in at most so many columns, after `…`: for places, whose last part tells most.
#[must_use]
pub fn cut_start(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return Cow::Borrowed(text);
    }
    let mut kept = text.len();
    let mut taken = 1;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        taken += width(grapheme);
        if taken > most {
            break;
        }
        kept = at;
    }
    Cow::Owned(if most == 0 { String::new() } else { format!("…{}", &text[kept..]) })
}

/// The text in lines of at most so many columns, broken between words where there are any.
#[must_use]
pub fn wrap(text: &str, most: usize) -> Vec<String> {
    if most == 0 {
        return Vec::new();
    }
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word = word;
        loop {
            let line = lines.last_mut().expect("there is always a line");
            let used = width(line);
            let gap = usize::from(used > 0);
            if used + gap + width(word) <= most {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                break;
            }
            if used > 0 {
                lines.push(String::new());
                continue;
            }
            let end = prefix(word, most);
            line.push_str(&word[..end]);
            word = &word[end..];
            if word.is_empty() {
                break;
            }
            lines.push(String::new());
        }
    }
    lines
}

/// Where the longest part of `word` ends that fits into `most` columns; at least one grapheme.
fn prefix(word: &str, most: usize) -> usize {
    let mut taken = 0;
    for (at, grapheme) in word.grapheme_indices(true) {
        taken += width(grapheme);
        if taken > most && at > 0 {
            return at;
        }
    }
    word.len()
}

/// How many columns spans take together.
#[must_use]
pub fn spans_width(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|span| width(&span.content)).sum()
}

/// The spans in at most so many columns; what is cut ends in `…`.
#[must_use]
pub fn cut_spans(spans: Vec<Span<'_>>, most: usize) -> Vec<Span<'_>> {
    if spans_width(&spans) <= most {
        return spans;
    }
    let mut left = most;
    let mut kept = Vec::new();
    for span in spans {
        let wide = width(&span.content);
        // One column is kept for the mark of the cut.
        if wide < left {
            left -= wide;
            kept.push(span);
            continue;
        }
        let mut short = cut(&span.content, left.saturating_sub(1)).into_owned();
        if left > 0 && !short.ends_with('…') {
            short.push('…');
        }
        kept.push(Span::styled(short, span.style));
        break;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_cut_is_marked() {
        assert_eq!(cut("webhook_secret", 8), "webhook…");
        assert_eq!(cut("webhook", 7), "webhook");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut_start(".env.production:4", 8), "…ction:4");
    }

    #[test]
    fn lines_break_between_words_and_inside_only_what_is_too_long() {
        assert_eq!(wrap("one leak would let", 8), ["one leak", "would", "let"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
    }

    proptest! {
        #[test]
        fn nothing_is_wider_than_its_place(text in "\\PC{0,60}", most in 0usize..30) {
            prop_assert!(width(&cut(&text, most)) <= most);
            prop_assert!(width(&cut_start(&text, most)) <= most);
            let spans = vec![Span::raw(text.clone()), Span::raw(text.clone())];
            prop_assert!(spans_width(&cut_spans(spans, most)) <= most);
        }

        #[test]
        fn wrapping_loses_no_letter(text in "[a-z ]{0,60}", most in 1usize..30) {
            let letters = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&wrap(&text, most).concat()), letters(&text));
        }
    }
}
