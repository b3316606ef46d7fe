//! Where values come from: one file per source. All load in parallel, each within its own time; one that fails says
//! which and why, never the value, and fails alone.

mod command;
pub mod distributing;
mod env_files;
mod file;
mod keyring;
pub mod known;
mod placing;
pub mod process;
mod sealed;
pub mod storing;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use secrecy::{ExposeSecret, SecretString};

use crate::model::duration;
use crate::model::id::CredentialId;
use crate::model::plan::{Plan, ValueSource};
use crate::model::rollback::Trigger;
use crate::model::step::RollbackStep;
use crate::model::values::{Lookup, Origin, Value, Values};

/// The name of the version that ran before the go-live.
pub const PREVIOUS_VERSION: &str = "previous_version";
/// How long a source may take that names no time of its own.
const USUAL: Duration = Duration::from_secs(10);

/// What a source gave: a value with its origin, nothing, or why it could not be read.
type Got = Result<Option<(SecretString, Origin)>, String>;

/// Reads every source of a plan. Commands run only when the plan is `trusted`.
pub async fn load(plan: &Plan, trusted: bool, process: &BTreeMap<String, String>) -> Values {
    read_all(plan, trusted, process, &|_, _| None).await
}

/// Reads again what stands in files. A command or the keyring is asked once a process, and again for the credentials
/// in `rotated` (DECISIONS 22); where it had failed it is asked again too.
pub async fn reload(
    plan: &Plan,
    trusted: bool,
    process: &BTreeMap<String, String>,
    before: &Values,
    rotated: &[CredentialId],
) -> Values {
    let kept = |name: &str, source: &ValueSource| {
        // What ran before the deployment is no longer there to be read afterwards.
        let is_asked_once =
            name == PREVIOUS_VERSION || matches!(source, ValueSource::Command(_) | ValueSource::Keyring(_));
        if !is_asked_once || rotated.iter().any(|id| name_of(id) == name) {
            return None;
        }
        match before.get(name) {
            Lookup::Found(value) => Some(Ok(Some((value.text.clone(), value.origin.clone())))),
            Lookup::Missing => Some(Ok(None)),
            Lookup::Failed(_) => None,
        }
    };
    read_all(plan, trusted, process, &kept).await
}

/// What is kept of an earlier reading of a source, by its name.
type Kept<'a> = dyn Fn(&str, &ValueSource) -> Option<Got> + Sync + 'a;

async fn read_all(plan: &Plan, trusted: bool, process: &BTreeMap<String, String>, kept: &Kept<'_>) -> Values {
    let mut values = Values::default();
    built_in(plan, &mut values);
    let own = if plan.sources.process_env { process.clone() } else { BTreeMap::new() };
    env_files::load(&plan.folder, &plan.sources.env_files, &own, &mut values);
    let named = named_sources(plan);
    let reads = named.iter().map(|(name, source, timeout)| {
        let context = Context { folder: &plan.folder, trusted, values: &values, process };
        async move {
            match kept(name, source) {
                Some(kept) => kept,
                None => read(source, context, *timeout).await,
            }
        }
    });
    let got = join_all(reads).await;
    for ((name, source, _), got) in named.iter().zip(got) {
        keep(&mut values, name, source, got);
    }
    values
}

fn of_variable(values: &Values, variable: &str) -> Got {
    match values.get(&format!("env.{variable}")) {
        Lookup::Found(value) => Ok(Some((value.text.clone(), value.origin.clone()))),
        Lookup::Missing => Ok(None),
        Lookup::Failed(why) => Err(why.to_owned()),
    }
}

fn keep(values: &mut Values, name: &str, source: &ValueSource, got: Got) {
    let secret = name.starts_with("credentials.");
    match got {
        Ok(Some((text, origin))) => {
            values.insert(name, Value { text, secret, origin });
            // The variable that holds a credential is as secret as the credential.
            if let (true, ValueSource::Env(variable)) = (secret, source) {
                mark_secret(values, variable);
            }
        }
        Ok(None) => {}
        Err(why) => values.fail(name, &why),
    }
}

