//! What the steps of a session would do, in order: said with values put in and secrets masked, and nothing of it done.

use std::collections::BTreeMap;

use crate::core::state::State;
use crate::model::id::ItemId;
use crate::model::item::Item;
use crate::model::plan::Plan;
use crate::model::step::{Action, OnDisconnect, RollbackStep, Step, UndoAfter};
use crate::model::template::Template;
use crate::model::text::SafeText;
use crate::model::values::Values;
use crate::model::word::Phase;

/// One step, and what it would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WouldRun {
    /// Of which phase; those of the way back stand in `rollback`.
    pub phase: Phase,
    /// Its turn in that phase, from 1: steps with the same one do not wait for each other.
    pub turn: usize,
    /// Its id.
    pub id: SafeText,
    /// What people read.
    pub title: SafeText,
    /// What would be done, name and words.
    pub facts: Vec<(&'static str, SafeText)>,
}

/// The steps of a session as they stand now: those of each phase, then the way back.
#[must_use]
pub fn of_session(state: &State, values: &Values) -> Vec<WouldRun> {
    let plan = state.plan();
    let turns = turns(plan);
    let mut steps: Vec<WouldRun> = plan
        .items
        .iter()
        .filter_map(|item| {
            let step = item.step.as_ref()?;
            let turn = turns.get(&item.id).copied().unwrap_or(1);
            Some(would_run(item.phase, turn, (item.id.as_str(), &item.title), of_step(step, values)))
        })
        .collect();
    steps.sort_by_key(|step| (step.phase, step.turn));
    let back = state.rollback_steps().enumerate().map(|(at, (step, _))| {
        would_run(Phase::Rollback, at + 1, (step.id.as_str(), &step.title), of_rollback(step, values))
    });
    steps.extend(back);
    steps
}

/// What is done, in one line: where, with which variables, program and arguments, or method and address.
#[must_use]
pub fn in_a_line(action: &Action, values: &Values) -> String {
    let filled = |template: &Template| filled(template, values);
    match action {
        Action::Command { run, environment, folder, .. } => {
            let folder = folder.as_ref().map(|folder| format!("in {folder}: ")).unwrap_or_default();
            let variables = environment.iter().map(|(name, value)| format!("{name}={} ", filled(value)));
            folder + &variables.collect::<String>() + &run.iter().map(filled).collect::<Vec<_>>().join(" ")
        }
        Action::Request { method, url, .. } => format!("{method} {}", filled(url)),
        Action::Pipeline(pipeline) => {
            let method = pipeline.trigger.method.as_deref().unwrap_or("POST");
            format!("{method} {}, then follows the run", filled(&pipeline.trigger.url))
        }
    }
}

/// When each step may start: behind those that it needs, through whatever stands between them.
fn turns(plan: &Plan) -> BTreeMap<ItemId, usize> {
    let mut turns = BTreeMap::new();
    for item in &plan.items {
        turn_of(plan, item, &mut turns, plan.items.len());
    }
    turns
}

fn turn_of(plan: &Plan, item: &Item, turns: &mut BTreeMap<ItemId, usize>, deep: usize) -> usize {
    if let Some(turn) = turns.get(&item.id) {
        return *turn;
    }
    let own = usize::from(item.step.is_some());
    // The plan's judge has seen to it that nothing needs itself; the depth is bounded all the same.
    let needed =
        plan.items.iter().filter(|other| deep > 0 && other.phase == item.phase && item.needs.contains(&other.id));
    let before = needed.map(|other| turn_of(plan, other, turns, deep - 1)).max().unwrap_or(0);
    turns.insert(item.id.clone(), before + own);
    before + own
}

fn would_run(phase: Phase, turn: usize, (id, title): (&str, &str), facts: Vec<(&'static str, String)>) -> WouldRun {
    let facts = facts.into_iter().map(|(name, words)| (name, SafeText::bounded(&words, LONGEST)));
    let (id, title) = (SafeText::from_foreign(id), SafeText::from_foreign(title));
    WouldRun { phase, turn, id, title, facts: facts.collect() }
}

/// At most so many characters of one fact.
const LONGEST: usize = 2_000;

fn of_step(step: &Step, values: &Values) -> Vec<(&'static str, String)> {
    let mut facts = of_action(&step.action, values);
    facts.push(("timeout", step.timeout.to_string()));
    if step.on_disconnect == OnDisconnect::Stop {
        facts.push(("without us", "it is stopped when golive goes away".to_owned()));
    }
    let undo = step.undo.as_ref().map(|undo| {
        let half_way = if undo.after == UndoAfter::Start { ", also half-way" } else { "" };
        format!("{}{half_way}", in_a_line(&undo.step.action, values))
    });
    facts.push(("undo", undo.unwrap_or_else(|| "none: the plan names nothing that takes it back".to_owned())));
    facts
}

fn of_rollback(step: &RollbackStep, values: &Values) -> Vec<(&'static str, String)> {
    let mut facts = of_action(&step.action, values);
    facts.extend(step.budget.map(|budget| ("budget", budget.to_string())));
    facts.push(("timeout", step.as_step().timeout.to_string()));
    let form =
        step.rehearse.as_ref().map(|form| format!("{} ({})", in_a_line(&form.action, values), form.grade.word()));
    facts.push(("rehearsed", form.unwrap_or_else(|| "never: it has no form for that".to_owned())));
    facts
}

fn of_action(action: &Action, values: &Values) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    match action {
        Action::Command { run, folder, environment, tty, writes } => {
            facts.push(("runs", run.iter().map(|word| quoted(&filled(word, values))).collect::<Vec<_>>().join(" ")));
            facts.push(("in", folder.clone().unwrap_or_else(|| "the plan's folder".to_owned())));
            facts.extend(named(environment, values).map(|words| ("with", words)));
            facts.extend((!writes.is_empty()).then(|| ("writes", writes.join(", "))));
            facts.extend(tty.then(|| ("terminal", "of its own".to_owned())));
        }
        Action::Request { method, url, headers, body, expect } => {
            facts.push(("asks", format!("{method} {}", filled(url, values))));
            facts.extend(named(headers, values).map(|words| ("headers", words)));
            facts.extend(body.as_ref().map(|body| ("body", filled(body, values))));
            facts.extend(expect.clone().map(|expect| ("expects", expect)));
        }
        Action::Pipeline(pipeline) => {
            facts.push(("triggers", in_a_line(action, values)));
            facts.extend(named(&pipeline.trigger.headers, values).map(|words| ("headers", words)));
            facts.extend(pipeline.trigger.body.as_ref().map(|body| ("body", filled(body, values))));
            facts.push(("commit", filled(&pipeline.commit.is, values)));
        }
    }
    facts
}

/// Names with their values, those that are secret masked.
fn named(templates: &BTreeMap<String, Template>, values: &Values) -> Option<String> {
    let words: Vec<_> = templates.iter().map(|(name, value)| format!("{name}={}", filled(value, values))).collect();
    (!words.is_empty()).then(|| words.join("  "))
}

/// The words with values put in; one that no source has keeps its name.
fn filled(template: &Template, values: &Values) -> String {
    match template.fill(values) {
        Ok(filled) => filled.shown().to_owned(),
        Err(_) => template.as_written().to_owned(),
    }
}

/// A word of a command as a person tells where it ends.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && !word.contains(|letter: char| letter.is_whitespace() || letter == '"');
    if plain { word.to_owned() } else { format!("{word:?}") }
}
