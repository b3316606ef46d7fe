//! What stands behind an item: people, step, soak, and the checks it rests on.

use crate::core::event::StepEnd;
use crate::core::rollback;
use crate::core::state::{ItemState, Soaking, State, StepState, StepStatus};
use crate::core::status::{self, ItemStatus};
use crate::model::item::Item;
use crate::model::step::{Action, Step, UndoAfter};
use crate::model::template::Template;
use crate::model::values::{Origin, Value, Values};
use crate::tui::detail::{Lines, check, checks_of, focused_check, output, titles};
use crate::tui::theme::Role;
use crate::tui::ui::{Pane, RowKey};
use crate::tui::{format, text, words};

/// Everything that is known of an item.
pub(super) fn lines(lines: &mut Lines<'_>, item: &Item, known: &ItemState) {
    let scene = lines.scene;
    let position = scene.state.index().item(&item.id);
    let status = position.map_or(ItemStatus::Open, |position| scene.standing.items[position]);
    let (glyph, role) = words::item_sign(scene, status, scene.standing.tally(scene.state, item));
    lines.both(
        vec![scene.say(format!("{glyph} "), role), scene.say(item.title.clone(), Role::Title)],
        vec![scene.say(format!("{} · {} ", status.word(), item.severity), Role::Quiet)],
    );
    lines.blank();
    manual(lines, item, known);
    step(lines, item, known);
    soak(lines, item, known);
    if let Some(rehearsal) = &item.rehearsal {
        let (within, budget, grade) = (rehearsal.within, rehearsal.budget, rehearsal.grade.word());
        let words = format!("of the rollback on {grade}, within {within}, in {budget} at most");
        lines.named(0, "rehearse", 9, &words, Role::Text);
        match rollback::rehearsed(scene.state, item, rehearsal, scene.now) {
            Ok(record) => {
                let ago = format::ago(record.at, scene.now.at);
                let words = format!("{ago} by {}, in {}", record.by, format::took(record.took.0));
                lines.named(0, "counts", 9, &words, Role::Good);
            }
            Err(why) => lines.named(0, "lacks", 9, &why, Role::Look),
        }
        lines.blank();
    }
    people(lines, known);
    checks(lines, item);
    let after: Vec<_> = item.needs.clone();
    if !after.is_empty() {
        lines.named(0, "after", 9, &titles(scene.state, &after), Role::Quiet);
    }
    let held: Vec<_> = scene
        .state
        .plan()
        .items
        .iter()
        .filter(|other| other.needs.contains(&item.id))
        .map(|other| other.id.clone())
        .collect();
    if !held.is_empty() && !status.is_done() {
        lines.named(0, "holds up", 9, &titles(scene.state, &held), Role::Quiet);
    }
    if let Some(remedy) = item.remedy.as_ref().filter(|_| !status.is_done()) {
        lines.named(0, "Do", 9, remedy, Role::Strong);
    }
}

fn manual(lines: &mut Lines<'_>, item: &Item, known: &ItemState) {
    let scene = lines.scene;
    let Some(manual) = &item.manual else { return };
    lines.wrapped(0, &manual.prompt, Role::Strong);
    let counting = status::counting(scene.state, item, known);
    for signature in &known.signatures {
        let ran = status::ran(scene.state, &signature.by).filter(|_| manual.not_by.is_some());
        let note = signature.note.as_ref().map(|note| format!("  “{note}”")).unwrap_or_default();
        let at = format::time_of_day(signature.at, scene.zone);
        lines.line(vec![
            scene.say("☑ ", Role::Good),
            scene.say(signature.by.to_string(), Role::Text),
            scene.say(format!("  {at}{note}"), Role::Quiet),
            scene.say(ran.map(|item| format!("  does not count: ran {}", item.title)).unwrap_or_default(), Role::Look),
        ]);
    }
    let missing = usize::from(manual.approvals).saturating_sub(counting.len());
    for _ in 0..missing.min(5) {
        lines.line(vec![scene.say("☐ ", Role::Waiting), scene.say("a signature is missing", Role::Quiet)]);
    }
    if let Some((at, why)) = &known.reopened {
        lines.wrapped(0, &format!("Opened again {}: {why}", format::time_of_day(*at, scene.zone)), Role::Look);
    }
    lines.blank();
}

fn step(lines: &mut Lines<'_>, item: &Item, known: &ItemState) {
    let scene = lines.scene;
    let Some(step) = &item.step else { return };
    lines.named(0, "runs", 9, &action_words(lines.scene.state, &step.action), Role::Text);
    for (name, words) in around(&step.action) {
        lines.named(0, name, 9, &words, Role::Quiet);
    }
    lines.named(0, "timeout", 9, &step.timeout.to_string(), Role::Quiet);
    undo(lines, item, step);
    match &known.step {
        None => lines.named(0, "state", 9, "not run: x opens its door", Role::Waiting),
        Some(run) => running(lines, run),
    }
    lines.blank();
    let Some(run) = &known.step else { return };
    choices(lines, step, run);
    let (chosen, held) = (output::chosen(scene.ui, run), output::is_held(scene, run));
    for (at, line) in run.output.iter().enumerate() {
        if at == chosen {
            // The newest line is what the eyes want, until somebody goes to another.
            lines.focus = Some(lines.lines.len());
        }
        for row in output::rows(scene, line, lines.width, held && at == chosen) {
            lines.line(row);
        }
    }
    if !run.output.is_empty() {
        lines.blank();
    }
}

