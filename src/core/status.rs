//! What stands where, derived when asked and never stored: the status of a check, an item, a phase.
//!
//! Reports and screens show these words; the verdict weighs checks by the same derivation, so they cannot disagree.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::event::{StepEnd, Subject};
use crate::core::state::{CheckState, ItemState, Signature, Soaking, State, StepState, StepStatus, Waiver};
use crate::core::{digest, rollback};
use crate::model::id::CheckId;
use crate::model::item::{Item, NotBy, Waivable};
use crate::model::operator::Operator;
use crate::model::plan::{Check, Run};
use crate::model::time::Now;
use crate::model::word::{Outcome, Phase, Severity};

/// Where a check stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// Fresh evidence: pass, warn, fail or error.
    Fresh(Outcome),
    /// What it stands on is in fail or error: the root causes, in plan order.
    Blocked(Vec<CheckId>),
    /// Its evidence is older than it counts for; the outcome it had.
    Stale(Outcome),
    /// Its first run is under way.
    Running,
    /// It has never finished.
    Missing,
}

impl CheckStatus {
    /// The word as it stands in reports: `pass`, `warn`, `fail`, `error`, `blocked`, `stale`, `running`, `missing`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Fresh(outcome) => outcome.word(),
            Self::Blocked(_) => "blocked",
            Self::Stale(_) => "stale",
            Self::Running => "running",
            Self::Missing => "missing",
        }
    }
}

/// Where the check at a position of the plan stands.
#[must_use]
pub fn check_status(state: &State, position: usize, now: Now) -> CheckStatus {
    let mut roots = Vec::new();
    collect_roots(state, position, &mut roots, &mut HashMap::new());
    if !roots.is_empty() {
        roots.sort_unstable();
        return CheckStatus::Blocked(roots.iter().map(|root| state.check_at(*root).0.id.clone()).collect());
    }
    let (check, known) = state.check_at(position);
    match &known.latest {
        Some(latest) if State::is_fresh(check, latest.when, now) => CheckStatus::Fresh(latest.evidence.outcome),
        Some(latest) => CheckStatus::Stale(latest.evidence.outcome),
        None if known.running.is_some() => CheckStatus::Running,
        None => CheckStatus::Missing,
    }
}

/// Whether anything below a check is in fail or error, directly or through others. Adds the deepest of them to
/// `roots`: a failing check that stands on a failing one is a victim and no root. `seen` keeps a plan with many
/// diamonds from being walked once for every path.
fn collect_roots(state: &State, position: usize, roots: &mut Vec<usize>, seen: &mut HashMap<usize, bool>) -> bool {
    let mut any = false;
    for dependency in state.index().dependencies(position) {
        let below = match seen.get(dependency) {
            Some(below) => *below,
            None => {
                let below = collect_roots(state, *dependency, roots, seen);
                if !below && state.check_at(*dependency).1.blocks() {
                    roots.push(*dependency);
                }
                seen.insert(*dependency, below);
                below
            }
        };
        any |= below || state.check_at(*dependency).1.blocks();
    }
    any
}

/// Whether everything a check stands on has come to a good end, so that running it says something about itself.
#[must_use]
pub fn may_run(state: &State, position: usize) -> bool {
    let dependencies = state.index().dependencies(position);
    dependencies.iter().all(|dependency| state.check_at(*dependency).1.latest.is_some())
        && !collect_roots(state, position, &mut Vec::new(), &mut HashMap::new())
}

/// Whether a probe on demand is kept from running where customers are.
#[must_use]
pub fn is_kept_from_production(state: &State, check: &Check) -> bool {
    check.run == Run::OnDemand && state.plan().service.is_production() && !check.allow_in_production
}

/// Where an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemStatus {
    /// Everything that it names is settled.
    Settled,
    /// Accepted by people although it is not.
    Waived,
    /// Nothing has begun.
    Open,
    /// It waits for people.
    Waiting,
    /// Something is under way: a step, a soak, first runs.
    Running,
    /// Something failed, or somebody objects.
    Failing,
    /// Its evidence is too old.
    Stale,
    /// What its checks stand on is down.
    Blocked,
}

