//! The engine: Aho-Corasick in groups, one pass a group over a block that is still in the cache.
//!
//! Leftmost matching keeps the vector search on, which carries about sixty patterns: more go into groups. So what is
//! looked for is what the forms of all secrets begin with, a few bytes which many of them share; where such a beginning
//! stands, which is rare, its forms are compared. More forms cost next to nothing, more passes would. What could begin
//! before a block's end and end behind it is carried over and judged with the next one. Matches that overlap are all
//! found: the search goes on one byte behind a match's beginning.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind};
use secrecy::ExposeSecret as _;

use crate::mask::forms::{self, Form};
use crate::scan::known::{self, Known};
use crate::scan::secrets::Secret;

/// Read at a time: what a core's own cache holds beside everything else.
const BLOCK: usize = 256 << 10;
/// Beginnings that the vector search carries.
const GROUP: usize = 60;
/// Bytes of a beginning: the vector search compares no more at once.
const BEGINNING: usize = 4;
/// Escapes that are longer before what tells letters apart: how much of one is a beginning.
const ESCAPES: [(&[u8], usize); 2] = [(b"\\u00", 5), (b"\\\\u00", 6)];
/// Bytes before a match that are kept, to see whether it stands at the beginning of a word.
const BEHIND: usize = 2;

/// How much a find weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// A secret: whoever reads it can use it.
    Secret,
    /// It may be one; a person has to look.
    Suspect,
}

/// What is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// A credential of the plan, in one of its forms.
    Credential {
        /// Its id, and the variables that hold it.
        secret: Arc<Secret>,
        /// How it is written.
        form: Form,
    },
    /// A key of a known provider.
    Known {
        /// What it is: "a Stripe live key".
        what: &'static str,
        /// How much it weighs.
        weight: Weight,
    },
    /// A text that the caller named.
    Text(Arc<str>),
}

/// Where something was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// What.
    pub sought: Sought,
    /// Bytes before it.
    pub offset: u64,
    /// Its bytes.
    pub length: usize,
}

/// Finds secrets, known keys and texts in anything that can be read. Made once, shared by all files.
pub struct Scanner {
    groups: Vec<Group>,
    known: Option<Known>,
    /// Bytes that a match, or what is looked at behind one, may reach beyond its first.
    overlap: usize,
}

struct Group {
    automaton: AhoCorasick,
    /// For each beginning that the automaton looks for, what may follow it.
    beginnings: Vec<Vec<Pattern>>,
}

struct Pattern {
    bytes: Vec<u8>,
    sought: Vec<Sought>,
}

impl Scanner {
    /// A scanner for these secrets in all their forms, for these texts as they are, and for keys of known providers.
    #[must_use]
    pub fn new(secrets: &[Arc<Secret>], texts: &[Arc<str>], known_keys: bool) -> Self {
        let mut patterns: BTreeMap<Vec<u8>, Vec<Sought>> = BTreeMap::new();
        for secret in secrets {
            for (bytes, form) in forms::of(secret.value.expose_secret()) {
                let sought = Sought::Credential { secret: Arc::clone(secret), form };
                patterns.entry(bytes).or_default().push(sought);
            }
        }
        for text in texts.iter().filter(|text| !text.is_empty()) {
            patterns.entry(text.as_bytes().to_vec()).or_default().push(Sought::Text(Arc::clone(text)));
        }
        let known = known_keys.then(Known::new);
        let longest = patterns.keys().map(Vec::len).max().unwrap_or(1);
        let overlap = (longest - 1).max(if known.is_some() { known::WINDOW } else { 0 });
        let mut beginnings = by_beginning(patterns);
        // Evenly filled: two groups of forty cost less than one of sixty and one of twenty.
        let count = beginnings.len().div_ceil(GROUP).max(1);
        let size = beginnings.len().div_ceil(count).max(1);
        let mut groups = Vec::with_capacity(count);
        while !beginnings.is_empty() {
            let rest = beginnings.split_off(size.min(beginnings.len()));
            groups.push(Group::of(beginnings));
            beginnings = rest;
        }
        Self { groups, known, overlap }
    }

    /// How many patterns are looked for, known keys apart.
    #[must_use]
    pub fn patterns(&self) -> usize {
        self.groups.iter().flat_map(|group| &group.beginnings).map(Vec::len).sum()
    }

