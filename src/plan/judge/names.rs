//! Names: a service, an item at least, ids that can be typed, none of them twice.

use std::collections::HashMap;

use crate::model::id::is_snake_case;
use crate::plan::document::Document;
use crate::plan::judge::checks_of;
use crate::plan::place::Origin;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

pub(super) const PHASES: [&str; 4] = ["pre_deployment", "deployment", "post_deployment", "rollback"];

pub(super) fn problems(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    match &document.service {
        None => problems.push(
            Problem::error("this plan names no service")
                .at(Origin { range: 0..0, ..tree.origin.clone() })
                .help("[service]\nname = \"academy-checkout\""),
        ),
        Some(service) if service.name.trim().is_empty() => {
            problems
                .push(Problem::error("the service's name is empty").at(tree.place(&steps!["service", "name"], false)));
        }
        Some(_) => {}
    }
    let items = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    if items.iter().all(|items| items.is_empty()) {
        let help = "[[pre_deployment]]\nid = \"backup_ready\"\nmanual = { prompt = \"Restore seen working?\" }";
        let start = Origin { range: 0..0, ..tree.origin.clone() };
        problems.push(Problem::error("this plan has no item: there is nothing to settle").at(start).help(help));
    }
    problems.extend(check_names(document, tree));
    problems.extend(item_names(document, tree));
    problems
}

fn check_names(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen: HashMap<String, String> = HashMap::new();
    for (id, _, [table, key]) in checks_of(document, &[]) {
        let place = tree.place(&steps![table.as_str(), key.as_str()], true);
        if !is_snake_case(&id) {
            problems.push(not_snake_case(&id, "a check's id").at(place.clone()));
        }
        let here = format!("[{table}.{key}]");
        if let Some(first) = seen.insert(id.clone(), here) {
            problems.push(Problem::error(format!("two checks are called `{id}`: the other is {first}")).at(place));
        }
    }
    problems
}

fn item_names(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen: HashMap<&str, &str> = HashMap::new();
    let phases = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    for (phase, items) in PHASES.into_iter().zip(phases) {
        for (at, item) in items.iter().enumerate() {
            let place = tree.place(&steps![phase, at, "id"], false);
            if !is_snake_case(&item.id) {
                problems.push(not_snake_case(&item.id, "an item's id").at(place.clone()));
            }
            if let Some(other) = seen.insert(&item.id, phase) {
                problems.push(
                    Problem::error(format!("two items are called `{}`: the other is in {other}", item.id)).at(place),
                );
            }
        }
    }
    problems.extend(step_names(document, tree));
    problems
}

/// The steps of the way back, those of rehearsals and the undoing of deployment steps share one space of names.
fn step_names(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let of_procedure = document.rollback_step.iter().enumerate().map(|(at, step)| ("rollback_step", at, &step.id));
    let of_rehearsal = document.rehearsal_step.iter().enumerate().map(|(at, step)| ("rehearsal_step", at, &step.id));
    let phases = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    let undone = phases.into_iter().flatten().filter(|item| item.step.as_ref().is_some_and(|step| step.undo.is_some()));
    let mut seen: Vec<String> = undone.map(|item| format!("undo_{}", item.id)).collect();
    for (table, at, id) in of_procedure.chain(of_rehearsal) {
        let place = tree.place(&steps![table, at, "id"], false);
        if !is_snake_case(id) {
            problems.push(not_snake_case(id, "a step's id").at(place.clone()));
        }
        if seen.contains(id) {
            problems.push(Problem::error(format!("two rollback steps are called `{id}`")).at(place));
        }
        seen.push(id.clone());
    }
    problems
}

pub(super) fn not_snake_case(id: &str, what: &str) -> Problem {
    let mended: String = id
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
        .skip_while(|c| !c.is_ascii_lowercase())
        .collect();
    let problem = Problem::error(format!("{what} is small letters, digits and _: `{id}`"));
    if is_snake_case(&mended) { problem.help(format!("write `{mended}`")) } else { problem }
}
