//! The four phases with their items, and the rollback procedure under the fourth.

use crate::core::event::StepEnd;
use crate::core::rollback;
use crate::core::state::{ItemState, Stage, State, StepState, StepStatus, Waiver};
use crate::core::status;
use crate::core::verdict::{Inquiry, Scope};
use crate::model::item::{Item, Waivable};
use crate::model::time::Now;
use crate::model::word::Phase;
use crate::report::shape::{ItemEntry, PhaseEntry, ProcedureEntry, ProcedureStepEntry, WaiverEntry};

pub(super) fn of(state: &State, inquiry: &Inquiry, now: Now) -> Vec<PhaseEntry> {
    let selected = |phase: &Phase| match &inquiry.scope {
        Scope::All | Scope::Machines => true,
        Scope::Selection { phases, .. } => phases.is_empty() || phases.contains(phase),
    };
    Phase::ALL.iter().copied().filter(selected).map(|phase| one(state, phase, now)).collect()
}

fn one(state: &State, phase: Phase, now: Now) -> PhaseEntry {
    let summary = status::phase_summary(state, phase, now);
    let of_phase = state.items().filter(|(item, _)| item.phase == phase);
    PhaseEntry {
        id: phase,
        status: summary.status.word(),
        settled: summary.settled,
        total: summary.total,
        items: of_phase.map(|(item, known)| entry(state, item, known, now)).collect(),
        procedure: (phase == Phase::Rollback).then(|| procedure(state)),
    }
}

fn entry(state: &State, item: &Item, known: &ItemState, now: Now) -> ItemEntry {
    let signed: Vec<_> = known.signatures.iter().map(|signature| signature.by.to_string()).collect();
    ItemEntry {
        id: item.id.to_string(),
        title: item.title.clone(),
        status: status::item_status(state, item, known, now).word(),
        settled_by: settled_by(item),
        severity: item.severity,
        checks: item.checks.iter().map(ToString::to_string).collect(),
        signed_by: item.manual.as_ref().map(|_| signed),
        waiver: waiver(known.waiver.as_ref(), item.waivable, now),
        degraded: status::degradations(state, item, now).map(str::to_owned).collect(),
        note: latest_note(known),
    }
}

fn settled_by(item: &Item) -> Vec<&'static str> {
    let ways = [
        (!item.checks.is_empty(), "checks"),
        (item.manual.is_some(), "manual"),
        (item.step.is_some(), "step"),
        (item.soak.is_some(), "soak"),
        (item.rehearsal.is_some(), "rehearsal"),
    ];
    ways.into_iter().filter_map(|(named, word)| named.then_some(word)).collect()
}

fn latest_note(known: &ItemState) -> Option<String> {
    let noted = known.notes.last().map(|note| (note.at, note.text.to_string()));
    let mut signed = known.signatures.iter().filter_map(|signature| Some((signature.at, signature.note.as_ref()?)));
    let signed = signed.next_back().map(|(at, note)| (at, note.to_string()));
    noted.into_iter().chain(signed).max_by_key(|(at, _)| *at).map(|(_, text)| text)
}

/// A waiver, where it counts.
pub(super) fn waiver(waiver: Option<&Waiver>, waivable: Waivable, now: Now) -> Option<WaiverEntry> {
    let waiver = waiver.filter(|waiver| status::is_waived(Some(waiver), waivable, now))?;
    Some(WaiverEntry {
        by: waiver.by.iter().map(|(by, _)| by.to_string()).collect(),
        reason: waiver.reason.clone(),
        until: waiver.until,
    })
}

fn procedure(state: &State) -> ProcedureEntry {
    let (status, verified) = match &state.procedure().stage {
        Stage::NotRun => ("not_run", false),
        Stage::Running | Stage::Verifying { .. } => ("running", false),
        Stage::RolledBack { verified, .. } => ("rolled_back", *verified),
        Stage::Failed { .. } => ("failed", false),
    };
    let (why, left) = match &state.procedure().stage {
        Stage::Failed { why, left, .. } => (Some(why.clone()), left.clone()),
        Stage::RolledBack { .. } => (None, rollback::half_done(state)),
        Stage::NotRun | Stage::Running | Stage::Verifying { .. } => (None, Vec::new()),
    };
    ProcedureEntry {
        status,
        steps: state.rollback_steps().map(|(planned, run)| procedure_step(planned.id.to_string(), run)).collect(),
        verified,
        verify: state.plan().rollback.verify.iter().map(ToString::to_string).collect(),
        recommended: state.procedure().recommended.as_ref().map(|(_, reasons)| reasons.clone()),
        why,
        left,
    }
}

fn procedure_step(id: String, run: Option<&StepState>) -> ProcedureStepEntry {
    let without = |status| ProcedureStepEntry { id: id.clone(), status, took_ms: None, exit: None };
    let Some(run) = run else { return without("not_run") };
    match &run.status {
        StepStatus::Intended | StepStatus::Running | StepStatus::Stopping => without("running"),
        StepStatus::Ended { end, took, .. } => {
            let (status, exit) = match end {
                StepEnd::Succeeded(how) => ("succeeded", how.to_string()),
                StepEnd::Failed(how) => ("failed", how.to_string()),
                StepEnd::TimedOut => ("failed", "took too long and was stopped".to_owned()),
                StepEnd::Stopped => ("failed", "was stopped".to_owned()),
                StepEnd::Unknown(why) => ("unknown", why.to_string()),
            };
            let took_ms = Some(u64::try_from(took.as_millis()).unwrap_or(u64::MAX));
            ProcedureStepEntry { took_ms, exit: Some(exit), ..without(status) }
        }
    }
}
