//! The supervising process as it is: a process of its own, real programs, real signals.
//!
//! The test binary itself plays the program: `acts_as_the_supervising_process` leads to the same function as
//! `golive supervise`.
#![expect(clippy::disallowed_methods, reason = "these tests read and write files beside the steps they run")]

mod trees;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use secrecy::SecretString;
use tempfile::TempDir;

use crate::model::step::OnDisconnect;
use crate::supervisor::{End, Hidden, LaunchError, Line, Order, Seen, Supervising, Unheard, Watch, launch};

/// Nothing here takes as long; only a defect does.
const CEILING: Duration = Duration::from_secs(60);

/// No test: a library's test binary has no other door by which it can be started as the supervising process, and that
/// has to be a process of its own. Run as a test it would wait for an order that never comes.
#[test]
#[ignore = "no test: the others start it as their supervising process"]
fn acts_as_the_supervising_process() -> ExitCode {
    crate::supervisor::run()
}

fn supervising() -> Supervising {
    let name = "supervisor::tests::acts_as_the_supervising_process";
    Supervising::this_program_with([name, "--exact", "--ignored", "--nocapture"])
}

fn shell(script: &str, folder: &Path) -> Order {
    Order {
        run: ["sh", "-c", script].map(str::to_owned).to_vec(),
        folder: folder.to_owned(),
        environment: Vec::new(),
        timeout: CEILING,
        grace: Duration::from_millis(200),
        on_disconnect: OnDisconnect::Continue,
        terminal: false,
        secrets: Vec::new(),
    }
}

/// A folder to work in, with room for steps.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn work(&self) -> &Path {
        self.0.path()
    }

    fn shell(&self, script: &str) -> Order {
        shell(script, self.work())
    }

    async fn launch(&self, order: &Order) -> Watch {
        launch(&supervising(), &self.step(), order).await.unwrap()
    }

    fn step(&self) -> std::path::PathBuf {
        self.work().join("state/steps/1")
    }

    async fn run(&self, order: &Order) -> Whole {
        whole(&mut self.launch(order).await).await
    }

    fn pid(&self, name: &str) -> Pid {
        let text = fs::read_to_string(self.work().join(name)).unwrap();
        Pid::from_raw(text.trim().parse().unwrap()).unwrap()
    }
}

/// All that was seen of a step.
struct Whole {
    lines: Vec<Line>,
    end: End,
}

impl Whole {
    fn texts(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line.text.as_str()).collect()
    }
}

async fn next(watch: &mut Watch) -> Seen {
    tokio::time::timeout(CEILING, watch.next()).await.expect("a step says something or ends")
}

async fn whole(watch: &mut Watch) -> Whole {
    let mut lines = Vec::new();
    loop {
        match next(watch).await {
            Seen::Lines(more) => lines.extend(more),
            Seen::Ended { end, .. } => return Whole { lines, end },
            Seen::Started(_) | Seen::Waits(_) => {}
        }
    }
}

async fn until_line(watch: &mut Watch, text: &str) {
    loop {
        match next(watch).await {
            Seen::Lines(lines) if lines.iter().any(|line| line.text.as_str() == text) => return,
            Seen::Ended { end, .. } => panic!("it ended before it said {text}: {end:?}"),
            Seen::Lines(_) | Seen::Started(_) | Seen::Waits(_) => {}
        }
    }
}

fn runs(pid: Pid) -> bool {
    // A process that has ended and was not yet waited for is no longer running.
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    test_kill_process(pid).is_ok() && !stat.contains(") Z ")
}

#[tokio::test]
async fn a_step_is_seen_from_beginning_to_end() {
    let place = Place::new();
    let mut watch = place.launch(&place.shell("echo one; echo two >&2; pwd; exit 3")).await;
    assert!(matches!(next(&mut watch).await, Seen::Started(_)));
    let whole = whole(&mut watch).await;
    let mut said: Vec<_> = whole.lines.iter().map(|line| (line.text.as_str(), line.error)).collect();
    said.sort_unstable();
    let folder = fs::canonicalize(place.work()).unwrap();
    assert_eq!(said, [(folder.to_str().unwrap(), false), ("one", false), ("two", true)]);
    assert_eq!(whole.end, End::Exited(3));
}

