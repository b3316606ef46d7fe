//! The last line: which keys do something here and now, from the key table.

use crate::tui::action::Action;
use crate::tui::canvas::Canvas;
use crate::tui::focus::Focus;
use crate::tui::keymap::{self, Binding};
use crate::tui::layers::Layer;
use crate::tui::scene::Scene;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::unavailable;

/// Draws as many hints as there is room for; `?` and `q` always.
pub fn draw(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    if let Some(Layer::Dialog(_)) = scene.ui.layers.top() {
        canvas.line(0, vec![scene.say(" the dialog above has the keys   F1 help   esc leaves it", Role::Quiet)]);
        return;
    }
    let always: Vec<&Binding> = keymap::bindings(keymap::Context::Global)
        .filter(|binding| matches!(binding.action, Action::Help | Action::Quit))
        .collect();
    let mut room = canvas.width().saturating_sub(2);
    let cost = |binding: &Binding| text::width(&binding.keys_shown()) + 1 + text::width(binding.name) + 2;
    room = room.saturating_sub(always.iter().map(|binding| cost(binding)).sum());
    let focus = Focus::of(scene);
    let mut shown = Vec::new();
    let holds = |binding: &&Binding| scene.ui.replay.is_some() || !binding.contexts.contains(&keymap::Context::Replay);
    for binding in keymap::BINDINGS.iter().filter(|binding| binding.hint).filter(holds) {
        if always.iter().any(|known| known.action == binding.action)
            || unavailable::why(scene, &focus, binding.action).is_some()
        {
            continue;
        }
        let cost = cost(binding);
        if cost > room {
            break;
        }
        room -= cost;
        shown.push(binding);
    }
    let mut spans = vec![scene.say(" ", Role::Quiet)];
    for binding in shown.into_iter().chain(always) {
        spans.push(scene.say(binding.keys_shown(), Role::Key));
        spans.push(scene.say(format!(" {}  ", binding.name), Role::Quiet));
    }
    canvas.line(0, spans);
}
