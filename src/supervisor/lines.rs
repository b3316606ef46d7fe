//! From the bytes a program prints to lines that may be kept: redacted over chunk borders, split, made harmless,
//! bounded.

use crate::mask::{Redactor, Stream};
use crate::model::text::SafeText;

/// So many characters of a line are kept.
const LONGEST: usize = 4_096;
/// A line without an end is cut here, in bytes, so that it cannot fill memory.
const LONGEST_UNENDED: usize = 64 << 10;

/// One output stream of a program.
pub(super) struct Lines {
    stream: Stream,
    redactor: Redactor,
    unended: Vec<u8>,
    /// Whether the last line was ended by a carriage return, so that a line feed behind it ends no further one.
    returned: bool,
}

impl Lines {
    pub(super) fn new(redactor: &Redactor) -> Self {
        Self { stream: redactor.stream(), redactor: redactor.clone(), unended: Vec::new(), returned: false }
    }

    /// The lines that are whole by now. A carriage return ends a line as well: that is how progress is shown.
    pub(super) fn take(&mut self, chunk: &[u8]) -> Vec<SafeText> {
        let clean = self.stream.push(chunk);
        self.split(&clean)
    }

    /// What is left when the stream has ended.
    pub(super) fn finish(&mut self) -> Vec<SafeText> {
        let rest = std::mem::replace(&mut self.stream, self.redactor.stream()).finish();
        let mut lines = self.split(&rest);
        lines.extend(self.prompt());
        lines
    }

    /// The line that has begun and not ended, as a prompt does; it is taken as it stands.
    pub(super) fn prompt(&mut self) -> Option<SafeText> {
        let text = std::mem::take(&mut self.unended);
        (!text.is_empty()).then(|| line(&text))
    }

    /// Whether a line has begun.
    pub(super) const fn has_begun(&self) -> bool {
        !self.unended.is_empty()
    }

    fn split(&mut self, bytes: &[u8]) -> Vec<SafeText> {
        let mut lines = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if self.returned => {}
                b'\n' | b'\r' => lines.push(line(&std::mem::take(&mut self.unended))),
                _ => self.unended.push(byte),
            }
            self.returned = byte == b'\r';
            if self.unended.len() >= LONGEST_UNENDED {
                lines.push(line(&std::mem::take(&mut self.unended)));
            }
        }
        lines
    }
}

fn line(bytes: &[u8]) -> SafeText {
    SafeText::bounded(&String::from_utf8_lossy(bytes), LONGEST)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;

    fn lines() -> Lines {
        Lines::new(&Redactor::new([(Arc::from("key"), SecretString::from("FAKE-key-0123".to_owned()))]))
    }

    fn texts(lines: Vec<SafeText>) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_line_ends_at_every_kind_of_end() {
        let mut lines = lines();
        assert_eq!(texts(lines.take(b"one\ntwo\r\n10 %\r20 %\r\n\nrest")), ["one", "two", "10 %", "20 %", ""]);
        assert_eq!(texts(lines.finish()), ["rest"]);
    }

    #[test]
    fn what_drives_a_terminal_is_shown_and_what_is_endless_is_cut() {
        let mut lines = lines();
        assert_eq!(texts(lines.take(b"\x1b[2J\n")), ["␛[2J"]);
        let cut = lines.take(&[b'x'; LONGEST_UNENDED]);
        assert_eq!(cut[0].as_str().chars().count(), LONGEST);
    }

    proptest! {
        #[test]
        fn a_secret_is_found_however_it_is_cut(cut in 0usize..24) {
            let text = b"with FAKE-key-0123 in it";
            let mut lines = lines();
            let mut all = lines.take(&text[..cut]);
            all.extend(lines.take(&text[cut..]));
            all.extend(lines.finish());
            prop_assert_eq!(texts(all), ["with ‹key› in it"]);
        }
    }
}
