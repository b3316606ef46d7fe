//! The tree of processes under this one. As the sub-reaper of all of them it inherits whoever loses a parent, so none
//! escapes by forking twice or by leaving the group.
#![expect(clippy::disallowed_methods, reason = "the tree of processes is read from /proc")]

use std::collections::HashMap;
use std::fs;
use std::time::Duration;

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process_group, pidfd_open, pidfd_send_signal, waitpid,
};
use tokio::time::{Instant, sleep};

/// How often the tree is looked at while it ends.
const LOOK: Duration = Duration::from_millis(20);
/// How long killed processes may take to be gone; a process in the kernel's hands can outlive even that.
const KILLED_WITHIN: Duration = Duration::from_secs(5);

/// A process as /proc has it.
struct Process {
    parent: Pid,
    gone: bool,
}

/// Makes this process the one that orphans below it come to.
pub(super) fn become_reaper() -> rustix::io::Result<()> {
    rustix::process::set_child_subreaper(Some(getpid()))
}

/// Everyone below this process who still runs.
pub(super) fn running() -> Vec<Pid> {
    let all = processes();
    below(&all).into_iter().filter(|pid| !all[pid].gone).collect()
}

/// Takes leave of the orphans that have ended. `main` is left to whoever waits for it.
pub(super) fn reap_orphans(main: Option<Pid>) {
    let own = getpid();
    for (pid, process) in processes() {
        if process.gone && process.parent == own && Some(pid) != main {
            // Somebody else cannot have reaped it, and if so there is nothing left to do.
            let _ = waitpid(Some(pid), WaitOptions::NOHANG);
        }
    }
}

/// Ends the tree: asks, waits so long, then kills. Returns how many are left; none but in the worst of cases.
///
/// `group` is the program's own group, while its first process has not been waited for and the number is its own.
pub(super) async fn end(group: Option<Pid>, grace: Duration) -> usize {
    let deadline = Instant::now() + grace;
    signal(group, Signal::TERM);
    // Who is stopped hears nothing until it goes on.
    signal(group, Signal::CONT);
    while !running().is_empty() && Instant::now() < deadline {
        sleep(LOOK).await;
    }
    let deadline = Instant::now() + KILLED_WITHIN;
    // Again and again: who was just forked is found the next time.
    while !running().is_empty() && Instant::now() < deadline {
        signal(group, Signal::KILL);
        sleep(LOOK).await;
    }
    running().len()
}

/// Waits until nobody runs, at most so long.
pub(super) async fn empty_within(time: Duration) -> bool {
    let deadline = Instant::now() + time;
    while !running().is_empty() {
        if Instant::now() >= deadline {
            return false;
        }
        sleep(LOOK).await;
    }
    true
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // An empty group is what is wanted.
        let _ = kill_process_group(group, signal);
    }
    let all = processes();
    for pid in below(&all) {
        // The handle is taken first and the parent looked at after: so the number cannot have become a stranger's.
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { continue };
        let parent = process(pid).map(|process| process.parent);
        if parent.is_some_and(|parent| parent == all[&pid].parent || parent == getpid()) {
            // Whoever has ended meanwhile needs no signal.
            let _ = pidfd_send_signal(&handle, signal);
        }
    }
}

fn below(all: &HashMap<Pid, Process>) -> Vec<Pid> {
    let mut found = vec![getpid()];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(all.iter().filter(|(_, process)| process.parent == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.remove(0);
    found
}

fn processes() -> HashMap<Pid, Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return HashMap::new() };
    entries
        .flatten()
        .filter_map(|entry| {
            let pid = Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)?;
            Some((pid, process(pid)?))
        })
        .collect()
}

fn process(pid: Pid) -> Option<Process> {
    // Read as bytes: a process may bear any name.
    let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    parsed(&String::from_utf8_lossy(&stat))
}

/// State and parent from a `stat` line. The name stands in parentheses and may hold any character, parentheses too.
fn parsed(stat: &str) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ');
    let gone = matches!(fields.next()?, "Z" | "X" | "x");
    Some(Process { parent: Pid::from_raw(fields.next()?.parse().ok()?)?, gone })
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn a_name_with_parentheses_hides_nobody() {
        let process = parsed("42 (evil) S 1 (x) Z 7 42 42 0").unwrap();
        assert!(process.gone);
        assert_eq!(process.parent.as_raw_nonzero().get(), 7);
        assert!(parsed("42 (sh)").is_none());
    }
}
