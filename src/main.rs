//! golive: the binary. Panics get their report first of all, then the command line takes over.

use std::process::ExitCode;

fn main() -> color_eyre::Result<ExitCode> {
    // Before anything touches the terminal: the terminal's own hook puts it back first, and chains to this one.
    color_eyre::install()?;
    Ok(golive::cli::run())
}