fn built_in(plan: &Plan, values: &mut Values) {
    values.insert("service.name", Value::plain(&plan.service.name, Origin::Plan));
    values.insert("service.environment", Value::plain(&plan.service.environment, Origin::Plan));
    for (name, ids) in procedure(plan) {
        values.insert(&format!("procedure.{name}"), Value::plain(&ids, Origin::Plan));
    }
}

/// What the plan says of its way back, as lists of ids.
fn procedure(plan: &Plan) -> [(&'static str, String); 5] {
    let steps = |wanted: fn(&RollbackStep) -> bool| {
        let undone = plan.items.iter().filter_map(|item| item.step.as_ref()?.undo.as_ref()).map(|undo| &undo.step);
        let ids = plan.procedure.iter().chain(undone).filter(|step| wanted(step)).map(|step| step.id.to_string());
        ids.collect::<Vec<_>>().join(",")
    };
    let verify = plan.rollback.verify.iter().map(ToString::to_string).collect::<Vec<_>>();
    let when = plan.rollback.when.iter().map(|trigger| match trigger {
        Trigger::Check(id) => id.to_string(),
        Trigger::Step(id) => format!("step:{id}"),
        Trigger::Alert(id) => format!("alert:{id}"),
    });
    [
        ("steps", steps(|_| true)),
        ("without_budget", steps(|step| step.budget.is_none())),
        ("without_rehearsal", steps(|step| step.rehearse.is_none())),
        ("verify", verify.join(",")),
        ("when", when.collect::<Vec<_>>().join(",")),
    ]
}

fn named_sources(plan: &Plan) -> Vec<(String, &ValueSource, Duration)> {
    let variables = plan.variables.iter().map(|(name, source)| (name.clone(), source, USUAL));
    let before = plan.service.previous_version.iter().map(|source| (PREVIOUS_VERSION.to_owned(), source, USUAL));
    let version = plan.service.version.iter().map(|source| ("version".to_owned(), source, USUAL)).chain(before);
    let credentials =
        plan.credentials.iter().map(|(id, credential)| (name_of(id), &credential.from, credential.timeout.0));
    variables.chain(version).chain(credentials).collect()
}

/// The name under which a credential's value is kept.
#[must_use]
pub fn name_of(id: &CredentialId) -> String {
    format!("credentials.{id}")
}

/// What reading a source needs beside the source.
#[derive(Clone, Copy)]
struct Context<'a> {
    folder: &'a Path,
    trusted: bool,
    values: &'a Values,
    process: &'a BTreeMap<String, String>,
}

async fn read(source: &ValueSource, context: Context<'_>, timeout: Duration) -> Got {
    match source {
        ValueSource::Value(text) => Ok(Some((SecretString::from(text.clone()), Origin::Plan))),
        ValueSource::Env(name) => of_variable(context.values, name),
        ValueSource::File(path) => file::read(context.folder, path),
        ValueSource::Command(words) => command::read(words, context.folder, context.trusted, timeout).await,
        ValueSource::Keyring(name) => within(timeout, "the keyring", keyring::read(name)).await,
        ValueSource::Sealed(file) => {
            let (folder, file, process) = (context.folder.to_owned(), file.clone(), context.process.clone());
            let shown = file.age.display().to_string();
            // A passphrase costs a second of work, on purpose; the others are read meanwhile.
            let opening = tokio::task::spawn_blocking(move || sealed::read(&folder, &file, &process));
            let opened = async { opening.await.unwrap_or_else(|error| Err(format!("opening it failed: {error}"))) };
            within(timeout, &shown, opened).await
        }
    }
}

async fn within(timeout: Duration, what: &str, read: impl Future<Output = Got>) -> Got {
    let late = |_| Err(format!("{what} did not answer within {}", duration::written(timeout)));
    tokio::time::timeout(timeout, read).await.unwrap_or_else(late)
}

fn mark_secret(values: &mut Values, variable: &str) {
    let name = format!("env.{variable}");
    if let Lookup::Found(value) = values.get(&name) {
        let marked = Value { secret: true, ..value.clone() };
        values.insert(&name, marked);
    }
}

/// Whether a secret is there at all: an empty one is none.
#[must_use]
pub fn is_empty(secret: &SecretString) -> bool {
    secret.expose_secret().is_empty()
}

#[cfg(test)]
mod tests;
