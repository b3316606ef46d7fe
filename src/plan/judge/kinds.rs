//! The keys of kinds: what each kind says is wrong with them, put in its place; templates that name nothing.

use std::collections::BTreeSet;

use crate::expr::{Condition, FactNames, FactType};
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::pipeline::{OWN_ID, RUN_ID};
use crate::model::template::Template;
use crate::plan::document::{Document, RunDocument};
use crate::plan::judge::names::PHASES;
use crate::plan::place::Origin;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, Step, Tree, steps};

pub(super) fn problems(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, credential) in &document.credentials {
        let mut options = credential.options.clone();
        options.insert("credential".into(), id.clone().into());
        problems.extend(of_kind("credential", &options, tree, &["credentials", id], specs));
    }
    for (name, setting) in &document.settings {
        let mut options = setting.options.clone();
        options.insert("name".into(), name.clone().into());
        problems.extend(of_kind("setting", &options, tree, &["settings", name], specs));
    }
    for (id, check) in &document.checks {
        let mut options = check.options.clone();
        if let Some(RunDocument::Command(words)) = &check.common.run {
            options.insert("run".into(), words.clone().into());
        }
        problems.extend(of_kind(&check.kind, &options, tree, &["checks", id], specs));
        if check.kind == "flow" && check.common.run.is_none() && !check.common.on_demand {
            let place = tree.place(&steps!["checks", id.as_str()], true);
            let mut problem = Problem::error("a flow says when it runs".to_owned()).at(place);
            problem.help.push("run = \"on_demand\", or \"scheduled\" if it changes nothing".to_owned());
            problems.push(problem);
        }
    }
    problems.extend(step_conditions(document, tree));
    let known = names(document);
    let Some(tables) = tree.table() else { return problems };
    for (table, entry) in tables {
        // What is hurt is counted since a moment that golive gives.
        let since = (table == "hurt").then(|| "since".to_owned());
        let known = known.iter().cloned().chain(since).collect();
        templates(&entry.node, &known, &mut problems);
    }
    problems
}

fn of_kind(kind: &str, options: &Options, tree: &Node, table: &[&str; 2], specs: &[KindSpec]) -> Vec<Problem> {
    let Some(spec) = specs.iter().find(|spec| spec.name == kind) else { return Vec::new() };
    (spec.problems)(options).into_iter().map(|problem| placed(problem, tree, table)).collect()
}

pub(super) fn placed(problem: OptionProblem, tree: &Node, table: &[&str; 2]) -> Problem {
    let mut path: Vec<Step> = table.iter().map(|step| Step::from(*step)).collect();
    let of_key = problem.key.is_none();
    for part in problem.key.iter().flat_map(|key| key.split('.')) {
        path.push(Step::from(part));
        // A number is a place in a list where there is one, and else a name.
        if let Ok(index) = part.parse::<usize>()
            && tree.is_list(&path[..path.len() - 1])
        {
            path.pop();
            path.push(Step::from(index));
        }
    }
    let mut place = tree.place(&path, of_key);
    if let Some(within) = problem.within {
        place = inside(place, within);
    }
    let mut placed = Problem::error(problem.message).at(place);
    placed.help.extend(problem.help);
    placed
}

/// Bytes of a text's content as bytes of the file: behind the opening quote. A text with escapes before the place is
/// off by as many characters, which still points into it.
pub(super) fn inside(place: Origin, within: std::ops::Range<usize>) -> Origin {
    let start = (place.range.start + 1 + within.start).min(place.range.end);
    let end = (place.range.start + 1 + within.end).clamp(start, place.range.end);
    Origin { range: start..end, ..place }
}

fn step_conditions(document: &Document, tree: &Node) -> Vec<Problem> {
    let facts = FactNames::new(&[("status", FactType::Number), ("body", FactType::Text), ("json", FactType::Json)]);
    let phases = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    let mut problems = Vec::new();
    for (phase, items) in PHASES.into_iter().zip(phases) {
        for (at, item) in items.iter().enumerate() {
            let expect =
                item.step.as_ref().and_then(|step| step.request.as_ref()).and_then(|request| request.expect.as_ref());
            if let Some(Err(error)) = expect.map(|expect| Condition::compile(expect, &facts)) {
                let place = tree.place(&steps![phase, at, "step", "request", "expect"], false);
                let mut problem = Problem::error(error.message).at(inside(place, error.range));
                problem.help.extend(error.hint);
                problems.push(problem);
            }
        }
    }
    problems
}

/// Every name that a template may use, beside `env.…`, which any source may bring.
fn names(document: &Document) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = ["service.name", "service.environment", "version"].map(str::to_owned).into();
    let before = document.service.as_ref().is_some_and(|service| service.previous_version.is_some());
    names.extend(before.then(|| "previous_version".to_owned()));
    names.extend(["steps", "verify", "when"].map(|name| format!("procedure.{name}")));
    names.extend(document.variables.keys().cloned());
    names.extend(document.credentials.keys().map(|id| format!("credentials.{id}")));
    names
}

fn templates(node: &Node, known: &BTreeSet<String>, problems: &mut Vec<Problem>) {
    match &node.value {
        Tree::Table(table) => {
            for (key, entry) in table {
                if key == "pipeline" {
                    // It has two names of its own: the step's run here, and the run over there.
                    let own = [OWN_ID, RUN_ID].map(str::to_owned);
                    templates(&entry.node, &own.into_iter().chain(known.iter().cloned()).collect(), problems);
                } else {
                    templates(&entry.node, known, problems);
                }
            }
        }
        Tree::List(items) => items.iter().for_each(|item| templates(item, known, problems)),
        Tree::Leaf(_) => {
            let Some(text) = node.text().filter(|text| text.contains("{{")) else { return };
            for name in Template::new(text).names() {
                // A flow's own names are judged by the flow: it knows which hop comes before which.
                if !name.starts_with("env.") && !name.starts_with("flow.") && !known.contains(name) {
                    let problem =
                        Problem::error(format!("nothing gives `{{{{ {name} }}}}` a value")).at(node.origin.clone());
                    problems.push(match name {
                        "previous_version" => {
                            problem.help("[service]\nprevious_version = { file = \"current/VERSION\" }")
                        }
                        _ => problem.nearest(name, known.iter().map(String::as_str)),
                    });
                }
            }
        }
    }
}
