//! The verdict's reasons as the report lists them: all of them, and the same sorted into three.

use crate::core::event::Subject;
use crate::core::verdict::{Answer, Cause, Reason, Verdict};
use crate::model::word::Severity;
use crate::report::build::validation::Validation;
use crate::report::shape::ReasonEntry;

pub(super) struct Reasons {
    pub(super) all: Vec<ReasonEntry>,
    pub(super) critical: Vec<ReasonEntry>,
    pub(super) warnings: Vec<ReasonEntry>,
    pub(super) recommendations: Vec<ReasonEntry>,
}

pub(super) fn of(verdict: &Verdict, validation: &Validation) -> Reasons {
    let mut reasons =
        Reasons { all: Vec::new(), critical: Vec::new(), warnings: Vec::new(), recommendations: Vec::new() };
    for reason in verdict.reasons().iter().chain(verdict.notes()) {
        // A reason is as severe as it weighs; how severe its check or item is stands with that.
        let (list, severity) = match (reason.weight, waits(&reason.cause)) {
            (Answer::NoGo, _) | (Answer::Hold, false) => (&mut reasons.critical, Severity::Critical),
            (Answer::Hold, true) | (Answer::GoWithWarnings, _) => (&mut reasons.warnings, Severity::Warning),
            (Answer::Go, _) => (&mut reasons.recommendations, Severity::Advice),
        };
        list.push(ReasonEntry { severity, ..entry(reason) });
    }
    // Whoever reads a boolean that is false finds out here why it is.
    for (name, why) in validation.unexplained(|name| reasons.each().any(|reason| reason.subject == name)) {
        let entry =
            ReasonEntry { subject: name.to_owned(), severity: Severity::Advice, message: why.to_owned(), remedy: None };
        reasons.recommendations.push(entry);
    }
    reasons.all = reasons.each().cloned().collect();
    reasons
}

impl Reasons {
    /// All of them, the worst first.
    fn each(&self) -> impl Iterator<Item = &ReasonEntry> {
        self.critical.iter().chain(&self.warnings).chain(&self.recommendations)
    }
}

/// Whether a reason only says that people, steps or time have not come yet: nothing is wrong with what was judged.
const fn waits(cause: &Cause) -> bool {
    match cause {
        Cause::People | Cause::Step | Cause::Soak | Cause::Rehearsal | Cause::Objection | Cause::Waived => true,
        Cause::Held | Cause::Poll | Cause::Window => true,
        Cause::KnownFailure { .. }
        | Cause::Warned
        | Cause::Inconclusive
        | Cause::Missing
        | Cause::Blocked(_)
        | Cause::Stale
        | Cause::StepFailed
        | Cause::Untold
        | Cause::Rotation
        | Cause::Watch
        | Cause::Rollback
        | Cause::Alert
        | Cause::AlertUnknown
        | Cause::Journal => false,
    }
}

fn entry(reason: &Reason) -> ReasonEntry {
    ReasonEntry {
        subject: about(&reason.cause, reason.subject.as_ref()),
        severity: reason.severity,
        message: reason.message.clone(),
        remedy: reason.remedy.clone(),
    }
}

/// What something is about, in a word.
pub(super) fn about(cause: &Cause, of: Option<&Subject>) -> String {
    match cause {
        Cause::Rollback => "rollback".to_owned(),
        Cause::Held => "hold".to_owned(),
        Cause::Poll => "poll".to_owned(),
        Cause::Window => "window".to_owned(),
        _ => subject(of),
    }
}

pub(super) fn subject(subject: Option<&Subject>) -> String {
    match subject {
        Some(Subject::Item(item)) => item.to_string(),
        Some(Subject::Check(check)) => check.to_string(),
        Some(Subject::Alert(alert)) => alert.to_string(),
        Some(Subject::Notifier(notifier)) => notifier.to_string(),
        None => "journal".to_owned(),
    }
}
