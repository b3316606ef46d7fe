//! `golive enforce`: what must change in the configuration so that the plan's settings hold, as a masked diff; written
//! when told, whole, beside a backup.

use std::path::PathBuf;

use clap::Args;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::{lint, opening};
use crate::enforce::{Proposal, disk};
use crate::mask::Redactor;
use crate::model::plan::Plan;
use crate::model::values::{Lookup, Values};
use crate::{check, clock, enforce, source};

#[derive(Debug, Args)]
pub(super) struct EnforceArguments {
    /// The plan; golive.toml here or in a folder above when absent.
    plan: Option<PathBuf>,
    /// Change the files, each beside a backup, instead of only showing what would change.
    #[arg(long)]
    write: bool,
}

pub(super) fn run(arguments: &EnforceArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let path = Machine::plan_path(arguments.plan.as_deref())?;
    let Some(loaded) = lint::load(&path, console) else { return Ok(Exit::Wrong) };
    let plan = loaded.plan;
    let trusted = opening::is_trusted(&plan.digest)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let load = || runtime.block_on(source::load(&plan, trusted, &machine.environment));
    let values = load();
    let proposal = proposed(&plan, &values)?;
    let redactor = Redactor::new(values.secrets());
    console.result(&proposal.diff(&values, &redactor))?;
    if proposal.changes.is_empty() {
        return told(&proposal, &redactor, console);
    }
    if !arguments.write {
        told(&proposal, &redactor, console)?;
        console.say("nothing was written; golive enforce --write does it");
        return Ok(Exit::Differs);
    }
    for written in disk::write(&plan.folder, &proposal, clock::now().at).map_err(Stop::own)? {
        let backup = written.backup.map(|backup| format!(", what it was is in {}", backup.display()));
        console.say(&format!("{} written{}", written.path.display(), backup.unwrap_or_default()));
    }
    console.say("a build made before this has the old values in it: build again");
    // What was written is read back as everybody else will read it.
    let values = load();
    let left = proposed(&plan, &values)?;
    if !left.changes.is_empty() {
        return Err(Stop::own("what was written is not read as it should be; look at the files and their backups"));
    }
    told(&left, &redactor, console)
}

fn proposed(plan: &Plan, values: &Values) -> Result<Proposal, Stop> {
    if let Lookup::Failed(why) = values.get(&format!("env.{}", Values::ENV_FILES)) {
        return Err(Stop::own(format!("the configuration cannot be read: {why}")));
    }
    let files = disk::read(&plan.folder, &plan.sources.env_files).map_err(Stop::own)?;
    Ok(enforce::propose(&check::mends(plan, values, None), values, &files))
}

/// Says what a person has to see to, and how it stands.
fn told(proposal: &Proposal, redactor: &Redactor, console: &Console) -> Result<Exit, Stop> {
    for left in &proposal.left {
        console.say(&format!("not for golive to write: {}", redactor.redact(&left.to_string())));
    }
    if proposal.is_empty() {
        console.result("every setting holds\n")?;
        return Ok(Exit::Go);
    }
    Ok(Exit::Differs)
}
