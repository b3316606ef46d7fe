//! Alert rules: conditions that can be understood, series that exist, types that fit, thresholds that can be reached.

use crate::expr::Fact;
use crate::expr::rule::{Measure, Question, RuleCondition};
use crate::model::alert::{COUNTED, Example, Rule};
use crate::model::duration;
use crate::model::id::CheckId;
use crate::model::id::is_snake_case;
use crate::model::kind::KindSpec;
use crate::model::plan::{Check, Plan, Run};
use crate::model::word::Category;
use crate::plan::document::{AlertDocument, Document};
use crate::plan::judge::kinds::inside;
use crate::plan::judge::names::not_snake_case;
use crate::plan::judge::{checks_of, notifiers};
use crate::plan::place::Origin;
use crate::plan::problem::{Problem, Weight};
use crate::plan::tree::{Node, steps};

const STATES: [&str; 5] = ["inactive", "pending", "firing", "resolved", "unknown"];

/// What can be said of the document alone.
pub(super) fn problems(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let checks = checks_of(document, specs);
    let names: Vec<&str> = checks.iter().map(|(id, _, _)| id.as_str()).collect();
    let mut problems = Vec::new();
    for (id, alert) in &document.alerts {
        let place = tree.place(&steps!["alerts", id.as_str()], true);
        if !is_snake_case(id) {
            problems.push(not_snake_case(id, "an alert's id").at(place.clone()));
        }
        if names.contains(&id.as_str()) {
            let problem = Problem::error(format!("a check is called `{id}` too: checks and alerts share their names"));
            problems.push(problem.at(place));
        }
        let place = tree.place(&steps!["alerts", id.as_str(), "when"], false);
        match RuleCondition::compile(&alert.when) {
            Ok(rule) => problems.extend(of_rule(&rule, &names, &place)),
            Err(error) => {
                let mut problem = Problem::error(error.message).at(inside(place, error.range));
                problem.help.extend(error.hint);
                problems.push(problem);
            }
        }
        problems.extend(of_alert(id, alert, tree));
    }
    problems.extend(left_out(document, tree));
    problems
}

/// Names that are no notifier of the plan. In the plan's own text that is a mistake: somebody would never be told. The
/// rules of a preset name what a plan may have: those are left out and told, each name once.
fn left_out(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut others: Vec<(&str, usize, Problem)> = Vec::new();
    for (id, alert) in &document.alerts {
        let at = |at: usize| tree.place(&steps!["alerts", id.as_str(), "notify", at], false);
        let to_at = |at: usize| tree.place(&steps!["alerts", id.as_str(), "escalate", "to", at], false);
        let to = alert.escalate.iter().flat_map(|escalation| escalation.to.iter().enumerate());
        let to = to.map(|(position, name)| (name, to_at(position)));
        for (name, place) in alert.notify.iter().enumerate().map(|(position, name)| (name, at(position))).chain(to) {
            let Some(unknown) = notifiers::unknown(name, document) else { continue };
            if place.file == tree.origin.file {
                problems.push(unknown.at(place));
                continue;
            }
            match others.iter_mut().find(|(known, _, _)| known == name) {
                Some((_, count, _)) => *count += 1,
                None => others.push((name, 1, unknown.at(place))),
            }
        }
    }
    problems.extend(others.into_iter().map(|(_, count, problem)| {
        let left_out =
            if count == 1 { "it is left out here".to_owned() } else { format!("{count} lists leave it out") };
        Problem { weight: Weight::Advice, message: format!("{}: {left_out}", problem.message), ..problem }
    }));
    problems
}

fn of_rule(rule: &RuleCondition, names: &[&str], place: &Origin) -> Vec<Problem> {
    let mut problems = Vec::new();
    for question in rule.questions() {
        let place = inside(place.clone(), question.range.clone());
        for series in std::iter::once(&question.series).chain(&question.other) {
            problems.extend(no_series(question, series, names).map(|problem| problem.at(place.clone())));
        }
    }
    if problems.is_empty() && !fits_some_types(rule) {
        let help = "a counted number is compared with a number (2.0 where it is calculated with), a length of time \
                    with duration(\"10s\")";
        problems.push(Problem::error("this can never be evaluated: its types do not fit").at(place.clone()).help(help));
    }
    problems
}

fn no_series(question: &Question, series: &str, names: &[&str]) -> Option<Problem> {
    match question.measure {
        Measure::Failing => {
            let words: Vec<&str> = Category::ALL.iter().map(|category| category.word()).collect();
            let wrong = !words.contains(&series);
            wrong.then(|| Problem::error(format!("there is no category `{series}`")).nearest(series, words))
        }
        _ if names.contains(&series) => None,
        Measure::Count if COUNTED.contains(&series) => None,
        Measure::Count => {
            let known = names.iter().copied().chain(COUNTED);
            Some(Problem::error(format!("there is no check and no event `{series}` to count")).nearest(series, known))
        }
        _ => {
            let problem = Problem::error(format!("there is no series `{series}`: every check has one, by its id"));
            Some(problem.nearest(series, names.iter().copied()))
        }
    }
}

