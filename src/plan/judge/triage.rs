//! Sources of changes and queries for who is hurt: their names, and the keys of their kinds.

use std::time::Duration;

use crate::model::id::is_snake_case;
use crate::model::kind::{KindSpec, Kinds, Options};
use crate::plan::document::Document;
use crate::plan::judge::kinds::placed;
use crate::plan::judge::names::not_snake_case;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

/// Whoever is asked more often than this is disturbed.
const TOO_OFTEN: Duration = Duration::from_millis(200);

pub(super) fn problems(document: &Document, tree: &Node, specs: &Kinds) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, source) in &document.changes {
        let every = source.common.every.map(|every| every.0);
        problems.extend(of_table(tree, ("changes", "a source's name"), name, every));
        problems.extend(of_kind(&specs.changes, &source.kind, &source.options, tree, &["changes", name]));
    }
    for (name, hurt) in &document.hurt {
        let every = hurt.common.every.map(|every| every.0);
        problems.extend(of_table(tree, ("hurt", "a query's name"), name, every));
        problems.extend(of_kind(&specs.hurt, &hurt.kind, &hurt.options, tree, &["hurt", name]));
    }
    problems
}

fn of_table(tree: &Node, (table, what): (&str, &str), name: &str, every: Option<Duration>) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !is_snake_case(name) {
        problems.push(not_snake_case(name, what).at(tree.place(&steps![table, name], true)));
    }
    if every.is_some_and(|every| every < TOO_OFTEN) {
        let place = tree.place(&steps![table, name, "every"], false);
        problems.push(Problem::error("nobody is asked more often than every 200 ms").at(place));
    }
    problems
}

fn of_kind(specs: &[KindSpec], kind: &str, options: &Options, tree: &Node, table: &[&str; 2]) -> Vec<Problem> {
    let Some(spec) = specs.iter().find(|spec| spec.name == kind) else { return Vec::new() };
    (spec.problems)(options).into_iter().map(|problem| placed(problem, tree, table)).collect()
}
