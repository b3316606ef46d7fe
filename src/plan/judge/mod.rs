//! What a plan means, judged before anything runs: names, references, circles, items that cannot settle, kinds' keys,
//! secrets that stand in it. One file per family of rules; each finds all of its problems.

mod acting;
mod alerts;
mod baselines;
mod gate;
mod items;
mod kinds;
mod names;
pub(super) mod notifiers;
mod procedure;
mod recovery;
mod references;
mod rotation;
mod secrets;
mod triage;

use crate::model::kind::{KindSpec, Kinds};
use crate::model::plan::Plan;
use crate::model::word::Category;
use crate::plan::document::Document;
use crate::plan::problem::Problem;
use crate::plan::tree::Node;

/// What can be said of the document alone.
pub(super) fn of_document(document: &Document, tree: &Node, specs: &Kinds) -> Vec<Problem> {
    let mut problems = names::problems(document, tree);
    problems.extend(secrets::problems(document, tree));
    problems.extend(references::problems(document, tree, specs));
    problems.extend(kinds::problems(document, tree, specs));
    problems.extend(recovery::problems(document, tree));
    problems.extend(rotation::problems(document, tree, specs));
    problems.extend(notifiers::problems(document, tree, &specs.notifiers));
    problems.extend(notifiers::of_checks(document, tree));
    problems.extend(items::problems(document, tree));
    problems.extend(acting::problems(document, tree));
    problems.extend(gate::problems(document, tree, specs));
    problems.extend(alerts::problems(document, tree, specs));
    problems.extend(baselines::problems(document, tree, specs));
    problems.extend(procedure::problems(document, tree, specs));
    problems.extend(triage::problems(document, tree, specs));
    problems
}

/// What can only be said once defaults, globs and phases are there.
pub(super) fn of_plan(plan: &Plan, tree: &Node) -> Vec<Problem> {
    let mut problems = items::of_plan(plan, tree);
    problems.extend(alerts::of_plan(plan, tree));
    problems
}

/// The id of a setting's check: its own, or the variable's name in small letters.
pub(super) fn setting_id(id: Option<&str>, name: &str) -> String {
    id.map_or_else(|| name.to_lowercase().replace(['-', '.'], "_"), str::to_owned)
}

/// The ids that a selector names: an id, a glob, or `category:credential`.
pub(super) fn selection<'a>(selector: &str, checks: impl Iterator<Item = (&'a str, Category)>) -> Vec<&'a str> {
    if let Some(category) = selector.strip_prefix("category:") {
        return checks.filter(|(_, known)| known.word() == category.trim()).map(|(id, _)| id).collect();
    }
    // Most selectors are plain ids: a glob is compiled only where there is one.
    if !selector.contains(['*', '?', '[', ']', '{', '}', '\\']) {
        return checks.filter(|(id, _)| *id == selector).map(|(id, _)| id).collect();
    }
    match globset::Glob::new(selector) {
        Ok(glob) => {
            let glob = glob.compile_matcher();
            checks.filter(|(id, _)| glob.is_match(id)).map(|(id, _)| id).collect()
        }
        Err(_) => Vec::new(),
    }
}

/// The checks of a document: id, category, and the path of the table that they come from.
pub(super) fn checks_of(document: &Document, specs: &[KindSpec]) -> Vec<(String, Category, [String; 2])> {
    let category_of =
        |kind: &str| specs.iter().find(|spec| spec.name == kind).map_or(Category::System, |spec| spec.category);
    let place = |table: &str, key: &str| [table.to_owned(), key.to_owned()];
    let mut checks = Vec::new();
    for (id, credential) in &document.credentials {
        let category = credential.common.category.unwrap_or(Category::Credential);
        checks.push((format!("{id}_valid"), category, place("credentials", id)));
    }
    for (name, setting) in &document.settings {
        let category = setting.common.category.unwrap_or_else(|| category_of("setting"));
        checks.push((setting_id(setting.id.as_deref(), name), category, place("settings", name)));
    }
    for (id, check) in &document.checks {
        let category = check.common.category.unwrap_or_else(|| category_of(&check.kind));
        checks.push((id.clone(), category, place("checks", id)));
    }
    checks
}
