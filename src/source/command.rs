//! The first line that a command prints: a vault's own program. No shell; only for trusted plans; ended as a tree.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use zeroize::Zeroizing;

use crate::model::duration;
use crate::model::values::Origin;
use crate::source::Got;

const LARGEST: u64 = 64 << 10;

/// Ends a process group when it is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended by itself; there is nobody to tell.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// The first line that the command prints.
pub(super) async fn read(words: &[String], folder: &Path, trusted: bool, timeout: Duration) -> Got {
    let (program, out) = run(words, folder, trusted, None, timeout).await?;
    let text = String::from_utf8_lossy(&out).lines().next().unwrap_or_default().to_owned();
    if text.is_empty() {
        return Err(format!("{program} printed nothing"));
    }
    Ok(Some((SecretString::from(text), Origin::Command(Arc::from(program)))))
}

/// Hands a value to the command on its standard input, one line, and waits for its good end.
pub(super) async fn feed(
    words: &[String],
    folder: &Path,
    trusted: bool,
    value: &SecretString,
    timeout: Duration,
) -> Result<(), String> {
    run(words, folder, trusted, Some(value), timeout).await.map(drop)
}

/// Runs the command to its good end; gives its program and what it printed.
#[expect(clippy::disallowed_methods, reason = "a command source runs a command; the caller has asked for trust")]
async fn run<'a>(
    words: &'a [String],
    folder: &Path,
    trusted: bool,
    input: Option<&SecretString>,
    timeout: Duration,
) -> Result<(&'a str, Zeroizing<Vec<u8>>), String> {
    let Some((program, arguments)) = words.split_first() else { return Err("no command is named".to_owned()) };
    if !trusted {
        return Err(format!("{program} may not run: this plan's commands have not been allowed (golive trust)"));
    }
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(folder).process_group(0).kill_on_drop(true);
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let work = async {
        let (mut out, mut err) = (Zeroizing::new(Vec::new()), Zeroizing::new(Vec::new()));
        let given = async {
            if let (Some(mut stdin), Some(value)) = (stdin, input) {
                let line = Zeroizing::new(format!("{}\n", value.expose_secret()));
                // A command that ends without reading it tells by its status what came of it.
                let _ = stdin.write_all(line.as_bytes()).await;
            }
        };
        if let (Some(stdout), Some(stderr)) = (stdout, stderr) {
            let (mut stdout, mut stderr) = (stdout.take(LARGEST), stderr.take(LARGEST));
            let _ = tokio::join!(given, stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
        }
        (out, child.wait().await)
    };
    let ended = tokio::time::timeout(timeout, work).await;
    drop(group);
    match ended {
        Err(_) => Err(format!("{program} did not answer within {}", duration::written(timeout))),
        Ok((_, Err(error))) => Err(format!("{program} was lost: {error}")),
        Ok((out, Ok(status))) if status.success() => Ok((program, out)),
        // What it printed may hold the value: only its end is told.
        Ok((_, Ok(status))) => Err(format!("{program} failed: {status}")),
    }
}
