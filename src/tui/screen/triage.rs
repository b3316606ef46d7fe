//! What broke first? Causes with their victims folded under them, what good looked like, what changed just before.

use jiff::Timestamp;

use crate::core::state::{Latest, Mark};
use crate::core::status::CheckStatus;
use crate::model::id::CheckId;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen::{Screen, timeline};
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::{format, text, words};

/// Triage.
pub(super) struct Triage;

/// So many changes before the first failure are shown.
const CHANGES: usize = 6;

impl Screen for Triage {
    fn name(&self) -> ScreenName {
        ScreenName::Triage
    }

    fn title(&self) -> &'static str {
        "Triage"
    }

    fn question(&self) -> &'static str {
        "what broke first, and what only follows from it?"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        causes(scene).into_iter().map(|at| RowKey::Check(scene.state.check_at(at).0.id.clone())).collect()
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let causes = causes(scene);
        if causes.is_empty() {
            canvas.line(1, vec![scene.say("   ✓ Nothing is broken: no check fails or cannot find out.", Role::Good)]);
            changes(scene, scene.now.at, "LATEST CHANGES", &mut below(canvas, 3));
            return;
        }
        let keys = self.keys(scene);
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        let blocked = scene.standing.checks.iter().filter(|status| matches!(status, CheckStatus::Blocked(_))).count();
        let first = causes.iter().filter_map(|at| since(scene, *at)).min();
        let seen = first.map(|first| {
            format!(
                "first seen {} ({}) ",
                format::time_of_day(first, scene.zone),
                format::age(format::between(first, scene.now.at))
            )
        });
        let counts = format!("  {}   {}", format::count(causes.len(), "cause"), format::count(blocked, "victim"));
        canvas.both(0, vec![scene.say(counts, Role::Strong)], vec![scene.say(seen.unwrap_or_default(), Role::Quiet)]);
        let room = canvas.height().saturating_sub(2);
        let listed = (causes.len() * 2 + 4).min(room.saturating_sub(if room > 12 { CHANGES + 2 } else { 0 })).max(1);
        let width = u16::try_from(canvas.width()).unwrap_or(0);
        let wide = canvas.width();
        list::draw(
            scene,
            causes.len(),
            selected,
            true,
            &mut canvas.part(0, 2, width, u16::try_from(listed).unwrap_or(0)),
            |at| cause_row(scene, causes[at], at == selected, wide),
        );
        let before = since(scene, causes[selected.min(causes.len() - 1)]).unwrap_or(scene.now.at);
        let title = format!("WHAT CHANGED BEFORE {}", format::time_of_day(before, scene.zone));
        changes(scene, before, &title, &mut below(canvas, listed + 3));
    }
}

fn below<'a>(canvas: &'a mut Canvas<'_>, row: usize) -> Canvas<'a> {
    let (width, height) = (u16::try_from(canvas.width()).unwrap_or(0), u16::try_from(canvas.height()).unwrap_or(0));
    canvas.part(0, u16::try_from(row).unwrap_or(u16::MAX), width, height)
}

/// Checks that are bad for a reason of their own, the oldest first.
fn causes(scene: &Scene<'_>) -> Vec<usize> {
    let is_cause = |at: &usize| scene.standing.rank(scene.state, *at) <= 2;
    let mut causes: Vec<usize> = (0..scene.standing.checks.len()).filter(is_cause).collect();
    causes.sort_by_key(|at| (scene.standing.rank(scene.state, *at).min(1), since(scene, *at), *at));
    causes
}

fn since(scene: &Scene<'_>, at: usize) -> Option<Timestamp> {
    let known = scene.state.check_at(at).1;
    known.episode.as_ref().or(known.latest.as_ref()).map(|latest| latest.since)
}

/// What is blocked by a check, directly or through others.
fn victims(scene: &Scene<'_>, root: &CheckId) -> Vec<CheckId> {
    let blocked = scene.standing.checks.iter().enumerate();
    blocked
        .filter(|(_, status)| matches!(status, CheckStatus::Blocked(roots) if roots.contains(root)))
        .map(|(at, _)| scene.state.check_at(at).0.id.clone())
        .collect()
}

fn cause_row(scene: &Scene<'_>, at: usize, open: bool, width: usize) -> Row {
    let (check, known) = scene.state.check_at(at);
    let (glyph, role) = words::check_sign(scene, &scene.standing.checks[at], known, check.severity);
    let summary = known.latest.as_ref().map(|latest| latest.evidence.summary.to_string()).unwrap_or_default();
    let since =
        since(scene, at).map(|since| format!("since {}", format::time_of_day(since, scene.zone))).unwrap_or_default();
    let mut row = Row::new(
        vec![
            scene.say(format!("{glyph} "), role),
            scene.say(format!("{:<20} ", check.id.as_str()), Role::Strong),
            scene.say(summary, Role::Text),
        ],
        vec![scene.say(since, Role::Quiet)],
    );
    let victims = victims(scene, &check.id);
    if !victims.is_empty() {
        row = row.below(vec![
            scene.say("  └ blocked  ", Role::Quiet),
            scene.say(folded(&victims, width.saturating_sub(20)), Role::Quiet),
        ]);
    }
    if !open {
        return row;
    }
    let own = known.latest.as_ref().and_then(|latest| latest.evidence.remedy.as_ref()).map(ToString::to_string);
    if let Some(remedy) = own.or_else(|| check.remedy.clone()) {
        let failure = known.latest.as_ref().and_then(|latest| latest.evidence.failure.as_ref());
        let way = failure.map(|failure| failure.recovery.to_string());
        row = row.below(vec![scene.say("    Do         ", Role::Label), scene.say(remedy, Role::Text)]);
        if let Some(way) = way {
            row = row.below(vec![scene.say("    way out    ", Role::Label), scene.say(way, Role::Quiet)]);
        }
    }
    let moment =
        |latest: &Latest| format!("{}   {}", format::time_of_day(latest.when.at, scene.zone), latest.evidence.summary);
    let good = known.last_good.as_ref().map_or_else(|| "never in this session".to_owned(), moment);
    row.below(vec![scene.say("    Last good  ", Role::Label), scene.say(good, Role::Text)])
}

/// As many names as there is room for, and how many more.
fn folded(names: &[CheckId], room: usize) -> String {
    let mut line = String::new();
    for (at, name) in names.iter().enumerate() {
        let part = if at == 0 { name.to_string() } else { format!(" · {name}") };
        if at > 0 && text::width(&line) + text::width(&part) + 6 > room {
            return format!("{line} · +{}", names.len() - at);
        }
        line.push_str(&part);
    }
    line
}

fn changes(scene: &Scene<'_>, before: Timestamp, title: &str, canvas: &mut Canvas<'_>) {
    canvas.line(0, vec![scene.say(format!("  {title}"), Role::Title)]);
    let earlier = scene.state.timeline().rev().filter(|entry| entry.at <= before && entry.mark != Mark::Bad);
    for (row, entry) in earlier.take(CHANGES).enumerate() {
        let mut spans = vec![scene.say("   ", Role::Text)];
        spans.extend(timeline::spans(scene, entry));
        canvas.line(row + 1, spans);
    }
}
