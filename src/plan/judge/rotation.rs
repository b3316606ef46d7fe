//! A rotation that a plan describes: one source of the new value, commands that are commands, a place to write to,
//! checks that exist, and a generated value that its own credential would take.

use crate::model::kind::KindSpec;
use crate::model::plan::ValueSource;
use crate::plan::document::{CredentialDocument, Document};
use crate::plan::judge::checks_of;
use crate::plan::judge::references::{Known, names_nothing};
use crate::plan::judge::selection;
use crate::plan::place::Origin;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

/// A generated value that is shorter could be tried out.
const SHORTEST: u16 = 16;
const LONGEST: u16 = 512;

pub(super) fn problems(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let checks = checks_of(document, specs);
    let known: Known<'_> = checks.iter().map(|(id, category, _)| (id.as_str(), *category)).collect();
    let mut problems = Vec::new();
    for (id, credential) in &document.credentials {
        let place = |key: &str| tree.place(&steps!["credentials", id.as_str(), "rotation", key], true);
        problems.extend(of_the_new_value(credential, &place));
        problems.extend(of_its_places(credential, &place));
        for (at, selector) in credential.rotation.verify.iter().enumerate() {
            if selection(selector, known.iter().copied()).is_empty() {
                let place = tree.place(&steps!["credentials", id.as_str(), "rotation", "verify", at], false);
                problems.push(names_nothing(selector, &known).at(place));
            }
        }
    }
    problems
}

fn of_the_new_value(credential: &CredentialDocument, place: &dyn Fn(&str) -> Origin) -> Vec<Problem> {
    let rotation = &credential.rotation;
    let mut problems = Vec::new();
    if rotation.generate.is_some() && rotation.obtain.is_some() {
        let message = "a new value is either made up (`generate`) or obtained by a command (`obtain`), not both";
        problems.push(Problem::error(message).at(place("generate")));
    }
    let Some(length) = rotation.generate else { return problems };
    if !(SHORTEST..=LONGEST).contains(&length) {
        let message = format!("`generate` makes {SHORTEST} to {LONGEST} characters");
        problems.push(Problem::error(message).at(place("generate")));
    }
    let bound = |key: &str| credential.options.get("length").and_then(|bounds| bounds.get(key)?.as_u64());
    if bound("min").is_some_and(|min| u64::from(length) < min)
        || bound("max").is_some_and(|max| u64::from(length) > max)
    {
        let message = format!("{length} generated characters would break this credential's own `length`");
        problems.push(Problem::error(message).at(place("generate")));
    }
    problems
}

fn of_its_places(credential: &CredentialDocument, place: &dyn Fn(&str) -> Origin) -> Vec<Problem> {
    let rotation = &credential.rotation;
    let mut problems = Vec::new();
    let commands = [("obtain", &rotation.obtain), ("distribute", &rotation.distribute), ("retire", &rotation.retire)];
    for (key, _) in commands.iter().filter(|(_, command)| command.as_ref().is_some_and(Vec::is_empty)) {
        let help = format!("{key} = [\"./ops/{key}.sh\"]");
        problems.push(Problem::error(format!("`{key}` names no command")).at(place(key)).help(help));
    }
    if rotation.env_file.is_some() && !matches!(credential.from, ValueSource::Env(_)) {
        let message = "`env_file` is for a credential that comes from a variable";
        problems.push(Problem::error(message).at(place("env_file")));
    }
    let asks_for_rotation = rotation.generate.is_some() || rotation.obtain.is_some() || !rotation.verify.is_empty();
    if matches!(credential.from, ValueSource::Command(_)) && asks_for_rotation && rotation.distribute.is_none() {
        let message = "a value that comes from a command has to be written by one";
        let help =
            "distribute = [\"vault\", \"kv\", \"put\", \"pay/webhook\", \"value=-\"] reads it from its standard input";
        problems.push(Problem::error(message).at(place("distribute")).help(help));
    }
    problems
}
