//! Watching a step through its spool, and speaking to its supervising process. It makes no difference whether this
//! golive started it or an earlier one.

use std::collections::VecDeque;
use std::io;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use secrecy::SecretString;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStdin};
use tokio::time::sleep;
use zeroize::Zeroizing;

use crate::model::text::SafeText;
use crate::supervisor::process::Word;
use crate::supervisor::spool::{End, Line, Reading, Record};
use crate::supervisor::{CONTROL, SPOOL};

/// How often the spool is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// So much of it is read at once: a flood comes in pieces of which each can be taken note of.
const CHUNK: usize = 32 << 10;

/// So many bytes a pipe takes without mixing them with another's (PIPE_BUF, as Linux has it).
const LONGEST_WORD: usize = 4_096;

/// What is seen of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It runs, since then.
    Started(Timestamp),
    /// It printed lines.
    Lines(Vec<Line>),
    /// It waits for input, or no longer does.
    Waits(bool),
    /// It ended. Nothing comes after this.
    Ended {
        /// How.
        end: End,
        /// How long it ran, where that is known.
        took: Option<Duration>,
    },
}

/// A step that is watched.
pub struct Watch {
    folder: PathBuf,
    file: Option<File>,
    reading: Reading,
    chunk: Vec<u8>,
    seen: VecDeque<Seen>,
    /// Lines up to this number are known already.
    known: u64,
    ended: bool,
    /// What a supervising process of this golive needs to be waited for, and to know that golive is there.
    _life: Option<(Child, ChildStdin)>,
}

/// Why a word did not reach a supervising process.
#[derive(Debug, thiserror::Error)]
pub enum Unheard {
    /// There is nobody to speak to any more.
    #[error("the process that supervises the step in {0} is gone")]
    Gone(PathBuf),
    /// An answer has to fit into a line of a terminal.
    #[error("an answer of {0} bytes is too long for a terminal")]
    TooLong(usize),
}

/// Speaks to the supervising process of a step.
#[derive(Clone, Debug)]
pub struct Control(PathBuf);

impl Watch {
    pub(super) fn of(folder: &Path, child: Child, lifeline: ChildStdin) -> Self {
        Self { _life: Some((child, lifeline)), ..Self::attach(folder, 0) }
    }

    /// Watches a step that an earlier golive started, from behind the line of this number. Always answers: when nothing
    /// is known of it, its end is [`End::Unknown`].
    #[must_use]
    pub fn attach(folder: &Path, known: u64) -> Self {
        Self {
            folder: folder.to_owned(),
            file: None,
            reading: Reading::default(),
            chunk: vec![0; CHUNK],
            seen: VecDeque::new(),
            known,
            ended: false,
            _life: None,
        }
    }

    /// To speak to its supervising process.
    #[must_use]
    pub fn control(&self) -> Control {
        Control(self.folder.clone())
    }

    /// What is seen next. After [`Seen::Ended`] nothing is, ever. Nothing is lost when the waiting is given up.
    pub async fn next(&mut self) -> Seen {
        loop {
            if let Some(seen) = self.seen.pop_front() {
                return seen;
            }
            if self.ended {
                return std::future::pending().await;
            }
            match self.look().await {
                Ok(true) => {}
                Ok(false) => sleep(LOOK).await,
                Err(why) => self.take(Record::Ended { end: End::Unknown(SafeText::from_foreign(&why)), took_ms: 0 }),
            }
        }
    }

    /// Looks for records; says whether to look again at once.
    async fn look(&mut self) -> Result<bool, String> {
        let unreadable = |error: io::Error| format!("its records cannot be read: {error}");
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(File::open(self.folder.join(SPOOL)).await.map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => "there are no records of it: perhaps it was never started".to_owned(),
                _ => unreadable(error),
            })?),
        };
        // Asked before reading: whoever is gone by now has written all it ever will.
        let alive = is_held(file).map_err(unreadable)?;
        let count = file.read(&mut self.chunk).await.map_err(unreadable)?;
        let records = self.reading.take(&self.chunk[..count]);
        for record in records {
            self.take(record);
        }
        if count == 0 && !alive {
            return Err("its supervising process ended without a word; what it ran may still run".to_owned());
        }
        Ok(count > 0)
    }

    fn take(&mut self, record: Record) {
        if self.ended {
            return;
        }
        match record {
            Record::Started { at } => self.seen.push_back(Seen::Started(at)),
            Record::Waits(waits) => self.seen.push_back(Seen::Waits(waits)),
            Record::Line(line) if line.number <= self.known => {}
            Record::Line(line) => {
                self.known = line.number;
                match self.seen.back_mut() {
                    Some(Seen::Lines(lines)) => lines.push(line),
                    _ => self.seen.push_back(Seen::Lines(vec![line])),
                }
            }
            Record::Ended { end, took_ms } => {
                self.ended = true;
                let took = (!matches!(end, End::Unknown(_))).then(|| Duration::from_millis(took_ms));
                self.seen.push_back(Seen::Ended { end, took });
            }
        }
    }
}

impl Control {
    /// Asks for the whole tree to be ended: first politely, then not. What came of it is seen by watching.
    ///
    /// # Errors
    /// The supervising process is gone.
    pub async fn stop(&self) -> Result<(), Unheard> {
        self.say(&Word::Stop).await
    }

    /// Types a line on its terminal; of a step without one it is ignored. It may be a password: it is kept nowhere,
    /// but a program that echoes it prints it.
    ///
    /// # Errors
    /// The line is too long, or the supervising process is gone.
    pub async fn answer(&self, line: SecretString) -> Result<(), Unheard> {
        self.say(&Word::Answer(line.into())).await
    }

    async fn say(&self, word: &Word) -> Result<(), Unheard> {
        let gone = || Unheard::Gone(self.0.clone());
        let mut bytes = Zeroizing::new(serde_json::to_vec(word).map_err(|_| gone())?);
        bytes.push(b'\n');
        if bytes.len() > LONGEST_WORD {
            return Err(Unheard::TooLong(bytes.len()));
        }
        loop {
            if let Ok(mut pipe) = pipe::OpenOptions::new().open_sender(self.0.join(CONTROL)) {
                // A pipe takes a word of this length at once: it is heard whole or not at all.
                if pipe.write_all(&bytes).await.is_ok() {
                    return Ok(());
                }
            }
            // Nobody listens: not yet, or never again.
            let spool = File::open(self.0.join(SPOOL)).await.map_err(|_| gone())?;
            if !is_held(&spool).unwrap_or(false) {
                return Err(gone());
            }
            sleep(LOOK).await;
        }
    }
}

/// Whether a supervising process holds this spool.
fn is_held(spool: &impl AsFd) -> io::Result<bool> {
    match flock(spool, FlockOperation::NonBlockingLockShared) {
        Ok(()) => flock(spool, FlockOperation::Unlock).map(|()| false).map_err(Into::into),
        Err(Errno::WOULDBLOCK) => Ok(true),
        Err(error) => Err(error.into()),
    }
}
