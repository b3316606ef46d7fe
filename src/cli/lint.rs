//! `golive lint`: judges the plan alone. It reads the plan's files and touches nothing that the plan names.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;

use crate::check;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::core::alerts::example;
use crate::plan::{self, Audit, Loaded, Touched};

#[derive(Debug, Args)]
pub(super) struct LintArguments {
    /// The plan; golive.toml here or in a folder above when absent.
    plan: Option<PathBuf>,
    /// Print the plan with all that it extends, each key with its file.
    #[arg(long)]
    expand: bool,
    /// List all that the plan may touch: hosts, files, commands.
    #[arg(long)]
    audit: bool,
}

pub(super) fn run(arguments: &LintArguments, console: &Console) -> Result<Exit, Stop> {
    let path = Machine::plan_path(arguments.plan.as_deref())?;
    let Some(loaded) = load(&path, console) else { return Ok(Exit::Wrong) };
    if !loaded.advice.is_empty() {
        console.say(&plan::render(&loaded.advice, &loaded.sources, console.colours_errors()));
    }
    let wrong = example::wrong(&loaded.plan);
    if !wrong.is_empty() {
        wrong.iter().for_each(|what| console.say(&format!("error: {what}\n")));
        return Ok(Exit::Wrong);
    }
    if arguments.expand {
        console.result(&loaded.expanded())?;
    }
    if arguments.audit {
        console.result(&audited(&loaded.audit))?;
    }
    if !arguments.expand && !arguments.audit {
        console.result(&counted(&path.display().to_string(), &loaded))?;
    }
    Ok(Exit::Go)
}

/// Loads a plan, or says everything that is wrong with it.
pub(super) fn load(path: &std::path::Path, console: &Console) -> Option<Loaded> {
    match plan::load(path, &check::specs()) {
        Ok(loaded) => Some(loaded),
        Err(error) => {
            console.say(&error.render(console.colours_errors()));
            None
        }
    }
}

fn counted(path: &str, loaded: &Loaded) -> String {
    let plan = &loaded.plan;
    let counts = [
        (plan.checks.len(), "check"),
        (plan.items.len(), "item"),
        (plan.alerts.len(), "alert"),
        (plan.procedure.len(), "rollback step"),
        (loaded.advice.len(), "note"),
    ];
    let counted = |(count, noun): (usize, &str)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    format!("{path} is sound: {}\n", counts.map(counted).join(", "))
}

/// What a plan may touch, as a list for its reader.
pub(super) fn audited(audit: &Audit) -> String {
    let mut text = String::new();
    let mut say = |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("writing to a String cannot fail");
    say(format_args!("hosts ({})", audit.hosts.len()));
    for (host, hourly) in &audit.hosts {
        match audit.overrides.get(host) {
            Some(address) => say(format_args!("  {host:<44} {hourly} requests an hour, reached at {address}")),
            None => say(format_args!("  {host:<44} {hourly} requests an hour")),
        }
    }
    for (name, list) in [("files", &audit.files), ("commands", &audit.commands)] {
        say(format_args!("{name} ({})", list.len()));
        for Touched { what, by } in list {
            say(format_args!("  {what:<44} {by}"));
        }
    }
    for (name, address) in audit.overrides.iter().filter(|(name, _)| !audit.hosts.contains_key(*name)) {
        say(format_args!("override\n  {name:<44} reached at {address}"));
    }
    text
}
