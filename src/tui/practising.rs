//! Practising in the demo: its faults, each a real one in the running world, switched on and off from inside the cockpit.

use ratatui::text::Span;

use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::text;
use crate::tui::theme::Role;

/// A fault that can be switched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PracticeFault {
    /// Its name.
    pub name: &'static str,
    /// What is wrong then, in a sentence.
    pub sentence: &'static str,
    /// Whether it is on.
    pub on: bool,
}

/// How wide the list is at most.
const WIDEST: usize = 96;
/// Rows of the screen that stay free above and below it.
const AROUND: usize = 5;

/// Draws the list over the screen.
pub fn draw(scene: &Scene<'_>, selected: usize, canvas: &mut Canvas<'_>) {
    let faults = scene.ui.practice.as_deref().unwrap_or_default();
    let width = WIDEST.min(canvas.width());
    // The header and the verdict stay in sight: what a fault does is seen there.
    let height = (faults.len() + 4).min(canvas.height().saturating_sub(2 * AROUND)).max(5).min(canvas.height());
    let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    let (x, y) = ((canvas.width() - width) / 2, canvas.height().saturating_sub(height) / 2);
    let mut part = canvas.part(short(x), short(y), short(width), short(height));
    part.clear(scene.style(Role::Text));
    let rule = |left: &str, right: &str| format!("{left}{}{right}", "─".repeat(width.saturating_sub(2)));
    part.line(0, vec![scene.say(rule("┌", "┐"), Role::Rule)]);
    part.line(height.saturating_sub(1), vec![scene.say(rule("└", "┘"), Role::Rule)]);
    let title = " Practise: faults of this demo's world ";
    part.part(2, 0, short(text::width(title)), 1).line(0, vec![scene.say(title, Role::Title)]);
    for row in 1..height.saturating_sub(1) {
        part.both(row, vec![scene.say("│", Role::Rule)], vec![scene.say("│", Role::Rule)]);
    }
    let room = height.saturating_sub(4).max(1);
    let first = (selected + 1).saturating_sub(room);
    for (row, (at, fault)) in faults.iter().enumerate().skip(first).take(room).enumerate() {
        part.part(2, short(row + 1), short(width.saturating_sub(4)), 1).line(0, line(scene, fault, at == selected));
    }
    let foot = height.saturating_sub(2);
    let key = |key: &str| scene.say(key.to_owned(), Role::Key);
    let word = |word: &str| scene.say(format!(" {word}   "), Role::Quiet);
    let keys = vec![key("⏎"), word("switches it"), key("j k"), word("choose"), key("esc"), word("leaves")];
    part.part(2, short(foot), short(width.saturating_sub(4)), 1).line(0, keys);
}

fn line(scene: &Scene<'_>, fault: &PracticeFault, selected: bool) -> Vec<Span<'static>> {
    let (glyph, word, role) = if fault.on { ("▲", "on ", Role::Bad) } else { ("·", "off", Role::Quiet) };
    let name = if selected { Role::Selected } else { Role::Text };
    vec![
        scene.say(format!("{glyph} {word} "), role),
        scene.say(format!("{:<22}", fault.name), name),
        scene.say(format!(" {}", fault.sentence), Role::Quiet),
    ]
}

/// What stands in the header while something is broken on purpose; by name where there is room for one.
#[must_use]
pub fn badge(faults: &[PracticeFault], roomy: bool) -> Option<String> {
    let mut on = faults.iter().filter(|fault| fault.on);
    let first = on.next()?;
    Some(match (roomy, on.count()) {
        (true, 0) => format!("▲ fault {}", first.name),
        (true, more) => format!("▲ fault {} +{more}", first.name),
        (false, 0) => "▲ fault".to_owned(),
        (false, more) => format!("▲ {} faults", more + 1),
    })
}
