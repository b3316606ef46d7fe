//! Could we go back? The procedure step by step against its budgets and its last rehearsals, and what it prints.

use std::time::Duration;

use ratatui::text::Span;

use crate::core::rollback;
use crate::core::state::{Stage, State, StepState, StepStatus};
use crate::model::rehearsal::RehearsalRecord;
use crate::model::step::RollbackStep;
use crate::tui::canvas::Canvas;
use crate::tui::detail;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::{format, text, words};

/// The way back.
pub(super) struct Rehearsal;

/// How wide the bar is that fills as the budget is used up.
const BAR: usize = 24;

impl Screen for Rehearsal {
    fn name(&self) -> ScreenName {
        ScreenName::Rehearsal
    }

    fn title(&self) -> &'static str {
        "Rollback"
    }

    fn question(&self) -> &'static str {
        "could we go back, and how long would it take?"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        let steps = scene.state.rollback_steps().map(|(step, _)| RowKey::Named(step.id.to_string()));
        let verify = scene.state.plan().rollback.verify.iter().cloned().map(RowKey::Check);
        steps.chain(verify).collect()
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let state = scene.state;
        if state.rollback_steps().len() == 0 {
            canvas.line(1, vec![scene.say("   The plan has no way back: add [[rollback_step]] to it.", Role::Look)]);
            return;
        }
        canvas.both(0, headline(scene), vec![scene.say(last_times(state), Role::Quiet)]);
        canvas.line(1, standing(scene));
        let keys = self.keys(scene);
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let room = canvas.height().saturating_sub(3);
        let listed = keys.len().min(room);
        let (width, wide) = (short(canvas.width()), canvas.width());
        list::draw(scene, keys.len(), selected, true, &mut canvas.part(0, 3, width, short(listed)), |at| {
            row(scene, &keys[at], wide)
        });
        let left = room.saturating_sub(listed + 1);
        output(scene, &mut canvas.part(0, short(listed + 4), width, short(left)));
    }
}

