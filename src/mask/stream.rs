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

    /// Takes a chunk and gives what is certain by now.
    pub fn push(&mut self, chunk: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(chunk);
        let longest = self.redactor.longest();
        // A match that begins before `safe` cannot grow any more: all its bytes are here.
        let safe = (self.held.len() + 1).saturating_sub(longest.max(1));
        let end = self.end_of_last_match_before(safe);
        let certain: Vec<u8> = self.held.drain(..end).collect();
        self.redactor.redact_bytes(&certain)
    }

    /// Gives the rest.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.redactor.redact_bytes(&self.held)
    }

    /// Where to cut: at `safe`, or behind a match that reaches over it.
    fn end_of_last_match_before(&self, safe: usize) -> usize {
        let Some(search) = &self.redactor.0 else { return self.held.len() };
        let mut end = safe;
        for found in search.automaton.find_iter(&self.held) {
            if found.start() >= safe {
                break;
            }
            end = end.max(found.end());
        }
        end
    }
}
