//! Glyph, word and voice for where an item or a check stands. The one place that chooses them.

use crate::core::event::StepEnd;

use crate::core::state::{AlertState, CheckState, ItemState, Life, SessionOutcome, Sight, Soaking, State, StepStatus};
use crate::core::status::{self, CheckStatus, ItemStatus, Lack, PhaseStatus, PhaseSummary};
use crate::core::verdict::{Answer, Cause};
use crate::model::alert::{Level, Rule};
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
        ItemStatus::Settled => settled_note(item, known, tally, degraded(scene, item)),
    }
}

/// What an item goes on without, where somebody confirmed that of one of its checks.
fn degraded(scene: &Scene<'_>, item: &Item) -> Option<String> {
    status::degradations(scene.state, item, scene.now).next().map(|without| format!("degraded: without {without}"))
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

fn settled_note(item: &Item, known: &ItemState, tally: Tally, degraded: Option<String>) -> String {
    if let Some(StepStatus::Ended { took, .. }) = known.step.as_ref().map(|step| &step.status) {
        return format!("done in {}", format::took(*took));
    }
    if let Some(last) = known.signatures.last() {
        let others = known.signatures.len() - 1;
        return if others == 0 { format!("signed {}", last.by) } else { format!("signed {} +{others}", last.by) };
    }
    if let Some(without) = degraded {
        return without;
    }
    match (&known.soak, tally.waived) {
        (Soaking::Done(_), _) => "quiet".to_owned(),
        (_, 0) if item.rehearsal.is_some() && tally.all() == 0 => "rehearsed".to_owned(),
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
        Lack::StepUndone => "taken back".to_owned(),
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

/// How a session ended, in words.
#[must_use]
pub const fn outcome(outcome: SessionOutcome) -> &'static str {
    match outcome {
        SessionOutcome::Closed => "closed",
        SessionOutcome::RolledBack => "rolled back",
        SessionOutcome::RollbackFailed => "rollback failed",
        SessionOutcome::Aborted => "aborted",
    }
}

/// What a reason is about that is about no item and no check.
#[must_use]
pub const fn cause_subject(cause: &Cause) -> &'static str {
    match cause {
        Cause::Rollback => "rollback",
        Cause::Held => "hold",
        Cause::Poll => "poll",
        Cause::Window => "window",
        _ => "golive",
    }
}
/// Glyph and voice of an alert.
#[must_use]
pub fn alert_sign(rule: &Rule, known: &AlertState) -> (&'static str, Role) {
    match (&known.life, &known.sight, rule.level) {
        (Life::Firing(_), _, _) if known.acknowledged.is_some() || known.held_by.is_some() => ("△", Role::Look),
        (Life::Firing(_), _, Level::Critical) => ("▲", Role::Bad),
        (Life::Firing(_), _, Level::Warning | Level::Business) => ("▲", Role::Look),
        (Life::Pending(_), _, _) => ("◌", Role::Look),
        (_, Sight::Never | Sight::Lost { .. }, _) => ("?", Role::Quiet),
        (Life::Resolved(_) | Life::Quiet, Sight::Clear, _) => ("✓", Role::Good),
    }
}

/// What was seen when an alert fired.
#[must_use]
pub fn alert_seen(known: &AlertState) -> String {
    match (&known.value, &known.threshold) {
        (Some(value), Some(threshold)) => format!("{value} {threshold}"),
        _ => known.word().to_owned(),
    }
}

/// Whose move an alert is, in a few words: who has seen it, when it is escalated, how long it has to hold yet.
#[must_use]
pub fn alert_move(scene: &Scene<'_>, rule: &Rule, known: &AlertState) -> String {
    if let (Some(by), true) = (&known.held_by, known.is_firing()) {
        return format!("told by {by}");
    }
    if let (Some(seen), true) = (&known.acknowledged, known.is_firing()) {
        return format!("seen by {}", seen.by);
    }
    if let Some(silence) = &known.silence {
        return format!("silenced until {}", format::time_of_day(silence.until, scene.zone));
    }
    if known.escalated.is_some() && known.is_firing() {
        return "escalated".to_owned();
    }
    if let Some(at) = known.escalates(rule) {
        return format!("escalates in {}", format::age(format::between(scene.now.at, at.at)));
    }
    match known.life {
        Life::Firing(since) => format!("since {}", format::time_of_day(since.at, scene.zone)),
        Life::Pending(since) => {
            let left = rule.hold.0.saturating_sub(scene.now.since(since).unwrap_or_default());
            format!("fires in {}", format::age(left))
        }
        Life::Resolved(at) => format!("over {}", format::ago(at, scene.now.at)),
        Life::Quiet => String::new(),
    }
}

/// The alert that fires and that somebody has to see first: not yet acknowledged, not told by its cause, worst level.
#[must_use]
pub fn most_urgent(state: &State) -> Option<(&Rule, &AlertState)> {
    let unseen = |known: &AlertState| known.is_firing() && known.acknowledged.is_none() && known.held_by.is_none();
    let firing = state.alerts().filter(|(_, known)| unseen(known));
    firing.max_by_key(|(rule, known)| (rule.level, std::cmp::Reverse(known.since().map(|since| since.at))))
}

/// The person behind something; nobody where golive did it.
#[must_use]
pub fn who(actor: &crate::model::operator::Actor) -> Option<String> {
    match actor {
        crate::model::operator::Actor::Golive => None,
        crate::model::operator::Actor::Operator(by) => Some(by.to_string()),
    }
}
