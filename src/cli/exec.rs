//! `golive exec -- COMMAND…`: the checks are run, and only on a verdict that permits the command takes golive's place,
//! with the very values that were judged in its environment. Nothing of them stands on its command line.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};

use crate::check;
use crate::cli::check::{self as checking, CheckArguments};
use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::core::event::Subject;
use crate::core::verdict::Verdict;
use crate::model::plan::{Plan, ValueSource};
use crate::model::values::{Lookup, Values};
use crate::model::word::Question;
use crate::source;

#[derive(Debug, Args)]
pub(super) struct ExecArguments {
    /// The plan; golive.toml here or in a folder above when absent.
    #[arg(long, value_name = "P")]
    plan: Option<PathBuf>,
    /// What the verdict has to permit: deploy, open, close. The last two need --session.
    #[arg(long, value_name = "Q", value_parser = checking::question())]
    question: Option<Question>,
    /// Take this session's decisions in. It is read and never written to.
    #[arg(long, value_name = "S")]
    session: Option<String>,
    /// The command and its arguments, behind --.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(super) fn run(arguments: &ExecArguments, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let asking = CheckArguments::about(arguments.plan.clone(), arguments.question, arguments.session.clone());
    let judged = match checking::judged(&asking, console, machine)? {
        Ok(judged) => judged,
        Err(exit) => return Ok(exit),
    };
    if !judged.verdict.answer().permits() {
        refused(&judged.verdict, console);
        return Ok(Exit::Refused);
    }
    let environment = handed_over(&judged.plan, &judged.values, console)?;
    Err(replaced(&arguments.command, environment))
}

fn refused(verdict: &Verdict, console: &Console) {
    console.say(&format!("{}: the command was not run", verdict.headline()));
    for reason in verdict.reasons().iter().take(10) {
        let remedy = reason.remedy.as_ref().map(|remedy| format!(" ({remedy})")).unwrap_or_default();
        let subject = match &reason.subject {
            Some(Subject::Item(item)) => item.to_string(),
            Some(Subject::Check(check)) => check.to_string(),
            Some(Subject::Alert(alert)) => alert.to_string(),
            Some(Subject::Notifier(alert)) => alert.to_string(),
            None => "journal".to_owned(),
        };
        console.say(&format!("  {subject}: {}{remedy}", reason.message));
    }
    let more = verdict.reasons().len().saturating_sub(10);
    if more > 0 {
        console.say(&format!("  and {more} more: golive check tells them all"));
    }
}

/// The credentials under the names that the plan gives them, and the variables that its checks are about.
fn handed_over(plan: &Plan, values: &Values, console: &Console) -> Result<BTreeMap<String, SecretString>, Stop> {
    let mut environment = BTreeMap::new();
    for name in check::variables(plan) {
        if let Lookup::Found(value) = values.get(&format!("env.{name}")) {
            environment.insert(name, value.text.clone());
        }
    }
    for (id, credential) in &plan.credentials {
        let name = match (&credential.variable, &credential.from) {
            (Some(name), _) | (None, ValueSource::Env(name)) => name.clone(),
            (None, _) => {
                console.say(&format!("{id} is not handed over: give its variable a name in the plan, as = \"…\""));
                continue;
            }
        };
        match values.get(&source::name_of(id)) {
            Lookup::Found(value) => environment.insert(name, value.text.clone()),
            // Waived, or of a severity that permits: the command goes without.
            Lookup::Missing | Lookup::Failed(_) => continue,
        };
    }
    let unsendable = environment.iter().find(|(_, value)| value.expose_secret().contains('\0'));
    match unsendable {
        Some((name, _)) => Err(Stop::wrong(format!("{name} holds a NUL, which no environment can"))),
        None => Ok(environment),
    }
}

/// Puts the command in golive's place: its signals, its terminal and its exit code are its own. Comes back only when
/// that could not be done.
#[expect(clippy::disallowed_methods, reason = "the command is run on the word of whoever typed it")]
fn replaced(command: &[OsString], environment: BTreeMap<String, SecretString>) -> Stop {
    let Some((program, arguments)) = command.split_first() else { return Stop::wrong("no command is named") };
    let mut child = std::process::Command::new(program);
    child.args(arguments);
    for (name, value) in &environment {
        child.env(name, value.expose_secret());
    }
    let error = child.exec();
    let exit = if error.kind() == ErrorKind::NotFound { Exit::NotFound } else { Exit::NotRunnable };
    Stop { exit, ..Stop::own(format!("{} cannot be run: {error}", program.to_string_lossy())) }
}
