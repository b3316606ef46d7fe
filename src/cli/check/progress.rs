//! One line on standard error that tells what `golive check` waits for, where somebody can watch it.

use std::future::Future;
use std::sync::Arc;

use crate::cli::check::question::Asked;
use crate::cli::console::Console;
use crate::clock;
use crate::core::state::State;
use crate::core::verdict;
use crate::engine::handle::Handle;

/// Waits for `work`, and shows meanwhile how far the checks have come.
pub(super) async fn shown<T>(handle: &Handle, asked: &Asked, console: &Console, work: impl Future<Output = T>) -> T {
    if !console.is_watched() {
        return work.await;
    }
    let mut states = handle.watch();
    let mut work = std::pin::pin!(work);
    let done = loop {
        let state = Arc::clone(&states.borrow_and_update());
        console.progress(&line(&state, asked));
        tokio::select! {
            done = &mut work => break done,
            changed = states.changed() => if changed.is_err() { break work.await },
        }
    };
    console.progress("");
    done
}

fn line(state: &State, asked: &Asked) -> String {
    let wanted = || state.checks().filter(|(check, _)| asked.wanted().is_none_or(|wanted| wanted.contains(&check.id)));
    let done = wanted().filter(|(_, known)| known.latest.is_some()).count();
    let running: Vec<_> =
        wanted().filter(|(_, known)| known.running.is_some()).map(|(check, _)| check.id.as_str()).take(4).collect();
    let headline = verdict::verdict(state, &asked.inquiry, clock::now()).headline();
    format!("{headline}   {done} of {} checked   {}", wanted().count(), running.join(" "))
}
