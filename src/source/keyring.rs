//! The keyring of the operating system, asked through its own program: `secret-tool` (libsecret) or `security` (macOS).
//! The value goes in by a pipe where the program can take it so, and comes out by one; never as an argument on Linux.

use std::process::Stdio;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncWriteExt as _;

use crate::model::values::Origin;
use crate::source::Got;

/// Under which golive's values stand in the keyring.
const SERVICE: &str = "golive";

/// How the keyring's program is called on this system.
struct Tool {
    program: &'static str,
    look_up: fn(&str) -> Vec<&str>,
    store: fn(&str) -> Vec<&str>,
    forget: fn(&str) -> Vec<&str>,
}

#[cfg(target_os = "macos")]
const TOOL: Tool = Tool {
    program: "security",
    look_up: |name| vec!["find-generic-password", "-w", "-s", SERVICE, "-a", name],
    // Without a value behind `-w` it is asked for, and read from the pipe.
    store: |name| vec!["add-generic-password", "-U", "-s", SERVICE, "-a", name, "-w"],
    forget: |name| vec!["delete-generic-password", "-s", SERVICE, "-a", name],
};

#[cfg(not(target_os = "macos"))]
const TOOL: Tool = Tool {
    program: "secret-tool",
    look_up: |name| vec!["lookup", "service", SERVICE, "account", name],
    store: |name| vec!["store", "--label", name, "service", SERVICE, "account", name],
    forget: |name| vec!["clear", "service", SERVICE, "account", name],
};

/// The value under this name. One that the keyring does not know is missing; a keyring that cannot be asked failed.
pub(super) async fn read(name: &str) -> Got {
    let ended = run(&(TOOL.look_up)(name), None).await?;
    let text = String::from_utf8(ended.out).map_err(|_| format!("{name} in the keyring is no text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    match (ended.well, text.is_empty(), ended.complaint.is_empty()) {
        (true, false, _) => Ok(Some((SecretString::from(text.to_owned()), Origin::Keyring(Arc::from(name))))),
        // What is not there is told by the program's end alone, without a word.
        (_, true, true) => Ok(None),
        _ => Err(format!("the keyring could not be asked: {}", ended.complaint)),
    }
}

/// Puts a value away under this name.
pub(super) async fn write(name: &str, value: &SecretString) -> Result<(), String> {
    let ended = run(&(TOOL.store)(name), Some(value)).await?;
    ended.well.then_some(()).ok_or_else(|| format!("the keyring did not take {name}: {}", ended.complaint))
}

/// Takes the value under this name out.
pub(super) async fn forget(name: &str) -> Result<(), String> {
    let ended = run(&(TOOL.forget)(name), None).await?;
    // Nothing to take out is told by the program's end too, and is what was wanted.
    (ended.well || ended.complaint.is_empty())
        .then_some(())
        .ok_or_else(|| format!("the keyring did not let go of {name}: {}", ended.complaint))
}

struct Ended {
    well: bool,
    out: Vec<u8>,
    complaint: String,
}

#[expect(clippy::disallowed_methods, reason = "the keyring is asked through its own program")]
async fn run(arguments: &[&str], input: Option<&SecretString>) -> Result<Ended, String> {
    let program = TOOL.program;
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).kill_on_drop(true);
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child =
        command.spawn().map_err(|error| format!("this machine has no keyring that answers: {program}: {error}"))?;
    if let (Some(value), Some(mut stdin)) = (input, child.stdin.take()) {
        let sent = stdin.write_all(value.expose_secret().as_bytes()).await;
        sent.map_err(|error| format!("{program} took no value: {error}"))?;
    }
    let output = child.wait_with_output().await.map_err(|error| format!("{program} was lost: {error}"))?;
    let complaint = String::from_utf8_lossy(&output.stderr).trim().chars().take(200).collect();
    Ok(Ended { well: output.status.success(), out: output.stdout, complaint })
}
