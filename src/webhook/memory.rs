//! What a receiver remembers, so that the same message is not taken twice: fingerprints, each with its end, and never
//! more than a bound of them. Plain data; whoever keeps it in a file writes its text.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

/// So many messages are remembered unless told otherwise.
const MOST: usize = 100_000;
/// The first line of the text.
const HEAD: &str = "golive webhook memory 1";

/// Why a memory's text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is not a webhook memory's")]
pub struct MemoryError(usize);

/// What was taken, and until when it is remembered.
#[derive(Clone, Debug)]
pub struct Memory {
    until: HashMap<String, i64>,
    order: BTreeSet<(i64, String)>,
    most: usize,
}

impl Default for Memory {
    fn default() -> Self {
        Self::of(MOST)
    }
}

impl Memory {
    /// An empty one that holds so many.
    #[must_use]
    pub fn of(most: usize) -> Self {
        Self { until: HashMap::new(), order: BTreeSet::new(), most: most.max(1) }
    }

    /// Remembers a message for so long. `false`: it is known already. What has ended is forgotten; if there are too
    /// many, the one that ends first goes.
    pub fn remember(&mut self, fingerprint: &str, now: Timestamp, keep: Duration) -> bool {
        let now = now.as_second();
        while let Some((until, _)) = self.order.first()
            && *until < now
        {
            self.forget_first();
        }
        if self.until.contains_key(fingerprint) {
            return false;
        }
        while self.until.len() >= self.most {
            self.forget_first();
        }
        let until = now.saturating_add(i64::try_from(keep.as_secs()).unwrap_or(i64::MAX));
        self.insert(fingerprint.to_owned(), until);
        true
    }

    /// How many are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.until.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.until.is_empty()
    }

    fn insert(&mut self, fingerprint: String, until: i64) {
        if let Some(before) = self.until.insert(fingerprint.clone(), until) {
            self.order.remove(&(before, fingerprint.clone()));
        }
        self.order.insert((until, fingerprint));
    }

    fn forget_first(&mut self) {
        if let Some((_, fingerprint)) = self.order.pop_first() {
            self.until.remove(&fingerprint);
        }
    }

    /// Its text: a head, then one line for each message, the one that ends first on top.
    #[must_use]
    pub fn written(&self) -> String {
        let mut text = format!("{HEAD}\n");
        for (until, fingerprint) in &self.order {
            // A write to a string cannot fail.
            let _ = writeln!(text, "{until} {fingerprint}");
        }
        text
    }

    /// Reads such a text; an empty one is an empty memory.
    ///
    /// # Errors
    /// If a line is not one of a memory: then nobody knows what was taken, and nothing may be.
    pub fn read(text: &str) -> Result<Self, MemoryError> {
        let mut memory = Self::default();
        let mut lines = text.lines().enumerate();
        match lines.next() {
            None => return Ok(memory),
            Some((_, HEAD)) => {}
            Some(_) => return Err(MemoryError(1)),
        }
        for (at, line) in lines {
            let parts = line.split_once(' ').and_then(|(until, fingerprint)| {
                let whole = fingerprint.len() == 64 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
                until.parse().ok().filter(|_| whole).map(|until| (until, fingerprint.to_owned()))
            });
            let (until, fingerprint) = parts.ok_or(MemoryError(at + 1))?;
            memory.insert(fingerprint, until);
        }
        Ok(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn print(number: u32) -> String {
        format!("{number:064x}")
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn the_same_message_is_taken_once_until_it_is_forgotten() {
        let mut memory = Memory::default();
        assert!(memory.remember(&print(1), at(1000), MINUTE));
        assert!(!memory.remember(&print(1), at(1060), MINUTE), "remembered to the last second");
        assert!(memory.remember(&print(1), at(1061), MINUTE));
        assert_eq!(memory.len(), 1);
    }

    #[test]
    fn a_flood_does_not_fill_the_memory() {
        let mut memory = Memory::of(3);
        for number in 0..10 {
            assert!(memory.remember(&print(number), at(1000 + i64::from(number)), MINUTE));
        }
        assert_eq!(memory.len(), 3);
        assert!(!memory.remember(&print(9), at(1010), MINUTE));
    }

    #[test]
    fn its_text_is_the_memory() {
        let mut memory = Memory::default();
        assert!(memory.remember(&print(1), at(1000), MINUTE));
        let mut again = Memory::read(&memory.written()).unwrap();
        assert!(!again.remember(&print(1), at(1001), MINUTE));
        assert!(again.remember(&print(2), at(1001), MINUTE));
        assert!(Memory::read("").unwrap().is_empty());
        for damaged in ["x", "golive webhook memory 1\n12", "golive webhook memory 1\n12 zz"] {
            assert!(Memory::read(damaged).is_err(), "{damaged}");
        }
    }
}
