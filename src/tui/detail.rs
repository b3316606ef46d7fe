//! What stands behind a row: the claim, its evidence with every fact, the remedy, what it blocks, who signed.
//!
//! A detail is a list of lines; the part that is visible is drawn.

mod alert;
mod check;
mod item;
pub(crate) mod output;

pub(crate) use item::{action_words, around};

use ratatui::text::Span;

use crate::core::state::{ItemState, State};
use crate::core::status::Lack;
use crate::model::id::{CheckId, ItemId};
use crate::model::item::Item;
use crate::model::plan::Opening;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::ui::{Act, Pane, Place, RowKey};

/// Lines of a detail, as they grow.
pub(crate) struct Lines<'a> {
    scene: &'a Scene<'a>,
    width: usize,
    lines: Vec<(Vec<Span<'static>>, Vec<Span<'static>>)>,
    /// The line that the keys are on.
    focus: Option<usize>,
}

impl<'a> Lines<'a> {
    const fn new(scene: &'a Scene<'a>, width: usize) -> Self {
        Self { scene, width, lines: Vec::new(), focus: None }
    }

    fn line(&mut self, spans: Vec<Span<'static>>) {
        self.lines.push((spans, Vec::new()));
    }

    fn both(&mut self, left: Vec<Span<'static>>, right: Vec<Span<'static>>) {
        self.lines.push((left, right));
    }

    fn blank(&mut self) {
        self.lines.push((Vec::new(), Vec::new()));
    }

    /// A text in as many lines as it needs, under an indent.
    fn wrapped(&mut self, indent: usize, words: &str, role: Role) {
        for line in text::wrap(&text::clean(words), self.width.saturating_sub(indent)) {
            self.lines.push((vec![Span::raw(" ".repeat(indent)), self.scene.say(line, role)], Vec::new()));
        }
    }

    /// A name, and a text beside it in as many lines as it needs.
    fn named(&mut self, indent: usize, name: &str, column: usize, words: &str, role: Role) {
        let name = text::cut(name, column.saturating_sub(1)).into_owned();
        let column = indent + column;
        for (at, line) in text::wrap(&text::clean(words), self.width.saturating_sub(column)).into_iter().enumerate() {
            let head = if at == 0 { format!("{}{name}", " ".repeat(indent)) } else { String::new() };
            let head = format!("{head:<column$}");
            self.lines.push((vec![self.scene.say(head, Role::Label), self.scene.say(line, role)], Vec::new()));
        }
    }
}

/// Draws what stands behind a row.
pub fn draw(scene: &Scene<'_>, key: Option<&RowKey>, canvas: &mut Canvas<'_>) {
    let mut lines = Lines::new(scene, canvas.width().saturating_sub(1));
    match key {
        Some(RowKey::Item(id)) => {
            if let Some((item, known)) = scene.state.item(id) {
                item::lines(&mut lines, item, known);
            }
        }
        Some(RowKey::Check(id)) => {
            if let Some(position) = scene.state.index().check(id) {
                check::heading(&mut lines, position);
                check::whole(&mut lines, position);
            }
        }
        Some(RowKey::Act(act)) => act_lines(&mut lines, *act),
        Some(RowKey::Alert(id)) => {
            if let Some(position) = scene.state.index().alert(id) {
                alert::lines(&mut lines, position);
            }
        }
        Some(_) | None => {}
    }
    let (width, height) = (u16::try_from(canvas.width()).unwrap_or(0), u16::try_from(canvas.height()).unwrap_or(0));
    if let Some(run) = output::in_hand(scene).filter(|_| scene.ui.searches()) {
        output::search_line(scene, run, canvas);
        show(scene, &lines, &mut canvas.part(0, 1, width, height.saturating_sub(1)));
    } else {
        show(scene, &lines, canvas);
    }
}

fn show(scene: &Scene<'_>, lines: &Lines<'_>, canvas: &mut Canvas<'_>) {
    let height = canvas.height();
    let most = lines.lines.len().saturating_sub(height);
    let focused = scene.ui.pane == Pane::Detail;
    // What the keys are on stands in the middle where it would not be seen else; from there on it is scrolled.
    let by_itself = lines.focus.filter(|focus| focused && *focus >= height).unwrap_or(0).saturating_sub(height / 2);
    let first = (by_itself + scene.ui.scroll).min(most);
    for (row, (left, right)) in lines.lines.iter().skip(first).take(height).enumerate() {
        if focused && lines.focus == Some(first + row) {
            canvas.style_row(row, scene.style(Role::Selected));
        }
        canvas.both(row, left.clone(), right.clone());
    }
    if first + height < lines.lines.len() && height > 1 {
        let more = format!("↓ {} more ", lines.lines.len() - first - height);
        canvas.over_the_end(height - 1, &more, scene.style(Role::Quiet));
    }
}