/// How the step is taken back, and what came of that.
fn undo(lines: &mut Lines<'_>, item: &Item, step: &Step) {
    let state = lines.scene.state;
    let Some(undo) = &step.undo else { return };
    let after = if undo.after == UndoAfter::Start { ", also half-way" } else { "" };
    let run = state.undo_run(item).map(|run| match run.end() {
        None => "   is being taken back".to_owned(),
        Some(end) => format!("   {}", words::step_end(end).0),
    });
    let words = format!("{}{after}{}", action_words(state, &undo.step.action), run.unwrap_or_default());
    lines.named(0, "undo", 9, &words, Role::Quiet);
}

/// Where a step runs, and which variables it gets: by name.
#[must_use]
pub(crate) fn around(action: &Action) -> Vec<(&'static str, String)> {
    match action {
        Action::Command { folder, environment, .. } => {
            let folder = folder.iter().map(|folder| ("in", folder.clone()));
            let names = environment.keys().cloned().collect::<Vec<_>>().join(", ");
            folder.chain((!names.is_empty()).then_some(("with", names))).collect()
        }
        Action::Pipeline(pipeline) => vec![("commit", pipeline.commit.is.as_written().to_owned())],
        Action::Request { .. } => Vec::new(),
    }
}

/// After a step that did not succeed: what each key would do.
fn choices(lines: &mut Lines<'_>, step: &Step, run: &StepState) {
    let scene = lines.scene;
    if matches!(run.end(), None | Some(StepEnd::Succeeded(_))) || scene.state.outcome().is_some() {
        return;
    }
    let again = match (&step.action, run.end()) {
        (Action::Pipeline(_), Some(StepEnd::Unknown(_))) => "triggers another run: look first what became of this one",
        (Action::Pipeline(_), _) => "triggers another run",
        _ => "runs the same again; what it has done stays done",
    };
    lines.named(0, "x", 9, again, Role::Text);
    lines.named(0, "w", 9, "accepts it as it is: what comes after it may start, GO WITH WARNINGS at best", Role::Text);
    if let Some(item) = rollback::no_return(scene.state, scene.now) {
        let words = format!("{} was the point of no return: roll forward, deploy a mended version", item.title);
        lines.named(0, "R", 9, &words, Role::Look);
    } else if scene.state.rollback_steps().len() > 0 {
        let steps = scene.state.rollback_steps().len();
        let length = rollback::length(scene.state).map(|length| format!(", about {}", format::took(length)));
        let words = format!(
            "goes back to the old version: {}{}; the session ends as rolled back",
            format::count(steps, "step"),
            length.unwrap_or_default()
        );
        lines.named(0, "R", 9, &words, Role::Text);
    }
    lines.blank();
}

fn running(lines: &mut Lines<'_>, run: &StepState) {
    let scene = lines.scene;
    let began = format::time_of_day(run.intended.at, scene.zone);
    let (words, role) = match &run.status {
        StepStatus::Intended => ("is being started".to_owned(), Role::Running),
        StepStatus::Running if run.waits_for_input => ("waits for input".to_owned(), Role::Look),
        StepStatus::Running => {
            let length = scene.now.since(run.intended).unwrap_or_default();
            (format!("running for {}, x stops it", format::took(length)), Role::Running)
        }
        StepStatus::Stopping => ("is being stopped".to_owned(), Role::Look),
        StepStatus::Ended { end, took, .. } => {
            let (words, role) = words::step_end(end);
            (format!("{words}, took {}", format::took(*took)), role)
        }
    };
    lines.named(0, "state", 9, &words, role);
    if let Some((id, link)) = &run.elsewhere {
        let words = link.as_ref().map_or_else(|| format!("run {id}"), |link| format!("run {id}, {link}"));
        lines.named(0, "there", 9, &words, Role::Text);
    }
    lines.named(0, "started", 9, &format!("{began} by {}", run.by), Role::Quiet);
}

/// What a step does, with what the session itself knows put in: the version, the service. Every other name stays a
/// name, so no value of any source is shown here.
#[must_use]
pub(crate) fn action_words(state: &State, action: &Action) -> String {
    let known = known_values(state);
    let shown = |template: &Template| match template.fill(&known) {
        Ok(filled) => filled.shown().to_owned(),
        Err(_) => template.as_written().to_owned(),
    };
    match action {
        Action::Command { run, .. } => run.iter().map(shown).collect::<Vec<_>>().join(" "),
        Action::Request { method, url, .. } => format!("{method} {}", shown(url)),
        Action::Pipeline(pipeline) => {
            let method = pipeline.trigger.method.as_deref().unwrap_or("POST");
            format!("{method} {}, then follows the run to its end", shown(&pipeline.trigger.url))
        }
    }
}

