//! The runbook of a cause with its ticks, and the scratch pad: beside the rest in short, or whole in the detail.

use ratatui::text::Span;

use crate::core::state::Jotted;
use crate::core::triage::RootCause;
use crate::model::id::CheckId;
use crate::model::operator::Actor;
use crate::model::runbook::{Part, Runbook};
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen::triage::{cause_at, check_of, moment};
use crate::tui::theme::Role;
use crate::tui::ui::{Place, RowKey};
use crate::tui::{format, text};

/// So many lines of runbook and notes stand beside the rest at most.
const BESIDE: usize = 9;
/// From this width on the notes stand beside the runbook.
const ROOMY: usize = 100;

fn runbook_of<'a>(scene: &Scene<'a>, check: &CheckId) -> Option<&'a Runbook> {
    scene.state.plan().triage.runbooks.get(check)
}

/// How many lines they would take in short.
pub(super) fn height(scene: &Scene<'_>, causes: &[RootCause], keys: &[RowKey], selected: usize) -> usize {
    let cause = cause_at(causes, keys, selected);
    let steps = cause.and_then(|cause| runbook_of(scene, check_of(scene, cause))).map_or(1, Runbook::steps);
    1 + steps.max(scene.state.triage().pad().len()).clamp(1, BESIDE - 1)
}

/// In short: the steps on the left, the latest notes on the right; one line where there is no room.
pub(super) fn beside(scene: &Scene<'_>, check: Option<&CheckId>, canvas: &mut Canvas<'_>) {
    let runbook = check.and_then(|check| runbook_of(scene, check).map(|runbook| (check, runbook)));
    let notes = scene.state.triage().pad().len();
    if canvas.height() < 2 {
        let runbook = runbook.map_or_else(
            || "no runbook".to_owned(),
            |(check, runbook)| format!("runbook {} of {} done", done(scene, check, runbook), runbook.steps()),
        );
        let words = format!("  {runbook}   {}", format::count(notes, "note"));
        let keys = "tab shows them  m note  y copy ";
        canvas.both(0, vec![scene.say(words, Role::Label)], vec![scene.say(keys, Role::Quiet)]);
        return;
    }
    let wide = canvas.width() >= ROOMY;
    let half = if wide { canvas.width() * 11 / 20 } else { canvas.width() };
    let lines = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    let rows = lines(canvas.height());
    steps_in_short(scene, runbook, &mut canvas.part(0, 0, lines(half), rows));
    if wide {
        let left = lines(canvas.width() - half);
        pad(scene, &mut canvas.part(lines(half), 0, left, rows));
    }
}

fn steps_in_short(scene: &Scene<'_>, runbook: Option<(&CheckId, &Runbook)>, canvas: &mut Canvas<'_>) {
    let Some((check, runbook)) = runbook else {
        canvas.line(0, vec![scene.say("  RUNBOOK  ", Role::Title), scene.say("none in the plan", Role::Quiet)]);
        return;
    };
    let keys = "tab ";
    canvas.both(0, heading(scene, check, runbook), vec![scene.say(keys, Role::Quiet)]);
    let steps = runbook.parts().into_iter().filter_map(|part| match part {
        Part::Step(number, words) => Some((number, words.to_string())),
        Part::Heading(_) | Part::Words(_) => None,
    });
    // What is done is no news: the first open step is always among those that are shown.
    let all: Vec<(usize, String)> = steps.collect();
    let room = canvas.height().saturating_sub(1);
    let open = all.iter().position(|(number, _)| scene.state.triage().tick(check, *number).is_none()).unwrap_or(0);
    let first = open.saturating_sub(1).min(all.len().saturating_sub(room));
    for (row, (number, words)) in all.iter().skip(first).take(room).enumerate() {
        canvas.line(row + 1, step(scene, check, *number, words));
    }
}

