//! A check's evidence: what was found, what to do, every fact, what it blocks, when it was seen.

use crate::core::state::{CheckState, Latest, TaskState};
use crate::core::status::CheckStatus;
use crate::model::plan::{Check, Run};
use crate::model::word::Outcome;
use crate::tui::detail::Lines;
use crate::tui::scene::Scene;
use crate::tui::theme::Role;
use crate::tui::{format, words};

/// The check's name with its severity.
pub(super) fn heading(lines: &mut Lines<'_>, position: usize) {
    let scene = lines.scene;
    let (check, known) = scene.state.check_at(position);
    let (glyph, role) = words::check_sign(scene, &scene.standing.checks[position], known, check.severity);
    let title = check.title.clone().unwrap_or_else(|| check.id.to_string());
    lines.both(
        vec![scene.say(format!("{glyph} "), role), scene.say(title, Role::Title)],
        vec![scene.say(format!("{} · {} ", check.kind, check.severity), Role::Quiet)],
    );
    lines.blank();
}

/// Everything that is known of a check.
pub(super) fn whole(lines: &mut Lines<'_>, position: usize) {
    let scene = lines.scene;
    let (check, known) = scene.state.check_at(position);
    let status = &scene.standing.checks[position];
    let (glyph, role) = words::check_sign(scene, status, known, check.severity);
    let word = status.word();
    let age = known.latest.as_ref().map(|latest| format::ago(latest.when.at, scene.now.at)).unwrap_or_default();
    lines.both(
        vec![scene.say(format!("{glyph} "), role), scene.say(check.id.to_string(), Role::Strong)],
        vec![scene.say(format!("{word}  "), role), scene.say(format!("{age} "), Role::Quiet)],
    );
    finding(lines, check, known, status);
    remedy(lines, check, known);
    if let Some(latest) = &known.latest {
        facts(lines, latest);
    }
    history(lines, known);
    lines.blank();
    blocks(lines, position);
    evidence(lines, check, known);
}

fn finding(lines: &mut Lines<'_>, check: &Check, known: &CheckState, status: &CheckStatus) {
    let scene = lines.scene;
    match (&known.latest, status) {
        (_, CheckStatus::Blocked(roots)) => {
            let roots = roots.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            lines.wrapped(2, &format!("Not run: it stands on {roots}, which is not good."), Role::Text);
        }
        (Some(latest), _) => lines.wrapped(2, latest.evidence.summary.as_str(), Role::Text),
        (None, CheckStatus::Running) => lines.wrapped(2, "Its first run is under way.", Role::Text),
        (None, _) if check.run == Run::OnDemand => {
            let words = match known.is_voided() {
                true => "What it saw is void, for what it looks at has changed since: r runs it again.",
                false => "Never run. It runs when a person asks for it: r runs it.",
            };
            lines.wrapped(2, words, Role::Text);
        }
        (None, _) => lines.wrapped(2, "No result yet.", Role::Text),
    }
    if matches!(known.outcome(), Some(Outcome::Error))
        && let Some(failure) = known.known_failure()
    {
        let since = format::time_of_day(failure.when.at, scene.zone);
        let last =
            format!("Last known: {} at {since}. It counts as failing until it is seen good.", failure.evidence.summary);
        lines.wrapped(2, &last, Role::Look);
    }
    let failure = known.latest.as_ref().and_then(|latest| latest.evidence.failure.as_ref());
    let impact = failure.map(|failure| failure.impact.to_string()).filter(|impact| !impact.is_empty());
    if let Some(impact) = impact.or_else(|| check.impact.clone().filter(|_| failure.is_some())) {
        lines.wrapped(2, &impact, Role::Quiet);
    }
    if let Some(waiver) = &known.waiver {
        let names = waiver.by.iter().map(|(by, _)| by.to_string()).collect::<Vec<_>>().join(", ");
        let until = format::until(waiver.until, scene.now.at, scene.zone);
        lines.named(2, "waived", 9, &format!("by {names} until {until}: {}", waiver.reason), Role::Look);
    }
}

