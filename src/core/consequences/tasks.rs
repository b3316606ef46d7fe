//! Tasks that open and close by themselves: a failure that no retry mends asks for a person, and what is seen good
//! again asks for nobody.

use crate::core::event::{Body, TaskEvent};
use crate::core::state::{CheckState, Latest, State, TaskState};
use crate::core::status::{self, CheckStatus};
use crate::model::failure::Recovery;
use crate::model::id::CheckId;
use crate::model::plan::{Check, Run};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::{Outcome, Severity};

/// A task's remedy is as long as that of evidence.
const LONGEST: usize = 300;

pub(super) fn bodies(state: &State, now: Now) -> Vec<Body> {
    let of_check = |position: usize| -> Option<Body> {
        let (check, known) = state.check_at(position);
        let task = state.task(&check.id);
        let body = match (task, asks_for_a_person(state, position, now)) {
            (None, Some(latest)) => opened(check, latest),
            (Some(task), Some(latest)) if did_not_help(task, latest) => opened(check, latest),
            (Some(_), Some(_)) | (None, None) => return None,
            (Some(_), None) => closed(check, known, now)?,
        };
        Some(Body::Task(body))
    };
    (0..state.plan().checks.len()).filter_map(of_check).collect()
}

/// The failure that asks for a person: of its own, not accepted, and not one that goes away by itself.
fn asks_for_a_person(state: &State, position: usize, now: Now) -> Option<&Latest> {
    let (check, known) = state.check_at(position);
    let latest = known.latest.as_ref().filter(|latest| latest.evidence.outcome == Outcome::Fail)?;
    let recovery = latest.evidence.failure.as_ref()?.recovery;
    let by_a_person = matches!(recovery, Recovery::ManualIntervention | Recovery::GracefulDegradation);
    let counts = check.severity != Severity::Advice && check.run != Run::AfterRollback;
    if !by_a_person || !counts || status::is_waived(known.waiver.as_ref(), check.waivable, now) {
        return None;
    }
    let blocked = matches!(status::check_status(state, position, now), CheckStatus::Blocked(_));
    (!blocked).then_some(latest)
}

/// Whether a run that began after a person said that it is done fails all the same.
fn did_not_help(task: &TaskState, latest: &Latest) -> bool {
    task.done.as_ref().is_some_and(|done| latest.effect >= done.runs_from)
}

fn opened(check: &Check, latest: &Latest) -> TaskEvent {
    let own = latest.evidence.remedy.clone();
    let remedy = own.or_else(|| check.remedy.as_ref().map(|remedy| SafeText::bounded(remedy, LONGEST)));
    let remedy = match &check.degradation {
        Some(degradation) => {
            Some(SafeText::bounded(&degradation.way_out(remedy.as_ref().map(SafeText::as_str)), LONGEST))
        }
        None => remedy,
    };
    TaskEvent::Opened { check: check.id.clone(), what: latest.evidence.summary.clone(), remedy }
}

/// Seen good, or accepted. What cannot be found out leaves the task open.
fn closed(check: &Check, known: &CheckState, now: Now) -> Option<TaskEvent> {
    let check_id: CheckId = check.id.clone();
    let why = if matches!(known.outcome(), Some(Outcome::Pass | Outcome::Warn)) {
        "seen good"
    } else if status::is_waived(known.waiver.as_ref(), check.waivable, now) {
        "accepted as it is"
    } else {
        return None;
    };
    Some(TaskEvent::Closed { check: check_id, why: SafeText::from_foreign(why) })
}
