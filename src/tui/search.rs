//! Words that are looked for: in the timeline, and in what a step printed. Small and capital letters are the same, and
//! every word has to be there.

use std::ops::Range;

/// Words that are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted(Vec<String>);

impl Wanted {
    /// The words of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.to_lowercase().split_whitespace().map(str::to_owned).collect())
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether every word is in a text.
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        if self.is_empty() {
            return true;
        }
        let text = text.to_lowercase();
        self.0.iter().all(|word| text.contains(word.as_str()))
    }

    /// Where the words stand in a text, in order; what touches is one place.
    #[must_use]
    pub fn places(&self, text: &str) -> Vec<Range<usize>> {
        let mut places: Vec<Range<usize>> = self.0.iter().flat_map(|word| of_word(word, text)).collect();
        places.sort_by_key(|place| place.start);
        places.into_iter().fold(Vec::new(), |mut joined: Vec<Range<usize>>, place| {
            match joined.last_mut() {
                Some(last) if place.start <= last.end => last.end = last.end.max(place.end),
                _ => joined.push(place),
            }
            joined
        })
    }
}

/// Where one word stands in a text. A letter may be longer in small than in capital: so letters are compared, and places
/// are those of the text as it is written.
fn of_word(word: &str, text: &str) -> Vec<Range<usize>> {
    let begins = |(start, _): (usize, char)| {
        let mut wanted = word.chars();
        let mut next = wanted.next();
        for (at, letter) in text[start..].char_indices() {
            for small in letter.to_lowercase() {
                match next {
                    Some(expected) if expected == small => next = wanted.next(),
                    Some(_) => return None,
                    None => break,
                }
            }
            if next.is_none() {
                return Some(start..start + at + letter.len_utf8());
            }
        }
        None
    };
    text.char_indices().filter_map(begins).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found<'a>(words: &str, text: &'a str) -> Vec<&'a str> {
        Wanted::of(words).places(text).into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn words_are_found_whatever_their_letters_are() {
        assert_eq!(found("refused", "Connection REFUSED: refused"), ["REFUSED", "refused"]);
        assert_eq!(found("conn fused", "Connection refused"), ["Conn", "fused"]);
        assert_eq!(found("straße", "STRAßE 5"), ["STRAßE"]);
        assert_eq!(found("aa", "aaaa"), ["aaaa"], "what touches is one place");
        assert!(found("", "anything").is_empty());
    }

    #[test]
    fn every_word_has_to_be_there() {
        let wanted = Wanted::of("migration failed");
        assert!(wanted.is_in("FAILED: migration 0042"));
        assert!(!wanted.is_in("migration 0042 done"));
        assert!(Wanted::of("  ").is_in("anything"));
    }

    proptest! {
        #[test]
        fn places_lie_in_the_text_and_in_order(words in "\\PC{0,8}", text in "\\PC{0,40}") {
            let places = Wanted::of(&words).places(&text);
            prop_assert!(places.iter().all(|place| text.get(place.clone()).is_some_and(|part| !part.is_empty())));
            prop_assert!(places.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
    }
}