/// Whether there are numbers and lengths of time for which the rule gives a yes or no. What a check measures is known
/// only when it runs, so every mixture is tried.
fn fits_some_types(rule: &RuleCondition) -> bool {
    let questions = rule.questions();
    (0..1_u32 << questions.len()).any(|mixture| {
        let answers: Vec<Option<Fact>> = questions
            .iter()
            .zip(1_u32..)
            .map(|(question, number)| {
                let counts = matches!(
                    question.measure,
                    Measure::Increase | Measure::Failures | Measure::Count | Measure::Ratio | Measure::Failing
                );
                let is_length = !counts && mixture & (1 << (number - 1)) != 0;
                let length = std::time::Duration::from_secs(u64::from(number));
                Some(if is_length { Fact::Duration(length) } else { Fact::Number(f64::from(number)) })
            })
            .collect();
        rule.holds(&answers).is_ok()
    })
}

fn of_alert(id: &str, alert: &AlertDocument, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    if alert.min_samples == Some(0) {
        let place = tree.place(&steps!["alerts", id, "min_samples"], false);
        problems.push(Problem::error("a rule without samples says nothing").at(place).help("min_samples = 1"));
    }
    if let Some(escalation) = &alert.escalate {
        let nobody_else = escalation.to.iter().all(|to| alert.notify.contains(to));
        let place = || tree.place(&steps!["alerts", id, "escalate"], true);
        if escalation.to.is_empty() && alert.notify.is_empty() {
            problems.push(Problem::error("nobody is told when it is escalated").at(place()).help("to = [\"pager\"]"));
        } else if nobody_else && escalation.after.0.is_zero() {
            let message = "it is escalated at once to nobody else: who is told already is not told twice";
            problems.push(Problem::advice(message).at(place()).help("to = [\"pager\"], or after = \"10m\""));
        }
    }
    for (at, example) in alert.examples.iter().enumerate() {
        problems.extend(of_example(id, alert, example, tree, at));
    }
    problems
}

fn of_example(id: &str, alert: &AlertDocument, example: &Example, tree: &Node, at: usize) -> Vec<Problem> {
    let mut problems = Vec::new();
    let place = |key: &str| tree.place(&steps!["alerts", id, "examples", at, key], false);
    if example.every.0.is_zero() {
        problems.push(Problem::error("samples lie some time apart").at(place("every")).help("every = \"30s\""));
    }
    for state in example.then.values().filter(|state| !STATES.contains(&state.as_str())) {
        let problem = Problem::error(format!("an alert is never `{state}`")).at(place("then"));
        problems.push(problem.nearest(state, STATES));
    }
    if let Ok(rule) = RuleCondition::compile(&alert.when) {
        let asked: Vec<&str> = rule
            .questions()
            .iter()
            .flat_map(|q| std::iter::once(&q.series).chain(&q.other))
            .map(String::as_str)
            .collect();
        for series in example.series.keys().filter(|series| !asked.contains(&series.as_str())) {
            let problem = Problem::error(format!("the rule does not ask `{series}`")).at(place("series"));
            problems.push(problem.nearest(series, asked.iter().copied()));
        }
    }
    problems
}

/// What can only be said once intervals are there: samples that never are enough, thresholds that are never reached.
pub(super) fn of_plan(plan: &Plan, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for rule in &plan.alerts {
        let Ok(condition) = RuleCondition::compile(&rule.when) else { continue };
        for question in condition.questions() {
            for series in std::iter::once(&question.series).chain(&question.other) {
                let Some(check) = plan.check(&CheckId::new(series)) else { continue };
                let place = tree.place(&steps!["alerts", rule.id.as_str(), "when"], false);
                let place = inside(place, question.range.clone());
                problems.extend(out_of_reach(rule, &condition, question, check).map(|problem| problem.at(place)));
            }
        }
    }
    problems
}

fn out_of_reach(rule: &Rule, condition: &RuleCondition, question: &Question, check: &Check) -> Option<Problem> {
    if matches!(question.measure, Measure::Failing | Measure::Value) {
        return None;
    }
    let (every, window) = (check.every.0, question.window);
    if check.run == Run::OnDemand {
        let message = format!("{} runs only when somebody asks for it: this rule hardly ever has samples", check.id);
        return Some(Problem::advice(message));
    }
    // In a window there is room for so many runs: one at its end, and one an interval before it.
    let room = (window.as_micros().saturating_sub(1) / every.as_micros().max(1)).saturating_add(1);
    let (every, window) = (duration::written(every), duration::written(window));
    let enough = u128::from(rule.min_samples.max(1));
    let counts = matches!(question.measure, Measure::Failures | Measure::Count);
    if let Some(least) = condition.least(question).filter(|_| counts)
        && u128::from(least.max(0.0).ceil() as u64) > room
    {
        let message =
            format!("{} runs every {every}: {least} within {window} can never be reached, {room} at most", check.id);
        return Some(
            Problem::advice(message).help("make the window longer, the interval shorter, or the number smaller"),
        );
    }
    if room < enough || (question.measure == Measure::Increase && room < 2) {
        let message =
            format!("{} runs every {every}: within {window} there are too few samples to say anything", check.id);
        return Some(Problem::advice(message).help("make the window longer or the interval shorter"));
    }
    None
}
