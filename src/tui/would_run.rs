//! What the steps would run, over the whole screen: in order, what does not wait for each other together. Looking runs
//! nothing.

use ratatui::text::Span;

use crate::core::dry_run::WouldRun;
use crate::model::word::Phase;
use crate::tui::canvas::Canvas;
use crate::tui::focus::Focus;
use crate::tui::scene::Scene;
use crate::tui::screen;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};

/// What is shown of a dry run.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Whose steps.
    pub phase: Phase,
    /// All of them, in order.
    pub steps: Vec<WouldRun>,
    /// The one that the hands were on.
    pub chosen: Option<String>,
    /// How far it is scrolled.
    pub scrolled: usize,
}

/// How wide the names of facts are.
const NAMES: usize = 12;
/// How far a step's facts are indented.
const INDENT: usize = 5;

type Line = Vec<Span<'static>>;

/// The phase whose steps a dry run would show from here.
#[must_use]
pub fn phase(scene: &Scene<'_>) -> Phase {
    if scene.ui.screen == ScreenName::Rehearsal { Phase::Rollback } else { scene.ui.phase }
}

/// Whether there are steps to show from here.
#[must_use]
pub fn has_steps(scene: &Scene<'_>) -> bool {
    let phase = phase(scene);
    let of_items = scene.live.plan().items_of(phase).any(|item| item.step.is_some());
    of_items || (phase == Phase::Rollback && scene.live.rollback_steps().len() > 0)
}

impl Shown {
    /// The steps of the phase in hand, from the one in hand on.
    #[must_use]
    pub fn of(scene: &Scene<'_>, steps: Vec<WouldRun>) -> Self {
        let phase = phase(scene);
        let steps: Vec<WouldRun> = steps.into_iter().filter(|step| step.phase == phase).collect();
        let chosen = match scene.ui.screen {
            ScreenName::Rehearsal => {
                let keys = screen::of(scene.ui.screen).keys(scene);
                match scene.ui.selected_of(&scene.ui.rows(), &keys) {
                    Some(RowKey::Named(id)) => Some(id.clone()),
                    _ => None,
                }
            }
            _ => Focus::of(scene).item.map(|item| item.to_string()),
        };
        let before = steps.iter().take_while(|step| Some(step.id.as_str()) != chosen.as_deref());
        let scrolled = before.map(|step| step.facts.len() + 3).sum();
        let chosen = chosen.filter(|id| steps.iter().any(|step| step.id.as_str() == id));
        let scrolled = if chosen.is_some() { scrolled } else { 0 };
        Self { phase, steps, chosen, scrolled }
    }

    /// How many lines it has, at least.
    #[must_use]
    pub fn length(&self) -> usize {
        self.steps.iter().map(|step| step.facts.len() + 3).sum()
    }
}

/// Draws it.
pub fn draw(scene: &Scene<'_>, shown: &Shown, canvas: &mut Canvas<'_>) {
    canvas.clear(scene.style(Role::Text));
    let (width, height) = (canvas.width(), canvas.height());
    let what = match shown.phase {
        Phase::PreDeployment => "the steps before the deployment",
        Phase::Deployment => "the deployment",
        Phase::PostDeployment => "the steps after the deployment",
        Phase::Rollback => "the way back",
    };
    let right = vec![scene.say("nothing runs by looking; secrets are masked ", Role::Quiet)];
    canvas.both(0, vec![scene.say(format!(" What would run: {what}"), Role::Title)], right);
    let lines = lines(scene, shown, width.saturating_sub(1));
    let room = height.saturating_sub(3);
    let first = shown.scrolled.min(lines.len().saturating_sub(room));
    let below = lines.len().saturating_sub(first + room);
    for (row, line) in lines.into_iter().skip(first).take(room).enumerate() {
        canvas.line(row + 2, line);
    }
    if below > 0 && room > 0 {
        canvas.over_the_end(room + 1, &format!("↓ {below} more "), scene.style(Role::Quiet));
    }
    let (key, word) = (|key: &str| scene.say(key.to_owned(), Role::Key), |word| scene.say(word, Role::Quiet));
    let keys = vec![key(" esc"), word(" back   "), key("j k"), word(" scroll")];
    canvas.line(height.saturating_sub(1), keys);
}

fn lines(scene: &Scene<'_>, shown: &Shown, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    for step in &shown.steps {
        let beside = shown.steps.iter().filter(|other| other.turn == step.turn && other.id != step.id);
        let beside: Vec<&str> = beside.map(|other| other.id.as_str()).collect();
        let beside = if beside.is_empty() { String::new() } else { format!("   beside {}", beside.join(", ")) };
        let marker = if Some(step.id.as_str()) == shown.chosen.as_deref() { " ▌" } else { "  " };
        lines.push(vec![
            scene.say(marker, Role::Key),
            scene.say(format!("{} ", step.turn), Role::Label),
            scene.say(step.title.to_string(), Role::Strong),
            scene.say(format!("  {}{beside}", step.id), Role::Quiet),
        ]);
        for (name, words) in &step.facts {
            let room = width.saturating_sub(INDENT + NAMES);
            for (at, line) in text::wrap(&text::clean(words.as_str()), room).into_iter().enumerate() {
                let name = if at == 0 { *name } else { "" };
                let head = format!("{:INDENT$}{name:<NAMES$}", "");
                lines.push(vec![scene.say(head, Role::Label), scene.say(line, Role::Text)]);
            }
        }
        lines.push(Vec::new());
    }
    lines
}
