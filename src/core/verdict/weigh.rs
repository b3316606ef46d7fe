//! The tables of DECISIONS 5 and 6: what each check and each item weighs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::core::event::Subject;
use crate::core::rollback;
use crate::core::rotation;
use crate::core::state::{CheckState, ItemState, RotationStage, RotationState, Soaking, Stage, Standing, State};
use crate::core::status::{self, CheckStatus, Lack};
use crate::core::verdict::{Answer, Cause, Inquiry, Reason, Scope, Waiting};
use crate::model::duration;
use crate::model::id::{CheckId, CredentialId};
use crate::model::item::Item;
use crate::model::plan::{Check, Run};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::{Outcome, Question, Severity};

/// HOLD, WARNINGS, noted: what is not known weighs by severity.
const fn unknown(severity: Severity) -> Answer {
    match severity {
        Severity::Critical => Answer::Hold,
        Severity::Warning => Answer::GoWithWarnings,
        Severity::Advice => Answer::Go,
    }
}

/// NO-GO, WARNINGS, noted: what failed weighs by severity.
const fn failed(severity: Severity) -> Answer {
    match severity {
        Severity::Critical => Answer::NoGo,
        Severity::Warning => Answer::GoWithWarnings,
        Severity::Advice => Answer::Go,
    }
}

/// WARNINGS, noted, noted: a check that people accepted.
const fn accepted(severity: Severity) -> Answer {
    match severity {
        Severity::Critical => Answer::GoWithWarnings,
        Severity::Warning | Severity::Advice => Answer::Go,
    }
}

/// Whether a check counts in an inquiry: its phase is among those of the question (a check that no item uses counts
/// from the start), and it is among those selected.
fn counts(check: &Check, inquiry: &Inquiry) -> bool {
    // What is only asked of the old version says nothing about the new one.
    let in_question =
        check.run != Run::AfterRollback && check.phase.is_none_or(|phase| inquiry.question.includes(phase));
    match &inquiry.scope {
        Scope::All | Scope::Machines => in_question,
        Scope::Selection { checks, .. } => checks.contains(&check.id),
    }
}

pub(super) fn checks(state: &State, inquiry: &Inquiry, now: Now) -> Vec<Reason> {
    let counted: Vec<_> = (0..state.plan().checks.len())
        .filter(|position| counts(state.check_at(*position).0, inquiry))
        .map(|position| (position, status::check_status(state, position, now)))
        .collect();
    let raised = raised_severities(state, &counted);
    counted.iter().filter_map(|(position, status)| check(state, *position, status, &raised, now)).collect()
}

/// A root counts with the highest severity of what it blocks. So does a known failure between the root and what it
/// blocks: if only the root counted, a root in `error` would hide behind HOLD what was NO-GO while it passed, and worse
/// evidence would give a better verdict.
fn raised_severities(state: &State, counted: &[(usize, CheckStatus)]) -> BTreeMap<usize, Severity> {
    let mut raised = BTreeMap::new();
    for (position, status) in counted {
        if matches!(status, CheckStatus::Blocked(_)) {
            raise_below(state, *position, state.check_at(*position).0.severity, &mut raised);
        }
    }
    raised
}

fn raise_below(state: &State, position: usize, severity: Severity, raised: &mut BTreeMap<usize, Severity>) {
    for dependency in state.index().dependencies(position) {
        if raised.get(dependency).is_some_and(|known| *known >= severity) {
            continue;
        }
        raised.insert(*dependency, severity);
        raise_below(state, *dependency, severity, raised);
    }
}

/// Only what is in fail or error, or known to fail, counts for what stands on it; a sound check in between does not.
fn stands_in_the_way(known: &CheckState) -> bool {
    known.blocks() || known.known_failure().is_some()
}