/// `budget 5:00   elapsed 2:11   ████████░░░░`.
fn headline(scene: &Scene<'_>) -> Vec<Span<'static>> {
    let state = scene.state;
    let budget = rollback::budget(state);
    let mut spans = vec![scene.say("  ", Role::Text)];
    if let Some(budget) = budget {
        spans.push(scene.say(format!("budget {}   ", format::took(budget)), Role::Text));
    }
    let Some(elapsed) = elapsed(scene) else { return spans };
    let over = budget.is_some_and(|budget| elapsed > budget);
    let role = if over { Role::Bad } else { Role::Strong };
    spans.push(scene.say(format!("elapsed {}   ", format::took(elapsed)), role));
    if let Some(budget) = budget.filter(|budget| !budget.is_zero()) {
        let part = (elapsed.as_secs_f64() / budget.as_secs_f64()).min(1.0);
        // A share of a bar of a few cells: truncation is what is meant.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and BAR")]
        let full = (part * BAR as f64).floor() as usize;
        spans.push(scene.say("█".repeat(full), role));
        spans.push(scene.say("░".repeat(BAR - full), Role::Quiet));
    }
    spans
}

/// How long the procedure has been running, or ran.
fn elapsed(scene: &Scene<'_>) -> Option<Duration> {
    let known = scene.state.procedure();
    let begun = known.begun.as_ref()?.when;
    match &known.stage {
        Stage::NotRun => None,
        Stage::Running | Stage::Verifying { .. } => scene.now.since(begun),
        Stage::RolledBack { at, .. } | Stage::Failed { at, .. } => Some(format::between(begun.at, *at)),
    }
}

/// `last: 3:02 · 2:58 · 4:40 (failed)`.
fn last_times(state: &State) -> String {
    let times = state.procedure().rehearsals().rev().take(3).map(|record| {
        let failed = if record.passed() { "" } else { " (failed)" };
        format!("{}{failed}", format::took(record.took.0))
    });
    let times = times.collect::<Vec<_>>().join(" · ");
    if times.is_empty() { "never rehearsed ".to_owned() } else { format!("last: {times} ") }
}

/// Where it stands, in a sentence.
fn standing(scene: &Scene<'_>) -> Vec<Span<'static>> {
    let (words, role) = match &scene.state.procedure().stage {
        Stage::NotRun => match scene.state.procedure().recommended.as_ref() {
            Some((since, reasons)) => {
                let why = reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                (format!("✗ recommended {}: {why}", format::ago(*since, scene.now.at)), Role::Bad)
            }
            None => ("R opens its door".to_owned(), Role::Quiet),
        },
        Stage::Running => (format!("{} running", scene.spinner()), Role::Running),
        Stage::Verifying { .. } if scene.state.has_gone_forward() => {
            (format!("{} verified; measuring what a rehearsal measures", scene.spinner()), Role::Running)
        }
        Stage::Verifying { .. } => (format!("{} the old version is being verified", scene.spinner()), Role::Running),
        Stage::RolledBack { verified: true, .. } => ("✓ done, and verified".to_owned(), Role::Good),
        Stage::RolledBack { verified: false, .. } => ("! done; no check verifies it".to_owned(), Role::Look),
        Stage::Failed { why, .. } => (format!("✗ {why}; R tries again from there"), Role::Bad),
    };
    vec![scene.say("  ", Role::Text), scene.say(words, role)]
}

fn row(scene: &Scene<'_>, key: &RowKey, width: usize) -> Row {
    match key {
        RowKey::Named(id) => {
            let found = scene.state.rollback_steps().find(|(step, _)| step.id.as_str() == id);
            found.map_or_else(Row::default, |(step, run)| step_row(scene, step, run, width))
        }
        RowKey::Check(id) => {
            let Some(position) = scene.state.index().check(id) else { return Row::default() };
            let (check, known) = scene.state.check_at(position);
            let verifies = scene.state.procedure().stage != Stage::NotRun;
            let (glyph, role) = match verifies {
                true => words::check_sign(scene, &scene.standing.checks[position], known, check.severity),
                false => ("·", Role::Quiet),
            };
            let says = known.latest.as_ref().filter(|_| verifies).map(|latest| latest.evidence.summary.to_string());
            Row::new(
                vec![scene.say(format!("{glyph} "), role), scene.say(format!("verify  {id}"), Role::Text)],
                vec![scene.say(says.unwrap_or_default(), Role::Quiet)],
            )
        }
        _ => Row::default(),
    }
}

fn step_row(scene: &Scene<'_>, step: &RollbackStep, run: Option<&StepState>, width: usize) -> Row {
    let (glyph, role, took) = match run.map(|run| (&run.status, run)) {
        None => ("·", Role::Quiet, None),
        Some((StepStatus::Ended { end, took, .. }, _)) => {
            let (_, role) = words::step_end(end);
            (if role == Role::Good { "✓" } else { "✗" }, role, Some(*took))
        }
        Some((_, run)) => (scene.spinner(), Role::Running, scene.now.since(run.intended)),
    };
    let last = last_of(scene.state, step);
    let column = |words: String| format!("{words:<16}");
    let mut right = vec![scene.say(
        column(step.budget.map(|budget| format!("budget {}", format::took(budget.0))).unwrap_or_default()),
        Role::Quiet,
    )];
    right.push(
        scene.say(column(last.map(|last| format!("last {}", format::took(last))).unwrap_or_default()), Role::Quiet),
    );
    let late = took.is_some_and(|took| step.budget.is_some_and(|budget| took > budget.0));
    let slower = took.is_some_and(|took| slowest_of(scene.state, step).is_some_and(|slowest| took > slowest));
    let warning = match (late, slower) {
        (true, _) => "▲ over its budget ".to_owned(),
        (false, true) if width >= 100 => "▲ slower than ever before ".to_owned(),
        _ => measures(scene.state, step),
    };
    let voice = match (late, slower) {
        (true, _) => Role::Bad,
        (false, true) => Role::Look,
        (false, false) => Role::Quiet,
    };
    // Where a rehearsal measures more than the way back, its words have a column of their own.
    let wide = if scene.state.plan().rollback.rehearsal_steps.is_empty() { 0 } else { 18 };
    right.push(scene.say(format!("{warning:<wide$}"), voice));
    let took = took.map(format::took).unwrap_or_default();
    let title = text::cut(&step.title, 28).into_owned();
    Row::new(
        vec![
            scene.say(format!("{glyph} "), role),
            scene.say(format!("{title:<28}"), Role::Text),
            scene.say(format!("{took:>9}"), if late { Role::Bad } else { Role::Strong }),
        ],
        right,
    )
}

/// What a step of a rehearsal measures, where it is no step of the way back.
fn measures(state: &State, step: &RollbackStep) -> String {
    let mut measured = state.plan().rollback.rehearsal_steps.iter();
    let measure = measured.find(|measured| measured.step.id == step.id).and_then(|measured| measured.measures);
    measure.map(|measure| format!("measures {} ", measure.word())).unwrap_or_default()
}

fn times<'a>(state: &'a State, step: &'a RollbackStep) -> impl DoubleEndedIterator<Item = Duration> + 'a {
    let of =
        move |record: &'a RehearsalRecord| record.steps.iter().find(|known| known.id == step.id && known.succeeded);
    state.procedure().rehearsals().filter_map(of).map(|known| known.took.0)
}

fn last_of(state: &State, step: &RollbackStep) -> Option<Duration> {
    times(state, step).next_back()
}

fn slowest_of(state: &State, step: &RollbackStep) -> Option<Duration> {
    times(state, step).max()
}

/// The run whose output is shown: the one that runs, else that of the selected step.
#[must_use]
pub(super) fn printing<'a>(scene: &Scene<'a>) -> Option<&'a StepState> {
    let keys = Rehearsal.keys(scene);
    let selected = scene.ui.selected_of(&scene.ui.rows(), &keys);
    let named = |step: &RollbackStep| matches!(selected, Some(RowKey::Named(id)) if step.id.as_str() == id);
    let mut runs = scene.state.rollback_steps().filter_map(|(step, run)| Some((step, run?)));
    let running = scene.state.rollback_steps().filter_map(|(_, run)| run).find(|run| run.is_under_way());
    running.or_else(|| runs.find(|(step, _)| named(step)).map(|(_, run)| run))
}

/// Its last lines; those around the one in hand where something is looked for.
fn output(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let Some(run) = detail::output::in_hand(scene) else { return };
    let (width, height) = (canvas.width(), canvas.height());
    let searched = usize::from(scene.ui.searches());
    if searched > 0 {
        detail::output::search_line(scene, run, &mut canvas.part(3, 0, u16::try_from(width).unwrap_or(0), 1));
    }
    let chosen = detail::output::chosen(scene.ui, run);
    let room = height.saturating_sub(searched);
    let first = list::first_visible(run.output.len(), chosen, room);
    for (row, (at, line)) in run.output.iter().enumerate().skip(first).take(room).enumerate() {
        let held = at == chosen && searched > 0;
        let mut spans = vec![scene.say("   ", Role::Quiet)];
        spans.extend(detail::output::rows(scene, line, width, false).into_iter().flatten());
        if held {
            canvas.style_row(row + searched, scene.style(Role::Selected));
        }
        canvas.line(row + searched, spans);
    }
}
