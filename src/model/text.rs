//! Text that cannot move a terminal's cursor: everything from outside becomes one of these before anybody sees it.
//!
//! A response, a certificate, a command's output or a value of the environment may hold escape sequences, bidirectional
//! overrides or piles of combining marks. They are replaced by visible marks here, once, at the door; no other way
//! leads to a [`SafeText`], not even reading a journal back.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};

use crate::model::in_place::in_place;

/// A text without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct SafeText(Arc<str>);

impl Default for SafeText {
    fn default() -> Self {
        Self::empty()
    }
}

/// How many combining marks one character may carry.
const MOST_MARKS: usize = 4;

impl SafeText {
    /// One line of text from outside. A line break is shown as `⏎`.
    #[must_use]
    pub fn from_foreign(text: &str) -> Self {
        Self(Arc::from(&*harmless(text)))
    }

    /// One line of bytes from outside; what is no UTF-8 is shown as `�`.
    #[must_use]
    pub fn from_foreign_bytes(bytes: &[u8]) -> Self {
        Self::from_foreign(&String::from_utf8_lossy(bytes))
    }

    /// Several lines from outside.
    #[must_use]
    pub fn lines_from_foreign(text: &str) -> Vec<Self> {
        text.lines().map(Self::from_foreign).collect()
    }

    /// One line of at most so many characters; what is cut is marked by `…`.
    #[must_use]
    pub fn bounded(text: &str, most: usize) -> Self {
        // Only as much as can be shown is looked at: a body of megabytes costs no more than a short one.
        let looked_at = text.char_indices().nth(most.saturating_add(1)).map_or(text, |(end, _)| &text[..end]);
        let whole = looked_at.len() == text.len();
        let safe = harmless(looked_at);
        if whole && safe.chars().count() <= most {
            return Self(Arc::from(&*safe));
        }
        let mut cut: String = safe.chars().take(most.saturating_sub(1)).collect();
        cut.push('…');
        Self(Arc::from(cut))
    }

    /// No text.
    #[must_use]
    pub fn empty() -> Self {
        Self(Arc::from(""))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn harmless(text: &str) -> Cow<'_, str> {
    // Nearly every text is plain already.
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    let mut marks = 0;
    for character in text.chars() {
        marks = if is_combining(character) { marks + 1 } else { 0 };
        if marks > MOST_MARKS {
            continue;
        }
        match character {
            '\t' => safe.push(' '),
            '\n' => safe.push('⏎'),
            '\r' => {}
            // The control pictures block shows each C0 control by a glyph of its own.
            '\0'..='\x1f' => safe.push(char::from_u32(0x2400 + u32::from(character)).unwrap_or('�')),
            '\x7f' => safe.push('␡'),
            '\u{80}'..='\u{9f}' => safe.push('�'),
            _ if is_invisible(character) => safe.push('·'),
            _ => safe.push(character),
        }
    }
    Cow::Owned(safe)
}

/// Characters that draw nothing and change how others are drawn: bidirectional controls, zero-width characters, line
/// and paragraph separators, variation selectors above the first sixteen, tags.
const fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The blocks of combining marks, as far as piles of them are seen in the wild.
const fn is_combining(character: char) -> bool {
    matches!(
        character,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
            | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
    )
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl<'de> Deserialize<'de> for SafeText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        in_place(deserializer, |text| Ok::<_, Infallible>(Self::from_foreign(text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_are_shown_and_not_sent() {
        assert_eq!(SafeText::from_foreign("\x1b[2Jgone\x07").as_str(), "␛[2Jgone␇");
        assert_eq!(SafeText::from_foreign("\u{9b}31m").as_str(), "�31m");
        assert_eq!(SafeText::from_foreign("a\tb\r\nc").as_str(), "a b⏎c");
        assert_eq!(SafeText::from_foreign("pay\u{202e}lap").as_str(), "pay·lap");
    }

    #[test]
    fn a_pile_of_marks_is_kept_low() {
        let pile = format!("e{}", "\u{301}".repeat(50));
        assert_eq!(SafeText::from_foreign(&pile).as_str().chars().count(), 1 + MOST_MARKS);
    }

    #[test]
    fn a_cut_text_says_so() {
        assert_eq!(SafeText::bounded("abcdef", 4).as_str(), "abc…");
        assert_eq!(SafeText::bounded("abcd", 4).as_str(), "abcd");
        assert_eq!(SafeText::bounded("", 4).as_str(), "");
    }

    proptest! {
        #[test]
        fn nothing_that_drives_a_terminal_gets_through(text in "\\PC*|(.|[\u{0}-\u{9f}]|[\u{2000}-\u{206f}])*") {
            let safe = SafeText::from_foreign(&text);
            prop_assert!(!safe.as_str().chars().any(|c| c.is_control() || is_invisible(c)));
            prop_assert_eq!(SafeText::from_foreign(safe.as_str()), safe);
        }

        #[test]
        fn a_bound_is_kept(text in any::<String>(), most in 1usize..50) {
            prop_assert!(SafeText::bounded(&text, most).as_str().chars().count() <= most);
        }
    }
}
