//! `golive triage [PLAN]`: the cockpit on what is failing now. Joins the go-live that is unfinished, or begins a session.
//! Headless: the checks are run once, sources and queries are asked, and the page for the incident's channel is printed.

use std::path::PathBuf;

use clap::Args;

use crate::cli::check::{self, CheckArguments};
use crate::cli::cockpit::{self, Purposed};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::formats::{self, Wanted};
use crate::cli::machine::Machine;
use crate::cli::resuming::Wish;
use crate::core::event::Purpose;
use crate::tui::ui::ScreenName;

#[derive(Debug, Args)]
pub(super) struct TriageArguments {
    /// The plan; golive.toml here or in a folder above when absent.
    plan: Option<PathBuf>,
    /// Begin a session of its own, whatever is unfinished.
    #[arg(long, conflicts_with = "headless")]
    new: bool,
    /// Look once, without a screen, and print what is known: nobody is told, nothing is kept.
    #[arg(long)]
    headless: bool,
    /// Take this session's notes, decisions and time line in. It is read and never written to.
    #[arg(long, value_name = "S", requires = "headless")]
    session: Option<String>,
    #[arg(long = "format", value_name = "F[=FILE]", value_parser = formats::wanted, help = formats::help(), requires = "headless")]
    formats: Vec<Wanted>,
}

pub(super) fn run(arguments: &TriageArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    if arguments.headless {
        let mut wanted = arguments.formats.clone();
        if wanted.is_empty() {
            wanted.push(formats::wanted("triage").map_err(Stop::own)?);
        }
        let asked = CheckArguments::triage(arguments.plan.clone(), arguments.session.clone(), wanted);
        return check::run(&asked, console, machine);
    }
    let wish = if arguments.new { Wish::New } else { Wish::Ask };
    let wanted = Purposed { purpose: Purpose::Triage, screen: ScreenName::Triage, rehearses: false };
    cockpit::run(arguments.plan.as_deref(), wish, wanted, (console, machine))
}