fn check(
    state: &State,
    position: usize,
    status: &CheckStatus,
    raised: &BTreeMap<usize, Severity>,
    now: Now,
) -> Option<Reason> {
    let (check, known) = state.check_at(position);
    let severity = raised
        .get(&position)
        .filter(|_| stands_in_the_way(known))
        .map_or(check.severity, |raised| check.severity.max(*raised));
    if *status == CheckStatus::Fresh(Outcome::Pass) {
        return None;
    }
    let (weight, cause) = match (known.known_failure(), status) {
        (Some(_), CheckStatus::Blocked(roots)) => (failed(severity), Cause::KnownFailure { blocked_by: roots.clone() }),
        (Some(_), _) => (failed(severity), Cause::KnownFailure { blocked_by: Vec::new() }),
        (None, CheckStatus::Fresh(Outcome::Warn)) => match severity {
            Severity::Critical | Severity::Warning => (Answer::GoWithWarnings, Cause::Warned),
            Severity::Advice => (Answer::Go, Cause::Warned),
        },
        (None, CheckStatus::Fresh(_)) => (unknown(severity), Cause::Inconclusive),
        (None, CheckStatus::Blocked(roots)) => (unknown(severity), Cause::Blocked(roots.clone())),
        (None, CheckStatus::Stale(Outcome::Pass | Outcome::Warn)) => (unknown(severity), Cause::Stale),
        (None, CheckStatus::Stale(_)) => (unknown(severity), Cause::Inconclusive),
        (None, CheckStatus::Running | CheckStatus::Missing) => (unknown(severity), Cause::Missing),
    };
    let message = message_of_check(state, check, known, status);
    let waived = status::is_waived(known.waiver.as_ref(), check.waivable, now);
    let (weight, cause, message) = match &known.waiver {
        Some(waiver) if waived => {
            let names = waiver.by.iter().map(|(by, _)| by.to_string()).collect::<Vec<_>>().join(", ");
            // A waiver never makes it worse than it is.
            let how = match &check.degradation {
                Some(degradation) => format!("degraded by {names}, {}", degradation.words()),
                None => format!("waived by {names}"),
            };
            (accepted(severity).min(weight), Cause::Waived, format!("{how}: {}; {message}", waiver.reason))
        }
        _ => (weight, cause, message),
    };
    let remedy = remedy_of_check(check, known);
    let since = known.episode.as_ref().or(known.latest.as_ref()).map(|latest| latest.since);
    Some(Reason { weight, subject: Some(Subject::Check(check.id.clone())), severity, cause, message, remedy, since })
}

fn message_of_check(state: &State, check: &Check, known: &CheckState, status: &CheckStatus) -> String {
    let summary = |known: &CheckState| known.latest.as_ref().map(|latest| latest.evidence.summary.to_string());
    match status {
        CheckStatus::Fresh(Outcome::Error) if known.known_failure().is_some() => {
            let failure = known.known_failure().map(|latest| latest.evidence.summary.to_string()).unwrap_or_default();
            format!("{failure}; since then: {}", summary(known).unwrap_or_default())
        }
        CheckStatus::Fresh(_) => summary(known).unwrap_or_default(),
        CheckStatus::Blocked(roots) => {
            let roots = roots.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            format!("blocked by {roots}")
        }
        CheckStatus::Stale(outcome) => {
            let limit = duration::written(check.fresh_for.0);
            format!("evidence is older than {limit} ({outcome}: {})", summary(known).unwrap_or_default())
        }
        CheckStatus::Running => "first run under way".to_owned(),
        CheckStatus::Missing if status::is_kept_from_production(state, check) => {
            "never run: it may not run in production without allow_in_production = true".to_owned()
        }
        CheckStatus::Missing if check.run == Run::OnDemand && known.is_voided() => {
            "what it saw is void, for what it looks at has changed: it runs when a person asks for it".to_owned()
        }
        CheckStatus::Missing if check.run == Run::OnDemand => "never run: it runs when a person asks for it".to_owned(),
        CheckStatus::Missing if check.run == Run::AfterRollback => "runs after a rollback".to_owned(),
        CheckStatus::Missing => "no result yet".to_owned(),
    }
}

fn remedy_of_check(check: &Check, known: &CheckState) -> Option<String> {
    let own = known.latest.as_ref().and_then(|latest| latest.evidence.remedy.as_ref());
    let remedy = own.map(ToString::to_string).or_else(|| check.remedy.clone());
    status::with_degradation(check, known, remedy)
}

