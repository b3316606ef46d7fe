//! Makes the report out of state: one file for each of its parts. Every word comes from the same derivations as the
//! screen and the verdict, so they cannot disagree.

mod alerts;
mod checks;
mod credentials;
mod notices;
mod phases;
mod reasons;
mod rehearsals;
mod validation;

use crate::core::event::Subject;
use crate::core::state::{Entry, State};
use crate::core::verdict::{self, Inquiry};
use crate::model::operator::Actor;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::report::shape::{EnvironmentInfo, JournalEntry, Report, SCHEMA, TimelineEntry, WaitingEntry, WaiverEntry};
use crate::report::triage;

/// What a state does not know about where it is judged.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// Who asks.
    pub operator: SafeText,
    /// The plan's file, where it is known.
    pub plan: Option<String>,
    /// The end of the journal, where one was read.
    pub journal: Option<JournalEntry>,
}

/// What is to be said about a state, asked a question at a moment.
#[must_use]
pub fn report(state: &State, inquiry: &Inquiry, circumstances: &Circumstances, now: Now) -> Report {
    let verdict = verdict::verdict(state, inquiry, now);
    let validation = validation::of(state, inquiry, now);
    let reasons = reasons::of(&verdict, &validation);
    let answer = verdict.answer();
    let (plan, session) = (state.plan(), state.session());
    Report {
        schema: SCHEMA,
        service: plan.service.name.clone(),
        environment: plan.service.environment.clone(),
        version: session.version.clone(),
        session: session.id.to_string(),
        question: inquiry.question,
        scope: inquiry.scope.word(),
        verdict: answer,
        would_be: verdict.would_be(),
        is_valid: reasons.critical.is_empty(),
        is_production_ready: answer.permits(),
        reasons: reasons.all,
        critical_errors: reasons.critical,
        warnings: reasons.warnings,
        recommendations: reasons.recommendations,
        waiting: verdict.waiting().iter().map(waiting).collect(),
        phases: phases::of(state, inquiry, now),
        session_outcome: state.outcome(),
        checks: checks::of(state, inquiry, now),
        credentials: credentials::of(state, now),
        alerts: alerts::of(state, now),
        notifiers: notices::notifiers(state),
        rehearsals: rehearsals::of(state),
        credential_validation: validation.booleans(validation::CREDENTIAL),
        environment_validation: validation.booleans(validation::ENVIRONMENT),
        security_validation: validation.booleans(validation::SECURITY),
        configuration_validation: validation.booleans(validation::CONFIGURATION),
        validation_timestamp: now.at,
        validation_version: env!("CARGO_PKG_VERSION"),
        environment_info: EnvironmentInfo {
            host: session.host.clone(),
            os: std::env::consts::OS,
            operator: circumstances.operator.clone(),
            plan: circumstances.plan.clone().unwrap_or_else(|| plan.folder.display().to_string()),
            plan_sha256: plan.digest.clone(),
        },
        journal: circumstances.journal.clone(),
        lull: state.lull().map(|lull| WaiverEntry {
            by: vec![lull.by.to_string()],
            reason: lull.reason.clone(),
            until: lull.until,
        }),
        triage: triage::of(state, now),
        timeline: state.timeline().map(happened).collect(),
    }
}

/// What something is about, as reports name it.
pub(super) fn subject_of(subject: Option<&Subject>) -> String {
    reasons::subject(subject)
}

fn happened(entry: &Entry) -> TimelineEntry {
    TimelineEntry {
        at: entry.at,
        mark: entry.mark,
        family: entry.family,
        subject: entry.subject.clone(),
        text: entry.text.clone(),
        by: match &entry.actor {
            Actor::Golive => None,
            Actor::Operator(by) => Some(by.to_string()),
        },
    }
}

fn waiting(waiting: &verdict::Waiting) -> WaitingEntry {
    WaitingEntry {
        subject: reasons::about(&waiting.cause, waiting.subject.as_ref()),
        whose: waiting.whose.clone(),
        what: waiting.what.clone(),
        since: waiting.since,
    }
}
