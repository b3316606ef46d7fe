//! Starting a supervising process.
#![expect(clippy::disallowed_methods, reason = "the supervising process is this program, started once more")]

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use rustix::fs::{CWD, FlockOperation, Mode, flock, mkfifoat};
use tokio::io::AsyncWriteExt;

use crate::supervisor::order::Order;
use crate::supervisor::terminal::BECOME;
use crate::supervisor::watch::Watch;
use crate::supervisor::{CONTROL, SPOOL};

/// How this program is started as a supervising process.
#[derive(Clone, Debug)]
pub struct Supervising {
    program: PathBuf,
    arguments: Vec<OsString>,
}

/// Why a step was not started. After any of these nothing of it runs.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The folder is there: this run was started before, and a run is never started twice.
    #[error("it was started before; its records are in {0}")]
    StartedBefore(PathBuf),
    /// The folder or what is in it cannot be made.
    #[error("its records cannot be kept in {folder}: {error}")]
    Spool {
        /// The step's folder.
        folder: PathBuf,
        /// What went wrong.
        error: io::Error,
    },
    /// The process cannot be started or told what to do.
    #[error("its supervising process cannot be started: {0}")]
    Process(io::Error),
}

impl Supervising {
    /// `golive supervise`, of the very program that runs: a newer one may have taken its place on disk meanwhile.
    #[must_use]
    pub fn this_program() -> Self {
        Self::this_program_with(["supervise"])
    }

    /// This program with other arguments, which have to lead to [`crate::supervisor::run`].
    #[must_use]
    pub fn this_program_with(arguments: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        Self { program: PathBuf::from("/proc/self/exe"), arguments: arguments.into_iter().map(Into::into).collect() }
    }
}

/// Starts a run of a step. Its records are kept in `folder`, which must not be there yet: one folder for each run.
///
/// Drop what is returned and golive is gone, as far as the step can tell: [`Order::on_disconnect`] says what then.
///
/// # Errors
/// Says what could not be made or started; nothing of the step runs then.
pub async fn launch(supervising: &Supervising, folder: &Path, order: &Order) -> Result<Watch, LaunchError> {
    let spooling = |error| LaunchError::Spool { folder: folder.to_owned(), error };
    let bytes = order.written().map_err(LaunchError::Process)?;
    let made = folder.to_owned();
    let prepared = tokio::task::spawn_blocking(move || prepare(&made)).await;
    let spool = prepared.map_err(io::Error::other).and_then(|spool| spool).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => LaunchError::StartedBefore(folder.to_owned()),
        _ => spooling(error),
    })?;
    let mut command = tokio::process::Command::new(&supervising.program);
    command.arg0("golive").args(&supervising.arguments).current_dir(folder).env_remove(BECOME);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::from(spool));
    let mut child = command.spawn().map_err(LaunchError::Process)?;
    // This side's hold on the lock ends with the command; from here on only the supervising process has it.
    drop(command);
    let mut lifeline = child.stdin.take().expect("standard input was asked for as a pipe");
    lifeline.write_all(&bytes).await.map_err(LaunchError::Process)?;
    Ok(Watch::of(folder, child, lifeline))
}

/// Makes the step's folder, the spool, locked before anybody can look at it, and the pipe for words.
fn prepare(folder: &Path) -> io::Result<File> {
    if let Some(parent) = folder.parent() {
        match DirBuilder::new().recursive(true).mode(0o700).create(parent) {
            // That it is there as something else than a folder is not "started before".
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            made => made?,
        }
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    let spool = OpenOptions::new().append(true).create_new(true).mode(0o600).open(folder.join(SPOOL))?;
    flock(&spool, FlockOperation::NonBlockingLockExclusive)?;
    mkfifoat(CWD, folder.join(CONTROL), Mode::RUSR | Mode::WUSR)?;
    Ok(spool)
}
