//! Items that cannot settle, steps that do nothing or two things, credentials that nobody named.

use crate::model::plan::{Plan, Run};
use crate::plan::document::{Document, ItemDocument};
use crate::plan::judge::names::PHASES;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, Step, steps};

pub(super) fn problems(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let phases = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    for (phase, items) in PHASES.into_iter().zip(phases) {
        for (at, item) in items.iter().enumerate() {
            problems.extend(of_item(item, tree, phase, at));
        }
    }
    for (id, check) in &document.checks {
        for key in ["credential", "credentials"] {
            let named = check.options.get(key).into_iter().flat_map(|value| match value {
                serde_json::Value::Array(items) => items.iter().collect::<Vec<_>>(),
                other => vec![other],
            });
            for (at, name) in named.filter_map(serde_json::Value::as_str).enumerate() {
                if !document.credentials.contains_key(name) {
                    let mut steps: Vec<Step> = steps!["checks", id.as_str(), key].to_vec();
                    steps.push(Step::Index(at));
                    let problem =
                        Problem::error(format!("there is no credential `{name}`")).at(tree.place(&steps, false));
                    problems.push(problem.nearest(name, document.credentials.keys().map(String::as_str)));
                }
            }
        }
    }
    problems
}

fn of_item(item: &ItemDocument, tree: &Node, phase: &str, at: usize) -> Vec<Problem> {
    let place = tree.place(&steps![phase, at, "id"], false);
    let mut problems = Vec::new();
    let has_a_way = !item.checks.is_empty()
        || item.manual.is_some()
        || item.step.is_some()
        || item.soak.is_some()
        || item.rehearsal.is_some();
    if !has_a_way {
        let problem = Problem::error(format!("nothing can settle `{}`", item.id)).at(place.clone());
        problems.push(problem.help("add checks, manual, step, soak or rehearsal"));
    }
    if item.manual.as_ref().is_some_and(|manual| manual.approvals == 0) {
        let place = tree.place(&steps![phase, at, "manual", "approvals"], false);
        problems
            .push(Problem::error("an item without approvals would settle by itself").at(place).help("approvals = 1"));
    }
    if item.waivable == Some(false) && item.waiver_people.is_some() {
        let place = tree.place(&steps![phase, at, "waiver_people"], true);
        problems.push(Problem::error("what cannot be waived takes nobody to waive it").at(place));
    }
    problems
}

/// An item whose checks may never run cannot settle. The plan is sound all the same: the verdict holds, and says why.
pub(super) fn of_plan(plan: &Plan, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for phase in PHASES {
        let items = plan.items.iter().filter(|item| item.phase.word() == phase);
        for (at, item) in items.enumerate() {
            let kept =
                item.checks.iter().filter_map(|id| plan.check(id)).find(|check| {
                    check.run == Run::OnDemand && plan.service.is_production() && !check.allow_in_production
                });
            let Some(check) = kept else { continue };
            let place = tree.place(&steps![phase, at, "id"], false);
            let message = format!("`{}` may not run in production, so `{}` never settles", check.id, item.id);
            let help = "add allow_in_production = true to the check, or take it out of the item";
            problems.push(Problem::advice(message).at(place).help(help));
        }
    }
    problems
}
