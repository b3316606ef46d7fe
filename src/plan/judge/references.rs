//! References: what a check stands on, what an item rests on and needs. Nothing may name nothing, and nothing may wait
//! for itself.

use std::collections::{BTreeMap, HashMap};

use crate::model::kind::KindSpec;
use crate::model::word::Category;
use crate::plan::document::{CommonKeys, Document, ItemDocument};
use crate::plan::judge::names::PHASES;
use crate::plan::judge::{checks_of, selection, setting_id};
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

pub(super) type Known<'a> = Vec<(&'a str, Category)>;

pub(super) fn problems(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let checks = checks_of(document, specs);
    let known: Known<'_> = checks.iter().map(|(id, category, _)| (id.as_str(), *category)).collect();
    let mut problems = Vec::new();
    let mut arrows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, table, key, common) in commons(document) {
        for (at, selector) in common.depends_on.iter().flatten().enumerate() {
            let place = tree.place(&steps![table, key, "depends_on", at], false);
            let found = selection(selector, known.iter().copied());
            if found.is_empty() {
                problems.push(names_nothing(selector, &known).at(place));
            }
            arrows.entry(id.clone()).or_default().extend(found.into_iter().filter(|f| *f != id).map(str::to_owned));
            if selector == &id {
                let place = tree.place(&steps![table, key, "depends_on", at], false);
                problems.push(Problem::error(format!("`{id}` stands on itself")).at(place));
            }
        }
    }
    let place_of: HashMap<&str, &[String; 2]> = checks.iter().map(|(id, _, place)| (id.as_str(), place)).collect();
    for circle in circles(&arrows) {
        let place = place_of
            .get(circle[0].as_str())
            .map(|[table, key]| tree.place(&steps![table.as_str(), key.as_str(), "depends_on"], false));
        let mut problem = Problem::error(format!("checks stand on each other in a circle: {}", circle.join(" → ")));
        problem.place = place;
        problems.push(problem.help("take one of these arrows away"));
    }
    problems.extend(of_items(document, tree, &known));
    problems
}

fn commons(document: &Document) -> Vec<(String, &'static str, &str, &CommonKeys)> {
    let credentials =
        document.credentials.iter().map(|(id, c)| (format!("{id}_valid"), "credentials", id.as_str(), &c.common));
    let settings = document
        .settings
        .iter()
        .map(|(name, s)| (setting_id(s.id.as_deref(), name), "settings", name.as_str(), &s.common));
    let checks = document.checks.iter().map(|(id, c)| (id.clone(), "checks", id.as_str(), &c.common));
    credentials.chain(settings).chain(checks).collect()
}

pub(super) fn names_nothing(selector: &str, known: &Known<'_>) -> Problem {
    if let Some(category) = selector.strip_prefix("category:") {
        let words = Category::ALL.iter().map(|category| category.word());
        if Category::ALL.iter().any(|known| known.word() == category) {
            return Problem::error(format!("no check is of the category `{category}`"));
        }
        return Problem::error(format!("there is no category `{category}`")).nearest(category, words);
    }
    if selector.contains(['*', '?', '[', '{']) {
        return Problem::error(format!("`{selector}` matches no check"))
            .help("a selector that matches nothing would settle nothing");
    }
    Problem::error(format!("there is no check `{selector}`")).nearest(selector, known.iter().map(|(id, _)| *id))
}

fn of_items(document: &Document, tree: &Node, known: &Known<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let phases = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    let all: Vec<(&str, &ItemDocument)> =
        PHASES.into_iter().zip(phases).flat_map(|(phase, items)| items.iter().map(move |item| (phase, item))).collect();
    let mut arrows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (phase, items) in PHASES.into_iter().zip(phases) {
        for (at, item) in items.iter().enumerate() {
            for (number, selector) in item.checks.iter().enumerate() {
                if selection(selector, known.iter().copied()).is_empty() {
                    problems.push(
                        names_nothing(selector, known).at(tree.place(&steps![phase, at, "checks", number], false)),
                    );
                }
            }
            for (number, need) in item.needs.iter().flatten().enumerate() {
                let place = tree.place(&steps![phase, at, "needs", number], false);
                match all.iter().find(|(_, other)| other.id == *need) {
                    None => problems.push(
                        Problem::error(format!("there is no item `{need}`"))
                            .at(place)
                            .nearest(need, all.iter().map(|(_, item)| item.id.as_str())),
                    ),
                    Some((other, _)) if order(other) > order(phase) => problems.push(
                        Problem::error(format!("`{}` can never start: `{need}` comes in a later phase", item.id))
                            .at(place),
                    ),
                    Some(_) => arrows.entry(item.id.clone()).or_default().push(need.clone()),
                }
            }
        }
    }
    for circle in circles(&arrows) {
        let place =
            all.iter().find(|(_, item)| item.id == circle[0]).map(|(phase, _)| tree.place(&steps![*phase], true));
        let mut problem = Problem::error(format!("items need each other in a circle: {}", circle.join(" → ")));
        problem.place = place;
        problems.push(problem);
    }
    problems
}

/// Rollback readiness is open from the start, like pre_deployment.
fn order(phase: &str) -> usize {
    match phase {
        "pre_deployment" | "rollback" => 0,
        "deployment" => 1,
        _ => 2,
    }
}

/// Each circle once, spelled out from its first name back to it.
fn circles(arrows: &BTreeMap<String, Vec<String>>) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut done: HashMap<&str, bool> = HashMap::new();
    for start in arrows.keys() {
        let mut stack: Vec<(&str, usize)> = vec![(start, 0)];
        while let Some((name, next)) = stack.pop() {
            if next == 0 && done.get(name).copied().unwrap_or(false) {
                continue;
            }
            let targets = arrows.get(name).map(Vec::as_slice).unwrap_or_default();
            let Some(target) = targets.get(next) else {
                done.insert(name, true);
                continue;
            };
            stack.push((name, next + 1));
            if let Some(at) = stack.iter().position(|(on, _)| on == target) {
                let mut circle: Vec<String> = stack[at..].iter().map(|(on, _)| (*on).to_owned()).collect();
                circle.push(target.clone());
                found.push(circle);
            } else if arrows.contains_key(target) {
                stack.push((target, 0));
            }
        }
    }
    found
}
