//! The frame that never moves: header, phases, body, what waits, verdict, keys. One function draws it all.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::tui::canvas::Canvas;
use crate::tui::layers::Layer;
use crate::tui::scene::Scene;
use crate::tui::screen;
use crate::tui::theme::Role;
use crate::tui::widget::{chrome, hints};
use crate::tui::{dialog, help, practising, would_run};

/// Below this size there is room for the verdict and the counts only.
const SMALLEST: (usize, usize) = (60, 15);
/// Rows above the body, and below it.
const ABOVE: usize = 4;
const BELOW: usize = 5;

/// Draws the whole screen. A function of its arguments and of nothing else.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let mut canvas = Canvas::new(buffer, area);
    let (width, height) = (canvas.width(), canvas.height());
    canvas.style(scene.style(Role::Text));
    if width < SMALLEST.0 || height < SMALLEST.1 {
        chrome::smallest(scene, &mut canvas);
    } else {
        let row = |row: usize| u16::try_from(row).unwrap_or(u16::MAX);
        chrome::header(scene, &mut canvas.part(0, 0, area.width, 1));
        let frame = scene.style(if chrome::is_production(scene) { Role::Production } else { Role::Rule });
        let frame = frame.remove_modifier(ratatui::style::Modifier::REVERSED);
        canvas.rule(1, if chrome::is_production(scene) { "═" } else { "─" }, frame);
        chrome::phases(scene, &mut canvas.part(0, 2, area.width, 1));
        chrome::titled_rule(scene, &mut canvas.part(0, 3, area.width, 1));
        let body = height - ABOVE - BELOW;
        screen::of(scene.ui.screen).draw(scene, &mut canvas.part(0, row(ABOVE), area.width, row(body)));
        let foot = ABOVE + body;
        canvas.rule(foot, "─", scene.style(Role::Rule));
        chrome::notice(scene, &mut canvas.part(0, row(foot + 1), area.width, 1));
        canvas.rule(foot + 2, "─", scene.style(Role::Rule));
        chrome::verdict(scene, &mut canvas.part(0, row(foot + 3), area.width, 1));
        hints::draw(scene, &mut canvas.part(0, row(foot + 4), area.width, 1));
    }
    for layer in scene.ui.layers.iter() {
        match layer {
            Layer::Dialog(dialog) => dialog::draw(dialog, scene, &mut canvas),
            Layer::Help(scrolled) => help::draw(scene, *scrolled, &mut canvas),
            Layer::Faults(selected) => practising::draw(scene, *selected, &mut canvas),
            Layer::WouldRun(shown) => would_run::draw(scene, shown, &mut canvas),
        }
    }
}
