//! Past sessions of 100,000 events: read and opened at their end, one step, the farthest step back, the next change of the
//! verdict, and how soon a session of that length is folded for its first frame. Floor: the same bytes read from the same
//! file, hashed, and nothing else.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use golive::core::event::{Body, CheckEvent, Event, Finished, Purpose, Repeat, SessionEvent, VERSION};
use golive::core::evidence::Evidence;
use golive::core::replay::Replay;
use golive::journal::lock::Holder;
use golive::journal::{Journal, reading};
use golive::model::failure::{Failure, FailureClass, Recovery};
use golive::model::id::{CheckId, EffectId, SessionId};
use golive::model::operator::Actor;
use golive::model::plan::SharedPlan;
use golive::model::text::SafeText;
use golive::model::time::Now;
use golive::model::word::{Category, Severity};
use golive::{check, clock, plan};
use sha2::{Digest as _, Sha256};

use crate::measure::{median_and_p99, ms, print};

const EVENTS: usize = 100_000;
/// So many events go into one append.
const BATCH: usize = 1_000;
const STEPS: usize = 500;
/// The opening is measured so often, each time beside its floor; the median counts.
const ROUNDS: usize = 7;
const CHECKS: usize = 60;

pub(crate) fn run() {
    // The build folder lies on a real disk; a temporary folder may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let path = folder.path().join("bench.golive");
    write(&path, session(folder.path()));
    let rounds: Vec<[Duration; 4]> = (0..ROUNDS).map(|_| opening(&path)).collect();
    let [floor, read, folded, opened] = [0, 1, 2, 3].map(|part| {
        let mut lengths: Vec<Duration> = rounds.iter().map(|round| round[part]).collect();
        lengths.sort_unstable();
        lengths[ROUNDS / 2]
    });
    print("replay of 100,000 events opens", ms(opened), ms(floor), "ms", "<= 300 ms");
    println!("{:<52} {:.1} ms", "… of which reading the journal", ms(read));
    print("resume with 100,000 events: fold to the first frame", ms(folded), ms(floor), "ms", "<= 2 x floor");
    let events = reading::read_all(&path).expect("a journal").events;
    let mut replay = Replay::new(events).expect("a session");
    let began = Instant::now();
    while !replay.prepare(BATCH) {}
    println!("{:<52} {:.1} ms, beside the screen", "… all its snapshots made, all turns found", ms(began.elapsed()));
    steps(&mut replay);
}

/// The floor, reading, going on with the session as it stands, a replay at its beginning: once, one after the other.
fn opening(path: &Path) -> [Duration; 4] {
    let floor = floor(path);
    let began = Instant::now();
    let events = reading::read_all(path).expect("a journal").events;
    let read = began.elapsed();
    let began = Instant::now();
    let replay = Replay::new(events).expect("a session");
    let opened = read + began.elapsed();
    drop(replay);
    let began = Instant::now();
    let (journal, state) = Journal::resume(path, &holder()).expect("a journal to go on with");
    let folded = began.elapsed();
    drop((journal, state));
    [floor, read, folded, opened]
}

fn steps(replay: &mut Replay) {
    let length = replay.length();
    let (mut forward, mut back, mut far) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..STEPS {
        let at = 1 + step * 7_919 % (length - 2);
        far.push(timed(|| replay.go_to(at)));
        forward.push(timed(|| replay.go_to(at + 1)));
        back.push(timed(|| replay.go_to(at)));
    }
    let worst = |lengths: &[Duration]| lengths.iter().copied().max().unwrap_or_default();
    for (what, lengths) in [("one event on", forward), ("one event back", back), ("to any event", far)] {
        let longest = worst(&lengths);
        let (median, p99) = median_and_p99(lengths);
        let figures = format!("median {:.2} ms, p99 {:.2} ms, longest {:.2} ms", ms(median), ms(p99), ms(longest));
        println!("{:<52} {figures}   goal < 16 ms each", format!("replay, {what}"));
    }
    replay.go_to(1);
    let turns: Vec<Duration> = (0..100).map(|_| timed(|| replay.go_to_next_turn())).collect();
    let (longest, (median, p99)) = (worst(&turns), median_and_p99(turns));
    let figures = format!("median {:.2} ms, p99 {:.2} ms, longest {:.2} ms", ms(median), ms(p99), ms(longest));
    println!("{:<52} {figures}", "replay, to the next change of the verdict");
}

