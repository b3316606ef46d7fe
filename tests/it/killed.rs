//! The outbox of the real binary, killed with -9 at random moments while its peer is down, refuses, hangs or resets in
//! the middle: every transition arrives at each notifier at least once under one key, nothing is told that never
//! happened, and nothing arrives twice unless the answer to it was lost.
//!
//! A dozen kills by default; `GOLIVE_KILLS=200 cargo test killed` for the figure in docs/RELIABILITY.md.

mod peer;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use golive::core::event::{AlertEvent, Body, Event, NoticeEvent};
use golive::core::notice::NoticeKey;
use golive::core::state::{Fate, State};
use golive::journal::{reading, sessions};
use golive::model::id::NotifierId;
use rustix::process::Signal;

use crate::rules::random::Random;
use crate::terminal::{PATIENCE, Terminal};
use peer::{Came, Peer};

const NOTIFIERS: [&str; 2] = ["one", "two"];
const DOORS: [&str; 2] = ["front", "back"];

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn plan(port: u16) -> String {
    let mut plan = String::from(
        "[service]\nname = \"shop\"\nenvironment = \"staging\"\n\n[sources]\nprocess_env = true\n\n\
         [credentials.hook]\nfrom = { env = \"HOOK_SECRET\" }\n\n\
         [[pre_deployment]]\nid = \"backup\"\nmanual = { prompt = \"Seen?\" }\n\n",
    );
    for door in DOORS {
        plan.push_str(&format!(
            "[checks.{door}]\nkind = \"file\"\npath = \"{door}.txt\"\ncontains = [\"open\"]\nevery = \"100ms\"\n\n\
             [alerts.{door}_shut]\nlevel = \"critical\"\nwhen = 'failures(\"{door}\", duration(\"150ms\")) >= 1'\n\
             notify = [\"one\", \"two\"]\n\n"
        ));
    }
    for notifier in NOTIFIERS {
        plan.push_str(&format!(
            "[notifiers.{notifier}]\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/{notifier}\"\n\
             secret = \"{{{{ credentials.hook }}}}\"\ntimeout = \"3s\"\nretry_delay = \"50ms\"\n\
             rate = {{ most = 1000, per = \"1s\" }}\n\n"
        ));
    }
    plan
}

fn cockpit(home: &Path, wish: &str) -> Terminal {
    let plan = home.join("golive.toml");
    let secret = format!("FAKE-{}", std::process::id());
    let secret = [("HOOK_SECRET", secret.as_str())];
    Terminal::golive_with(&[wish, plan.to_str().unwrap()], home, (100, 30), &secret)
}

/// Opens or shuts a door, whole at once.
fn turn(home: &Path, door: &str, open: bool) {
    let (new, path) = (home.join("new"), home.join(format!("{door}.txt")));
    std::fs::write(&new, if open { "open" } else { "shut" }).unwrap();
    std::fs::rename(new, path).unwrap();
}

/// What the journal holds, proved whole.
fn journal(home: &Path) -> Vec<Event> {
    let (listed, unlisted) = sessions::sessions(&home.join("state/golive")).unwrap();
    assert!(unlisted.is_empty() && listed.len() == 1, "one session, however often it is begun: {unlisted:?}");
    let reading = reading::read_all(&listed[0].path).unwrap();
    assert!(reading.broken.is_none(), "{:?}", reading.broken);
    reading.events
}

/// The keys under which each alert's changes have to arrive, worked out from what happened to the alerts alone; in order
/// for each alert and notifier.
fn expected(events: &[Event]) -> BTreeMap<(String, String), Vec<String>> {
    let session = State::fold(events).unwrap().session().id.clone();
    let mut expected: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for event in events {
        let Body::Alert(body) = &event.body else { continue };
        let (AlertEvent::Fired { alert, transition, .. } | AlertEvent::Resolved { alert, transition }) = body else {
            continue;
        };
        for to in NOTIFIERS {
            let key = NoticeKey::new(&session, alert.as_str(), *transition, &NotifierId::new(to));
            expected.entry((to.to_owned(), alert.to_string())).or_default().push(key.to_string());
        }
    }
    expected
}

fn delivered(events: &[Event]) -> BTreeSet<String> {
    let state = State::fold(events).unwrap();
    let has = state.notices().posted().filter(|posted| matches!(posted.fate, Fate::Delivered { .. }));
    has.map(|posted| posted.notice.key.to_string()).collect()
}

