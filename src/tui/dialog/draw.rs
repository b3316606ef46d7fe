//! A dialog on the screen: a frame in the middle, double where customers are.

use ratatui::text::Span;

use crate::tui::canvas::Canvas;
use crate::tui::dialog::{Dialog, Lock, Question};
use crate::tui::scene::Scene;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::widget::chrome;

type Lines = Vec<Vec<Span<'static>>>;

/// How wide a dialog is at most.
const WIDEST: usize = 78;

/// Draws a dialog over the screen.
pub fn draw(dialog: &Dialog, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let width = WIDEST.min(canvas.width());
    let inner = width.saturating_sub(4);
    let lines = lines(dialog, scene, inner);
    let height = (lines.len() + 2).min(canvas.height());
    let short = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
    let (x, y) = ((canvas.width() - width) / 2, canvas.height().saturating_sub(height) / 2);
    let mut part = canvas.part(short(x), short(y), short(width), short(height));
    part.clear(scene.style(Role::Text));
    frame(dialog, scene, &mut part);
    let room = height.saturating_sub(2);
    // The last lines hold what is typed: in a small terminal the facts are cut and not those.
    let skipped = lines.len().saturating_sub(room);
    let mut inside = part.part(2, 1, short(inner), short(room));
    for (row, line) in lines.into_iter().skip(skipped).enumerate() {
        inside.line(row, line);
    }
}

fn frame(dialog: &Dialog, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    let production = chrome::is_production(scene);
    let [left_top, right_top, left_bottom, right_bottom, across, down] = if production {
        ["╔", "╗", "╚", "╝", "═", "║"]
    } else {
        ["┌", "┐", "└", "┘", "─", "│"]
    };
    let style = scene.style(if production { Role::Production } else { Role::Rule });
    let style = style.remove_modifier(ratatui::style::Modifier::REVERSED);
    let (width, height) = (canvas.width(), canvas.height());
    let line = |from: &str, to: &str| format!("{from}{}{to}", across.repeat(width.saturating_sub(2)));
    canvas.line(0, vec![Span::styled(line(left_top, right_top), style)]);
    for row in 1..height.saturating_sub(1) {
        canvas.both(row, vec![Span::styled(down, style)], vec![Span::styled(down, style)]);
    }
    canvas.line(height.saturating_sub(1), vec![Span::styled(line(left_bottom, right_bottom), style)]);
    let title = text::cut(&dialog.title, width.saturating_sub(6)).into_owned();
    canvas
        .part(2, 0, u16::try_from(text::width(&title) + 2).unwrap_or(0), 1)
        .line(0, vec![scene.say(format!(" {title} "), Role::Title)]);
}

fn lines(dialog: &Dialog, scene: &Scene<'_>, width: usize) -> Lines {
    let mut lines = Lines::new();
    for (name, words) in &dialog.facts {
        let column = if name.is_empty() { 0 } else { 10 };
        for (at, line) in text::wrap(&text::clean(words), width.saturating_sub(column)).into_iter().enumerate() {
            let head = if at == 0 { name.as_str() } else { "" };
            lines.push(vec![scene.say(format!("{head:<column$}"), Role::Label), scene.say(line, Role::Text)]);
        }
    }
    if !dialog.excerpt.is_empty() {
        lines.push(Vec::new());
        lines.extend(dialog.excerpt.iter().map(|line| excerpt_line(scene, line, width)));
    }
    lines.push(Vec::new());
    for (at, field) in dialog.fields.iter().enumerate() {
        lines.push(field_line(dialog, scene, at, &field.label, width));
    }
    if !dialog.fields.is_empty() {
        lines.push(Vec::new());
    }
    match (&dialog.refusal, dialog.ticket) {
        (_, Some(_)) => lines.push(vec![scene.say("writing it down …", Role::Running)]),
        (Some(refusal), None) => {
            lines.extend(
                text::wrap(&text::clean(refusal), width).into_iter().map(|line| vec![scene.say(line, Role::Look)]),
            );
        }
        (None, None) => {}
    }
    lines.push(answers(dialog, scene));
    lines
}

/// A line of a diff: what goes and what comes is told by its sign, and by colour beside it.
fn excerpt_line(scene: &Scene<'_>, line: &str, width: usize) -> Vec<Span<'static>> {
    let role = match line.as_bytes().first() {
        Some(b'-') => Role::Bad,
        Some(b'+') => Role::Good,
        _ => Role::Quiet,
    };
    vec![scene.say(text::cut(&text::clean(line), width).into_owned(), role)]
}

fn field_line(dialog: &Dialog, scene: &Scene<'_>, at: usize, label: &str, width: usize) -> Vec<Span<'static>> {
    let field = &dialog.fields[at];
    let here = at == dialog.at && dialog.ticket.is_none();
    let head = format!("{label:<8}");
    let head = if text::width(label) > 8 { format!("{label}: ") } else { head };
    let room = width.saturating_sub(text::width(&head) + 2).max(4);
    let skipped = field.input.visual_scroll(room.saturating_sub(1));
    let shown = field.input.value().chars().skip(skipped).take(room);
    let shown: String = if field.secret { shown.map(|_| '•').collect() } else { shown.collect() };
    let cursor = if here { "▏" } else { "" };
    let split = field.input.cursor().saturating_sub(skipped).min(shown.chars().count());
    let (before, after): (String, String) = (shown.chars().take(split).collect(), shown.chars().skip(split).collect());
    let pad = room.saturating_sub(text::width(&shown) + usize::from(here));
    vec![
        scene.say(head, if here { Role::Key } else { Role::Label }),
        scene.say(before, Role::Field),
        scene.say(cursor, Role::Key),
        scene.say(after, Role::Field),
        scene.say(" ".repeat(pad), Role::Field),
    ]
}

fn answers(dialog: &Dialog, scene: &Scene<'_>) -> Vec<Span<'static>> {
    let key = |key: &str| scene.say(key.to_owned(), Role::Key);
    let word = |word: &str| scene.say(format!(" {word}    "), Role::Quiet);
    let does = match dialog.question {
        Question::Sign(_) => "signs",
        Question::Object(_) => "objects",
        Question::Waive(_) => "waives it",
        Question::Acknowledge(_) => "acknowledges it",
        Question::Silence(_) => "mutes its notices",
        Question::Lull => "declares it",
        Question::Note(_) => "writes it down",
        Question::Filter => "shows only that",
        Question::Search => "looks for it",
        Question::Code(_) => "confirms it",
        Question::Task(_) => "says that it is done",
        Question::CloseGate => "closes the gate",
        Question::Poll => "says it",
        Question::Hold => "holds it",
        Question::Abort | Question::Rotate(_) | Question::Door(_) | Question::Quit => "does it",
    };
    // What the selected button does is in its name: to leave the question about leaving is to stay.
    let name = if dialog.question == Question::Quit { "[Stay]" } else { "[Leave]" };
    let leave = Span::styled(name, scene.style(Role::Selected));
    match &dialog.lock {
        Lock::Enter if dialog.fields.len() > 1 => {
            vec![key("⏎"), word(does), key("tab"), word("next field"), key("esc"), word("leaves")]
        }
        Lock::Enter => vec![key("⏎"), word(does), key("esc"), word("leaves")],
        Lock::Yes => {
            vec![key("y"), word(if dialog.question == Question::Quit { "leaves golive" } else { does }), leave]
        }
        Lock::Word(_) => vec![key("⏎"), word("after the word, on its own, does it"), leave],
    }
}
