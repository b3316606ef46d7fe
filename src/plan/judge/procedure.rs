//! The way back: what it names exists, what is rehearsed can be, windows are moments in order, roles are told apart.

use crate::model::kind::KindSpec;
use crate::model::rollback::Grade;
use crate::model::word::{Category, Severity};
use crate::plan::document::{Document, ItemDocument};
use crate::plan::judge::names::PHASES;
use crate::plan::judge::references::names_nothing;
use crate::plan::judge::{checks_of, selection};
use crate::plan::problem::Problem;
use crate::plan::procedure::moment;
use crate::plan::tree::{Node, Step, steps};

pub(super) fn problems(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let mut problems = selectors(document, tree, specs);
    problems.extend(rehearsals(document, tree));
    problems.extend(moments(document, tree));
    problems.extend(since(document, tree));
    problems.extend(countdown(document, tree));
    problems.extend(people(document, tree));
    let roles = &document.poll.roles;
    for (at, role) in roles.iter().enumerate() {
        let place = tree.place(&steps!["poll", "roles", at], false);
        if role.trim().is_empty() {
            problems.push(Problem::error("a role without a name can say nothing").at(place));
        } else if roles[..at].iter().any(|other| other.trim().eq_ignore_ascii_case(role.trim())) {
            problems.push(Problem::error(format!("the role `{}` stands in the poll twice", role.trim())).at(place));
        }
    }
    problems
}

fn selectors(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let checks = checks_of(document, specs);
    let known: Vec<(&str, Category)> = checks.iter().map(|(id, category, _)| (id.as_str(), *category)).collect();
    let with_steps: Vec<&str> =
        items(document).filter(|(_, _, item)| item.step.is_some()).map(|(_, _, item)| item.id.as_str()).collect();
    let whole = tree.to_json();
    let alerts = whole.get("alerts").and_then(serde_json::Value::as_object);
    let alerts: Vec<String> = alerts.into_iter().flat_map(|alerts| alerts.keys().cloned()).collect();
    let procedure = &document.procedure;
    let lists =
        [("verify", &procedure.verify), ("rehearsal_verify", &procedure.rehearsal_verify), ("when", &procedure.when)];
    let mut problems = Vec::new();
    for (key, selectors) in lists {
        for (at, selector) in selectors.iter().enumerate() {
            let place = tree.place(&steps!["procedure", key, at], false);
            let problem = match selector.split_once(':').filter(|_| key == "when") {
                Some(("step", item)) if with_steps.contains(&item.trim()) => None,
                Some(("step", item)) => {
                    let problem = Problem::error(format!("there is no item `{}` with a step", item.trim()));
                    Some(problem.nearest(item.trim(), with_steps.iter().copied()))
                }
                Some(("alert", alert)) if alerts.iter().any(|known| known == alert.trim()) => None,
                Some(("alert", alert)) => {
                    let problem = Problem::error(format!("there is no alert `{}`", alert.trim()));
                    Some(problem.nearest(alert.trim(), alerts.iter().map(String::as_str)))
                }
                _ => selection(selector, known.iter().copied()).is_empty().then(|| names_nothing(selector, &known)),
            };
            problems.extend(problem.map(|problem| problem.at(place)));
        }
    }
    let asks = !procedure.verify.is_empty() || !procedure.when.is_empty();
    let undoes = items(document).any(|(_, _, item)| item.step.as_ref().is_some_and(|step| step.undo.is_some()));
    if asks && document.rollback_step.is_empty() && !undoes {
        let place = tree.place(&steps!["procedure"], true);
        problems.push(
            Problem::error("there is a procedure without a step")
                .at(place)
                .help("[[rollback_step]]\nid = \"switch_back\"\nrun = [\"./rollback.sh\"]"),
        );
    }
    problems
}

/// What is told as having grown has to be a number that grows.
fn since(document: &Document, tree: &Node) -> Vec<Problem> {
    let is_metric = |name: &String| document.checks.get(name).is_some_and(|check| check.kind == "metric");
    let metrics = || document.checks.iter().filter(|(_, check)| check.kind == "metric").map(|(id, _)| id.as_str());
    let wrong = document.procedure.since.iter().enumerate().filter(|(_, name)| !is_metric(name));
    let problem = |(at, name): (usize, &String)| {
        let problem = Problem::error(format!("there is no check `{name}` of the kind metric"));
        problem.at(tree.place(&steps!["procedure", "since", at], false)).nearest(name, metrics())
    };
    wrong.map(problem).collect()
}

