//! The first line that a command prints: a vault's own program. No shell; only for trusted plans; ended as a tree.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use secrecy::SecretString;
use tokio::io::AsyncReadExt;

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

#[expect(clippy::disallowed_methods, reason = "a command source runs a command; the caller has asked for trust")]
pub(super) async fn read(words: &[String], folder: &Path, trusted: bool, timeout: Duration) -> Got {
    let Some((program, arguments)) = words.split_first() else { return Err("no command is named".to_owned()) };
    if !trusted {
        return Err(format!("{program} may not run: this plan's commands have not been allowed (golive trust)"));
    }
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).current_dir(folder).process_group(0).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| format!("{program} cannot be started: {error}"))?;
    let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        if let (Some(stdout), Some(stderr)) = (stdout, stderr) {
            let (mut stdout, mut stderr) = (stdout.take(LARGEST), stderr.take(LARGEST));
            let _ = tokio::join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err));
        }
        (out, err, child.wait().await)
    };
    let ended = tokio::time::timeout(timeout, work).await;
    drop(group);
    match ended {
        Err(_) => Err(format!("{program} did not answer within {}", duration::written(timeout))),
        Ok((_, _, Err(error))) => Err(format!("{program} was lost: {error}")),
        Ok((out, _, Ok(status))) if status.success() => {
            let text = String::from_utf8_lossy(&out).lines().next().unwrap_or_default().to_owned();
            if text.is_empty() {
                return Err(format!("{program} printed nothing"));
            }
            Ok(Some((SecretString::from(text), Origin::Command(Arc::from(program.as_str())))))
        }
        // What it printed may hold the value: only its end is told.
        Ok((_, _, Ok(status))) => Err(format!("{program} failed: {status}")),
    }
}
