//! The keys, from the key table: those of this screen first, what is not to be had dimmed, with the reason.

use ratatui::text::Span;

use crate::tui::canvas::Canvas;
use crate::tui::focus::Focus;
use crate::tui::keymap::{BINDINGS, Binding, Context};
use crate::tui::scene::Scene;
use crate::tui::theme::Role;
use crate::tui::{screen, unavailable};

/// How many lines the help has.
#[must_use]
pub fn length(scene: &Scene<'_>) -> usize {
    lines(scene).len()
}

/// Draws the help over the whole screen.
pub fn draw(scene: &Scene<'_>, scrolled: usize, canvas: &mut Canvas<'_>) {
    canvas.clear(scene.style(Role::Text));
    let lines = lines(scene);
    let height = canvas.height();
    let first = scrolled.min(lines.len().saturating_sub(height.saturating_sub(1)));
    for (row, line) in lines.into_iter().skip(first).take(height.saturating_sub(1)).enumerate() {
        canvas.line(row, line);
    }
    canvas.line(
        height.saturating_sub(1),
        vec![
            scene.say(" esc", Role::Key),
            scene.say(" back   ", Role::Quiet),
            scene.say("j k", Role::Key),
            scene.say(" scroll", Role::Quiet),
        ],
    );
}

fn lines(scene: &Scene<'_>) -> Vec<Vec<Span<'static>>> {
    let here = screen::of(scene.ui.screen);
    let focus = Focus::of(scene);
    let mut lines = vec![
        vec![
            scene.say(format!(" {}", here.title()), Role::Title),
            scene.say(format!("   {}", here.question()), Role::Quiet),
        ],
        Vec::new(),
    ];
    let on_screen = |binding: &&Binding| {
        binding.contexts.contains(&Context::On(scene.ui.screen))
            || (scene.ui.replay.is_some() && binding.contexts.contains(&Context::Replay))
    };
    let available = |binding: &&Binding| {
        binding.contexts.contains(&Context::Global) && unavailable::why(scene, &focus, binding.action).is_none()
    };
    let deciding = |binding: &&Binding| available(binding) && binding.hint;
    for binding in BINDINGS.iter().filter(on_screen) {
        lines.push(line(scene, binding, unavailable::why(scene, &focus, binding.action)));
    }
    for binding in BINDINGS.iter().filter(deciding) {
        lines.push(line(scene, binding, None));
    }
    lines.push(Vec::new());
    lines.push(vec![scene.say(" everywhere", Role::Title)]);
    for binding in BINDINGS.iter().filter(available).filter(|binding| !binding.hint) {
        lines.push(line(scene, binding, None));
    }
    lines.push(Vec::new());
    lines.push(vec![scene.say(" not here", Role::Title)]);
    for binding in BINDINGS.iter().filter(|binding| binding.contexts.contains(&Context::Global)) {
        if let Some(why) = unavailable::why(scene, &focus, binding.action) {
            lines.push(line(scene, binding, Some(why)));
        }
    }
    lines
}

fn line(scene: &Scene<'_>, binding: &Binding, why: Option<&'static str>) -> Vec<Span<'static>> {
    let keys = format!("  {:<14}", binding.all_keys_shown());
    match why {
        None => vec![scene.say(keys, Role::Key), scene.say(binding.sentence, Role::Text)],
        Some(why) => vec![
            scene.say(keys, Role::Quiet),
            scene.say(binding.sentence, Role::Quiet),
            scene.say(format!("   {why}"), Role::Look),
        ],
    }
}