fn timed(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

/// The bytes of the file, read and hashed once: nobody can prove a journal whole with less.
fn floor(path: &Path) -> Duration {
    timed(|| {
        let bytes = std::fs::read(path).expect("a file");
        std::hint::black_box(Sha256::digest(&bytes));
    })
}

fn the_plan(folder: &Path) -> SharedPlan {
    let mut text = String::from("[service]\nname = \"bench\"\n");
    for number in 0..CHECKS {
        text.push_str(&format!("[settings.V{number}]\nmust_be = \"x\"\ndefault = \"x\"\nevery = \"1s\"\n"));
    }
    for number in 0..20 {
        text.push_str(&format!("[[pre_deployment]]\nid = \"item_{number}\"\nchecks = [\"v{number}\"]\n"));
    }
    Arc::new(plan::load_text("bench.toml", &text, folder, &check::specs()).expect("a plan").plan)
}

fn event(now: Now, body: Body) -> Event {
    let up = u64::try_from(now.up.as_millis()).unwrap_or(0);
    let (id, run) = (ulid::Ulid::generate(), ulid::Ulid::nil());
    Event { v: VERSION, id, run, at: now.at, up, actor: Actor::Golive, body }
}

fn session(folder: &Path) -> Vec<Event> {
    let plan = the_plan(folder);
    let ids: Vec<_> = plan.checks.iter().map(|check| check.id.clone()).collect();
    let mut now = clock::now();
    let (session, host) = (SessionId::new("BENCH"), SafeText::from_foreign("bench"));
    let opened = SessionEvent::Opened { session, purpose: Purpose::GoLive, plan, version: None, host };
    let mut events = vec![event(now, Body::Session(opened))];
    for number in 1..EVENTS {
        now = now.after(Duration::from_millis(20));
        // As the engine writes it: a full record where something is another, else one line in a batch.
        let check = ids[number % ids.len()].clone();
        let mended = number > ids.len() && (number - ids.len()).is_multiple_of(997);
        let full = number <= ids.len() || number.is_multiple_of(997) || mended || number.is_multiple_of(5);
        let body = if full { result(&check, number) } else { repeats(&check, number, now) };
        events.push(event(now, Body::Check(body)));
    }
    events
}

const TOOK: Duration = Duration::from_millis(4);

fn result(check: &CheckId, number: usize) -> CheckEvent {
    let (check, effect, evidence) = (check.clone(), EffectId(number as u64 * 4), evidence(number));
    CheckEvent::Finished(Box::new(Finished { check, effect, lateness: Duration::ZERO, took: TOOK, evidence }))
}

fn repeats(check: &CheckId, number: usize, now: Now) -> CheckEvent {
    let up = u64::try_from(now.up.as_millis()).unwrap_or(0);
    let one = |nth: u64| Repeat {
        check: check.clone(),
        effect: EffectId(number as u64 * 4 + nth),
        at: now.at,
        up,
        took: TOOK,
        lateness: Duration::ZERO,
        measured: None,
    };
    CheckEvent::Observed { repeats: (0..3).map(one).collect() }
}

fn evidence(number: usize) -> Evidence {
    if !number.is_multiple_of(997) {
        return Evidence::pass(&format!("answered, number {number}"))
            .fact("address", "127.0.0.1:443")
            .material("status", "200");
    }
    let impact = SafeText::from_foreign("nobody can pay");
    let failure = Failure {
        class: FailureClass::Connect,
        category: Category::System,
        severity: Severity::Critical,
        impact,
        recovery: Recovery::Retry,
    };
    Evidence::fail(failure, "refused").fact("address", "127.0.0.1:443")
}

fn holder() -> Holder {
    let name = SafeText::from_foreign("bench");
    Holder::this_process(name.clone(), name, clock::now().at)
}

fn write(path: &Path, events: Vec<Event>) {
    let journal = Journal::create(path, &SessionId::new("BENCH"), &holder()).expect("a journal");
    for batch in events.chunks(BATCH) {
        journal.append(Arc::from(batch)).wait().expect("stored");
    }
    journal.close().expect("closed");
}
