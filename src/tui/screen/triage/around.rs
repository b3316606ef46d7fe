//! What stands around the rows of triage: how bad, for how long, who is told next; and what changed before.

use ratatui::text::Span;

use crate::core::status::CheckStatus;
use crate::core::triage::{self, RootCause};
use crate::model::triage::SOURCES;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen::timeline;
use crate::tui::screen::triage::{CHANGES, moment};
use crate::tui::theme::Role;
use crate::tui::{format, text};

/// How many causes and victims, how much it weighs, for how long; who is told next.
pub(super) fn headline(scene: &Scene<'_>, causes: &[RootCause], canvas: &mut Canvas<'_>) {
    let blocked = scene.standing.checks.iter().filter(|status| matches!(status, CheckStatus::Blocked(_))).count();
    let counts = format!("  {}   {}", format::count(causes.len(), "cause"), format::count(blocked, "victim"));
    let mut left = vec![scene.say(counts, Role::Strong)];
    if let Some(severity) = triage::severity(scene.state, causes) {
        left.push(scene.say(format!("   {severity}"), Role::Strong));
    }
    left.push(match triage::troubled_here(causes) {
        0 => scene.say("   this machine ✓", Role::Quiet),
        many => scene.say(format!("   this machine ✗ {many} blind"), Role::Bad),
    });
    let first = causes.iter().map(|cause| cause.since).min();
    let seen = first.map(|first| {
        format!("first seen {} ({}) ", moment(scene, first), format::age(format::between(first, scene.now.at)))
    });
    canvas.both(0, left, vec![scene.say(seen.unwrap_or_default(), Role::Quiet)]);
    if let Some(next) = triage::next_escalation(scene.state) {
        let left = format::age(format::between(scene.now.at, next.at));
        let told = format!("  next escalation in {left} to {} ({})", next.to.join(", "), next.alert);
        canvas.both(1, vec![scene.say(told, Role::Look)], vec![scene.say("a acknowledge ", Role::Quiet)]);
    }
}

/// How many lines the changes take, with their heading.
pub(super) fn changes_height(scene: &Scene<'_>, causes: &[RootCause]) -> usize {
    let before = causes.iter().map(|cause| cause.since).min().unwrap_or(scene.now.at);
    1 + triage::changes_before(scene.state, before).take(CHANGES).count().max(1)
}

/// What changed before a cause, or lately where nothing is broken; and what is watched.
pub(super) fn changes(scene: &Scene<'_>, cause: Option<&RootCause>, canvas: &mut Canvas<'_>) {
    let title = match cause {
        Some(cause) => format!("  WHAT CHANGED BEFORE {}", moment(scene, cause.since)),
        None => "  LATEST CHANGES".to_owned(),
    };
    let room = canvas.width().saturating_sub(text::width(&title) + 3);
    canvas.both(0, vec![scene.say(title, Role::Title)], watched(scene, room));
    let before = cause.map_or(scene.now.at, |cause| cause.since);
    let mut row = 1;
    for entry in triage::changes_before(scene.state, before).take(canvas.height().saturating_sub(1)) {
        let mut spans = vec![scene.say("   ", Role::Text)];
        spans.extend(timeline::spans(scene, entry));
        canvas.line(row, spans);
        row += 1;
    }
    if row == 1 {
        canvas.line(1, vec![scene.say("   nothing that is watched", Role::Quiet)]);
    }
}

/// `watched: session ✓  git ✓  flags not connected`; what is seen first, where there is little room.
fn watched(scene: &Scene<'_>, room: usize) -> Vec<Span<'static>> {
    let plan = &scene.state.plan().triage.changes;
    let mut parts = vec![("session ✓".to_owned(), Role::Quiet)];
    for source in plan {
        let known = scene.state.triage().source(&source.id);
        parts.push(match known.map(|known| known.lost.is_some()) {
            None => (format!("{} …", source.id), Role::Quiet),
            Some(false) => (format!("{} ✓", source.id), Role::Quiet),
            Some(true) => (format!("{} ✗", source.id), Role::Look),
        });
    }
    let absent: Vec<&str> =
        SOURCES.iter().copied().filter(|kind| !plan.iter().any(|source| source.kind.as_str() == *kind)).collect();
    if !absent.is_empty() {
        parts.push((format!("{} not connected", absent.join(" ")), Role::Look));
    }
    let length: usize = parts.iter().map(|(part, _)| text::width(part) + 2).sum::<usize>() + 8;
    let mut spans = vec![scene.say("watched: ", Role::Label)];
    if length > room {
        // What is not seen is said before what is.
        let lost = parts.iter().filter(|(_, role)| *role == Role::Look).map(|(part, _)| part.clone());
        let lost: Vec<String> = lost.collect();
        let seen = parts.len() - lost.len();
        let named = if lost.is_empty() { format!("{seen} ✓ ") } else { format!("{seen} ✓, {} ", lost.join(", ")) };
        let words = if text::width(&named) + 9 <= room {
            named
        } else {
            format!("{seen} ✓, {} not connected ", absent.len() + lost.len() - usize::from(!absent.is_empty()))
        };
        spans.push(scene.say(words, if lost.is_empty() { Role::Quiet } else { Role::Look }));
        return spans;
    }
    for (part, role) in parts {
        spans.push(scene.say(format!("{part}  "), role));
    }
    spans
}
