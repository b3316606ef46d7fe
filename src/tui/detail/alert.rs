//! What stands behind an alert: what it means, its series with the threshold, who was told, who has it.

use std::time::Duration;

use crate::core::alerts::{self, Course};
use crate::core::state::{AlertState, Life};
use crate::model::alert::Rule;
use crate::model::duration;
use crate::tui::deliveries;
use crate::tui::detail::Lines;
use crate::tui::format;
use crate::tui::theme::Role;
use crate::tui::widget::chart::chart;
use crate::tui::words;

/// Rows of the chart.
const HIGH: usize = 5;
/// The width of the names before the texts.
const NAMES: usize = 11;

pub(super) fn lines(lines: &mut Lines<'_>, position: usize) {
    let scene = lines.scene;
    let (rule, known) = scene.state.alert_at(position);
    let (glyph, role) = words::alert_sign(rule, known);
    let title = rule.title.clone().unwrap_or_else(|| rule.id.to_string());
    lines.both(
        vec![scene.say(format!("  {glyph} "), role), scene.say(title, Role::Strong)],
        vec![scene.say(format!("{} ", rule.level.word()), Role::Quiet)],
    );
    if let Some(impact) = &rule.impact {
        lines.wrapped(4, impact, Role::Text);
    }
    if let (Some(remedy), true) = (&rule.remedy, known.is_firing()) {
        lines.named(2, "Do", NAMES, remedy, Role::Strong);
    }
    life(lines, rule, known);
    course(lines, position);
    norms(lines, position);
    lines.named(2, "rule", NAMES, &rule.when, Role::Quiet);
}

fn life(lines: &mut Lines<'_>, rule: &Rule, known: &AlertState) {
    let scene = lines.scene;
    let time = |at| format::time_of_day(at, scene.zone);
    if let Life::Firing(since) = known.life {
        let mut text = format!("since {} ({})", time(since.at), format::ago(since.at, scene.now.at));
        if let Some(calm) = known.calm_since {
            let left = rule.keep_firing.0.saturating_sub(scene.now.since(calm).unwrap_or_default());
            text.push_str(&format!("; no longer holds, kept firing for {}", format::age(left)));
        }
        lines.named(2, "firing", NAMES, &text, Role::Text);
    }
    if let Some(cause) = known.cause.as_ref().filter(|_| known.is_firing()) {
        lines.named(2, "because", NAMES, &format!("{cause} fails"), Role::Text);
    }
    let notify = if rule.notify.is_empty() {
        "nobody: the plan has no such notifier".to_owned()
    } else {
        rule.notify.join(", ")
    };
    let sentences = deliveries::sentences(scene, rule, known);
    let told = match (&known.held_by, &known.silence) {
        (Some(by), _) => format!("held back: {by} tells of the cause"),
        (None, Some(silence)) => {
            format!("silenced by {} until {}: {}", silence.by, time(silence.until), silence.reason)
        }
        (None, None) if known.is_firing() && known.told && !sentences.is_empty() => String::new(),
        (None, None) if known.is_firing() && known.told => notify,
        (None, None) => format!("would be told: {notify}"),
    };
    if !told.is_empty() {
        lines.named(2, "told", NAMES, &told, Role::Text);
    }
    for (at, (sentence, role)) in sentences.iter().enumerate() {
        lines.named(2, if at == 0 && told.is_empty() { "told" } else { "" }, NAMES, sentence, *role);
    }
    if let Some(seen) = known.acknowledged.as_ref().filter(|_| known.is_firing()) {
        let note = seen.note.as_ref().map_or_else(String::new, |note| format!(": {note}"));
        let text = format!("{} {}{note}", seen.by, format::ago(seen.at, scene.now.at));
        lines.named(2, "seen by", NAMES, &text, Role::Text);
    }
    if let Some((at, to)) = known.escalated.as_ref().filter(|_| known.is_firing()) {
        let whom =
            if to.is_empty() { "nobody else: the plan has no other notifier for it".into() } else { to.join(", ") };
        let text = format!("{} to {whom}", format::ago(*at, scene.now.at));
        lines.named(2, "escalated", NAMES, &text, Role::Look);
    } else if let Some(at) = known.escalates(rule) {
        let left = format::age(format::between(scene.now.at, at.at));
        lines.named(2, "escalates", NAMES, &format!("in {left}, unless somebody presses a"), Role::Look);
    }
}

/// What is normal at this hour, where that is known from elsewhere.
fn norms(lines: &mut Lines<'_>, position: usize) {
    let scene = lines.scene;
    let Some(compiled) = scene.state.rules().rule(position) else { return };
    for check in &compiled.checks {
        let (check, _) = scene.state.check_at(*check);
        let Some(norm) = scene.state.norm(&check.id) else { continue };
        let usual = norm
            .at(scene.now.at)
            .map_or_else(|| "not known for this hour".to_owned(), |mean| format!("{mean:.2} at this hour"));
        lines.named(2, "baseline", NAMES, &format!("{} {usual}, {}", check.id, norm.from), Role::Quiet);
    }
}

/// The series as the rule looks at it, over three of its windows.
fn course(lines: &mut Lines<'_>, position: usize) {
    let scene = lines.scene;
    let columns = lines.width.saturating_sub(18).clamp(10, 90);
    let Some(Course { numbers, line, span, name, is_length }) =
        alerts::course(scene.state, position, scene.now, columns)
    else {
        return;
    };
    if numbers.iter().all(Option::is_none) {
        lines.named(2, "series", NAMES, &format!("{name}: no samples in {}", duration::written(span)), Role::Quiet);
        return;
    }
    let shown = |number: f64| {
        if is_length {
            format::took(Duration::try_from_secs_f64(number).unwrap_or_default())
        } else {
            format!("{:.2}", number).trim_end_matches('0').trim_end_matches('.').to_owned()
        }
    };
    let top = numbers.iter().flatten().copied().fold(0.0_f64, f64::max);
    for (at, row) in chart(&numbers, line, HIGH).into_iter().enumerate() {
        let label = match at {
            0 => shown(top),
            _ if at == HIGH - 1 => "0".to_owned(),
            _ => String::new(),
        };
        lines.line(vec![scene.say(format!("  {label:>9} │"), Role::Label), scene.say(row, Role::Text)]);
    }
    let held = line.map_or_else(String::new, |line| format!("   ┄ {}", shown(line)));
    let text = format!("{name}, the last {}{held}", duration::written(span));
    lines.named(2, "", NAMES, &text, Role::Quiet);
}