fn heading(scene: &Scene<'_>, check: &CheckId, runbook: &Runbook) -> Vec<Span<'static>> {
    let file = runbook.file.as_ref().map_or_else(|| check.to_string(), |file| file.display().to_string());
    let tally = format!("   {} of {}", done(scene, check, runbook), runbook.steps());
    vec![scene.say("  RUNBOOK  ", Role::Title), scene.say(file, Role::Text), scene.say(tally, Role::Quiet)]
}

fn done(scene: &Scene<'_>, check: &CheckId, runbook: &Runbook) -> usize {
    (0..runbook.steps()).filter(|step| scene.state.triage().tick(check, *step).is_some()).count()
}

fn step(scene: &Scene<'_>, check: &CheckId, number: usize, words: &str) -> Vec<Span<'static>> {
    let tick = scene.state.triage().tick(check, number);
    let (glyph, role) = if tick.is_some() { ("☑", Role::Good) } else { ("☐", Role::Waiting) };
    let mut spans = vec![
        scene.say(format!("   {:>2} ", number + 1), Role::Quiet),
        scene.say(format!("{glyph} "), role),
        scene.say(words.to_owned(), if tick.is_some() { Role::Quiet } else { Role::Text }),
    ];
    if let Some(tick) = tick {
        let by = format!("   {} {}", who(&tick.by), moment(scene, tick.at));
        spans.push(scene.say(by, Role::Quiet));
    }
    spans
}

/// The latest notes, the newest last.
fn pad(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    canvas.both(0, vec![scene.say("NOTES", Role::Title)], vec![scene.say("m note  y copy ", Role::Quiet)]);
    let room = canvas.height().saturating_sub(1);
    let all = scene.state.triage().pad();
    let skipped = all.len().saturating_sub(room);
    for (row, jotted) in all.skip(skipped).enumerate() {
        canvas.line(row + 1, note(scene, jotted));
    }
}

fn note(scene: &Scene<'_>, jotted: &Jotted) -> Vec<Span<'static>> {
    vec![
        scene.say(format!("{}  ", moment(scene, jotted.note.at)), Role::Quiet),
        scene.say(format!("{}  ", who(&jotted.note.by)), Role::Strong),
        scene.say(jotted.note.text.to_string(), Role::Text),
    ]
}

fn who(actor: &Actor) -> String {
    match actor {
        Actor::Golive => "golive".to_owned(),
        Actor::Operator(by) => by.to_string(),
    }
}

/// A line of the detail, and the step that it is.
type Line = (Vec<Span<'static>>, Option<usize>);

/// The whole runbook, and all notes: scrolled with the keys, ticked off with `x`.
pub(super) fn whole(scene: &Scene<'_>, check: Option<&CheckId>, canvas: &mut Canvas<'_>) {
    let width = canvas.width().saturating_sub(2);
    let mut lines: Vec<Line> = Vec::new();
    let runbook = check.and_then(|check| runbook_of(scene, check).map(|runbook| (check, runbook)));
    let mut chosen = None;
    match runbook {
        Some((check, runbook)) => {
            lines.push((heading(scene, check, runbook), None));
            let steps: Vec<RowKey> = (0..runbook.steps()).map(|step| RowKey::Step(check.clone(), step)).collect();
            chosen = Some(scene.ui.position(&Place::StepsOf(check.clone()), &steps));
            for part in runbook.parts() {
                lines.extend(of_part(scene, check, &part, width));
            }
        }
        None => lines.push((
            vec![
                scene.say("  RUNBOOK  ", Role::Title),
                scene.say("none in the plan: [checks.ID] runbook = …", Role::Quiet),
            ],
            None,
        )),
    }
    lines.push((Vec::new(), None));
    lines.push((vec![scene.say("  NOTES", Role::Title), scene.say("   m writes one", Role::Quiet)], None));
    for jotted in scene.state.triage().pad() {
        let mut spans = vec![scene.say("   ", Role::Text)];
        spans.extend(note(scene, jotted));
        lines.push((spans, None));
    }
    show(scene, &lines, chosen, canvas);
}

fn of_part(scene: &Scene<'_>, check: &CheckId, part: &Part, width: usize) -> Vec<Line> {
    match part {
        Part::Heading(words) => {
            vec![(Vec::new(), None), (vec![scene.say(format!("  {words}"), Role::Strong)], None)]
        }
        Part::Words(words) => {
            let lines = text::wrap(words.as_str(), width.saturating_sub(2)).into_iter();
            lines.map(|line| (vec![scene.say(format!("  {line}"), Role::Quiet)], None)).collect()
        }
        Part::Step(number, words) => {
            let wrapped = text::wrap(words.as_str(), width.saturating_sub(30)).into_iter().enumerate();
            let line = |(nth, line): (usize, String)| match nth {
                0 => (step(scene, check, *number, &line), Some(*number)),
                _ => (vec![scene.say(format!("         {line}"), Role::Text)], None),
            };
            wrapped.map(line).collect()
        }
    }
}

fn show(scene: &Scene<'_>, lines: &[Line], chosen: Option<usize>, canvas: &mut Canvas<'_>) {
    let height = canvas.height();
    let focus = chosen.and_then(|chosen| lines.iter().position(|(_, step)| *step == Some(chosen)));
    let most = lines.len().saturating_sub(height);
    let first = focus.map_or(scene.ui.scroll, |focus| focus.saturating_sub(height / 2)).min(most);
    for (row, (spans, _)) in lines.iter().skip(first).take(height).enumerate() {
        if focus == Some(first + row) {
            canvas.style_row(row, scene.style(Role::Selected));
        }
        canvas.line(row, spans.clone());
    }
    if first + height < lines.len() && height > 1 {
        let more = format!("↓ {} more ", lines.len() - first - height);
        canvas.both(height - 1, Vec::new(), vec![scene.say(more, Role::Quiet)]);
    }
}
