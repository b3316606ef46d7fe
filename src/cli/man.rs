//! `golive man`: the manual page, made from the grammar.

use clap::CommandFactory as _;

use crate::cli::arguments::Arguments;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};

pub(super) fn run(console: &Console) -> Result<Exit, Stop> {
    let mut text = Vec::new();
    clap_mangen::Man::new(Arguments::command()).render(&mut text).map_err(|error| Stop::because(&error))?;
    console.result(&String::from_utf8_lossy(&text))?;
    Ok(Exit::Go)
}
