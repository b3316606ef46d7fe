//! A terminal of its own for a step that asks for one. The supervising process holds the other end: it reads what is
//! printed and writes what is answered.
//!
//! A program takes a terminal as its own only after it has left its parent's session, and that has to happen in the
//! new process. So this program is started once more, does that, and becomes the step's program.
#![expect(
    clippy::disallowed_methods,
    reason = "the step's program is started on its terminal; golive has asked for trust"
)]

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

use rustix::process::{ioctl_tiocsctty, setsid};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// The variable that holds program and arguments for the process that is to become the program.
pub(super) const BECOME: &str = "GOLIVE_SUPERVISE_BECOME";

/// The size that a step's terminal has: its output is kept in lines, so only the width matters.
const SIZE: Winsize = Winsize { ws_row: 24, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 };

/// A new terminal: the end to read and write, and the end for the program.
pub(super) fn open() -> io::Result<(OwnedFd, File)> {
    let own = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&own)?;
    unlockpt(&own)?;
    tcsetwinsize(&own, SIZE)?;
    let name = ptsname(&own, Vec::new())?;
    let flags = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).map_err(io::Error::other)?;
    let program =
        OpenOptions::new().read(true).write(true).custom_flags(flags).open(OsStr::from_bytes(name.as_bytes()))?;
    Ok((own, program))
}

/// The command that puts itself on a terminal and becomes the step's program.
pub(super) fn command(run: &[String], terminal: File) -> io::Result<Command> {
    let mut command = Command::new("/proc/self/exe");
    command.args(std::env::args_os().skip(1)).env(BECOME, serde_json::to_string(run)?);
    // Output is kept as text: colours and movements of the cursor would only be marks in it.
    command.env("TERM", "dumb").env("NO_COLOR", "1");
    command.stdin(terminal.try_clone()?).stdout(terminal.try_clone()?).stderr(terminal);
    Ok(command)
}

/// What the process is to become, where it was started for that.
pub(super) fn wanted() -> Option<Vec<String>> {
    let wanted = std::env::var_os(BECOME)?;
    serde_json::from_slice(wanted.as_bytes()).ok()
}

/// Takes standard input as this process's terminal and becomes the program. Comes back only when that fails.
pub(super) fn become_program(run: &[String]) -> ExitCode {
    let failed = match run.split_first() {
        Some((program, arguments)) => match setsid().and_then(|_| ioctl_tiocsctty(io::stdin())) {
            Ok(()) => Command::new(program).args(arguments).env_remove(BECOME).exec(),
            Err(error) => error.into(),
        },
        None => io::ErrorKind::InvalidInput.into(),
    };
    let program = run.first().map_or("nothing", String::as_str);
    // The terminal is all there is to say it on; the spool keeps it.
    let _ = io::Write::write_all(&mut io::stderr(), format!("{program} cannot be started: {failed}\n").as_bytes());
    ExitCode::from(127)
}