fn known_values(state: &State) -> Values {
    let mut known = Values::default();
    let service = &state.plan().service;
    known.insert("service.name", Value::plain(&service.name, Origin::Plan));
    known.insert("service.environment", Value::plain(&service.environment, Origin::Plan));
    if let Some(version) = &state.session().version {
        known.insert("version", Value::plain(version.as_str(), Origin::Plan));
    }
    if let Some(previous) = &state.session().previous {
        known.insert("previous_version", Value::plain(previous.as_str(), Origin::Plan));
    }
    known
}

fn soak(lines: &mut Lines<'_>, item: &Item, known: &ItemState) {
    let scene = lines.scene;
    let Some(soak) = &item.soak else { return };
    let above = soak.no_alert_above;
    lines.named(0, "quiet", 9, &format!("for {}, nothing above {above}", soak.length), Role::Text);
    let (words, role) = match &known.soak {
        Soaking::NotBegun => ("not begun".to_owned(), Role::Quiet),
        Soaking::Since(since) => {
            let length = format::age(scene.now.since(*since).unwrap_or_default());
            (format!("since {} ({length})", format::time_of_day(since.at, scene.zone)), Role::Running)
        }
        Soaking::Broken { at, by } => (format!("broken {} by {by}", format::time_of_day(*at, scene.zone)), Role::Look),
        Soaking::Done(at) => (format!("passed {}", format::time_of_day(*at, scene.zone)), Role::Good),
    };
    lines.named(0, "state", 9, &words, role);
    lines.blank();
}

fn people(lines: &mut Lines<'_>, known: &ItemState) {
    let scene = lines.scene;
    let before = lines.lines.len();
    for objection in &known.objections {
        let at = format::time_of_day(objection.at, scene.zone);
        lines.named(0, "objects", 9, &format!("{} {at}: {}", objection.by, objection.reason), Role::Look);
    }
    if let Some(waiver) = &known.waiver {
        let names = waiver.by.iter().map(|(by, _)| by.to_string()).collect::<Vec<_>>().join(", ");
        let until = format::until(waiver.until, scene.now.at, scene.zone);
        lines.named(0, "waived", 9, &format!("by {names} until {until}: {}", waiver.reason), Role::Look);
    }
    if let Some(claim) = &known.claim {
        let (length, stands) = (format::ago(claim.at, scene.now.at), scene.state.plan().limits.claims);
        let until = format::until(claim.at.saturating_add(stands.0).unwrap_or(claim.at), scene.now.at, scene.zone);
        lines.named(0, "on it", 9, &format!("{}, {length}, until {until}", claim.by), Role::Text);
    }
    for note in known.notes.iter().rev().take(5) {
        let at = format::time_of_day(note.at, scene.zone);
        lines.named(0, "note", 9, &format!("{at} {}: {}", note.by, note.text), Role::Quiet);
    }
    if lines.lines.len() > before {
        lines.blank();
    }
}

/// One check whole, the others in a line each.
fn checks(lines: &mut Lines<'_>, item: &Item) {
    let scene = lines.scene;
    let keys = checks_of(scene, item);
    let Some(focused) = focused_check(scene, item) else { return };
    let choosing = scene.ui.pane == Pane::Detail;
    let longest = keys.iter().map(|key| if let RowKey::Check(id) = key { text::width(id.as_str()) } else { 0 }).max();
    let column = longest.unwrap_or(0).min(lines.width / 2);
    for key in &keys {
        let RowKey::Check(id) = key else { continue };
        let Some(position) = scene.state.index().check(id) else { continue };
        if *id == focused {
            if choosing && lines.focus.is_none() {
                lines.focus = Some(lines.lines.len());
            }
            check::whole(lines, position);
            if keys.len() > 1 {
                lines.blank();
            }
            continue;
        }
        let (check, known) = scene.state.check_at(position);
        let status = &scene.standing.checks[position];
        let (glyph, role) = words::check_sign(scene, status, known, check.severity);
        let summary = known.latest.as_ref().map(|latest| latest.evidence.summary.to_string()).unwrap_or_default();
        let voice = if role == Role::Good { Role::Quiet } else { Role::Text };
        let name = format!("{:<column$}", check.id.as_str());
        lines.both(
            vec![
                scene.say(format!("{glyph} "), role),
                scene.say(name, voice),
                scene.say(format!("  {summary}"), Role::Quiet),
            ],
            vec![scene.say(if role == Role::Good { String::new() } else { status.word().to_owned() }, role)],
        );
    }
    lines.blank();
}