#[tokio::test]
async fn only_an_exit_with_nought_is_success() {
    for (script, end) in [("true", End::Exited(0)), ("exit 1", End::Exited(1)), ("kill -9 $$", End::Signalled(9))] {
        let place = Place::new();
        assert_eq!(place.run(&place.shell(script)).await.end, end, "{script}");
    }
}

#[tokio::test]
async fn a_program_that_is_not_there_was_not_started() {
    let place = Place::new();
    let mut order = place.shell("");
    for (run, says) in
        [(vec!["/no/such/program".to_owned()], "/no/such/program cannot be started"), (vec![], "nothing")]
    {
        order.run = run;
        let place = Place::new();
        let End::NotStarted(why) = place.run(&order).await.end else { panic!("it was started") };
        assert!(why.as_str().contains(says), "{why}");
    }
}

#[tokio::test]
async fn a_run_is_never_started_twice() {
    let place = Place::new();
    let order = place.shell("echo once >> log");
    place.run(&order).await;
    let again = launch(&supervising(), &place.step(), &order).await;
    assert!(matches!(again, Err(LaunchError::StartedBefore(_))));
    assert_eq!(fs::read_to_string(place.work().join("log")).unwrap(), "once\n");
}

#[tokio::test]
async fn a_step_outlives_who_started_it_and_is_found_again() {
    let place = Place::new();
    rustix::fs::mkfifoat(rustix::fs::CWD, place.work().join("gate"), rustix::fs::Mode::RWXU).unwrap();
    let mut watch = place.launch(&place.shell("echo before; read go < gate; echo $go")).await;
    until_line(&mut watch, "before").await;
    drop(watch);
    let mut again = Watch::attach(&place.step(), 1);
    fs::write(place.work().join("gate"), "after\n").unwrap();
    let whole = whole(&mut again).await;
    assert_eq!(whole.texts(), ["after"], "what was known is not told again");
    assert_eq!(whole.end, End::Exited(0));
    let mut late = Watch::attach(&place.step(), 0);
    assert_eq!(self::whole(&mut late).await.texts(), ["before", "after"], "and afterwards all of it is there");
}

#[tokio::test]
async fn a_hang_up_of_golives_terminal_cannot_reach_a_step() {
    for terminal in [false, true] {
        let place = Place::new();
        let mut order = place.shell("read -r _ _ _ _ group session _ < /proc/$$/stat; echo \"$group $session\" > ids");
        order.terminal = terminal;
        assert_eq!(place.run(&order).await.end, End::Exited(0));
        let ids = fs::read_to_string(place.work().join("ids")).unwrap();
        // Read the same way: in a container the own group's or session's leader may be outside, which is told as 0.
        let own = fs::read_to_string("/proc/self/stat").unwrap();
        let own: Vec<&str> = own.rsplit(") ").next().unwrap().split(' ').skip(2).take(2).collect();
        let theirs: Vec<&str> = ids.split_whitespace().collect();
        assert_eq!((own.len(), theirs.len()), (2, 2));
        for (theirs, own) in theirs.iter().zip(own) {
            assert_ne!(*theirs, own, "terminal: {terminal}");
        }
    }
}

#[tokio::test]
async fn a_step_that_is_to_stop_with_golive_does() {
    let place = Place::new();
    let mut order = place.shell("echo $$ > pid; echo up; sleep 600");
    order.on_disconnect = OnDisconnect::Stop;
    let mut watch = place.launch(&order).await;
    until_line(&mut watch, "up").await;
    drop(watch);
    assert_eq!(whole(&mut Watch::attach(&place.step(), 0)).await.end, End::Disconnected);
    assert!(!runs(place.pid("pid")));
}

