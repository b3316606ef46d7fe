//! The page for the incident's channel: what somebody who comes in late has to know, in the order of their questions.
//! Every text is literal, so nothing in it is taken for markup and no name calls anybody.

use jiff::Timestamp;

use crate::model::duration;
use crate::report::markdown::literal;
use crate::report::shape::Report;
use crate::report::triage::{CauseEntry, HurtEntry, SourceEntry, Triage};

/// So many changes stand on the page.
const CHANGES: usize = 8;
/// So many notes, the latest.
const NOTES: usize = 10;
/// So many ids; the JSON report has them all.
const IDS: usize = 50;

/// The page.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let triage = &report.triage;
    let mut out = vec![headline(report), String::new(), standing(report)];
    causes(&mut out, triage);
    hurt(&mut out, triage);
    changes(&mut out, triage);
    runbooks(&mut out, triage);
    notes(&mut out, triage);
    out.push(format!("\n_From golive, session `{}`, judged {}._", report.session, moment(report.validation_timestamp)));
    out.join("\n") + "\n"
}

fn headline(report: &Report) -> String {
    let (service, environment) = (literal(&report.service), literal(&report.environment));
    match (report.triage.severity, report.triage.causes.len()) {
        (_, 0) => format!("# {service} › {environment}: nothing is broken"),
        (Some(severity), 1) => format!("# {service} › {environment}: 1 cause, {severity}"),
        (Some(severity), many) => format!("# {service} › {environment}: {many} causes, {severity}"),
        (None, many) => format!("# {service} › {environment}: {many} causes"),
    }
}

fn standing(report: &Report) -> String {
    let triage = &report.triage;
    let mut parts = vec![format!("**{} to {}**", report.verdict.words(), report.question)];
    if let (Some(since), Some(elapsed)) = (triage.since, triage.elapsed_ms) {
        let elapsed = duration::written(std::time::Duration::from_secs(elapsed / 1_000));
        parts.push(format!("since {} ({elapsed})", moment(since)));
    }
    match &triage.next_escalation {
        Some(next) => parts.push(format!(
            "next escalation {} to {} ({})",
            moment(next.at),
            literal(&next.to.join(", ")),
            literal(&next.alert)
        )),
        None if triage.causes.is_empty() => {}
        None => parts.push("nothing more is escalated".to_owned()),
    }
    if triage.this_machine > 0 {
        let word = if triage.this_machine == 1 { "check" } else { "checks" };
        parts.push(format!("{} {word} cannot look from this machine", triage.this_machine));
    }
    parts.join(" · ")
}

fn causes(out: &mut Vec<String>, triage: &Triage) {
    if triage.causes.is_empty() {
        return;
    }
    out.push("\n## What broke\n".to_owned());
    for cause in &triage.causes {
        let how = if cause.failing { "" } else { " (golive cannot find out)" };
        let (check, summary, since) = (literal(&cause.check), literal(cause.summary.as_str()), moment(cause.since));
        out.push(match cause.this_machine {
            true => format!("- **This machine** (golive cannot look from it): {check}: {summary}, since {since}"),
            false => format!("- **{check}**{how}: {summary}, since {since}"),
        });
        out.extend(details(cause));
    }
}

fn details(cause: &CauseEntry) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(good) = &cause.last_good {
        lines.push(format!("  - Last good {}: {}", moment(good.at), literal(good.summary.as_str())));
    }
    if !cause.blocked.is_empty() {
        let names = cause.blocked.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", ");
        let says = if cause.this_machine { "Cannot look either" } else { "Only follows from it" };
        lines.push(format!("  - {says}: {names}"));
    }
    if let Some(remedy) = &cause.remedy {
        lines.push(format!("  - What to do: {}", literal(remedy)));
    }
    lines
}

