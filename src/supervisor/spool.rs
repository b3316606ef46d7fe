//! The spool: what a step did, one JSON record a line, in one file that the supervising process holds locked for as
//! long as it lives. Whoever reads it knows all there is to know: the records, and whether more can come.
//!
//! Records are numbered by output line, so a golive that comes back reads on where its journal ends.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::text::SafeText;

/// So many bytes of output are kept from the beginning; after that the last lines are, and a count of what is between.
const KEPT_FROM_THE_BEGINNING: u64 = 4 << 20;
/// So many lines are kept from the end of an output that is larger.
const KEPT_FROM_THE_END: usize = 500;

/// One record of the spool. Stored: variants and fields are only ever added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// The program runs.
    Started {
        /// When.
        at: Timestamp,
    },
    /// It printed a line.
    Line(Line),
    /// It waits for input, or no longer does.
    Waits(bool),
    /// It ended, and nothing of it is left. Always the last record.
    Ended {
        /// How.
        end: End,
        /// How long it ran, by the clock that counts since boot.
        took_ms: u64,
    },
}

/// A line that a step printed: redacted, harmless, bounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// Whether it came on standard error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub error: bool,
    /// The line.
    pub text: SafeText,
}

/// How a step ended. Success is `Exited(0)` and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal from elsewhere.
    Signalled(i32),
    /// It could not be started; says why.
    NotStarted(SafeText),
    /// It took too long and was stopped.
    TimedOut,
    /// A person stopped it.
    Stopped,
    /// golive went away, and the plan wants it stopped then.
    Disconnected,
    /// The supervising process was told to end, as at a shutdown of the machine, and stopped it.
    Interrupted,
    /// Nobody knows: its supervising process ended without a word, or its records cannot be read.
    Unknown(SafeText),
}

/// Writes records. A full disk costs output, never the step.
pub(super) struct Spool {
    file: File,
    written: u64,
    lines: u64,
    /// The last lines of an output that is larger than what is kept from the beginning.
    tail: VecDeque<Line>,
    left_out: u64,
    /// Whether the file may end in half a record.
    torn: bool,
}

impl Spool {
    pub(super) const fn new(file: File) -> Self {
        Self { file, written: 0, lines: 0, tail: VecDeque::new(), left_out: 0, torn: false }
    }

    pub(super) fn line(&mut self, at: Timestamp, error: bool, text: SafeText) {
        self.lines += 1;
        let line = Line { number: self.lines, at, error, text };
        if self.written < KEPT_FROM_THE_BEGINNING {
            // What a full disk swallows is missed by nobody who can be told here; the numbers show the gap.
            let _ = self.put(&Record::Line(line));
            return;
        }
        if self.tail.len() == KEPT_FROM_THE_END {
            self.tail.pop_front();
            self.left_out += 1;
        }
        self.tail.push_back(line);
    }

    pub(super) fn put(&mut self, record: &Record) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(128);
        if self.torn {
            bytes.push(b'\n');
        }
        serde_json::to_writer(&mut bytes, record)?;
        bytes.push(b'\n');
        let done = self.file.write_all(&bytes);
        self.torn = done.is_err();
        self.written += bytes.len() as u64;
        done
    }

    /// Writes what was kept from the end and the last record, and has it on disk.
    pub(super) fn finish(&mut self, end: End, took_ms: u64) -> io::Result<()> {
        let tail = std::mem::take(&mut self.tail);
        if let (Some(first), true) = (tail.front(), self.left_out > 0) {
            let text = SafeText::from_foreign(&format!("… {} lines left out", self.left_out));
            let between = Line { number: first.number - 1, at: first.at, error: false, text };
            let _ = self.put(&Record::Line(between));
        }
        for line in tail {
            let _ = self.put(&Record::Line(line));
        }
        self.put(&Record::Ended { end, took_ms })?;
        self.file.sync_all()
    }
}

/// Makes records of the bytes of a spool, in whatever pieces they come.
#[derive(Default)]
pub(super) struct Reading(Vec<u8>);

impl Reading {
    /// The records that are whole by now. What is no record (half of one, from a full disk) is passed over.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Record> {
        self.0.extend_from_slice(bytes);
        let Some(end) = self.0.iter().rposition(|&byte| byte == b'\n') else { return Vec::new() };
        let whole: Vec<u8> = self.0.drain(..=end).collect();
        whole.split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "these tests read the file they have just written")]

    use std::fs::OpenOptions;

    use super::*;

    fn records(write: impl FnOnce(&mut Spool)) -> Vec<Record> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        write(&mut Spool::new(File::create(&path).unwrap()));
        Reading::default().take(&std::fs::read(&path).unwrap())
    }

    fn numbers(records: &[Record]) -> Vec<u64> {
        let number = |record: &Record| if let Record::Line(line) = record { Some(line.number) } else { None };
        records.iter().filter_map(number).collect()
    }

    #[test]
    fn records_come_back_from_any_pieces() {
        let line = Line { number: 1, at: Timestamp::UNIX_EPOCH, error: true, text: SafeText::from_foreign("x") };
        let written = [Record::Line(line), Record::Waits(true), Record::Ended { end: End::Exited(0), took_ms: 5 }];
        let bytes: Vec<u8> =
            written.iter().flat_map(|r| (serde_json::to_string(r).unwrap() + "\n").into_bytes()).collect();
        for size in 1..bytes.len() {
            let mut reading = Reading::default();
            let read: Vec<Record> = bytes.chunks(size).flat_map(|piece| reading.take(piece)).collect();
            assert_eq!(read, written);
        }
    }

    #[test]
    fn half_a_record_harms_no_other() {
        let mut reading = Reading::default();
        let read = reading.take(b"{\"line\":{\"numb\n{\"waits\":true}\n{\"ended\"");
        assert_eq!(read, [Record::Waits(true)]);
    }

    #[test]
    fn a_full_disk_costs_records_and_says_so_at_the_end_alone() {
        let mut spool = Spool::new(OpenOptions::new().write(true).open("/dev/full").unwrap());
        spool.line(Timestamp::UNIX_EPOCH, false, SafeText::from_foreign("lost"));
        assert!(spool.finish(End::Exited(0), 1).is_err(), "an end that is not on disk is not told as one");
    }

    #[test]
    fn what_follows_half_a_record_stands_on_a_line_of_its_own() {
        let records = records(|spool| {
            spool.file.write_all(b"{\"line\":{\"number\":1,").unwrap();
            spool.torn = true;
            spool.finish(End::Exited(0), 1).unwrap();
        });
        assert_eq!(records, [Record::Ended { end: End::Exited(0), took_ms: 1 }]);
    }

    #[test]
    fn of_a_flood_the_beginning_and_the_end_are_kept() {
        let count = 100_000;
        let records = records(|spool| {
            for number in 1..=count {
                spool.line(Timestamp::UNIX_EPOCH, false, SafeText::from_foreign(&format!("line {number}")));
            }
            spool.finish(End::Exited(0), 1).unwrap();
        });
        let numbers = numbers(&records);
        assert_eq!((numbers[0], *numbers.last().unwrap()), (1, count));
        assert!(numbers.is_sorted_by(|a, b| a < b), "numbers only go up");
        assert!(numbers.len() < 90_000, "{}", numbers.len());
        let between = records.iter().find(|r| matches!(r, Record::Line(l) if l.text.as_str().ends_with("left out")));
        assert!(between.is_some());
        assert!(matches!(records.last(), Some(Record::Ended { .. })));
    }
}