/// The checks of an item in the order in which they want to be looked at.
#[must_use]
pub fn checks_of(scene: &Scene<'_>, item: &Item) -> Vec<RowKey> {
    let mut positions: Vec<usize> = item.checks.iter().filter_map(|id| scene.state.index().check(id)).collect();
    positions.sort_by_key(|position| (scene.standing.rank(scene.state, *position), *position));
    positions.into_iter().map(|position| RowKey::Check(scene.state.check_at(position).0.id.clone())).collect()
}

/// The check of an item that its detail shows whole: the chosen one, else the one that most wants to be looked at.
#[must_use]
pub fn focused_check(scene: &Scene<'_>, item: &Item) -> Option<CheckId> {
    let keys = checks_of(scene, item);
    let place = Place::ChecksOf(item.id.clone());
    let key = if scene.ui.pane == Pane::Detail { scene.ui.selected_of(&place, &keys) } else { keys.first() };
    match key {
        Some(RowKey::Check(id)) => Some(id.clone()),
        _ => None,
    }
}

/// What is wrong with an item, or what it waits for, in one sentence; nothing when it is settled.
#[must_use]
pub fn sentence(scene: &Scene<'_>, item: &Item, known: &ItemState) -> Option<String> {
    let worst = item
        .checks
        .iter()
        .filter_map(|id| scene.state.index().check(id))
        .min_by_key(|position| scene.standing.rank(scene.state, *position));
    if let Some(position) = worst.filter(|position| scene.standing.rank(scene.state, *position) < 6) {
        return Some(check_sentence(scene.state, scene, position));
    }
    let lacks = crate::core::status::lacks(scene.state, item, known, scene.now);
    lacks.first().map(|lack| match lack {
        Lack::Signatures { .. } => item.manual.as_ref().map(|manual| manual.prompt.clone()).unwrap_or_default(),
        Lack::Objection(who) => format!("objection by {who}"),
        Lack::StepNotRun => "x opens the door of its step".to_owned(),
        Lack::StepUndone => "its step was taken back".to_owned(),
        Lack::StepRunning => known
            .step
            .as_ref()
            .and_then(|step| step.output.back())
            .map_or_else(|| "no output yet".to_owned(), |line| line.text.to_string()),
        Lack::StepUnknown(why) => format!("nobody knows how its step ended: {why}"),
        Lack::StepFailed(how) => format!("its step {how}"),
        Lack::Soak { broken_by: Some(by), .. } => format!("the quiet time was broken by {by}"),
        Lack::Soak { .. } => "it has to stay quiet".to_owned(),
        Lack::Rehearsal(why) => why.clone(),
    })
}

fn check_sentence(state: &State, scene: &Scene<'_>, position: usize) -> String {
    let (check, known) = state.check_at(position);
    match &scene.standing.checks[position] {
        crate::core::status::CheckStatus::Blocked(roots) => {
            let roots = roots.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("{} is blocked by {roots}", check.id)
        }
        _ => known.latest.as_ref().map_or_else(|| check.id.to_string(), |latest| latest.evidence.summary.to_string()),
    }
}

fn act_lines(lines: &mut Lines<'_>, act: Act) {
    let scene = lines.scene;
    let (title, what, after) = match act {
        Act::Begin => (
            "Begin the deployment",
            "No step of this plan begins it, so a person says when. From then on the question is: may we open?",
            "It needs a verdict that permits on deploy.",
        ),
        Act::Gate => (
            "Gate: let customers in",
            "Opens the gate. Whatever asks it is told that traffic may come, and the question becomes: is it done? It \
             stays open until a person closes it; golive's own end closes nothing.",
            match scene.live.plan().gate.opens {
                Opening::ByPerson => "It needs a verdict that permits on open.",
                Opening::OnGo => {
                    "By the plan's rule it opens by itself on the first GO to open; on GO WITH WARNINGS, and after it \
                     was closed again, a person opens it."
                }
            },
        ),
        Act::Close => (
            "Close the go-live",
            "Says that the go-live is done and ends the session. Its journal stays.",
            "It needs a verdict that permits on close, and an open gate.",
        ),
    };
    lines.line(vec![scene.say(title, Role::Title)]);
    lines.blank();
    lines.wrapped(0, what, Role::Text);
    lines.blank();
    lines.wrapped(0, after, Role::Quiet);
    let verdict = &scene.standing.verdict;
    lines.blank();
    lines.line(vec![scene.say("now      ", Role::Label), scene.say(verdict.headline(), Role::Strong)]);
    for reason in verdict.reasons().iter().take(6) {
        lines.wrapped(9, &reason.message, Role::Quiet);
    }
}

/// The names of items, for a person.
pub(crate) fn titles(state: &State, ids: &[ItemId]) -> String {
    let title = |id: &ItemId| state.item(id).map_or_else(|| id.to_string(), |(item, _)| item.title.clone());
    ids.iter().map(title).collect::<Vec<_>>().join(", ")
}