#[tokio::test]
async fn nothing_of_a_stopped_step_is_left() {
    // Who ignores the polite signal, who leaves the group, and who leaves the session and its parents.
    let script = "trap '' TERM
        (exec sleep 600) &
        setsid sh -c 'echo $$ > b; trap \"\" TERM; sleep 600' &
        (setsid sh -c 'echo $$ > c; sleep 600' &) &
        while ! test -s b || ! test -s c; do sleep 0.01; done
        echo up; while :; do sleep 600; done";
    let place = Place::new();
    let mut watch = place.launch(&place.shell(script)).await;
    until_line(&mut watch, "up").await;
    assert!(runs(place.pid("b")) && runs(place.pid("c")));
    watch.control().stop().await.unwrap();
    assert_eq!(whole(&mut watch).await.end, End::Stopped);
    assert!(!runs(place.pid("b")) && !runs(place.pid("c")));
    assert!(watch.control().stop().await.is_err(), "nobody is left to speak to");
}

#[tokio::test]
async fn a_step_that_takes_too_long_is_stopped() {
    let place = Place::new();
    let mut order = place.shell("trap '' TERM; while :; do sleep 600; done");
    order.timeout = Duration::from_millis(300);
    assert_eq!(place.run(&order).await.end, End::TimedOut);
}

#[tokio::test]
async fn what_a_step_leaves_behind_is_ended_and_said() {
    let place = Place::new();
    let whole = place.run(&place.shell("setsid sleep 600 & echo $! > pid; exit 0")).await;
    assert_eq!(whole.end, End::Exited(0));
    assert!(whole.texts().iter().any(|line| line.contains("left running behind it")), "{:?}", whole.texts());
    assert!(!runs(place.pid("pid")));
}

#[tokio::test]
async fn when_the_supervising_process_is_killed_nobody_knows_the_end() {
    let place = Place::new();
    let mut watch = place.launch(&place.shell("echo $PPID > parent; echo $$ > pid; echo up; exec sleep 600")).await;
    until_line(&mut watch, "up").await;
    kill_process(place.pid("parent"), Signal::KILL).unwrap();
    assert!(matches!(whole(&mut watch).await.end, End::Unknown(_)));
    kill_process(place.pid("pid"), Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_shutdown_of_the_machine_ends_the_step_in_order() {
    let place = Place::new();
    let mut watch = place.launch(&place.shell("echo $PPID > parent; echo up; sleep 600")).await;
    until_line(&mut watch, "up").await;
    kill_process(place.pid("parent"), Signal::TERM).unwrap();
    assert_eq!(whole(&mut watch).await.end, End::Interrupted);
}

#[tokio::test]
async fn of_what_was_never_started_nothing_is_known() {
    let place = Place::new();
    let End::Unknown(why) = whole(&mut Watch::attach(&place.step(), 0)).await.end else { panic!("known") };
    assert!(why.as_str().contains("never started"), "{why}");
}

#[tokio::test]
async fn no_secret_gets_into_the_spool_or_among_the_arguments() {
    let place = Place::new();
    let secret = "FAKE-key-of-the-test-k0fT";
    let hidden = || Hidden::from(SecretString::from(secret.to_owned()));
    let script = "echo got $KEY; printf '%s' $KEY | od -An -tx1 | tr -d ' \\n'; cat /proc/$PPID/cmdline | tr '\\0' ' '";
    let mut order = place.shell(script);
    order.environment = vec![("KEY".to_owned(), hidden())];
    order.secrets = vec![(Arc::from("api_key"), hidden())];
    let whole = place.run(&order).await;
    assert!(whole.texts().contains(&"got ‹api_key›"), "{:?}", whole.texts());
    let spool = fs::read_to_string(place.step().join("spool")).unwrap();
    assert!(!spool.contains("k0fT") && !spool.contains(&hex::encode(secret)), "{spool}");
}

#[tokio::test]
async fn only_its_owner_can_look_at_a_step() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.run(&place.shell("true")).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&place.step()), 0o700);
    assert_eq!(mode(&place.step().join("spool")), 0o600);
    assert_eq!(mode(&place.step().join("control")), 0o600);
}

