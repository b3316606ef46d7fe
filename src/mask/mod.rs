//! The redactor: knows every loaded secret and what it becomes, and takes them out of texts and streams.
//!
//! It stands at the door into an event, and once more before each sink as a net. What it looks for: the value, trimmed
//! and line by line, and its base64 (at the three byte offsets, both alphabets), hex, percent-encoded, JSON-escaped,
//! XML-escaped, debug-escaped and shell-quoted forms, spelled out character by character, and in UTF-16. Values under
//! eight characters are not looked for: masking them would destroy the text around; their shortness is reported as a
//! weakness of the credential instead.

pub mod forms;
mod stream;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

pub use stream::Stream;

/// What stands at the end of a text that was made short.
const CUT: char = '…';

/// Shorter values are not looked for in text.
pub const SHORTEST: usize = 8;

/// Takes secrets out of text. Cheap to clone.
#[derive(Clone, Default)]
pub struct Redactor(Option<Arc<Search>>);

struct Search {
    automaton: AhoCorasick,
    /// What is looked for, in the automaton's order.
    patterns: Vec<Vec<u8>>,
    /// For each pattern what stands in its place.
    marks: Vec<Arc<str>>,
    /// The patterns again, sorted: a stream asks whether what it ends with could grow into one.
    sorted: Vec<Vec<u8>>,
    /// Which bytes a pattern begins with: most others are told apart by it alone.
    begins: [bool; 256],
    longest: usize,
}

impl Redactor {
    /// A redactor for these secrets: name and value.
    #[must_use]
    pub fn new(secrets: impl IntoIterator<Item = (Arc<str>, SecretString)>) -> Self {
        Self::default().with(secrets)
    }

    /// The same redactor, for these secrets too: one that was rotated stays a secret.
    #[must_use]
    pub fn with(&self, secrets: impl IntoIterator<Item = (Arc<str>, SecretString)>) -> Self {
        let known = self.0.as_ref();
        let mut patterns: Vec<Vec<u8>> = known.map(|search| search.patterns.clone()).unwrap_or_default();
        let mut marks = known.map(|search| search.marks.clone()).unwrap_or_default();
        for (name, secret) in secrets {
            let mark: Arc<str> = Arc::from(format!("‹{name}›"));
            for form in forms::of(secret.expose_secret()).into_keys() {
                patterns.push(form);
                marks.push(Arc::clone(&mark));
            }
        }
        let Some(longest) = patterns.iter().map(Vec::len).max() else { return Self(None) };
        let automaton = AhoCorasickBuilder::new()
            .match_kind(MatchKind::LeftmostLongest)
            // What a few secrets would get by themselves takes megabytes, and long to build.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&patterns)
            .expect("patterns of credentials stay far below the automaton's limits");
        let mut sorted = patterns.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let mut begins = [false; 256];
        for first in patterns.iter().filter_map(|pattern| pattern.first()) {
            begins[usize::from(*first)] = true;
        }
        Self(Some(Arc::new(Search { automaton, patterns, marks, sorted, begins, longest })))
    }

    /// The text with `‹name›` in place of every secret.
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let Some(search) = &self.0 else { return Cow::Borrowed(text) };
        let clean = if search.automaton.is_match(text) {
            let bytes = search.replace(text.as_bytes());
            Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
        } else {
            Cow::Borrowed(text)
        };
        match search.cut_within(&clean) {
            Some((begin, mark)) => Cow::Owned(format!("{}{mark}{CUT}", &clean[..begin])),
            None => clean,
        }
    }

    /// Bytes with `‹name›` in place of every secret.
    #[must_use]
    pub fn redact_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.0.as_ref().map_or_else(|| bytes.to_vec(), |search| search.replace(bytes))
    }

    /// A redactor for a stream that comes in chunks.
    #[must_use]
    pub fn stream(&self) -> Stream {
        Stream::new(self.clone())
    }
}

impl Search {
    /// Where a secret begins that was cut off with the text: one that was made short before it came here.
    fn cut_within(&self, text: &str) -> Option<(usize, &str)> {
        let text = text.strip_suffix(CUT)?;
        let last = text.len().checked_sub(SHORTEST)?;
        let first = text.len().saturating_sub(self.longest - 1);
        let begin = (first..=last)
            .find(|begin| text.is_char_boundary(*begin) && self.could_grow(&text.as_bytes()[*begin..]))?;
        let beginning = &text.as_bytes()[begin..];
        let pattern = self.patterns.iter().position(|pattern| pattern.starts_with(beginning))?;
        Some((begin, &self.marks[pattern]))
    }

    /// Whether these bytes are the beginning of a longer pattern.
    fn could_grow(&self, bytes: &[u8]) -> bool {
        if bytes.first().is_some_and(|first| !self.begins[usize::from(*first)]) {
            return false;
        }
        let first = self.sorted.partition_point(|pattern| pattern.as_slice() < bytes);
        // The first may be these very bytes; only the next one is longer then.
        self.sorted[first..].iter().take(2).any(|pattern| pattern.len() > bytes.len() && pattern.starts_with(bytes))
    }