fn remedy(lines: &mut Lines<'_>, check: &Check, known: &CheckState) {
    let Some(latest) = known.latest.as_ref().filter(|latest| latest.evidence.outcome != Outcome::Pass) else { return };
    let own = latest.evidence.remedy.as_ref().map(ToString::to_string);
    if let Some(remedy) = own.or_else(|| check.remedy.clone()) {
        lines.named(2, "Do", 9, &remedy, Role::Strong);
    }
    if let Some(task) = lines.scene.state.task(&check.id) {
        lines.named(2, "move", 9, &task_words(lines.scene, task), Role::Waiting);
    }
    if let Some(degradation) = check.degradation.as_ref().filter(|_| known.known_failure().is_some()) {
        let words = match known.waiver {
            Some(_) => format!("goes on {}", degradation.words()),
            None => format!("{}, then w: it goes on without {}", degradation.to_do(), degradation.without),
        };
        lines.named(2, "degrade", 9, &words, Role::Look);
    }
    if let Some(failure) = &latest.evidence.failure {
        lines.named(2, "class", 9, &format!("{}, way out: {}", failure.class, failure.recovery), Role::Quiet);
    }
}

/// Whose move it is, and which key makes it.
fn task_words(scene: &Scene<'_>, task: &TaskState) -> String {
    match (&task.done, &task.taken) {
        (Some(done), _) => {
            let note = done.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
            format!("said to be done by {} {}{note}; the check decides", done.by, format::ago(done.at, scene.now.at))
        }
        (None, Some((by, since))) => {
            format!("{by} is on it since {}; x says that it is done", format::time_of_day(*since, scene.zone))
        }
        (None, None) => "a person's: i takes it on you, x says that it is done".to_owned(),
    }
}

fn facts(lines: &mut Lines<'_>, latest: &Latest) {
    if latest.evidence.facts.is_empty() {
        return;
    }
    lines.blank();
    let longest =
        latest.evidence.facts.iter().map(|fact| crate::tui::text::width(fact.name.as_str())).max().unwrap_or(0);
    for fact in &latest.evidence.facts {
        lines.named(2, fact.name.as_str(), longest.clamp(6, 22) + 2, fact.value.as_str(), Role::Text);
    }
}

fn history(lines: &mut Lines<'_>, known: &CheckState) {
    let scene = lines.scene;
    if known.history.len() < 3 {
        return;
    }
    lines.blank();
    let most = lines.width.saturating_sub(22).min(60);
    let line = crate::tui::widget::sparkline::sparkline(known.history.iter(), most);
    let share = format::share(known.good_runs, known.runs);
    lines.line(vec![
        scene.say("  runs     ", Role::Label),
        scene.say(line, Role::Quiet),
        scene.say(format!("  {share}"), Role::Quiet),
    ]);
}

fn blocks(lines: &mut Lines<'_>, position: usize) {
    let scene = lines.scene;
    let dependents = scene.state.index().dependents(position);
    if dependents.is_empty() {
        return;
    }
    let names: Vec<String> = dependents.iter().take(3).map(|at| scene.state.check_at(*at).0.id.to_string()).collect();
    let more = dependents.len().saturating_sub(3);
    let more = if more > 0 { format!(", +{more}") } else { String::new() };
    lines.named(0, "blocks", 9, &format!("{}{more}", names.join(", ")), Role::Quiet);
}

fn evidence(lines: &mut Lines<'_>, check: &Check, known: &CheckState) {
    let scene = lines.scene;
    if let Some(episode) = &known.episode {
        let since = format::time_of_day(episode.since, scene.zone);
        let length = format::age(format::between(episode.since, scene.now.at));
        let good = known.last_good.as_ref().map_or_else(
            || "never seen good".to_owned(),
            |good| format!("last good {}: {}", format::time_of_day(good.when.at, scene.zone), good.evidence.summary),
        );
        lines.named(0, "since", 9, &format!("{since} ({length}), {good}"), Role::Quiet);
    }
    if let Some(latest) = &known.latest {
        let parts = format!(
            "{} · {} · {} · fresh for {}",
            format::time_of_day(latest.when.at, scene.zone),
            format::count(latest.evidence.attempts as usize, "attempt"),
            format::took(latest.took),
            format::age(check.fresh_for.0),
        );
        lines.named(0, "evidence", 9, &parts, Role::Quiet);
    }
}