impl ItemStatus {
    /// The word as it stands in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Waived => "waived",
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Failing => "failing",
            Self::Stale => "stale",
            Self::Blocked => "blocked",
        }
    }

    /// Whether what comes after it may go on.
    #[must_use]
    pub const fn is_done(self) -> bool {
        matches!(self, Self::Settled | Self::Waived)
    }
}

/// What an item still lacks beside its checks; each is weighed by the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lack {
    /// Signatures: given and needed.
    Signatures {
        /// How many count now.
        given: usize,
        /// How many it takes.
        needed: usize,
        /// Whether given ones are suspended because the evidence under them went stale.
        suspended: bool,
    },
    /// Somebody objects: who and why.
    Objection(String),
    /// Its step was never started.
    StepNotRun,
    /// Its step was done, and taken back.
    StepUndone,
    /// Its step runs.
    StepRunning,
    /// Nobody knows how its step ended.
    StepUnknown(String),
    /// Its step failed.
    StepFailed(String),
    /// Its quiet time is not over: when it will be, if it began; what broke it, if it was broken.
    Soak {
        /// When it began.
        since: Option<Timestamp>,
        /// What broke it last.
        broken_by: Option<String>,
    },
    /// No rehearsal counts, and why.
    Rehearsal(String),
}

/// What an item lacks beside its checks, worst first.
#[must_use]
pub fn lacks(state: &State, item: &Item, known: &ItemState, now: Now) -> Vec<Lack> {
    let mut lacks = Vec::new();
    if item.step.is_some() {
        lacks.extend(undo_lack(state.undo_run(item)).or_else(|| step_lack(known)));
    }
    lacks.extend(
        known.objections.iter().map(|objection| Lack::Objection(format!("{}: {}", objection.by, objection.reason))),
    );
    if let Some(manual) = &item.manual {
        let suspended = item.checks.iter().any(|id| is_stale(state, id, now));
        let given = counting(state, item, known).len();
        let needed = usize::from(manual.approvals);
        if given < needed || suspended {
            lacks.push(Lack::Signatures { given, needed, suspended: suspended && given >= needed });
        }
    }
    if item.soak.is_some() {
        lacks.extend(soak_lack(known));
    }
    if let Some(needs) = &item.rehearsal
        && let Err(why) = rollback::rehearsed(state, item, needs, now)
    {
        lacks.push(Lack::Rehearsal(why));
    }
    lacks
}

/// The signatures that count: of what is on the screen now, and of nobody whom the plan keeps out.
#[must_use]
pub fn counting<'a>(state: &State, item: &Item, known: &'a ItemState) -> Vec<&'a Signature> {
    let current = digest::of_item(state, item);
    let not_by = item.manual.as_ref().and_then(|manual| manual.not_by);
    let kept_out = |signature: &&Signature| not_by == Some(NotBy::Runner) && ran(state, &signature.by).is_some();
    known.signatures.iter().filter(|signature| signature.digest == current && !kept_out(signature)).collect()
}

/// An item whose step this person has started in this session.
#[must_use]
pub fn ran<'a>(state: &'a State, by: &Operator) -> Option<&'a Item> {
    let is_by = |runner: &Operator| runner.normalised() == by.normalised();
    state.items().find(|(_, known)| known.runners.iter().any(is_by)).map(|(item, _)| item)
}

/// A step that was taken back is no longer done; one that is half taken back is anybody's guess.
fn undo_lack(undo: Option<&StepState>) -> Option<Lack> {
    Some(match undo?.end() {
        None => Lack::StepRunning,
        Some(StepEnd::Succeeded(_)) => Lack::StepUndone,
        Some(_) => Lack::StepUnknown("it was to be taken back, and that did not succeed".to_owned()),
    })
}