pub(super) fn items(state: &State, question: Question, now: Now) -> Vec<Reason> {
    let in_question = state.items().filter(|(item, _)| question.includes(item.phase));
    in_question.flat_map(|(item, known)| item_reasons(state, item, known, now)).collect()
}

fn item_reasons(state: &State, item: &Item, known: &ItemState, now: Now) -> Vec<Reason> {
    let waived = status::is_waived(known.waiver.as_ref(), item.waivable, now);
    let lacks = status::lacks(state, item, known, now);
    let reason = |(weight, cause, message): (Answer, Cause, String)| {
        let (weight, cause, message) = match &known.waiver {
            Some(waiver) if waived => {
                let names = waiver.by.iter().map(|(by, _)| by.to_string()).collect::<Vec<_>>().join(", ");
                let weight = Answer::GoWithWarnings.min(weight);
                (weight, Cause::Waived, format!("waived by {names}: {}; {message}", waiver.reason))
            }
            _ => (weight, cause, message),
        };
        let subject = Some(Subject::Item(item.id.clone()));
        let since = state.session().phase_opened(item.phase).map(|opened| opened.at);
        Reason { weight, subject, severity: item.severity, cause, message, remedy: item.remedy.clone(), since }
    };
    lacks.iter().map(|lack| reason(weigh_lack(item, lack))).collect()
}

fn weigh_lack(item: &Item, lack: &Lack) -> (Answer, Cause, String) {
    let severity = item.severity;
    match lack {
        Lack::Signatures { given, needed, suspended } => {
            let what = if *suspended {
                "signatures are suspended: the evidence under them is stale".to_owned()
            } else {
                format!("{given} of {needed} {}", if *needed == 1 { "signature" } else { "signatures" })
            };
            (unknown(severity), Cause::People, what)
        }
        Lack::Objection(who) => (unknown(severity), Cause::Objection, format!("objection by {who}")),
        Lack::StepNotRun => (unknown(severity), Cause::Step, "step not run".to_owned()),
        Lack::StepUndone => (unknown(severity), Cause::Step, "step taken back".to_owned()),
        Lack::StepRunning => (unknown(severity), Cause::Step, "step running".to_owned()),
        Lack::StepUnknown(why) => (unknown(severity), Cause::Step, format!("nobody knows how the step ended: {why}")),
        Lack::StepFailed(how) => (failed(severity), Cause::StepFailed, format!("step {how}")),
        Lack::Soak { since: Some(_), .. } => (unknown(severity), Cause::Soak, "soaking".to_owned()),
        Lack::Soak { broken_by: Some(by), .. } => (unknown(severity), Cause::Soak, format!("soak broken by {by}")),
        Lack::Soak { .. } => (unknown(severity), Cause::Soak, "soak not begun".to_owned()),
        Lack::Rehearsal(why) => (unknown(severity), Cause::Rehearsal, why.clone()),
    }
}

/// A walk that is under way: between old and new nobody can say what holds; what could not be put back is in the way.
pub(super) fn rotations(state: &State) -> Vec<Reason> {
    let weigh = |stage: RotationStage| match stage {
        RotationStage::Stuck => Some((Answer::NoGo, "put it back by hand, or try again: golive rotate --abort")),
        RotationStage::Distributing
        | RotationStage::Distributed
        | RotationStage::Verifying
        | RotationStage::Withdrawing => Some((Answer::Hold, "wait for its end, or abort it")),
        RotationStage::Verified | RotationStage::Retiring => {
            Some((Answer::GoWithWarnings, "retire the old value and say so, or abort the rotation"))
        }
        RotationStage::Obtaining
        | RotationStage::Validated
        | RotationStage::Done
        | RotationStage::Refused
        | RotationStage::PutBack => None,
    };
    let walks = state.rotations().filter_map(|(id, walk)| Some((id, walk, weigh(walk.stage)?)));
    let reason = |(id, walk, (weight, remedy)): (&CredentialId, &RotationState, (Answer, &str))| {
        let why = walk.why.first().map(|why| format!(" ({why})")).unwrap_or_default();
        Reason {
            weight,
            subject: state.plan().credentials.get(id).map(|credential| Subject::Check(credential.check.clone())),
            severity: Severity::Critical,
            cause: Cause::Rotation,
            message: format!("rotation of {id}: {}{why}", walk.stage.words()),
            remedy: Some(remedy.to_owned()),
            since: Some(walk.begun),
        }
    };
    walks.map(reason).collect()
}