    /// Reads to the end and tells every find. Gives how many bytes there were.
    ///
    /// # Errors
    /// If reading fails, or `found` breaks it off with an error.
    pub fn scan(
        &self,
        input: &mut dyn Read,
        found: &mut dyn FnMut(Hit),
        go_on: &dyn Fn() -> io::Result<()>,
    ) -> io::Result<u64> {
        let mut buffer = vec![0; BEHIND + self.overlap + BLOCK];
        let (mut filled, mut from, mut base) = (0, 0, 0_u64);
        loop {
            go_on()?;
            filled += fill(input, &mut buffer[filled..])?;
            let last = filled < buffer.len();
            let until = if last { filled } else { filled - self.overlap };
            self.block(&buffer[..filled], from..until, base, found);
            if last {
                return Ok(base + filled as u64);
            }
            let kept = until - BEHIND;
            buffer.copy_within(kept..filled, 0);
            (base, filled, from) = (base + kept as u64, filled - kept, BEHIND);
        }
    }

    /// Tells every find in a short text.
    pub(super) fn scan_text(&self, text: &[u8], found: &mut dyn FnMut(Hit)) {
        self.block(text, 0..text.len(), 0, found);
    }

    /// Tells the finds that begin within `starts`.
    fn block(&self, bytes: &[u8], starts: Range<usize>, base: u64, found: &mut dyn FnMut(Hit)) {
        for group in &self.groups {
            group.search(bytes, starts.clone(), &mut |sought, start, length| {
                found(Hit { sought: sought.clone(), offset: base + start as u64, length });
            });
        }
        if let Some(known) = &self.known {
            known.search(bytes, starts, &mut |what, weight, start, length| {
                found(Hit { sought: Sought::Known { what, weight }, offset: base + start as u64, length });
            });
        }
    }
}

/// How many bytes of a pattern the automaton looks for: as many as the vector search compares, and of an escape as many
/// as the escapes of all letters share.
fn beginning(pattern: &[u8]) -> usize {
    let escape = ESCAPES.iter().find(|(escape, _)| pattern.starts_with(escape));
    escape.map_or(BEGINNING, |(_, length)| *length).min(pattern.len())
}

/// Patterns in order, put together by what they begin with. No beginning is that of another one.
fn by_beginning(patterns: BTreeMap<Vec<u8>, Vec<Sought>>) -> Vec<(Vec<u8>, Vec<Pattern>)> {
    let mut beginnings: Vec<(Vec<u8>, Vec<Pattern>)> = Vec::new();
    for (bytes, sought) in patterns {
        match beginnings.last_mut() {
            Some((beginning, patterns)) if bytes.starts_with(beginning) => patterns.push(Pattern { bytes, sought }),
            _ => beginnings.push((bytes[..beginning(&bytes)].to_vec(), vec![Pattern { bytes, sought }])),
        }
    }
    beginnings
}

impl Group {
    fn of(beginnings: Vec<(Vec<u8>, Vec<Pattern>)>) -> Self {
        let (bytes, beginnings): (Vec<_>, Vec<_>) = beginnings.into_iter().unzip();
        Self { automaton: automaton(&bytes), beginnings }
    }

    fn search(&self, bytes: &[u8], starts: Range<usize>, tell: &mut dyn FnMut(&Sought, usize, usize)) {
        let mut at = starts.start;
        while let Some(found) = self.automaton.find(Input::new(bytes).range(at..)) {
            let start = found.start();
            if start >= starts.end {
                break;
            }
            let patterns = &self.beginnings[found.pattern().as_usize()];
            for pattern in patterns.iter().filter(|pattern| bytes[start..].starts_with(&pattern.bytes)) {
                pattern.sought.iter().for_each(|sought| tell(sought, start, pattern.bytes.len()));
            }
            at = start + 1;
        }
    }
}

/// The automaton of one group. A non-deterministic one: it is asked only where the vector search has found something.
pub(super) fn automaton<P: AsRef<[u8]>>(patterns: &[P]) -> AhoCorasick {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .build(patterns)
        .expect("a group of credentials stays far below the automaton's limits")
}

/// Reads until the buffer is full or there is no more.
fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