#[test]
fn each_change_of_an_alert_arrives_under_one_key_however_often_golive_is_killed() {
    let home = tempfile::tempdir().unwrap();
    let mut random = Random::new(number("GOLIVE_SEED", 11));
    let peer = Peer::start(random.below(1 << 40));
    std::fs::write(home.path().join("golive.toml"), plan(peer.port())).unwrap();
    DOORS.iter().for_each(|door| turn(home.path(), door, true));
    let mut terminal = cockpit(home.path(), "--new");
    terminal.wait_for("PRE");
    // Of what golive had been given, this was not in its journal when it was killed.
    let (mut forgotten, mut before) = (BTreeMap::<String, usize>::new(), 0);
    for _ in 0..number("GOLIVE_KILLS", 12) {
        peer.is_down(random.once_in(4));
        if !random.once_in(3) {
            // However slow the machine: most are killed in flight, and some while they begin.
            terminal.wait_for("PRE");
        }
        let until = Instant::now() + Duration::from_millis(random.below(2_500));
        while Instant::now() < until {
            turn(home.path(), random.one_of(&DOORS), random.once_in(2));
            std::thread::sleep(Duration::from_millis(50 + random.below(250)));
        }
        terminal.signal(Signal::KILL);
        terminal.exit_code();
        let journalled = delivered(&journal(home.path()));
        let came = peer.came_in_all();
        for came in came[before..].iter().filter(|came| came.is_taken() && !journalled.contains(&came.key)) {
            *forgotten.entry(came.key.clone()).or_default() += 1;
        }
        before = came.len();
        terminal = cockpit(home.path(), "--resume");
    }
    peer.behaves();
    turn(home.path(), DOORS[0], false);
    // A notifier that failed often is left alone for up to a minute.
    let patience = PATIENCE * 6;
    settled(home.path(), patience, |state| state.alerts().next().is_some_and(|(_, known)| known.is_firing()));
    DOORS.iter().for_each(|door| turn(home.path(), door, true));
    settled(home.path(), patience, |state| {
        state.notices().open().next().is_none() && !state.alerts().any(|(_, known)| known.is_firing())
    });
    terminal.signal(Signal::KILL);
    terminal.exit_code();
    held_against(&journal(home.path()), &peer.came(), &forgotten);
}

/// Waits until the journal says so.
fn settled(home: &Path, patience: Duration, holds: impl Fn(&State) -> bool) {
    let until = Instant::now() + patience;
    loop {
        let state = State::fold(&journal(home)).unwrap();
        if holds(&state) {
            return;
        }
        let open = || state.notices().open().map(|posted| (&posted.notice.key, &posted.fate)).collect::<Vec<_>>();
        assert!(Instant::now() < until, "it never settles: {:#?}", open());
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// What came, held against what happened.
fn held_against(events: &[Event], came: &[Came], forgotten: &BTreeMap<String, usize>) {
    let expected = expected(events);
    assert!(expected.values().map(Vec::len).sum::<usize>() >= 4, "hardly anything happened: {expected:?}");
    let arrived: Vec<&Came> = came.iter().filter(|came| came.has_it()).collect();
    // At least once, in order for each alert and notifier, and nothing that never happened.
    let mut first: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    for came in &arrived {
        if seen.insert(&came.key) && came.lane.ends_with("_shut") {
            first.entry((came.to.clone(), came.lane.clone())).or_default().push(came.key.clone());
        }
    }
    assert_eq!(first, expected);
    let queued: BTreeSet<String> = events
        .iter()
        .filter_map(|event| match &event.body {
            Body::Notice(NoticeEvent::Queued(notice)) => Some(notice.key.to_string()),
            _ => None,
        })
        .collect();
    for came in came {
        assert!(queued.contains(&came.key), "sent before its intent was in the journal, or never meant: {came:?}");
        let alike = arrived.iter().filter(|other| other.key == came.key).all(|other| other.body == came.body);
        assert!(alike, "one key, two messages: {came:?}");
    }
    // Twice only where an answer was lost, on its way or with the process.
    for key in seen {
        let times = arrived.iter().filter(|came| came.key == *key).count();
        let lost = arrived.iter().filter(|came| came.key == *key && !came.is_taken()).count();
        let allowed = 1 + lost + forgotten.get(key).copied().unwrap_or_default();
        assert!(times <= allowed, "{key} came {times} times; {lost} answers were lost, {forgotten:?} with the process");
    }
}
