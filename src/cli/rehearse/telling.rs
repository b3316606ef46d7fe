//! A rehearsal in words: while it runs, when it is done, and what would be run at all.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::cli::console::Console;
use crate::cli::exit::{Exit, Stop};
use crate::cli::machine::Machine;
use crate::core::dry_run::in_a_line;
use crate::core::rollback;
use crate::core::state::{Stage, State};
use crate::model::plan::Plan;
use crate::model::rehearsal::RehearsalRecord;
use crate::model::time::Now;
use crate::source;

/// One line of what happens now, with the clock and the last times.
pub(super) fn progress(state: &State, earlier: &[RehearsalRecord], now: Now) -> String {
    let known = state.procedure();
    let elapsed = known.begun.as_ref().and_then(|begun| now.since(begun.when)).unwrap_or_default();
    let budget = rollback::budget(state).map(|budget| format!(" of {}", minutes(budget))).unwrap_or_default();
    let doing = match (&known.stage, state.next_rollback_step()) {
        (Stage::Verifying { .. }, _) => "verifying".to_owned(),
        (_, Some((step, run))) => {
            let since = run.and_then(|run| now.since(run.intended)).unwrap_or_default();
            let last = earlier.iter().rev().find_map(|record| record.steps.iter().find(|known| known.id == step.id));
            let last = last.map(|last| format!(" (last {})", minutes(last.took.0))).unwrap_or_default();
            format!("{} {}{last}", step.id, minutes(since))
        }
        (_, None) => "beginning".to_owned(),
    };
    format!("rehearsing {}{budget}   {doing}", minutes(elapsed))
}

/// `2:05`, and tenths below a minute.
fn minutes(length: Duration) -> String {
    match length.as_secs() {
        0..60 => format!("{}.{} s", length.as_secs(), length.subsec_millis() / 100),
        seconds => format!("{}:{:02}", seconds / 60, seconds % 60),
    }
}

/// The result for people.
pub(super) fn human(record: &RehearsalRecord, earlier: &[RehearsalRecord]) -> String {
    let mut text = String::new();
    let budget = record.budget.map(|budget| format!(", budget {}", minutes(budget.0))).unwrap_or_default();
    let (glyph, word) = if record.passed() { ("✓", "passed") } else { ("✗", "failed") };
    let _ = writeln!(
        text,
        "{glyph} rehearsal of the rollback ({}) {word} in {}{budget}",
        record.grade.word(),
        minutes(record.took.0)
    );
    if let Some(why) = &record.failed {
        let _ = writeln!(text, "  {why}");
    }
    let width = record.steps.iter().map(|step| step.id.as_str().len()).max().unwrap_or(0);
    for step in &record.steps {
        let glyph = if step.succeeded { "✓" } else { "✗" };
        let budget = step.budget.map(|budget| format!("   budget {}", minutes(budget.0))).unwrap_or_default();
        let before = earlier.iter().rev().find_map(|record| record.steps.iter().find(|known| known.id == step.id));
        let last = before.map(|last| format!("   last {}", minutes(last.took.0))).unwrap_or_default();
        let end = if step.succeeded { String::new() } else { format!("   {}", step.end) };
        let _ = writeln!(text, "  {glyph} {:<width$}  {:>8}{budget}{last}{end}", step.id, minutes(step.took.0));
    }
    let times: Vec<String> = earlier.iter().rev().take(3).map(in_short).collect();
    if !times.is_empty() {
        let _ = writeln!(text, "  before: {}", times.join(" · "));
    }
    text
}

fn in_short(record: &RehearsalRecord) -> String {
    let failed = if record.passed() { "" } else { " (failed)" };
    format!("{}{failed}", minutes(record.took.0))
}

/// The result for programs: the fields of a report's rehearsal, and those before.
pub(super) fn json(plan: &Plan, record: &RehearsalRecord, earlier: &[RehearsalRecord]) -> Json {
    let mut object = one(record);
    object["schema"] = json!(1);
    object["service"] = json!(plan.service.name);
    object["environment"] = json!(plan.service.environment);
    object["before"] = earlier.iter().rev().map(one).collect();
    object
}

fn one(record: &RehearsalRecord) -> Json {
    let milliseconds = |length: Duration| u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let steps = record.steps.iter().map(|step| {
        json!({
            "id": step.id,
            "status": if step.succeeded { "succeeded" } else { "failed" },
            "exit": step.end,
            "took_ms": milliseconds(step.took.0),
            "budget_ms": step.budget.map(|budget| milliseconds(budget.0)),
            "measures": step.measures,
        })
    });
    json!({
        "session": record.id,
        "at": record.at,
        "by": record.by,
        "outcome": if record.passed() { "passed" } else { "failed" },
        "grade": record.grade,
        "took_ms": milliseconds(record.took.0),
        "budget_ms": record.budget.map(|budget| milliseconds(budget.0)),
        "fingerprint": record.fingerprint,
        "why": record.failed,
        "steps": steps.collect::<Vec<_>>(),
    })
}

/// What a deployment, a rollback and a rehearsal would run, with values in and secrets masked. Runs nothing.
pub(super) fn dry_run(plan: &Plan, console: &Console, machine: &Machine) -> Result<Exit, Stop> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    // Sources that are commands stay unread: a dry run runs nothing at all.
    let values = runtime.block_on(source::load(plan, false, &machine.environment));
    let mut text = String::new();
    for item in &plan.items {
        if let Some(step) = &item.step {
            let _ = writeln!(text, "{:<13} {:<24} {}", item.phase.word(), item.id, in_a_line(&step.action, &values));
            if let Some(undo) = &step.undo {
                let action = in_a_line(&undo.step.action, &values);
                let _ = writeln!(text, "{:<13} {:<24} {action}", "", "  taken back by");
            }
        }
    }
    for step in &plan.procedure {
        let _ = writeln!(text, "{:<13} {:<24} {}", "rollback", step.id, in_a_line(&step.action, &values));
    }
    for measured in &plan.rollback.rehearsal_steps {
        let action = in_a_line(&measured.step.action, &values);
        let _ = writeln!(text, "{:<13} {:<24} {action}", "rehearsal", measured.step.id);
    }
    let undone = plan.items.iter().filter_map(|item| item.step.as_ref()?.undo.as_ref()).map(|undo| &undo.step);
    for step in undone.chain(&plan.procedure) {
        let form = step.rehearse.as_ref();
        let form = form.map_or_else(|| "cannot be rehearsed".to_owned(), |form| in_a_line(&form.action, &values));
        let _ = writeln!(text, "{:<13} {:<24} {form}", "rehearsal", step.id);
    }
    console.result(&text)?;
    Ok(Exit::Go)
}