/// What the watch over credentials saw stands as a warning until somebody takes it on them, or it is seen mended.
pub(super) fn watched(state: &State) -> Vec<Reason> {
    let check = |what: &str| state.plan().credentials.get(what).map(|credential| credential.check.clone());
    let reason = |(what, standing): (&SafeText, &Standing)| Reason {
        weight: Answer::GoWithWarnings,
        subject: check(what.as_str()).map(Subject::Check),
        severity: Severity::Warning,
        cause: Cause::Watch,
        message: standing.sentence.clone(),
        remedy: Some(standing.remedy.to_owned()),
        since: Some(standing.since),
    };
    state.watched().standing().map(reason).collect()
}

/// A journal that cannot be written, or that was changed from outside: what it lacks may be the reason for another verdict.
pub(super) fn journal(state: &State) -> impl Iterator<Item = Reason> {
    let reason = |message: String, remedy: &str| Reason {
        weight: Answer::Hold,
        subject: None,
        severity: Severity::Critical,
        cause: Cause::Journal,
        message,
        remedy: Some(remedy.to_owned()),
        since: None,
    };
    let unwritten = state.trouble().map(|trouble| {
        let remedy = "make room on the disk of the state folder; golive goes on by itself";
        reason(format!("the journal cannot be written: {trouble}"), remedy)
    });
    let harmed = state.harm().map(|harm| {
        reason(
            format!("the journal was changed from outside: {harm}"),
            "decide in a new session; keep this one to see who changed it",
        )
    });
    unwritten.into_iter().chain(harmed)
}

/// What waits for people or steps. Locked phases wait for nobody yet.
pub(super) fn waiting(state: &State, inquiry: &Inquiry, now: Now) -> Vec<Waiting> {
    let asked = |item: &Item| match &inquiry.scope {
        Scope::All | Scope::Machines => inquiry.question.includes(item.phase),
        Scope::Selection { phases, .. } => phases.is_empty() || phases.contains(&item.phase),
    };
    let mut waiting = Vec::new();
    for (item, known) in state.items().filter(|(item, _)| asked(item)) {
        if status::is_waived(known.waiver.as_ref(), item.waivable, now) {
            continue;
        }
        let since = state.session().phase_opened(item.phase).map_or(state.session().opened.at, |opened| opened.at);
        for lack in status::lacks(state, item, known, now) {
            let (_, cause, what) = weigh_lack(item, &lack);
            let whose = whose_move(known, &lack);
            let since = known.reopened.as_ref().map_or(since, |(at, _)| *at);
            waiting.push(Waiting { subject: Some(Subject::Item(item.id.clone())), cause, whose, what, since });
        }
    }
    if !matches!(inquiry.scope, Scope::Selection { .. }) {
        waiting.extend(super::ceremony::waiting(state));
    }
    waiting.extend(tasks(state, inquiry));
    waiting
}

/// What failures ask people to do. The failure weighs, not the task: it stands here so that it is somebody's move.
fn tasks<'a>(state: &'a State, inquiry: &'a Inquiry) -> impl Iterator<Item = Waiting> + 'a {
    let counted = |id: &CheckId| state.check(id).is_some_and(|(check, _)| counts(check, inquiry));
    state.tasks().filter(move |(id, _)| counted(id)).map(|(id, task)| {
        let to_do = task.remedy.as_ref().unwrap_or(&task.what);
        let what = match &task.done {
            Some(done) => format!("said to be done by {}; not yet seen good", done.by),
            None => to_do.to_string(),
        };
        let whose = match (&task.taken, &task.done) {
            (_, Some(_)) => "the check".to_owned(),
            (Some((by, _)), None) => by.to_string(),
            (None, None) => "the operator".to_owned(),
        };
        Waiting { subject: Some(Subject::Check(id.clone())), cause: Cause::People, whose, what, since: task.opened }
    })
}

