//! Signing a report, with the tool that already knows a person's keys: `ssh-keygen -Y sign`.
#![expect(clippy::disallowed_methods, reason = "signing is another program's, and the person asked for it by name")]

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cli::exit::Stop;

/// What a signature is for: one that was given for a report is good for nothing else.
const NAMESPACE: &str = "golive-report";

/// Signs each of the files; the signature lies beside it as `FILE.sig`.
pub(super) fn sign(key: &Path, files: &[&Path]) -> Result<(), Stop> {
    for file in files {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", NAMESPACE, "-f"]).arg(key).arg(file);
        // A key with a passphrase is asked for on the terminal; what it prints otherwise says nothing.
        let ended = command.stdout(Stdio::null()).status();
        let ended = ended.map_err(|error| Stop::own(format!("ssh-keygen cannot be started: {error}")))?;
        if !ended.success() {
            return Err(Stop::own(format!("{} was not signed: ssh-keygen {ended}", file.display()))
                .instead(format!("see whether {} is a private ssh key", key.display())));
        }
    }
    Ok(())
}
