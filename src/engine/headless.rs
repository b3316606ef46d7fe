//! A session without a screen: run until every check has said what it can, or until the verdict permits. `golive check`
//! and the demo's unattended flights are made of it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::core::decide::Command;
use crate::core::state::State;
use crate::core::status::{self, CheckStatus};
use crate::core::triage;
use crate::core::verdict::{Answer, Inquiry, verdict};
use crate::engine::handle::Handle;
use crate::model::id::CheckId;
use crate::model::operator::Operator;
use crate::model::plan::Run;
use crate::model::time::Now;

/// The verdict can change by time alone; so often it is looked at again when nothing happens.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How a headless run ended.
#[derive(Clone, Debug)]
pub struct Settled {
    /// What is known.
    pub state: Arc<State>,
    /// The checks that had not come to an end when the time was over; empty when all is said.
    pub unsettled: Vec<CheckId>,
}

/// Waits until each wanted check (all of them when `wanted` is `None`) of an open phase has a result, is blocked by
/// one that failed, or can never run here; at most for `bound`. Probes on demand are demanded in the name of `by`, as
/// soon as what they stand on is there: a headless run is a demand (DECISIONS 21).
pub async fn settle(
    handle: &Handle,
    by: &Operator,
    wanted: Option<&BTreeSet<CheckId>>,
    clock: fn() -> Now,
    bound: Duration,
) -> Settled {
    let deadline = Instant::now() + bound;
    let mut states = handle.watch();
    let mut demanded = BTreeSet::new();
    // What is known from elsewhere at the start is in the first state that is published.
    changed(&mut states, deadline).await;
    loop {
        let state = Arc::clone(&states.borrow_and_update());
        let unsettled = unsettled(&state, wanted, clock());
        let open: Vec<CheckId> = unsettled.iter().map(|position| state.check_at(*position).0.id.clone()).collect();
        if open.is_empty() {
            return Settled { state, unsettled: open };
        }
        let demand = demand(&state, &unsettled, &demanded);
        if !demand.is_empty() {
            demanded.extend(demand.iter().cloned());
            // A refusal leaves them without a result, and the report says why.
            let _ = handle.decide(Command::RunAgain { checks: demand }, by.clone()).await;
            continue;
        }
        if !changed(&mut states, deadline).await {
            return Settled { state: Arc::clone(&states.borrow()), unsettled: open };
        }
    }
}

/// Waits until the verdict is good enough, at most for `bound`. Gives whether it is.
pub async fn until_go(
    handle: &Handle,
    inquiry: &Inquiry,
    clock: fn() -> Now,
    bound: Duration,
    is_enough: impl Fn(Answer) -> bool,
) -> bool {
    let deadline = Instant::now() + bound;
    let mut states = handle.watch();
    loop {
        let state = Arc::clone(&states.borrow_and_update());
        if is_enough(verdict(&state, inquiry, clock()).answer()) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        let look_again = deadline.min(Instant::now() + LOOK_AGAIN);
        if !changed(&mut states, look_again).await && states.has_changed().is_err() {
            // The engine ended: nothing will change any more.
            return false;
        }
    }
}

/// Waits until each source of changes was looked at once and, where something is broken, each query for who is hurt
/// was asked once; at most for `bound`.
pub async fn inquired(handle: &Handle, clock: fn() -> Now, bound: Duration) {
    let deadline = Instant::now() + bound;
    let mut states = handle.watch();
    loop {
        let state = Arc::clone(&states.borrow_and_update());
        let (known, asked) = (state.triage(), &state.plan().triage);
        let looked = asked.changes.iter().all(|source| known.source(&source.id).is_some());
        let is_hurt = triage::hurt_since(&state, clock()).is_some();
        let counted = asked.hurt.iter().all(|hurt| known.hurt(&hurt.id).is_some());
        if (looked && (counted || !is_hurt)) || !changed(&mut states, deadline).await {
            return;
        }
    }
}

/// Waits for the next state; `false` when the time is over or the engine ended.
async fn changed(states: &mut watch::Receiver<Arc<State>>, deadline: Instant) -> bool {
    matches!(tokio::time::timeout_at(deadline, states.changed()).await, Ok(Ok(())))
}

/// The positions of the wanted checks that have not come to an end.
fn unsettled(state: &State, wanted: Option<&BTreeSet<CheckId>>, now: Now) -> Vec<usize> {
    let mut known = vec![None; state.plan().checks.len()];
    let open = (0..known.len()).filter(|position| {
        let (check, found) = state.check_at(*position);
        wanted.is_none_or(|wanted| wanted.contains(&check.id))
            && found.latest.is_none()
            && !matches!(status::check_status(state, *position, now), CheckStatus::Blocked(_))
            && can_run(state, *position, &mut known)
    });
    open.collect()
}

/// Whether a check can ever run in this session as it stands: its phase is open, it is allowed here, and so is what it
/// stands on. `known` keeps a plan with many diamonds from being walked once for every path.
fn can_run(state: &State, position: usize, known: &mut [Option<bool>]) -> bool {
    if let Some(can) = known[position] {
        return can;
    }
    let (check, _) = state.check_at(position);
    let its_time = match check.run {
        Run::Scheduled | Run::OnDemand => state.session().is_open(check.phase),
        Run::AfterRollback => state.procedure().is_verifying(),
    };
    let can = its_time
        && !status::is_kept_from_production(state, check)
        && state.index().dependencies(position).iter().all(|below| can_run(state, *below, known));
    known[position] = Some(can);
    can
}

/// The probes on demand whose turn it is.
fn demand(state: &State, unsettled: &[usize], demanded: &BTreeSet<CheckId>) -> Vec<CheckId> {
    let turn = unsettled.iter().filter(|position| {
        let (check, known) = state.check_at(**position);
        check.run == Run::OnDemand
            && known.running.is_none()
            && !demanded.contains(&check.id)
            && status::may_run(state, **position)
    });
    turn.map(|position| state.check_at(*position).0.id.clone()).collect()
}
