//! What a search found where: finds with their places, how often texts stand there, what could not be read. Bounded,
//! however much there is.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::scan::scanner::{Hit, Scanner, Sought};

/// So many finds are kept with their place; the others are counted.
const MOST_HITS: usize = 10_000;
/// So many places that could not be read are named.
const MOST_UNREAD: usize = 100;

/// A find with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The file, or the entry of an archive behind a `!`, or the git object.
    pub place: Arc<str>,
    /// What, and where in it. Of something packed, the place in what is unpacked.
    pub hit: Hit,
    /// Whether it stands in the name of the place, and not in what lies there.
    pub in_name: bool,
}

/// Something that could not be read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The file, entry or object.
    pub place: String,
    /// Why.
    pub why: String,
}

/// A search under way, and what came of it.
pub struct Survey<'a> {
    scanner: &'a Scanner,
    stop: &'a AtomicBool,
    /// Finds, in the order in which places were looked at.
    pub hits: Vec<Located>,
    /// How many more there were.
    pub hits_left_out: u64,
    /// For each text that was found: how often.
    pub texts: BTreeMap<Arc<str>, u64>,
    /// Where each text was found first.
    pub first: BTreeMap<Arc<str>, Located>,
    /// What could not be read.
    pub unread: Vec<Unread>,
    /// How many more of these there were.
    pub unread_left_out: u64,
    /// Files, entries and objects that were looked at.
    pub places: u64,
    /// Bytes that were looked at, unpacked.
    pub bytes: u64,
}

impl<'a> Survey<'a> {
    /// A search with this scanner; `stop` breaks it off.
    #[must_use]
    pub const fn new(scanner: &'a Scanner, stop: &'a AtomicBool) -> Self {
        Self {
            scanner,
            stop,
            hits: Vec::new(),
            hits_left_out: 0,
            texts: BTreeMap::new(),
            first: BTreeMap::new(),
            unread: Vec::new(),
            unread_left_out: 0,
            places: 0,
            bytes: 0,
        }
    }

    /// Whether it was broken off: then what was found is not all.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Looks through one plain stream.
    pub(super) fn scan(&mut self, place: &str, input: &mut dyn Read) -> io::Result<()> {
        let (scanner, stop) = (self.scanner, self.stop);
        let place: Arc<str> = Arc::from(place);
        let mut hits = Vec::new();
        let go_on = || match stop.load(Ordering::Relaxed) {
            true => Err(io::Error::other("broken off")),
            false => Ok(()),
        };
        let read = scanner.scan(input, &mut |hit| self.take(&place, hit, &mut hits), &go_on);
        // Groups of patterns take turns at each block: the reader wants them in the order of the file.
        hits.sort_by_key(|located: &Located| located.hit.offset);
        self.hits.append(&mut hits);
        self.places += 1;
        self.bytes += read?;
        Ok(())
    }

    /// Looks at the name of a place, and gives it as it may be told and built on: with a mark for what was found in it.
    pub(super) fn named(&mut self, name: &str) -> String {
        let mut hits = Vec::new();
        self.scanner.scan_text(name.as_bytes(), &mut |hit| {
            if !matches!(hit.sought, Sought::Text(_)) {
                hits.push(hit);
            }
        });
        if hits.is_empty() {
            return name.to_owned();
        }
        hits.sort_by_key(|hit| hit.offset);
        let (mut told, mut at) = (String::new(), 0);
        let text = |range: std::ops::Range<usize>| String::from_utf8_lossy(&name.as_bytes()[range]);
        for hit in &hits {
            let start = usize::try_from(hit.offset).unwrap_or(usize::MAX);
            if start >= at {
                let what = match &hit.sought {
                    Sought::Credential { secret, .. } => &secret.id,
                    Sought::Known { what, .. } => *what,
                    Sought::Text(text) => text,
                };
                told.push_str(&format!("{}‹{what}›", text(at..start)));
            }
            at = at.max(start + hit.length);
        }
        told.push_str(&text(at..name.len()));
        let place: Arc<str> = Arc::from(told.as_str());
        for hit in hits {
            let located = Located { place: Arc::clone(&place), hit, in_name: true };
            if self.hits.len() >= MOST_HITS {
                self.hits_left_out += 1;
            } else if !self.hits.contains(&located) {
                self.hits.push(located);
            }
        }
        told
    }

    fn take(&mut self, place: &Arc<str>, hit: Hit, hits: &mut Vec<Located>) {
        if let Sought::Text(text) = &hit.sought {
            *self.texts.entry(Arc::clone(text)).or_default() += 1;
            let text = Arc::clone(text);
            self.first.entry(text).or_insert_with(|| Located { place: Arc::clone(place), hit, in_name: false });
        } else if self.hits.len() + hits.len() < MOST_HITS {
            hits.push(Located { place: Arc::clone(place), hit, in_name: false });
        } else {
            self.hits_left_out += 1;
        }
    }

    /// Notes what could not be read.
    pub(super) fn unread(&mut self, place: &str, why: impl std::fmt::Display) {
        if self.is_stopped() {
            return;
        }
        if self.unread.len() < MOST_UNREAD {
            self.unread.push(Unread { place: place.to_owned(), why: why.to_string() });
        } else {
            self.unread_left_out += 1;
        }
    }
}
