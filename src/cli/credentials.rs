//! `golive credentials`: which credential came from where, masked, and what is wrong with its source; `store` puts one
//! away, `forget` takes it back.

mod storing;

pub(super) use crate::cli::credentials::storing::value;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::sessions::ListFormat;
use crate::cli::{lint, opening, seen};
use crate::core::event::CredentialSeen;
use crate::{clock, engine};

#[derive(Debug, Args)]
pub(super) struct CredentialsArguments {
    #[command(subcommand)]
    act: Option<Act>,
    /// The plan; golive.toml here or in a folder above when absent.
    #[arg(long, value_name = "P", global = true)]
    plan: Option<PathBuf>,
    /// How to list them.
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    format: ListFormat,
}

/// What can be done with one credential.
#[derive(Debug, Subcommand)]
enum Act {
    /// Put a value where the plan's source finds it: keyring, encrypted file or file. The value comes from standard
    /// input, or is asked for without echo.
    Store(Named),
    /// Take it away from there.
    Forget(Named),
}

#[derive(Debug, Args)]
struct Named {
    /// The credential, by its id in the plan.
    name: String,
}

pub(super) fn run(arguments: &CredentialsArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let path = Machine::plan_path(arguments.plan.as_deref())?;
    let Some(loaded) = lint::load(&path, console) else { return Ok(Exit::Wrong) };
    let plan = loaded.plan;
    match &arguments.act {
        Some(Act::Store(named)) => return storing::store(&plan, &named.name, console, machine),
        Some(Act::Forget(named)) => return storing::forget(&plan, &named.name, console),
        None => {}
    }
    let trusted = opening::is_trusted(&plan.digest)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let values = runtime.block_on(seen::reader(machine).load(&plan, trusted, clock::now()));
    let seen = engine::credentials_seen(&plan, &values);
    match arguments.format {
        ListFormat::Human if seen.is_empty() => console.say("the plan has no credentials"),
        ListFormat::Human => console.result(&table(&seen))?,
        ListFormat::Json => {
            let list: Vec<_> = seen.iter().map(object).collect();
            console.result(&format!("{:#}\n", serde_json::Value::Array(list)))?;
        }
    }
    Ok(Exit::Go)
}

fn age_days(seen: &CredentialSeen) -> Option<i64> {
    seen.changed.map(|changed| clock::now().at.duration_since(changed).as_secs() / 86_400)
}

fn table(seen: &[CredentialSeen]) -> String {
    let width = seen.iter().map(|seen| seen.id.as_str().len()).max().unwrap_or(0);
    let line = |seen: &CredentialSeen| {
        let (glyph, state) = match &seen.problem {
            Some(problem) => ("✗", format!("   {problem}")),
            None => ("✓", age_days(seen).map(|days| format!("   changed {days} d ago")).unwrap_or_default()),
        };
        let masked = seen.masked.as_ref().map_or("", |masked| masked.as_str());
        format!("{glyph} {:<width$}  {masked:<8}  {:>4} ch  {}{state}\n", seen.id, seen.length, seen.source)
    };
    seen.iter().map(line).collect()
}

fn object(seen: &CredentialSeen) -> serde_json::Value {
    json!({
        "id": seen.id,
        "masked": seen.masked,
        "length": seen.length,
        "fingerprint": seen.fingerprint,
        "source": seen.source,
        "age_days": age_days(seen),
        "problems": seen.problem.iter().collect::<Vec<_>>(),
    })
}
