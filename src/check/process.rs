//! A program as a check runs it: in a group of its own, without a terminal, its output bounded, the whole group ended
//! at the deadline and whenever the check is dropped.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use crate::check::Surroundings;
use crate::check::finding::Finding;
use crate::core::evidence::Evidence;

/// Lines of a stream that stand in the evidence when it did not end well.
const LINES_SHOWN: usize = 12;

/// A program that is to run.
pub(super) struct Ordered {
    /// It and its arguments.
    pub(super) words: Vec<String>,
    /// Variables added to its environment.
    pub(super) environment: Vec<(String, SecretString)>,
    /// Where it runs.
    pub(super) folder: PathBuf,
    /// What it reads.
    pub(super) input: Option<SecretString>,
    /// So much of each stream is kept; the rest is read and counted.
    pub(super) limit: usize,
}

/// A program that ended.
pub(super) struct Ended {
    /// Its exit code; `None` if a signal ended it.
    pub(super) code: Option<i32>,
    /// What it printed.
    pub(super) stdout: Output,
    /// What it complained of.
    pub(super) stderr: Output,
}

/// Why it did not end by itself.
pub(super) enum Unended {
    /// It is not there, or may not be run.
    NotStarted(String),
    /// Its end could not be seen.
    Lost(String),
    /// The deadline came first.
    TooLate,
}

/// That this plan's commands may run here, or the evidence that they may not.
pub(super) fn allowed(finding: &Finding, surroundings: &Arc<Surroundings>) -> Result<(), Box<Evidence>> {
    if surroundings.trusted {
        return Ok(());
    }
    let evidence = finding.error("this plan's commands have not been allowed on this machine");
    Err(Box::new(evidence.remedy("read them with golive lint --audit, then golive trust")))
}

/// Ends a process group when it is dropped: whatever happens to the check, nothing of it goes on.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The group may have ended by itself; there is nobody to tell.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Ordered {
    /// Runs it until it ends or the deadline comes.
    #[expect(clippy::disallowed_methods, reason = "a check runs a command; trust was asked for when it was built")]
    pub(super) async fn run(&self, deadline: Instant) -> Result<Ended, Unended> {
        let (program, arguments) = self.words.split_first().ok_or(Unended::NotStarted("it has no name".into()))?;
        let mut command = tokio::process::Command::new(program);
        command.args(arguments).current_dir(&self.folder).process_group(0);
        command.envs(self.environment.iter().map(|(name, value)| (name, value.expose_secret())));
        command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| Unended::NotStarted(error.to_string()))?;
        let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let feed = async {
            if let (Some(mut stdin), Some(input)) = (stdin, &self.input) {
                // Whoever does not read what it is given says so by how it ends.
                let _ = stdin.write_all(input.expose_secret().as_bytes()).await;
            }
        };
        let work = async { tokio::join!(feed, bounded(stdout, self.limit), bounded(stderr, self.limit), child.wait()) };
        let ended = tokio::time::timeout_at(deadline, work).await;
        drop(group);
        let ((), stdout, stderr, status) = ended.map_err(|_| Unended::TooLate)?;
        let status = status.map_err(|error| Unended::Lost(error.to_string()))?;
        Ok(Ended { code: status.code(), stdout, stderr })
    }
}

/// What a stream printed: its beginning, and how much more there was.
#[derive(Default)]
pub(super) struct Output {
    /// The beginning.
    pub(super) kept: Vec<u8>,
    /// How many bytes more.
    pub(super) left_out: u64,
}

impl Output {
    /// As text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }

    /// Its last lines.
    pub(super) fn last_lines(&self) -> Vec<String> {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES_SHOWN)..].iter().map(|line| (*line).to_owned()).collect()
    }
}

async fn bounded(stream: Option<impl AsyncRead + Unpin>, limit: usize) -> Output {
    let mut output = Output::default();
    let Some(mut stream) = stream else { return output };
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count) = stream.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        let room = limit.saturating_sub(output.kept.len()).min(count);
        output.kept.extend_from_slice(&buffer[..room]);
        output.left_out += (count - room) as u64;
    }
    output
}
