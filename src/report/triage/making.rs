//! Triage out of state.

use jiff::Timestamp;

use crate::core::state::{Jotted, State};
use crate::core::triage::{self, RootCause};
use crate::model::failure::FailureClass;
use crate::model::id::CheckId;
use crate::model::operator::Actor;
use crate::model::runbook::{Part, Runbook};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::triage::{Hurt, SOURCES, Source};
use crate::report::build;
use crate::report::triage::{
    CauseEntry, ChangeEntry, EscalationEntry, HurtEntry, LastGood, NoteEntry, RunbookEntry, SourceEntry, StepEntry,
    Triage,
};

/// So many changes are told.
const CHANGES: usize = 20;

/// What is broken in a state at a moment, and what is known about it.
#[must_use]
pub fn of(state: &State, now: Now) -> Triage {
    let causes = triage::causes(state, now);
    let since = causes.iter().map(|cause| cause.since).min();
    let plan = &state.plan().triage;
    let watched = |kind: &&&str| !plan.changes.iter().any(|source| source.kind.as_str() == **kind);
    let before = since.unwrap_or(now.at);
    Triage {
        severity: triage::severity(state, &causes),
        since,
        elapsed_ms: since.map(|since| elapsed(since, now.at)),
        this_machine: triage::troubled_here(&causes),
        hurt: plan.hurt.iter().map(|query| hurt(state, query)).collect(),
        sources: plan.changes.iter().map(|planned| source(state, planned)).collect(),
        not_watched: SOURCES.iter().filter(|kind| watched(kind)).copied().collect(),
        changes: triage::changes_before(state, before).take(CHANGES).map(change).collect(),
        next_escalation: triage::next_escalation(state).map(|next| EscalationEntry {
            alert: next.alert.to_string(),
            at: next.at,
            to: next.to,
        }),
        notes: state.triage().pad().map(note).collect(),
        causes: causes.iter().map(|cause| of_cause(state, cause)).collect(),
    }
}

fn elapsed(since: Timestamp, now: Timestamp) -> u64 {
    u64::try_from(now.duration_since(since).as_millis()).unwrap_or(0)
}

fn of_cause(state: &State, cause: &RootCause) -> CauseEntry {
    let (check, known) = state.check_at(cause.position);
    let latest = known.known_failure().or(known.latest.as_ref());
    let own = latest.and_then(|latest| latest.evidence.remedy.as_ref()).map(ToString::to_string);
    // What the plan says to do is about the target, and this is not the target.
    let planned = if cause.this_machine {
        Some(FailureClass::ThisMachine.meaning().remedy.to_owned())
    } else {
        check.remedy.clone()
    };
    CauseEntry {
        check: check.id.to_string(),
        this_machine: cause.this_machine,
        severity: check.severity,
        failing: cause.failing,
        summary: latest.map_or_else(SafeText::empty, |latest| latest.evidence.summary.clone()),
        since: cause.since,
        last_good: known
            .last_good
            .as_ref()
            .map(|good| LastGood { at: good.when.at, summary: good.evidence.summary.clone() }),
        remedy: own.or(planned),
        recovery: latest.and_then(|latest| latest.evidence.failure.as_ref()).map(|failure| failure.recovery.word()),
        blocked: cause.victims.iter().map(ToString::to_string).collect(),
        runbook: state.plan().triage.runbooks.get(&check.id).map(|runbook| of_runbook(state, &check.id, runbook)),
    }
}

fn of_runbook(state: &State, check: &CheckId, runbook: &Runbook) -> RunbookEntry {
    let step = |part: Part| match part {
        Part::Step(number, words) => {
            let tick = state.triage().tick(check, number);
            Some(StepEntry { words, done_by: tick.map(|tick| who(&tick.by)), done_at: tick.map(|tick| tick.at) })
        }
        Part::Heading(_) | Part::Words(_) => None,
    };
    RunbookEntry {
        file: runbook.file.as_ref().map(|file| file.display().to_string()),
        steps: runbook.parts().into_iter().filter_map(step).collect(),
    }
}

fn hurt(state: &State, query: &Hurt) -> HurtEntry {
    let known = state.triage().hurt(&query.id);
    let counted = known.and_then(|known| known.counted.as_ref());
    HurtEntry {
        id: query.id.to_string(),
        title: query.title.clone(),
        since: known.map(|known| known.since),
        as_of: counted.map(|(_, at)| *at),
        count: counted.map(|(counted, _)| counted.count),
        amount: counted.and_then(|(counted, _)| counted.amount.clone()),
        words: counted.map(|(counted, _)| query.words(counted.count, counted.amount.as_ref())),
        ids: counted.map(|(counted, _)| counted.ids.clone()).unwrap_or_default(),
        more: counted.is_some_and(|(counted, _)| counted.more),
        why: known.and_then(|known| known.why.clone()),
        repair: query.repair.clone(),
    }
}

fn source(state: &State, planned: &Source) -> SourceEntry {
    let known = state.triage().source(&planned.id);
    let why = known.and_then(|known| known.lost.clone());
    let word = match (known, &why) {
        (None, _) => "waiting",
        (Some(_), Some(_)) => "lost",
        (Some(_), None) => "watched",
    };
    SourceEntry { id: planned.id.to_string(), kind: planned.kind.to_string(), state: word, why }
}

fn change(entry: &crate::core::state::Entry) -> ChangeEntry {
    let by = match &entry.actor {
        Actor::Golive => None,
        Actor::Operator(by) => Some(by.to_string()),
    };
    ChangeEntry { at: entry.at, subject: entry.subject.clone(), what: entry.text.clone(), by }
}

fn note(jotted: &Jotted) -> NoteEntry {
    NoteEntry {
        at: jotted.note.at,
        by: who(&jotted.note.by),
        about: jotted.about.as_ref().map(|about| build::subject_of(Some(about))),
        text: jotted.note.text.clone(),
    }
}

fn who(actor: &Actor) -> String {
    match actor {
        Actor::Golive => "golive".to_owned(),
        Actor::Operator(by) => by.to_string(),
    }
}
