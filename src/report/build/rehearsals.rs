//! The rehearsals that are known, newest first.

use std::time::Duration;

use crate::core::state::State;
use crate::model::rehearsal::RehearsalRecord;
use crate::model::rollback::Measure;
use crate::report::shape::{RehearsalEntry, RehearsedStepEntry};

pub(super) fn of(state: &State) -> Vec<RehearsalEntry> {
    let fingerprint = &state.plan().rollback.fingerprint;
    state.procedure().rehearsals().rev().map(|record| one(record, fingerprint)).collect()
}

fn one(record: &RehearsalRecord, fingerprint: &str) -> RehearsalEntry {
    let steps = record.steps.iter().map(|step| RehearsedStepEntry {
        id: step.id.to_string(),
        status: if step.succeeded { "succeeded" } else { "failed" },
        exit: step.end.clone(),
        took_ms: milliseconds(step.took.0),
        budget_ms: step.budget.map(|budget| milliseconds(budget.0)),
        measures: step.measures.map(Measure::word),
    });
    RehearsalEntry {
        at: record.at,
        outcome: if record.passed() { "passed" } else { "failed" },
        grade: record.grade.word(),
        took_ms: milliseconds(record.took.0),
        budget_ms: record.budget.map(|budget| milliseconds(budget.0)),
        this_procedure: record.fingerprint == *fingerprint,
        why: record.failed.clone(),
        steps: steps.collect(),
    }
}

fn milliseconds(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}
