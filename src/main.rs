//! golive: the binary. Panics get their report first of all, then the command line takes over.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use color_eyre::config::{HookBuilder, Theme};
use golive::cli::panicking::BrokeDown;
use golive::source::process::variable;

fn main() -> color_eyre::Result<ExitCode> {
    let plain = variable("NO_COLOR").is_some() || !std::io::stderr().is_terminal();
    let theme = if plain { Theme::new() } else { Theme::dark() };
    // Before anything touches the terminal: the terminal's own hook puts it back first, and chains to this one.
    HookBuilder::default().theme(theme).panic_message(BrokeDown).install()?;
    Ok(golive::cli::run())
}