fn hurt(out: &mut Vec<String>, triage: &Triage) {
    let asked: Vec<&HurtEntry> = triage.hurt.iter().filter(|hurt| hurt.since.is_some()).collect();
    if asked.is_empty() {
        return;
    }
    out.push("\n## Who is hurt\n".to_owned());
    for hurt in asked {
        out.push(line(hurt));
        if !hurt.ids.is_empty() {
            let ids = hurt.ids.iter().take(IDS).map(|id| literal(id.as_str())).collect::<Vec<_>>().join(", ");
            let rest = hurt.ids.len().saturating_sub(IDS);
            let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
            out.push(format!("  - To repair: {ids}{rest}"));
        }
        if let Some(repair) = hurt.repair.as_ref().filter(|_| hurt.count.is_some_and(|count| count > 0)) {
            out.push(format!("  - How: {}", literal(repair)));
        }
    }
}

/// Who is hurt, by one query, as one item of a list.
pub(in crate::report) fn line(hurt: &HurtEntry) -> String {
    let since = hurt.since.map(|since| format!(" since {}", moment(since))).unwrap_or_default();
    let words = match (&hurt.words, hurt.more) {
        (Some(words), true) => format!("at least {}", literal(words)),
        (Some(words), false) => literal(words),
        (None, _) => format!("{}: nobody knows", literal(&hurt.title)),
    };
    let as_of = hurt.as_of.map(|at| format!(", as of {}", at.strftime("%T"))).unwrap_or_default();
    let why = hurt.why.as_ref().map(|why| format!("; not asked again: {}", literal(why.as_str()))).unwrap_or_default();
    format!("- {words}{since}{as_of}{why}")
}

fn changes(out: &mut Vec<String>, triage: &Triage) {
    match triage.since {
        Some(since) => out.push(format!("\n## What changed before {}\n", moment(since))),
        None => out.push("\n## Latest changes\n".to_owned()),
    }
    if triage.changes.is_empty() {
        out.push("Nothing that is watched.".to_owned());
    }
    for change in triage.changes.iter().take(CHANGES) {
        let by = change.by.as_ref().map(|by| format!(" ({})", literal(by))).unwrap_or_default();
        let (subject, what) = (literal(&change.subject), literal(&change.what));
        out.push(format!("- {} **{subject}** {what}{by}", change.at.strftime("%F %T")));
    }
    out.push(format!("\nWatched: {}.", watched(triage)));
}

/// Which sources are watched and which are not, in a line.
pub(in crate::report) fn watched(triage: &Triage) -> String {
    let source = |source: &SourceEntry| {
        let name = literal(&source.id);
        match (&source.why, source.state) {
            (Some(why), _) => format!("{name} ✗ ({})", literal(why.as_str())),
            (None, "waiting") => format!("{name} not looked at yet"),
            (None, _) => format!("{name} ✓"),
        }
    };
    let sources = triage.sources.iter().map(source);
    let absent = triage.not_watched.iter().map(|kind| format!("{kind} not connected"));
    std::iter::once("session ✓".to_owned()).chain(sources).chain(absent).collect::<Vec<_>>().join(", ")
}

fn runbooks(out: &mut Vec<String>, triage: &Triage) {
    for cause in &triage.causes {
        let Some(runbook) = &cause.runbook else { continue };
        let file = runbook.file.as_ref().map(|file| format!(" ({})", literal(file))).unwrap_or_default();
        out.push(format!("\n## Runbook of {}{file}\n", literal(&cause.check)));
        for step in &runbook.steps {
            let tick = if step.done_by.is_some() { 'x' } else { ' ' };
            let done = step.done_by.as_ref().zip(step.done_at);
            let done = done.map(|(by, at)| format!(" ({}, {})", literal(by), at.strftime("%T"))).unwrap_or_default();
            out.push(format!("- [{tick}] {}{done}", literal(step.words.as_str())));
        }
    }
}

fn notes(out: &mut Vec<String>, triage: &Triage) {
    if triage.notes.is_empty() {
        return;
    }
    out.push("\n## Notes\n".to_owned());
    for note in &triage.notes[triage.notes.len().saturating_sub(NOTES)..] {
        let about = note.about.as_ref().map(|about| format!(" on {}", literal(about))).unwrap_or_default();
        let (by, text) = (literal(&note.by), literal(note.text.as_str()));
        out.push(format!("- {} {by}{about}: {text}", note.at.strftime("%F %T")));
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%F %T UTC").to_string()
}