fn step_lack(known: &ItemState) -> Option<Lack> {
    let Some(step) = &known.step else { return Some(Lack::StepNotRun) };
    match &step.status {
        StepStatus::Intended | StepStatus::Running | StepStatus::Stopping => Some(Lack::StepRunning),
        StepStatus::Ended { end, .. } => match end {
            StepEnd::Succeeded(_) => None,
            StepEnd::Failed(how) => Some(Lack::StepFailed(how.to_string())),
            StepEnd::TimedOut => Some(Lack::StepFailed("took too long and was stopped".to_owned())),
            StepEnd::Stopped => Some(Lack::StepFailed("was stopped".to_owned())),
            StepEnd::Unknown(why) => Some(Lack::StepUnknown(why.to_string())),
        },
    }
}

fn soak_lack(known: &ItemState) -> Option<Lack> {
    match &known.soak {
        Soaking::NotBegun => Some(Lack::Soak { since: None, broken_by: None }),
        Soaking::Since(when) => Some(Lack::Soak { since: Some(when.at), broken_by: None }),
        Soaking::Broken { by, .. } => Some(Lack::Soak { since: None, broken_by: Some(by.to_string()) }),
        Soaking::Done(_) => None,
    }
}

fn is_stale(state: &State, id: &CheckId, now: Now) -> bool {
    state.index().check(id).is_some_and(|position| matches!(check_status(state, position, now), CheckStatus::Stale(_)))
}

/// Whether a check's or item's waiver counts.
#[must_use]
pub fn is_waived(waiver: Option<&crate::core::state::Waiver>, waivable: Waivable, now: Now) -> bool {
    match waivable {
        Waivable::Never => false,
        Waivable::By(people) => waiver.is_some_and(|waiver| waiver.in_force(people, now)),
    }
}

/// So long before its end a waiver is warned of.
const WARNED_BEFORE: Duration = Duration::from_secs(900);

/// The waivers in force that end soon, the next one first: what they cover opens again by itself.
#[must_use]
pub fn ending_waivers(state: &State, now: Now) -> Vec<(Subject, Timestamp)> {
    let of_checks =
        state.checks().map(|(check, known)| (Subject::Check(check.id.clone()), check.waivable, &known.waiver));
    let of_items = state.items().map(|(item, known)| (Subject::Item(item.id.clone()), item.waivable, &known.waiver));
    let soon = |(subject, waivable, waiver): (Subject, Waivable, &Option<Waiver>)| {
        let waiver = waiver.as_ref().filter(|waiver| is_waived(Some(waiver), waivable, now))?;
        let left = waiver.until.duration_since(now.at);
        (!left.is_negative() && left.unsigned_abs() <= WARNED_BEFORE).then_some((subject, waiver.until))
    };
    let mut ending: Vec<_> = of_checks.chain(of_items).filter_map(soon).collect();
    ending.sort_by_key(|(_, until)| *until);
    ending
}

/// What to do about a check: where it fails and the plan says what can be gone on without, that way out first.
#[must_use]
pub fn with_degradation(check: &Check, known: &CheckState, remedy: Option<String>) -> Option<String> {
    let degradation = check.degradation.as_ref().filter(|_| known.known_failure().is_some() && known.waiver.is_none());
    degradation.map(|degradation| degradation.way_out(remedy.as_deref())).or(remedy)
}

/// What an item goes on without (X2): checks of it that people accepted as the plan's degradation says, not mended.
pub fn degradations<'a>(state: &'a State, item: &'a Item, now: Now) -> impl Iterator<Item = &'a str> {
    item.checks.iter().filter_map(move |id| {
        let (check, known) = state.check(id)?;
        let degradation = check.degradation.as_ref()?;
        let fails = known.known_failure().is_some();
        (fails && is_waived(known.waiver.as_ref(), check.waivable, now)).then_some(degradation.without.as_str())
    })
}

