//! What a step printed: the line that the eyes are on, and the words that are looked for in it. Lines have the numbers
//! that they were printed under, so that nothing moves away while more comes.

use ratatui::text::Span;

use crate::core::event::OutputLine;
use crate::core::state::StepState;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen;
use crate::tui::search::Wanted;
use crate::tui::theme::Role;
use crate::tui::ui::{Pane, Place, RowKey, ScreenName, Ui};
use crate::tui::{format, text};

/// How a line begins: `│ 14:05:30 `.
const MARGIN: usize = 11;

/// The run whose output is shown, if it printed anything.
#[must_use]
pub(crate) fn in_hand<'a>(scene: &Scene<'a>) -> Option<&'a StepState> {
    let run = match scene.ui.screen {
        ScreenName::Checklist => {
            let keys = screen::of(scene.ui.screen).keys(scene);
            match scene.ui.selected_of(&scene.ui.rows(), &keys)? {
                RowKey::Item(id) => scene.state.item(id)?.1.step.as_ref(),
                _ => None,
            }
        }
        ScreenName::Rehearsal => screen::printing_rollback(scene),
        _ => None,
    };
    run.filter(|run| !run.output.is_empty())
}

/// The list that the lines of a run are.
#[must_use]
pub(crate) fn place(run: &StepState) -> Place {
    Place::Output(run.effect)
}

/// The lines that can be scrolled back through, by the number that each was printed under.
#[must_use]
pub(crate) fn keys(run: &StepState) -> Vec<RowKey> {
    let first = usize::try_from(run.lines).unwrap_or(usize::MAX).saturating_sub(run.output.len());
    (first..).take(run.output.len()).map(RowKey::Line).collect()
}

/// Which of them the eyes are on: the chosen one, else the newest.
#[must_use]
pub(crate) fn chosen(ui: &Ui, run: &StepState) -> usize {
    ui.position(&place(run), &keys(run))
}

/// Which of them hold the words that are looked for.
fn found(ui: &Ui, run: &StepState) -> Vec<usize> {
    if !ui.searches() {
        return Vec::new();
    }
    let wanted = Wanted::of(&ui.search);
    run.output.iter().enumerate().filter(|(_, line)| wanted.is_in(line.text.as_str())).map(|(at, _)| at).collect()
}

/// Which match to go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// The newest one that is not behind the line in hand.
    Here,
    /// The next one; behind the last one the first.
    Next,
    /// The one before; before the first one the last.
    Before,
}

/// The line that a match is in.
#[must_use]
pub(crate) fn match_of(ui: &Ui, run: &StepState, which: Match) -> Option<RowKey> {
    let (found, at) = (found(ui, run), chosen(ui, run));
    let (behind, before) = (found.iter().find(|line| **line > at), found.iter().rfind(|line| **line < at));
    let line = match which {
        Match::Here => found.iter().rfind(|line| **line <= at).or(behind),
        Match::Next => behind.or(found.first()),
        Match::Before => before.or(found.last()),
    }?;
    keys(run).into_iter().nth(*line)
}

/// What is looked for, and how often it is there; takes the first row of a part while something is.
pub(crate) fn search_line(scene: &Scene<'_>, run: &StepState, canvas: &mut Canvas<'_>) {
    let (found, at) = (found(scene.ui, run), chosen(scene.ui, run));
    let count = match found.iter().position(|line| *line == at) {
        _ if found.is_empty() => "in no line".to_owned(),
        Some(position) => format!("{} of {}", position + 1, format::count(found.len(), "line")),
        None => format!("in {}", format::count(found.len(), "line")),
    };
    let kept = run.output.len() as u64;
    let of = if run.lines > kept { format!(", the last {kept} of {}", run.lines) } else { String::new() };
    let left = vec![
        scene.say(format!("\"{}\" ", scene.ui.search), Role::Label),
        scene.say(count, Role::Strong),
        scene.say(of, Role::Quiet),
    ];
    let keys = "n N next, before  / other words  esc ends ";
    let shown = if text::spans_width(&left) + text::width(keys) < canvas.width() { keys } else { "n N / esc " };
    canvas.both(0, left, vec![scene.say(shown, Role::Quiet)]);
}

/// A line as it is shown: the words that are looked for stand out, and the one in hand is whole, in as many rows as it
/// needs.
#[must_use]
pub(crate) fn rows(scene: &Scene<'_>, line: &OutputLine, width: usize, whole: bool) -> Vec<Vec<Span<'static>>> {
    let role = if line.error { Role::Look } else { Role::Text };
    let words = line.text.as_str();
    let room = width.saturating_sub(MARGIN);
    let rows = if whole && text::width(words) > room { text::wrap(words, room) } else { vec![words.to_owned()] };
    let head = |at: usize| match at {
        0 => format!("│ {} ", format::time_of_day(line.at, scene.zone)),
        _ => format!("│ {:<8} ", ""),
    };
    let row = |(at, words): (usize, &String)| {
        let mut spans = vec![scene.say(head(at), Role::Quiet)];
        spans.extend(marked(scene, words, role));
        spans
    };
    rows.iter().enumerate().map(row).collect()
}

/// A text in which the words that are looked for stand out.
fn marked(scene: &Scene<'_>, words: &str, role: Role) -> Vec<Span<'static>> {
    if !scene.ui.searches() {
        return vec![scene.say(words, role)];
    }
    let (mut spans, mut done) = (Vec::new(), 0);
    for place in Wanted::of(&scene.ui.search).places(words) {
        spans.push(scene.say(&words[done..place.start], role));
        spans.push(scene.say(&words[place.clone()], Role::Found));
        done = place.end;
    }
    spans.push(scene.say(&words[done..], role));
    spans
}

/// Whether a line was chosen, by hand or by a search: else the newest is followed.
#[must_use]
pub(crate) fn is_held(scene: &Scene<'_>, run: &StepState) -> bool {
    (scene.ui.pane == Pane::Detail || scene.ui.searches()) && scene.ui.selected.contains_key(&place(run))
}
