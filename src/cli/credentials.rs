//! `golive credentials`: which credential came from where, masked, how strong and how old it is, and what is wrong with
//! its source; `store` puts one away, `forget` takes it back.

mod storing;

pub(super) use crate::cli::credentials::storing::value;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::check::Strength;
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::cli::sessions::ListFormat;
use crate::cli::{lint, opening, seen};
use crate::core::event::CredentialSeen;
use crate::model::values::{Lookup, Values};
use crate::{clock, engine};

#[derive(Debug, Args)]
pub(super) struct CredentialsArguments {
    #[command(subcommand)]
    act: Option<Act>,
    /// The plan; golive.toml here or in a folder above when absent.
    #[arg(long, value_name = "P", global = true)]
    plan: Option<PathBuf>,
    /// How to list them. The strength is weak, fair or strong.
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
        ListFormat::Human if seen.is_empty() => console.result("the plan has no credentials\n")?,
        ListFormat::Human => console.result(&table(&seen, &values))?,
        ListFormat::Json => {
            let list: Vec<_> = seen.iter().map(|seen| object(seen, strength(seen, &values))).collect();
            console.result(&format!("{:#}\n", serde_json::Value::Array(list)))?;
        }
    }
    Ok(Exit::Go)
}

fn age_days(seen: &CredentialSeen) -> Option<i64> {
    seen.changed.map(|changed| clock::now().at.duration_since(changed).as_secs() / 86_400)
}

/// As the kind `credential` judges it; where there is no value, or none that is a key by itself, it is not known.
fn strength(seen: &CredentialSeen, values: &Values) -> Option<Strength> {
    match values.get(&format!("credentials.{}", seen.id)) {
        Lookup::Found(value) => Strength::of(value.text.expose_secret()),
        Lookup::Missing | Lookup::Failed(_) => None,
    }
}

fn table(seen: &[CredentialSeen], values: &Values) -> String {
    let width = seen.iter().map(|seen| seen.id.as_str().len()).max().unwrap_or(0);
    let line = |seen: &CredentialSeen| {
        let (glyph, state) = match &seen.problem {
            Some(problem) => ("✗", format!("   {problem}")),
            None => ("✓", age_days(seen).map(|days| format!("   changed {days} d ago")).unwrap_or_default()),
        };
        let masked = seen.masked.as_ref().map_or("", |masked| masked.as_str());
        let strength = strength(seen, values).map_or("–", Strength::word);
        let (id, length, source) = (&seen.id, seen.length, &seen.source);
        format!("{glyph} {id:<width$}  {masked:<8}  {length:>4} ch  {strength:<6}  {source}{state}\n")
    };
    seen.iter().map(line).collect()
}

fn object(seen: &CredentialSeen, strength: Option<Strength>) -> serde_json::Value {
    json!({
        "id": seen.id,
        "masked": seen.masked,
        "length": seen.length,
        "fingerprint": seen.fingerprint,
        "strength": strength.map(Strength::word),
        "source": seen.source,
        "age_days": age_days(seen),
        "problems": seen.problem.iter().collect::<Vec<_>>(),
    })
}
