//! `golive completions SHELL`: made from the grammar, so they cannot fall behind it.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::arguments::Arguments;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// For which shell.
    shell: Shell,
}

pub(super) fn run(arguments: &CompletionsArguments, console: &Console) -> Result<Exit, Stop> {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "golive", &mut text);
    console.result(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Go)
}