fn whose_move(known: &ItemState, lack: &Lack) -> String {
    let claimed = known.claim.as_ref().map(|claim| claim.by.to_string());
    match lack {
        Lack::Signatures { given, needed, .. } => claimed.unwrap_or_else(|| match needed.saturating_sub(*given) {
            0 | 1 => "a person's signature".to_owned(),
            more => format!("{more} people's signatures"),
        }),
        Lack::Objection(_) => "the objector".to_owned(),
        Lack::StepNotRun | Lack::StepUndone => claimed.unwrap_or_else(|| "whoever starts the step".to_owned()),
        Lack::StepRunning => "the step".to_owned(),
        Lack::StepUnknown(_) | Lack::StepFailed(_) => claimed.unwrap_or_else(|| "the operator".to_owned()),
        Lack::Soak { .. } => "time".to_owned(),
        Lack::Rehearsal(_) => claimed.unwrap_or_else(|| "whoever rehearses the rollback".to_owned()),
    }
}

/// The next moment at which time alone changes a verdict: evidence that goes stale, a waiver or a soak that ends.
#[must_use]
pub fn next_change(state: &State, now: Now) -> Option<Timestamp> {
    let stale = state.checks().filter_map(|(check, known)| {
        let latest = known.latest.as_ref()?;
        Some(latest.when.at.saturating_add(check.fresh_for.0).unwrap_or(Timestamp::MAX))
    });
    let check_waivers = state.checks().filter_map(|(_, known)| known.waiver.as_ref()).map(|waiver| waiver.until);
    let item_waivers = state.items().filter_map(|(_, known)| known.waiver.as_ref()).map(|waiver| waiver.until);
    let soaks = state.items().filter_map(|(item, known)| match (&item.soak, &known.soak) {
        (Some(soak), Soaking::Since(when)) => Some(when.at.saturating_add(soak.length.0).unwrap_or(Timestamp::MAX)),
        _ => None,
    });
    let claims = state.items().filter_map(|(_, known)| known.claim.as_ref());
    let stands = state.plan().limits.claims.0;
    let claims = claims.map(|claim| claim.at.saturating_add(stands).unwrap_or(Timestamp::MAX));
    let walks = rotation::next_change(state);
    let rollback = rollback_changes(state, now);
    let ceremony = super::ceremony::next_change(state);
    let all = stale
        .chain(claims)
        .chain(check_waivers)
        .chain(item_waivers)
        .chain(soaks)
        .chain(walks)
        .chain(rollback)
        .chain(ceremony);
    all.filter(|at| *at > now.at).min()
}

/// When a rehearsal is too old, a trigger has stood long enough, or the verification is out of time.
fn rollback_changes(state: &State, now: Now) -> impl Iterator<Item = Timestamp> {
    let later = |at: Timestamp, by: std::time::Duration| at.saturating_add(by).unwrap_or(Timestamp::MAX);
    let needs = state.plan().items.iter().filter_map(|item| item.rehearsal);
    let old = needs.flat_map(move |needs| {
        state.procedure().rehearsals().map(move |record| later(record.at, needs.within.0)).collect::<Vec<_>>()
    });
    let after = state.plan().rollback.after.0;
    let triggers = rollback::triggers(state, now).into_iter().map(move |standing| later(standing.since, after));
    let verified = match &state.procedure().stage {
        Stage::Verifying { since, .. } => Some(later(since.at, state.plan().rollback.verify_within.0)),
        Stage::NotRun | Stage::Running | Stage::RolledBack { .. } | Stage::Failed { .. } => None,
    };
    old.chain(triggers).chain(verified).chain(rollback::begins_at(state, now))
}
