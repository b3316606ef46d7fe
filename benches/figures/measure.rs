//! What all figures share: medians, golive at work, CPU time of processes and threads, the line that is printed.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The median and the 99th of a hundred.
pub(crate) fn median_and_p99(mut samples: Vec<Duration>) -> (Duration, Duration) {
    samples.sort_unstable();
    let at = |share: f64| samples[((samples.len() - 1) as f64 * share) as usize];
    (at(0.5), at(0.99))
}

/// `golive check --watch` over a plan, at home in a folder of its own, saying nothing.
pub(crate) fn watching(plan: &str, home: &Path) -> Child {
    let path = home.join("golive.toml");
    fs::write(&path, plan).expect("a plan");
    Command::new(env!("CARGO_BIN_EXE_golive"))
        .args(["check", "--watch", "--format", "json"])
        .arg(&path)
        .env("HOME", home)
        .env("XDG_STATE_HOME", home.join("state"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("golive")
}

/// CPU time of all threads of a process so far, from the scheduler, in nanoseconds.
pub(crate) fn cpu_of(process: u32) -> Duration {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let spent = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(spent.sum())
}

/// Voluntary switches of all threads of a process: how often anything in it woke up.
pub(crate) fn wakeups_of(process: u32) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let counts = tasks.filter_map(|task| {
        let text = fs::read_to_string(task.path().join("status")).ok()?;
        let line = text.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    counts.sum()
}

/// Memory of a process, in kilobytes.
pub(crate) fn resident_of(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// One line: what, golive's figure, its floor, the ratio, the goal.
pub(crate) fn print(what: &str, own: f64, floor: f64, unit: &str, goal: &str) {
    println!(
        "{what:<52} golive {own:>9.2} {unit:<3} floor {floor:>9.2} {unit:<3} ratio {:>5.2}   goal {goal}",
        own / floor
    );
}

/// A duration in milliseconds.
pub(crate) fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