    fn replace(&self, bytes: &[u8]) -> Vec<u8> {
        let mut clean = Vec::with_capacity(bytes.len());
        self.automaton.replace_all_with_bytes(bytes, &mut clean, |found, _, clean| {
            clean.extend_from_slice(self.marks[found.pattern().as_usize()].as_bytes());
            true
        });
        clean
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

/// How a credential is shown: its last four characters when it has 24 and more, nothing of it otherwise (C9).
#[must_use]
pub fn shown(secret: &SecretString) -> String {
    let characters: Vec<char> = secret.expose_secret().chars().collect();
    if characters.len() < 24 {
        return "••••".to_owned();
    }
    let tail: String = characters[characters.len() - 4..].iter().collect();
    format!("••••{tail}")
}

/// A short keyed fingerprint, to compare two values without showing either. Without the key it cannot be guessed back
/// to a weak value, so the key stays on the machine.
#[must_use]
pub fn fingerprint(key: &[u8], secret: &SecretString) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(secret.expose_secret().as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..4])
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    fn redactor(value: &str) -> Redactor {
        Redactor::new([(Arc::from("api_secret"), SecretString::from(value.to_owned()))])
    }

    #[test]
    fn a_secret_is_taken_out_in_every_form() {
        let value = "FAKE \"k0fT\"/+<&'x";
        let redactor = redactor(value);
        let hidden = [
            value.to_owned(),
            hex::encode(value),
            hex::encode_upper(value),
            STANDARD.encode(value),
            STANDARD.encode(format!("user:{value}")),
            STANDARD.encode(format!("u:{value}")),
            URL_SAFE_NO_PAD.encode(format!("us:{value}")),
            serde_json::to_string(value).unwrap(),
            format!("{value:?}"),
            "FAKE%20%22k0fT%22%2F%2B%3C%26%27x".to_owned(),
            "FAKE+%22k0fT%22%2f%2b%3c%26%27x".to_owned(),
            "FAKE &quot;k0fT&quot;/+&lt;&amp;&apos;x".to_owned(),
        ];
        for text in hidden {
            let clean = redactor.redact(&text).into_owned();
            assert!(clean.contains("‹api_secret›"), "{text} was not found: {clean}");
            assert!(!clean.contains("k0fT"), "{clean}");
        }
    }

    #[test]
    fn the_beginning_of_a_secret_that_was_cut_off_is_taken_out_too() {
        let redactor = redactor("FAKE-0123456789-0123456789");
        assert_eq!(redactor.redact("with FAKE-0123456789-0…"), "with ‹api_secret›…");
        assert_eq!(redactor.redact("with FAKE-0…"), "with FAKE-0…", "a few letters tell nothing");
        assert_eq!(
            redactor.redact("with FAKE-0123456789-0"),
            "with FAKE-0123456789-0",
            "a whole text that is another one"
        );
    }

    #[test]
    fn each_line_of_a_key_is_a_secret() {
        let redactor = redactor("-----FAKE KEY-----\nline-one-of-it\nline-two-of-it\n");
        assert_eq!(redactor.redact("x line-two-of-it y"), "x ‹api_secret› y");
    }

    #[test]
    fn short_values_do_not_destroy_the_text() {
        assert_eq!(redactor("on").redact("the switch is on"), "the switch is on");
    }

    #[test]
    fn only_long_values_show_their_end() {
        assert_eq!(shown(&"FAKE-0123456789-0123-k0fT".to_owned().into()), "••••k0fT");
        assert_eq!(shown(&"FAKE-short".to_owned().into()), "••••");
    }

    #[test]
    fn fingerprints_depend_on_the_key() {
        let secret = SecretString::from("FAKE-value".to_owned());
        assert_ne!(fingerprint(b"one", &secret), fingerprint(b"two", &secret));
        assert_eq!(fingerprint(b"one", &secret).len(), 8);
    }

    #[test]
    fn a_stream_holds_nothing_back_but_what_may_begin_a_secret() {
        let redactor = redactor("FAKE-0123456789");
        let mut stream = redactor.stream();
        assert_eq!(stream.push(b"deploying\n"), b"deploying\n");
        assert_eq!(stream.push(b"with FAKE-01"), b"with ");
        assert_eq!(stream.push(b"2 no\n"), b"FAKE-012 no\n");
        assert_eq!(stream.push(b"with FAKE-0123456"), b"with ");
        assert_eq!(stream.push(b"789 yes"), "‹api_secret› yes".as_bytes());
        assert_eq!(stream.finish(), b"");
    }

    proptest! {
        #[test]
        fn any_value_is_found_in_any_surrounding(value in "[ -~]{8,40}", before in "[a-z ]{0,9}", after in "[a-z ]{0,9}") {
            prop_assume!(value.trim().len() >= SHORTEST && !"‹api_secret›".contains(value.trim()));
            let redactor = redactor(&value);
            for form in [value.clone(), STANDARD.encode(&value), hex::encode(&value)] {
                let text = format!("{before}{form}{after}");
                prop_assert!(!redactor.redact(&text).contains(&form));
            }
        }

        #[test]
        fn chunks_do_not_matter(text in "[a-c]{0,60}", cuts in proptest::collection::vec(0usize..60, 0..6)) {
            // Patterns that begin alike, hold each other and overlap.
            let values = ["abcabcab", "abcabcabcc", "bcabcabc", "ccabcabcabca", "aaaaaaaa"];
            let redactor = Redactor::new(values.map(|value| (Arc::from(value), SecretString::from(value.to_owned()))));
            let whole = redactor.redact_bytes(text.as_bytes());
            let mut stream = redactor.stream();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.sort_unstable();
            let mut out = Vec::new();
            let mut from = 0;
            for cut in cuts.into_iter().chain([text.len()]) {
                out.extend(stream.push(&text.as_bytes()[from..cut]));
                from = cut;
            }
            out.extend(stream.finish());
            prop_assert_eq!(out, whole);
        }
    }
}