async fn until_it_waits(watch: &mut Watch) -> Vec<String> {
    let mut said = Vec::new();
    loop {
        match next(watch).await {
            Seen::Lines(lines) => said.extend(lines.iter().map(|line| line.text.to_string())),
            Seen::Waits(true) => return said,
            Seen::Ended { end, .. } => panic!("it did not wait: {end:?} {said:?}"),
            Seen::Waits(false) | Seen::Started(_) => {}
        }
    }
}

#[tokio::test]
async fn a_step_on_a_terminal_says_that_it_waits_and_is_answered() {
    let place = Place::new();
    let script = "test -t 0 && test -t 1 && echo on; printf 'Go on? '; read answer < /dev/tty; echo \"got $answer\"";
    let mut order = place.shell(script);
    order.terminal = true;
    let mut watch = place.launch(&order).await;
    let said = until_it_waits(&mut watch).await;
    // The test binary has a word of its own to say before it becomes the program.
    assert!(said.ends_with(&["on".to_owned(), "Go on? ".to_owned()]), "{said:?}");
    watch.control().answer("yes".to_owned().into()).await.unwrap();
    let whole = whole(&mut watch).await;
    assert!(whole.texts().contains(&"got yes"), "{:?}", whole.texts());
    assert_eq!(whole.end, End::Exited(0));
}

#[tokio::test]
async fn a_password_typed_without_echo_is_kept_nowhere() {
    let place = Place::new();
    let mut order = place.shell("stty -echo; printf 'Password: '; read word; stty echo; test \"$word\" = FAKE-word");
    order.terminal = true;
    let mut watch = place.launch(&order).await;
    until_it_waits(&mut watch).await;
    watch.control().answer("FAKE-word".to_owned().into()).await.unwrap();
    assert_eq!(whole(&mut watch).await.end, End::Exited(0));
    assert!(!fs::read_to_string(place.step().join("spool")).unwrap().contains("FAKE-word"));
    let long = "x".repeat(5_000);
    assert!(matches!(watch.control().answer(long.into()).await, Err(Unheard::TooLong(_))));
}

#[tokio::test]
async fn a_step_on_a_terminal_is_stopped_with_all_it_started() {
    let place = Place::new();
    let mut order = place.shell("echo $$ > pid; trap '' TERM HUP; echo up; while :; do sleep 600; done");
    order.terminal = true;
    let mut watch = place.launch(&order).await;
    until_line(&mut watch, "up").await;
    watch.control().stop().await.unwrap();
    assert_eq!(whole(&mut watch).await.end, End::Stopped);
    assert!(!runs(place.pid("pid")));
}

#[tokio::test]
async fn a_program_that_is_not_there_fails_on_a_terminal_too() {
    let place = Place::new();
    let mut order = place.shell("");
    order.run = vec!["/no/such/program".to_owned()];
    order.terminal = true;
    let whole = place.run(&order).await;
    assert!(matches!(whole.end, End::Exited(code) if code != 0), "{:?}", whole.end);
    assert!(whole.texts().iter().any(|line| line.starts_with("/no/such/program cannot be started")));
}

#[tokio::test]
async fn a_flood_of_output_neither_fills_the_disk_nor_holds_the_step_up() {
    let place = Place::new();
    let whole =
        place.run(&place.shell("yes 0123456789012345678901234567890123456789 | head -n 400000; echo last")).await;
    assert_eq!(whole.end, End::Exited(0));
    assert_eq!(whole.texts().last(), Some(&"last"));
    assert!(fs::metadata(place.step().join("spool")).unwrap().len() < 6 << 20);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn wherever_the_watching_is_taken_up_each_line_is_told_once(known in 0u64..12) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let place = Place::new();
            place.run(&place.shell("for n in 1 2 3 4 5 6 7 8 9 10; do echo $n; done")).await;
            let rest = whole(&mut Watch::attach(&place.step(), known)).await;
            let numbers: Vec<u64> = rest.lines.iter().map(|line| line.number).collect();
            assert_eq!(numbers, (known + 1..=10).collect::<Vec<_>>());
        });
    }
}
