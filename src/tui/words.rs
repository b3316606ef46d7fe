//! Glyph, word and voice for where an item or a check stands. The one place that chooses them.

use crate::core::event::StepEnd;
use crate::core::state::{CheckState, ItemState, Soaking, StepStatus};
use crate::core::status::{self, CheckStatus, ItemStatus, Lack, PhaseStatus, PhaseSummary};
use crate::core::verdict::{Answer, Cause};
use crate::model::item::Item;
use crate::model::word::{Outcome, Phase, Severity};
use crate::tui::format;
use crate::tui::scene::Scene;
use crate::tui::standing::Tally;
use crate::tui::theme::Role;

/// A glyph and the voice it speaks in.
pub type Sign = (&'static str, Role);

/// The sign of an item.
#[must_use]
pub fn item_sign(scene: &Scene<'_>, status: ItemStatus, tally: Tally) -> Sign {
    match status {
        ItemStatus::Settled if tally.warnings > 0 => ("!", Role::Look),
        ItemStatus::Settled => ("✓", Role::Good),
        ItemStatus::Waived => ("◇", Role::Look),
        ItemStatus::Open => ("·", Role::Quiet),
        ItemStatus::Waiting => ("☐", Role::Waiting),
        ItemStatus::Running => (scene.spinner(), Role::Running),
        ItemStatus::Failing => ("✗", Role::Bad),
        ItemStatus::Stale => ("◷", Role::Look),
        ItemStatus::Blocked => ("⊘", Role::Look),
    }
}

/// What an item says of itself in a few words, at the right end of its row.
#[must_use]
pub fn item_note(scene: &Scene<'_>, item: &Item, known: &ItemState, status: ItemStatus, tally: Tally) -> String {
    let lacks = status::lacks(scene.state, item, known, scene.now);
    match status {
        ItemStatus::Failing if tally.blockers > 0 => format::count(tally.blockers, "blocker"),
        ItemStatus::Failing if !known.objections.is_empty() => format::count(known.objections.len(), "objection"),
        ItemStatus::Failing => lacks.iter().find_map(step_words).unwrap_or_else(|| "failing".to_owned()),
        ItemStatus::Blocked => "blocked".to_owned(),
        ItemStatus::Stale => "evidence stale".to_owned(),
        ItemStatus::Waived => known.waiver.as_ref().map_or_else(
            || "waived".to_owned(),
            |waiver| format!("waived until {}", format::until(waiver.until, scene.now.at, scene.zone)),
        ),
        ItemStatus::Waiting => lacks.first().map(lack_words).unwrap_or_default(),
        ItemStatus::Running => running_note(scene, known, &lacks, tally),
        ItemStatus::Open => "–".to_owned(),
        ItemStatus::Settled if tally.warnings > 0 => format::count(tally.warnings, "warning"),
        ItemStatus::Settled => settled_note(known, tally),
    }
}

fn running_note(scene: &Scene<'_>, known: &ItemState, lacks: &[Lack], tally: Tally) -> String {
    if let Some(step) = known.step.as_ref().filter(|step| step.is_under_way()) {
        let length = scene.now.since(step.intended).unwrap_or_default();
        let word = if step.waits_for_input { "waits for input" } else { "running" };
        return format!("{word} {}", format::took(length));
    }
    if let Soaking::Since(since) = &known.soak
        && lacks.iter().any(|lack| matches!(lack, Lack::Soak { .. }))
    {
        return format!("quiet for {}", format::age(scene.now.since(*since).unwrap_or_default()));
    }
    if tally.unseen > 0 {
        return format!("{} of {} seen", tally.all() - tally.unseen, tally.all());
    }
    if tally.unknown > 0 { format!("{} unknown", tally.unknown) } else { "running".to_owned() }
}

fn settled_note(known: &ItemState, tally: Tally) -> String {
    if let Some(StepStatus::Ended { took, .. }) = known.step.as_ref().map(|step| &step.status) {
        return format!("done in {}", format::took(*took));
    }
    if let Some(last) = known.signatures.last() {
        let others = known.signatures.len() - 1;
        return if others == 0 { format!("signed {}", last.by) } else { format!("signed {} +{others}", last.by) };
    }
    match (&known.soak, tally.waived) {
        (Soaking::Done(_), _) => "quiet".to_owned(),
        (_, 0) => format!("{} ok", tally.all()),
        (_, waived) => format!("{} ok, {waived} waived", tally.good),
    }
}

/// What is lacking, in a few words.
#[must_use]
pub fn lack_words(lack: &Lack) -> String {
    match lack {
        Lack::Signatures { suspended: true, .. } => "signature suspended".to_owned(),
        Lack::Signatures { given, needed, .. } => {
            format!("{given} of {needed} {}", if *needed == 1 { "signature" } else { "signatures" })
        }
        Lack::Objection(_) => "objection".to_owned(),
        Lack::StepNotRun => "x starts it".to_owned(),
        Lack::StepRunning => "running".to_owned(),
        Lack::StepUnknown(_) => "end unknown".to_owned(),
        Lack::StepFailed(_) => "step failed".to_owned(),
        Lack::Soak { since: Some(_), .. } => "soaking".to_owned(),
        Lack::Soak { broken_by: Some(_), .. } => "soak broken".to_owned(),
        Lack::Soak { .. } => "soak not begun".to_owned(),
        Lack::Rehearsal(_) => "not rehearsed".to_owned(),
    }
}

fn step_words(lack: &Lack) -> Option<String> {
    matches!(lack, Lack::StepFailed(_)).then(|| lack_words(lack))
}

/// The sign of a check. A known failure stays red whatever its age.
#[must_use]
pub fn check_sign(scene: &Scene<'_>, status: &CheckStatus, known: &CheckState, severity: Severity) -> Sign {
    let failing = known.known_failure().is_some();
    if known.waiver.is_some() && *status != CheckStatus::Fresh(Outcome::Pass) {
        return ("◇", Role::Look);
    }
    match status {
        CheckStatus::Fresh(Outcome::Pass) => ("✓", Role::Good),
        CheckStatus::Blocked(_) => ("⊘", Role::Look),
        _ if failing && severity == Severity::Critical => ("✗", Role::Bad),
        _ if failing => ("✗", Role::Look),
        CheckStatus::Fresh(Outcome::Warn) => ("!", Role::Look),
        CheckStatus::Fresh(Outcome::Error | Outcome::Fail) => ("?", Role::Look),
        CheckStatus::Stale(_) => ("◷", Role::Look),
        CheckStatus::Running => (scene.spinner(), Role::Running),
        CheckStatus::Missing => ("·", Role::Quiet),
    }
}

/// How a step ended, in words.
#[must_use]
pub fn step_end(end: &StepEnd) -> (String, Role) {
    match end {
        StepEnd::Succeeded(how) => (format!("succeeded: {how}"), Role::Good),
        StepEnd::Failed(how) => (format!("failed: {how}"), Role::Bad),
        StepEnd::TimedOut => ("took too long and was stopped".to_owned(), Role::Bad),
        StepEnd::Stopped => ("was stopped".to_owned(), Role::Bad),
        StepEnd::Unknown(why) => (format!("nobody knows how it ended: {why}"), Role::Look),
    }
}

/// The voice of an answer on the banner.
#[must_use]
pub const fn answer_role(answer: Answer) -> Role {
    match answer {
        Answer::Go => Role::Go,
        Answer::GoWithWarnings => Role::Warnings,
        Answer::Hold => Role::Hold,
        Answer::NoGo => Role::NoGo,
    }
}

/// The sign of a phase.
#[must_use]
pub const fn phase_sign(summary: PhaseSummary) -> Sign {
    match summary.status {
        PhaseStatus::Locked => ("·", Role::Quiet),
        PhaseStatus::Open => ("☐", Role::Waiting),
        PhaseStatus::Settled => ("✓", Role::Good),
        PhaseStatus::Failing => ("✗", Role::Bad),
    }
}

/// The name of a phase, long or short.
#[must_use]
pub const fn phase_name(phase: Phase, short: bool) -> &'static str {
    match (phase, short) {
        (Phase::PreDeployment, false) => "PRE-DEPLOYMENT",
        (Phase::Deployment, false) => "DEPLOYMENT",
        (Phase::PostDeployment, false) => "POST-DEPLOYMENT",
        (Phase::Rollback, _) => "ROLLBACK",
        (Phase::PreDeployment, true) => "PRE",
        (Phase::Deployment, true) => "DEPLOY",
        (Phase::PostDeployment, true) => "POST",
    }
}

/// Whether a reason is about what people, steps or time have to settle.
#[must_use]
pub const fn is_for_people(cause: &Cause) -> bool {
    matches!(
        cause,
        Cause::People
            | Cause::Step
            | Cause::StepFailed
            | Cause::Soak
            | Cause::Rehearsal
            | Cause::Objection
            | Cause::Held
            | Cause::Poll
            | Cause::Window
    )
}
