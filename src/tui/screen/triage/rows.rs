//! The rows of triage: a cause with all that belongs to it, and who is hurt.

use ratatui::text::Span;

use crate::core::state::{HurtState, Latest};
use crate::core::triage::RootCause;
use crate::model::failure::FailureClass;
use crate::model::id::{CheckId, HurtId};
use crate::model::triage::Hurt;
use crate::tui::scene::Scene;
use crate::tui::screen::triage::moment;
use crate::tui::theme::Role;
use crate::tui::ui::RowKey;
use crate::tui::widget::list::Row;
use crate::tui::{format, text, words};

/// How many lines all rows take.
pub(super) fn height(scene: &Scene<'_>, causes: &[RootCause], keys: &[RowKey], selected: usize, width: usize) -> usize {
    // More rows than a screen has are not measured: the list scrolls then.
    let measured = keys.len().min(60);
    let lines = (0..measured).map(|at| row(scene, causes, keys, (at, at == selected), width).lines());
    lines.sum::<usize>() + keys.len() - measured
}

/// One row.
pub(super) fn row(
    scene: &Scene<'_>,
    causes: &[RootCause],
    keys: &[RowKey],
    (at, open): (usize, bool),
    width: usize,
) -> Row {
    match keys.get(at) {
        Some(RowKey::Hurt(id)) => {
            let is_first = !matches!(keys.get(at.wrapping_sub(1)), Some(RowKey::Hurt(_)));
            hurt(scene, id, (is_first, open))
        }
        _ => {
            let longest = causes.iter().map(|cause| text::width(name_of(scene, cause))).max().unwrap_or_default();
            let column = longest.min(width / 3);
            causes.get(at).map(|found| cause(scene, found, column, open, width)).unwrap_or_default()
        }
    }
}

fn name_of<'a>(scene: &Scene<'a>, cause: &RootCause) -> &'a str {
    if cause.this_machine { "this machine" } else { scene.state.check_at(cause.position).0.id.as_str() }
}

fn cause(scene: &Scene<'_>, cause: &RootCause, column: usize, open: bool, width: usize) -> Row {
    let (check, known) = scene.state.check_at(cause.position);
    let (glyph, role) = words::check_sign(scene, &scene.standing.checks[cause.position], known, check.severity);
    let summary = known.latest.as_ref().map(|latest| latest.evidence.summary.to_string()).unwrap_or_default();
    let since = format!("since {}", moment(scene, cause.since));
    let name = name_of(scene, cause);
    let follows = if cause.this_machine { "  └ blind    " } else { "  └ blocked  " };
    let mut row = Row::new(
        vec![
            scene.say(format!("{glyph} "), role),
            scene.say(format!("{name:<column$}  "), Role::Strong),
            scene.say(summary, Role::Text),
        ],
        vec![scene.say(since, Role::Quiet)],
    );
    if !cause.victims.is_empty() {
        row = row.below(vec![
            scene.say(follows, Role::Quiet),
            scene.say(folded(&cause.victims, width.saturating_sub(20)), Role::Quiet),
        ]);
    }
    if !open {
        return row;
    }
    let own = known.latest.as_ref().and_then(|latest| latest.evidence.remedy.as_ref()).map(ToString::to_string);
    let failure = known.latest.as_ref().and_then(|latest| latest.evidence.failure.as_ref());
    // What the plan says to do is about the target, and this machine is not the target.
    let here = cause.this_machine.then(|| FailureClass::ThisMachine.meaning().remedy.to_owned());
    if let Some(remedy) = own.or(here).or_else(|| check.remedy.clone()) {
        for (nth, line) in text::wrap(&remedy, width.saturating_sub(20)).into_iter().enumerate() {
            let head = if nth == 0 { "    Do         " } else { "               " };
            row = row.below(vec![scene.say(head, Role::Label), scene.say(line, Role::Text)]);
        }
    }
    if let Some(failure) = failure {
        let way = format!("{}   {}", failure.recovery, failure.impact);
        row = row.below(vec![scene.say("    way out    ", Role::Label), scene.say(way, Role::Quiet)]);
    }
    let moment = |latest: &Latest| format!("{}   {}", moment(scene, latest.when.at), latest.evidence.summary);
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

fn hurt(scene: &Scene<'_>, id: &HurtId, (is_first, open): (bool, bool)) -> Row {
    let Some(query) = scene.state.plan().triage.query(id) else { return Row::default() };
    let known = scene.state.triage().hurt(id);
    let head = if is_first { "HURT   " } else { "       " };
    let mut left = vec![scene.say(head, Role::Title)];
    left.extend(counted(scene, query, known));
    let ids = known.and_then(|known| known.counted.as_ref()).map_or(0, |(counted, _)| counted.ids.len());
    let copies = if ids == 0 {
        String::new()
    } else if open {
        "y copies the ids".to_owned()
    } else {
        format::count(ids, "id")
    };
    let row = Row::new(left, vec![scene.say(copies, Role::Quiet)]);
    match query.repair.as_ref().filter(|_| open && ids > 0) {
        Some(repair) => {
            row.below(vec![scene.say("       repair  ", Role::Label), scene.say(repair.clone(), Role::Text)])
        }
        None => row,
    }
}

fn counted(scene: &Scene<'_>, query: &Hurt, known: Option<&HurtState>) -> Vec<Span<'static>> {
    let Some(known) = known else {
        return vec![scene.say(format!("{}: not answered yet", query.title), Role::Quiet)];
    };
    let since = format!(" since {}", moment(scene, known.since));
    let why = known.why.as_ref().map(|why| format!("   {why}"));
    match &known.counted {
        Some((counted, at)) => {
            let least = if counted.more { "at least " } else { "" };
            let role = if counted.count > 0 { Role::Bad } else { Role::Good };
            let words = format!("{least}{}", query.words(counted.count, counted.amount.as_ref()));
            let age = format!("   as of {}", format::ago(*at, scene.now.at));
            let mut spans = vec![scene.say(words, role), scene.say(format!("{since}{age}"), Role::Quiet)];
            spans.extend(why.map(|why| scene.say(why, Role::Look)));
            spans
        }
        None => {
            let words = format!("{}: nobody knows{}", query.title, why.unwrap_or_default());
            vec![scene.say(words, Role::Look)]
        }
    }
}
