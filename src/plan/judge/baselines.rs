//! `[baselines.NAME]`: a series that exists, one source each, and a rule that asks.

use std::time::Duration;

use crate::expr::rule::{Measure, RuleCondition};
use crate::model::kind::KindSpec;
use crate::plan::document::{BaselineDocument, Document};
use crate::plan::judge::checks_of;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn problems(document: &Document, tree: &Node, specs: &[KindSpec]) -> Vec<Problem> {
    let checks = checks_of(document, specs);
    let names: Vec<&str> = checks.iter().map(|(id, _, _)| id.as_str()).collect();
    let mut problems = Vec::new();
    for (name, baseline) in &document.baselines {
        let place = || tree.place(&steps!["baselines", name.as_str()], true);
        if !names.contains(&name.as_str()) {
            let problem = Problem::error(format!("there is no series `{name}`: every check has one, by its id"));
            problems.push(problem.at(place()).nearest(name, names.iter().copied()));
        } else if !asked(document, name) {
            problems.push(Problem::advice(format!("no rule asks baseline(\"{name}\", …)")).at(place()));
        }
        problems.extend(of_source(name, baseline, tree));
    }
    problems
}

fn of_source(name: &str, baseline: &BaselineDocument, tree: &Node) -> Option<Problem> {
    let place = |key: &str| tree.place(&steps!["baselines", name, key], false);
    let whole = tree.place(&steps!["baselines", name], true);
    match (&baseline.session_within, &baseline.prometheus, &baseline.query) {
        (Some(_), None, None) => baseline.ago.map(|_| {
            let help = "a session is asked for the same hour of the day; how old it may be says session_within";
            Problem::error("`ago` belongs to prometheus").at(place("ago")).help(help)
        }),
        (None, Some(_), Some(_)) => baseline.ago.filter(|ago| ago.0 < DAY).map(|_| {
            let problem = Problem::error("what is normal at this hour is asked of a day before, or of earlier");
            problem.at(place("ago")).help("ago = \"1d\", or \"7d\" for the same day of the week")
        }),
        _ => {
            let help = "session_within = \"8d\", or prometheus = \"https://prometheus.example\" with query = '…'";
            Some(Problem::error("a baseline comes from one source").at(whole).help(help))
        }
    }
}

fn asked(document: &Document, series: &str) -> bool {
    document.alerts.values().filter_map(|alert| RuleCondition::compile(&alert.when).ok()).any(|rule| {
        rule.questions().iter().any(|question| question.measure == Measure::Baseline && question.series == series)
    })
}
