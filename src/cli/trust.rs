//! `golive trust`: shows what a plan would run, and allows it on a person's word. Asked for once per content.

use std::path::PathBuf;

use clap::Args;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::lint;
use crate::cli::machine::Machine;
use crate::{clock, trust};

#[derive(Debug, Args)]
pub(super) struct TrustArguments {
    /// The plan; golive.toml here or in a folder above when absent.
    plan: Option<PathBuf>,
    /// Do not ask: somebody has read it.
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(arguments: &TrustArguments, console: &Console) -> Result<Exit, Stop> {
    let path = Machine::plan_path(arguments.plan.as_deref())?;
    let Some(loaded) = lint::load(&path, console) else { return Ok(Exit::Wrong) };
    let state_folder = Machine::state_folder()?;
    let (digest, commands) = (&loaded.plan.digest, &loaded.audit.commands);
    let noun = if commands.len() == 1 { "command" } else { "commands" };
    let mut shown = format!("{} would run {} {noun}:\n", path.display(), commands.len());
    for touched in commands {
        shown.push_str(&format!("  {:<44} {}\n", touched.what, touched.by));
    }
    shown.push_str(&format!("digest {digest}\n"));
    console.result(&shown)?;
    let unreadable =
        |error| Stop::own(format!("cannot look up what is trusted in {}: {error}", state_folder.display()));
    if trust::is_allowed(&state_folder, digest).map_err(unreadable)? {
        console.say("allowed already");
        return Ok(Exit::Go);
    }
    if !arguments.yes {
        if !console.can_ask() {
            return Err(Stop::wrong("nothing was allowed: there is no terminal to ask on")
                .instead("read the commands above, then: golive trust --yes"));
        }
        if !console.ask("Allow these commands to run?") {
            console.say("nothing was allowed");
            return Ok(Exit::NoGo);
        }
    }
    let unwritable = |error| Stop::own(format!("cannot keep what is trusted in {}: {error}", state_folder.display()));
    trust::allow(&state_folder, digest, &path.display().to_string(), clock::now().at).map_err(unwritable)?;
    console.say("allowed, until the plan or a script it names changes");
    Ok(Exit::Go)
}
