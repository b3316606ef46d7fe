//! `golive triage [PLAN]`: the cockpit on what is failing now. Joins the go-live that is unfinished, or begins a session.

use std::path::PathBuf;

use clap::Args;

use crate::cli::cockpit::{self, Purposed};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::resuming::Wish;
use crate::core::event::Purpose;
use crate::tui::ui::ScreenName;

#[derive(Debug, Args)]
pub(super) struct TriageArguments {
    /// The plan; golive.toml here or in a folder above when absent.
    plan: Option<PathBuf>,
    /// Begin a session of its own, whatever is unfinished.
    #[arg(long)]
    new: bool,
}

pub(super) fn run(arguments: &TriageArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let wish = if arguments.new { Wish::New } else { Wish::Ask };
    let wanted = Purposed { purpose: Purpose::Triage, screen: ScreenName::Triage, rehearses: false };
    cockpit::run(arguments.plan.as_deref(), wish, wanted, (console, machine))
}
