//! What is done in the world: every step does one thing, can be taken back in one way, and a pipeline can be told from
//! any other, followed to an end and held against its commit.

use crate::model::pipeline::{OWN_ID, Pipeline, RUN_ID};
use crate::model::template::Template;
use crate::plan::document::Document;
use crate::plan::judge::names::PHASES;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, Step, steps};

/// One place where something is done.
struct Place<'a> {
    /// As people call it.
    name: String,
    path: Vec<Step>,
    does: [bool; 3],
    pipeline: Option<&'a Pipeline>,
}

pub(super) fn problems(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for place in places(document) {
        let at = |more: &[Step]| {
            let path: Vec<Step> = place.path.iter().chain(more).cloned().collect();
            tree.place(&path, false)
        };
        match place.does.iter().filter(|does| **does).count() {
            0 => problems.push(
                Problem::error(format!("the step of `{}` does nothing", place.name))
                    .at(at(&[]))
                    .help("add run = [\"./deploy.sh\"], request = { url = … } or pipeline = { … }"),
            ),
            1 => {}
            _ => problems.push(
                Problem::error(format!("the step of `{}` does two things", place.name))
                    .at(at(&[]))
                    .help("make two items of it"),
            ),
        }
        if let Some(pipeline) = place.pipeline {
            let key = |key: &'static str| at(&steps!["pipeline", key]);
            problems.extend(of_pipeline(pipeline, &place.name).into_iter().map(|(on, problem)| problem.at(key(on))));
        }
    }
    problems
}

/// Every place of a document where something is done.
fn places(document: &Document) -> Vec<Place<'_>> {
    let mut places = Vec::new();
    let mut put = |name: String, path: &[Step], run: Option<&Vec<Template>>, request: bool, pipeline| {
        let does = [run.is_some_and(|run| !run.is_empty()), request, Option::is_some(&pipeline)];
        places.push(Place { name, path: path.to_vec(), does, pipeline });
    };
    let phases = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    for (phase, items) in PHASES.into_iter().zip(phases) {
        for (at, item) in items.iter().enumerate() {
            let Some(step) = &item.step else { continue };
            let path = steps![phase, at, "step"];
            put(item.id.clone(), &path, step.run.as_ref(), step.request.is_some(), step.pipeline.as_ref());
            let Some(undo) = &step.undo else { continue };
            let (name, path) = (format!("{}.undo", item.id), steps![phase, at, "step", "undo"]);
            put(name.clone(), &path, undo.run.as_ref(), undo.request.is_some(), undo.pipeline.as_ref());
            if let Some(form) = &undo.rehearse {
                let path = steps![phase, at, "step", "undo", "rehearse"];
                let name = format!("{name}.rehearse");
                put(name, &path, form.run.as_ref(), form.request.is_some(), form.pipeline.as_ref());
            }
        }
    }
    for (at, step) in document.rollback_step.iter().enumerate() {
        let path = steps!["rollback_step", at];
        put(step.id.clone(), &path, step.run.as_ref(), step.request.is_some(), step.pipeline.as_ref());
        if let Some(form) = &step.rehearse {
            let (name, path) = (format!("{}.rehearse", step.id), steps!["rollback_step", at, "rehearse"]);
            put(name, &path, form.run.as_ref(), form.request.is_some(), form.pipeline.as_ref());
        }
    }
    for (at, step) in document.rehearsal_step.iter().enumerate() {
        let path = steps!["rehearsal_step", at];
        put(step.id.clone(), &path, step.run.as_ref(), step.request.is_some(), step.pipeline.as_ref());
    }
    places
}

fn of_pipeline(pipeline: &Pipeline, name: &str) -> Vec<(&'static str, Problem)> {
    let mut problems = Vec::new();
    let names_run = |template: &Template| template.names().any(|name| name == RUN_ID);
    for (key, list) in [("state", &pipeline.state), ("succeeded", &pipeline.succeeded), ("failed", &pipeline.failed)] {
        if list.iter().all(|entry| entry.trim().is_empty()) {
            let problem = Problem::error(format!("the pipeline of `{name}` never ends: `{key}` is empty"));
            problems.push((key, problem.help("state = [\"json.conclusion\", \"json.status\"], succeeded = [\"success\"], failed = [\"failure\", \"cancelled\"]")));
        }
    }
    if let Some(both) = pipeline.succeeded.iter().find(|state| pipeline.failed.contains(state)) {
        let problem = Problem::error(format!("`{both}` cannot mean that the pipeline succeeded and that it failed"));
        problems.push(("failed", problem));
    }
    if !names_run(&pipeline.poll.url) {
        let problem = Problem::error(format!("the pipeline of `{name}` asks for no run of its own"));
        problems.push(("poll", problem.help("poll = { url = \"https://…/runs/{{ pipeline.run }}\" }")));
    }
    match &pipeline.find {
        None if pipeline.run.is_none() => {
            let problem = Problem::error(format!("nothing says which run the pipeline of `{name}` is"));
            let help = "run = \"json.id\" where the trigger's answer names it, else find = { … }";
            problems.push(("trigger", problem.help(help)));
        }
        Some(find) if !find.has.values().any(|text| text.names().any(|name| name == OWN_ID)) => {
            let problem = Problem::error(format!("`find` of `{name}` could take another run for this one"));
            let help = "send {{ pipeline.id }} along and look for it: has = { display_title = \"{{ pipeline.id }}\" }";
            problems.push(("find", problem.help(help)));
        }
        None | Some(_) => {}
    }
    let paths = pipeline.run.iter().chain(&pipeline.link).chain(&pipeline.state).chain([&pipeline.commit.at]);
    for path in paths.chain(pipeline.find.as_ref().map(|find| &find.at)) {
        if path != "json" && !path.starts_with("json.") {
            let problem = Problem::error(format!("`{path}` leads nowhere: a path begins with json"));
            problems.push(("state", problem.help(format!("write `json.{path}`"))));
        }
    }
    problems
}
