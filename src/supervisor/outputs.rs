//! What comes out of a running program, on its way into the spool.

use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::time::sleep;

use crate::mask::Redactor;
use crate::model::text::SafeText;
use crate::supervisor::lines::Lines;
use crate::supervisor::spool::{End, Record, Spool};

/// A line that has begun on a terminal and goes no further for so long is a prompt.
const QUIET: Duration = Duration::from_millis(500);
/// So much is read at once.
const CHUNK: usize = 16 << 10;

/// The outputs of a program and the spool they go into.
pub(super) struct Outputs {
    spool: Spool,
    streams: [Option<Source>; 2],
    /// Whether a line without an end may be a prompt: only on a terminal.
    prompts: bool,
    waits: bool,
}

/// One stream of a program, until it ends.
pub(super) struct Source {
    pipe: pipe::Receiver,
    lines: Lines,
    error: bool,
    chunk: Vec<u8>,
}

impl Source {
    pub(super) fn new(end: OwnedFd, redactor: &Redactor, error: bool) -> io::Result<Self> {
        // Unchecked: a terminal's end is no pipe, but is read like one.
        rustix::io::ioctl_fionbio(&end, true)?;
        let pipe = pipe::Receiver::from_owned_fd_unchecked(end)?;
        Ok(Self { pipe, lines: Lines::new(redactor), error, chunk: vec![0; CHUNK] })
    }
}

impl Outputs {
    pub(super) const fn new(spool: Spool) -> Self {
        Self { spool, streams: [None, None], prompts: false, waits: false }
    }

    /// The program runs, and these are its streams.
    pub(super) fn begin(&mut self, streams: [Option<Source>; 2], prompts: bool) {
        self.streams = streams;
        self.prompts = prompts;
        let at = crate::clock::now().at;
        // A full disk costs records, never the step.
        let _ = self.spool.put(&Record::Started { at });
    }

    /// Something that golive itself has to say among the lines.
    pub(super) fn note(&mut self, text: &str) {
        self.spool.line(crate::clock::now().at, true, SafeText::from_foreign(text));
    }

    /// Takes what comes until all streams have ended.
    pub(super) async fn take(&mut self) {
        while self.streams.iter().any(Option::is_some) {
            let may_wait = self.prompts && !self.waits && self.has_begun();
            let [first, second] = &mut self.streams;
            let (index, read) = tokio::select! {
                read = read(first) => (0, read),
                read = read(second) => (1, read),
                () = sleep(QUIET), if may_wait => {
                    self.now_waits();
                    continue;
                }
            };
            self.took(index, read);
        }
    }

    /// As [`Outputs::take`], but goes on for ever: to stand beside what is waited for.
    pub(super) async fn take_while_waiting(&mut self) {
        self.take().await;
        pending().await
    }

    /// Writes the end. When even that fails, whoever reads the spool finds that nobody knows the end.
    pub(super) fn finish(&mut self, end: End, took: Duration) -> io::Result<()> {
        for index in 0..self.streams.len() {
            self.took(index, Ok(0));
        }
        self.spool.finish(end, u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
    }

    fn took(&mut self, index: usize, read: io::Result<usize>) {
        let Some(source) = &mut self.streams[index] else { return };
        let at = crate::clock::now().at;
        let error = source.error;
        // A terminal whose other end is gone gives an error where a pipe just ends.
        let (lines, ended) = match read {
            Ok(0) | Err(_) => (source.lines.finish(), true),
            Ok(count) => (source.lines.take(&source.chunk[..count]), false),
        };
        if ended {
            self.streams[index] = None;
        }
        for line in lines {
            self.spool.line(at, error, line);
        }
        if self.waits {
            self.waits = false;
            let _ = self.spool.put(&Record::Waits(false));
        }
    }

    fn has_begun(&self) -> bool {
        self.streams.iter().flatten().any(|source| source.lines.has_begun())
    }

    fn now_waits(&mut self) {
        let at = crate::clock::now().at;
        for source in self.streams.iter_mut().flatten() {
            if let Some(prompt) = source.lines.prompt() {
                self.spool.line(at, source.error, prompt);
            }
        }
        self.waits = true;
        let _ = self.spool.put(&Record::Waits(true));
    }
}

async fn read(source: &mut Option<Source>) -> io::Result<usize> {
    match source {
        Some(source) => source.pipe.read(&mut source.chunk).await,
        None => pending().await,
    }
}
