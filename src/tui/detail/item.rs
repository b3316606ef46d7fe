//! What stands behind an item: people, step, soak, and the checks it rests on.

use crate::core::state::{ItemState, Soaking, StepState, StepStatus};
use crate::core::status::ItemStatus;
use crate::model::item::Item;
use crate::model::step::Action;
use crate::tui::detail::{Lines, check, checks_of, focused_check, titles};
use crate::tui::theme::Role;
use crate::tui::ui::{Pane, RowKey};
use crate::tui::{format, words};

/// How many lines of a step's output stand in the detail.
const OUTPUT: usize = 200;

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
        let words = format!("of the rollback, within {}, in {} at most", rehearsal.within, rehearsal.budget);
        lines.named(0, "rehearse", 9, &words, Role::Text);
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
    for signature in &known.signatures {
        let note = signature.note.as_ref().map(|note| format!("  “{note}”")).unwrap_or_default();
        let at = format::time_of_day(signature.at, scene.zone);
        lines.line(vec![
            scene.say("☑ ", Role::Good),
            scene.say(signature.by.to_string(), Role::Text),
            scene.say(format!("  {at}{note}"), Role::Quiet),
        ]);
    }
    let missing = usize::from(manual.approvals).saturating_sub(known.signatures.len());
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
    lines.named(0, "runs", 9, &action_words(&step.action), Role::Text);
    lines.named(0, "timeout", 9, &step.timeout.to_string(), Role::Quiet);
    match &known.step {
        None => lines.named(0, "state", 9, "not run: x opens its door", Role::Waiting),
        Some(run) => running(lines, run),
    }
    lines.blank();
    let Some(run) = &known.step else { return };
    let skipped = run.output.len().saturating_sub(OUTPUT);
    for line in run.output.iter().skip(skipped) {
        let at = format::time_of_day(line.at, scene.zone);
        let role = if line.error { Role::Look } else { Role::Text };
        lines.line(vec![scene.say(format!("│ {at} "), Role::Quiet), scene.say(line.text.to_string(), role)]);
    }
    if !run.output.is_empty() {
        // The newest line is what the eyes want, until somebody scrolls.
        lines.focus = Some(lines.lines.len() - 1);
        lines.blank();
    }
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
    lines.named(0, "started", 9, &format!("{began} by {}", run.by), Role::Quiet);
}

/// What a step does, as the plan has it: names stay names, no value is filled in.
#[must_use]
pub(crate) fn action_words(action: &Action) -> String {
    match action {
        Action::Command { run, .. } => run.iter().map(|part| part.as_written()).collect::<Vec<_>>().join(" "),
        Action::Request { method, url, .. } => format!("{method} {}", url.as_written()),
    }
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
        let length = format::ago(claim.at, scene.now.at);
        lines.named(0, "on it", 9, &format!("{}, {length}", claim.by), Role::Text);
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
        let name = format!("{:<24}", check.id.as_str());
        lines.both(
            vec![
                scene.say(format!("{glyph} "), role),
                scene.say(name, voice),
                scene.say(format!(" {summary}"), Role::Quiet),
            ],
            vec![scene.say(if role == Role::Good { String::new() } else { status.word().to_owned() }, role)],
        );
    }
    lines.blank();
}