/// A countdown that counts down to nothing.
fn countdown(document: &Document, tree: &Node) -> Option<Problem> {
    let procedure = &document.procedure;
    let place = || tree.place(&steps!["procedure", "countdown"], true);
    (procedure.countdown.is_some() && procedure.when.is_empty()).then(|| {
        let problem = Problem::error("a countdown begins with a recommendation, and nothing recommends the rollback");
        problem.at(place()).help("when = [\"step:release\", \"alert:payment_processing_failure\"]")
    })
}

/// Who speaks for a role that nobody asks.
fn people(document: &Document, tree: &Node) -> Vec<Problem> {
    let roles = &document.poll.roles;
    let is_asked = |role: &String| roles.iter().any(|known| known.trim().eq_ignore_ascii_case(role.trim()));
    let strangers = document.poll.people.keys().filter(|role| !is_asked(role));
    let problem = |role: &String| {
        let place = tree.place(&steps!["poll", "people", role.as_str()], true);
        Problem::error(format!("the poll asks no role `{role}`"))
            .at(place)
            .nearest(role, roles.iter().map(String::as_str))
    };
    strangers.map(problem).collect()
}

fn items(document: &Document) -> impl Iterator<Item = (&'static str, usize, &ItemDocument)> {
    let phases = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    PHASES
        .into_iter()
        .zip(phases)
        .flat_map(|(phase, items)| items.iter().enumerate().map(move |(at, item)| (phase, at, item)))
}

fn rehearsals(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let undos = || {
        let with_undo = |item: &'_ ItemDocument| item.step.as_ref().and_then(|step| step.undo.as_ref()).is_some();
        items(document).map(|(_, _, item)| item).filter(move |item| with_undo(item))
    };
    let unrehearsed = |item: &&ItemDocument| {
        item.step.as_ref().and_then(|step| step.undo.as_ref()).is_some_and(|undo| undo.rehearse.is_none())
    };
    let of_procedure = document.rollback_step.iter().filter(|step| step.rehearse.is_none());
    let without: Vec<String> = of_procedure
        .map(|step| step.id.clone())
        .chain(undos().filter(unrehearsed).map(|item| format!("the undo of {}", item.id)))
        .collect();
    let is_there = !document.rollback_step.is_empty() || undos().next().is_some();
    for (phase, at, item) in items(document) {
        let Some(needed) = &item.rehearsal else { continue };
        let place = |key: &str| tree.place(&steps![phase, at, "rehearsal", key], false);
        if needed.grade == Grade::Dry && item.severity.unwrap_or(Severity::Critical) == Severity::Critical {
            let problem = Problem::error(format!("a dry run never settles `{}`: it is critical", item.id));
            problems
                .push(problem.at(place("grade")).help("grade = \"staging\", or severity = \"warning\" on the item"));
        }
        let whole = tree.place(&steps![phase, at, "rehearsal"], false);
        if !is_there {
            let problem = Problem::advice(format!("`{}` never settles: the plan has no [[rollback_step]]", item.id));
            problems.push(problem.at(whole).help("add the steps of the way back"));
        } else if !without.is_empty() {
            let names = without.join(", ");
            let problem = Problem::advice(format!("`{}` never settles: {names} cannot be rehearsed", item.id));
            let help = "rehearse = { run = [\"./rollback.sh\", \"--on\", \"staging\"], grade = \"staging\" }";
            problems.push(problem.at(whole).help(help));
        }
    }
    problems
}

fn moments(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut pair = |at: &dyn Fn(&'static str) -> Vec<Step>, from: Option<&String>, until: Option<&String>| {
        let mut read = |key: &'static str, text: Option<&String>| match moment(text?) {
            Ok(moment) => Some(moment),
            Err(why) => {
                problems.push(Problem::error(why).at(tree.place(&at(key), false)));
                None
            }
        };
        if let (Some(from), Some(until)) = (read("from", from), read("until", until))
            && until <= from
        {
            problems.push(Problem::error("it ends before it begins").at(tree.place(&at("until"), false)));
        }
    };
    if let Some(window) = &document.window {
        pair(&|key| steps!["window", key].to_vec(), window.from.as_ref(), window.until.as_ref());
    }
    for (number, freeze) in document.freeze.iter().enumerate() {
        pair(&|key| steps!["freeze", number, key].to_vec(), Some(&freeze.from), Some(&freeze.until));
    }
    problems
}
