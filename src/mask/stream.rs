//! Redaction of what comes in chunks: a secret split over two of them is found all the same.

use crate::mask::Redactor;

/// Redacts a stream. What could be the beginning of a secret is held back until it is known.
pub struct Stream {
    redactor: Redactor,
    held: Vec<u8>,
}

impl Stream {
    pub(super) const fn new(redactor: Redactor) -> Self {
        Self { redactor, held: Vec::new() }
    }

    /// Takes a chunk and gives what is certain by now: all of it, unless its end may be the beginning of a secret.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(chunk);
        let end = self.certain();
        let certain: Vec<u8> = self.held.drain(..end).collect();
        self.redactor.redact_bytes(&certain)
    }

    /// Gives the rest.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.redactor.redact_bytes(&self.held)
    }

    /// How many of the held bytes can be judged for good. Matches are taken from the left as the automaton takes them,
    /// until one could still grow, or a secret may have begun before it.
    fn certain(&self) -> usize {
        let held = &self.held;
        let Some(search) = &self.redactor.0 else { return held.len() };
        let mut matches = search.automaton.find_iter(held);
        let mut from = held.len().saturating_sub(search.longest - 1);
        loop {
            let begun = (from..held.len()).find(|&start| search.could_grow(&held[start..])).unwrap_or(held.len());
            match matches.next() {
                Some(found) if found.start() < begun => from = from.max(found.end()),
                _ => return begun,
            }
        }
    }
}