/// Where an item stands.
#[must_use]
pub fn item_status(state: &State, item: &Item, known: &ItemState, now: Now) -> ItemStatus {
    let checks = item.checks.iter().filter_map(|id| state.index().check(id));
    let worst = checks.map(|position| claim_of_check(state, position, now)).max().unwrap_or(Claim::Holds);
    let lacks = lacks(state, item, known, now);
    let failing = worst == Claim::Fails || lacks.iter().any(|l| matches!(l, Lack::StepFailed(_) | Lack::Objection(_)));
    let waived = is_waived(known.waiver.as_ref(), item.waivable, now);
    if worst == Claim::Fails || (failing && !waived) {
        return ItemStatus::Failing;
    }
    match worst {
        Claim::Blocked => return ItemStatus::Blocked,
        Claim::Stale => return ItemStatus::Stale,
        Claim::Unknown => return ItemStatus::Running,
        Claim::NotBegun if !state.session().is_open(Some(item.phase)) => return ItemStatus::Open,
        Claim::NotBegun => return ItemStatus::Running,
        Claim::Holds | Claim::Fails => {}
    }
    if lacks.is_empty() {
        return ItemStatus::Settled;
    }
    if waived {
        return ItemStatus::Waived;
    }
    if !state.session().is_open(Some(item.phase)) {
        return ItemStatus::Open;
    }
    if lacks.iter().any(|lack| matches!(lack, Lack::StepRunning | Lack::Soak { since: Some(_), .. })) {
        return ItemStatus::Running;
    }
    if lacks.iter().all(|lack| matches!(lack, Lack::Soak { .. })) { ItemStatus::Open } else { ItemStatus::Waiting }
}

/// What a check means for the items that rest on it, from best to worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Claim {
    Holds,
    NotBegun,
    Unknown,
    Stale,
    Blocked,
    Fails,
}

/// A check below critical never keeps an item open: its failure is a warning, and is shown as one.
fn claim_of_check(state: &State, position: usize, now: Now) -> Claim {
    let (check, known) = state.check_at(position);
    let status = check_status(state, position, now);
    if check.severity != Severity::Critical && !matches!(status, CheckStatus::Missing | CheckStatus::Running) {
        return Claim::Holds;
    }
    if is_waived(known.waiver.as_ref(), check.waivable, now) {
        return Claim::Holds;
    }
    if known.known_failure().is_some() {
        return Claim::Fails;
    }
    match status {
        CheckStatus::Fresh(Outcome::Pass | Outcome::Warn) => Claim::Holds,
        CheckStatus::Fresh(Outcome::Fail) => Claim::Fails,
        CheckStatus::Fresh(Outcome::Error) => Claim::Unknown,
        CheckStatus::Blocked(_) => Claim::Blocked,
        CheckStatus::Stale(_) => Claim::Stale,
        CheckStatus::Running | CheckStatus::Missing => Claim::NotBegun,
    }
}

/// Where a phase stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhaseStatus {
    /// It is not its turn.
    Locked,
    /// Something is left.
    Open,
    /// Every item is settled or waived.
    Settled,
    /// An item is failing.
    Failing,
}

impl PhaseStatus {
    /// The word as it stands in reports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Locked => "locked",
            Self::Open => "open",
            Self::Settled => "settled",
            Self::Failing => "failing",
        }
    }
}

/// A phase in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseSummary {
    /// Where it stands.
    pub status: PhaseStatus,
    /// Items that are settled or waived.
    pub settled: usize,
    /// All its items.
    pub total: usize,
}

/// Where a phase stands, in numbers.
#[must_use]
pub fn phase_summary(state: &State, phase: Phase, now: Now) -> PhaseSummary {
    let of_phase = state.items().filter(|(item, _)| item.phase == phase);
    let statuses: Vec<_> = of_phase.map(|(item, known)| item_status(state, item, known, now)).collect();
    let settled = statuses.iter().filter(|status| status.is_done()).count();
    let status = if !state.session().is_open(Some(phase)) {
        PhaseStatus::Locked
    } else if statuses.contains(&ItemStatus::Failing) {
        PhaseStatus::Failing
    } else if settled == statuses.len() {
        PhaseStatus::Settled
    } else {
        PhaseStatus::Open
    };
    PhaseSummary { status, settled, total: statuses.len() }
}
