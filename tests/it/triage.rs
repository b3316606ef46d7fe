//! Something is broken: what changed before, who is hurt, what the runbook says, what people note; on the screen, in the
//! report, without a screen. Over a real world with real faults where that says more.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use golive::check::{self, Surroundings};
use golive::core::decide::{Command, decide};
use golive::core::event::{Body, CheckEvent, ItemEvent, Purpose, TriageEvent};
use golive::core::inquiry::{Counted, Look, Sighting, meaning};
use golive::core::state::{Mark, State};
use golive::core::triage;
use golive::demo::{Fault, World};
use golive::engine::{self, Beginning, Reader, Setup};
use golive::journal::Journal;
use golive::mask::Redactor;
use golive::model::duration::Span;
use golive::model::failure::FailureClass;
use golive::model::id::{CheckId, HurtId, KindName, SessionId, SourceId};
use golive::model::operator::Actor;
use golive::model::plan::Plan;
use golive::model::runbook::Runbook;
use golive::model::text::SafeText;
use golive::model::triage::{Hurt, Source};
use golive::model::word::{Outcome, Severity};
use golive::network::Network;
use golive::notify::Roster;
use golive::{clock, plan};

use crate::kit::desk::Desk;
use crate::kit::{Moment, operator};
use crate::scenario::words::finished;
use crate::scenario::{Story, plan_of};

fn source(id: &str, kind: &str) -> Source {
    let (every, timeout) = (Span::seconds(60), Span::seconds(10));
    Source { id: SourceId::new(id), kind: KindName::new(kind), every, timeout, options: serde_json::Map::new() }
}

fn failed_payments() -> Hurt {
    Hurt {
        id: HurtId::new("failed_payments"),
        title: "payments failed".into(),
        kind: KindName::new("http"),
        every: Span::seconds(60),
        timeout: Span::seconds(10),
        currency: Some("R".into()),
        repair: Some("send each buyer a new link".into()),
        options: serde_json::Map::new(),
    }
}

fn story() -> Story {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let checks = lines(&["payment_tls critical", "payment_api critical on payment_tls", "notes advice"]);
    let mut plan: Plan = (*plan_of(&checks, &lines(&["pre_deployment pay: checks payment_api"]))).clone();
    plan.triage.changes = vec![source("repository", "git"), source("flags", "flags")];
    plan.triage.hurt = vec![failed_payments()];
    let text = "# TLS\n1. Is it only us?\n2. Renew at the edge.\n".to_owned();
    let runbook = Runbook { file: Some(PathBuf::from("docs/payment-tls.md")), text };
    plan.triage.runbooks = BTreeMap::from([(CheckId::new("payment_tls"), runbook)]);
    Story::begin(Arc::new(plan))
}

fn sees(story: &mut Story, source: &str, look: &Look) -> usize {
    let events = meaning(&story.state, &SourceId::new(source), look);
    let count = events.iter().filter(|event| matches!(event, TriageEvent::Changed(_))).count();
    for event in events {
        story.happens(Actor::Golive, Body::Triage(event));
    }
    count
}

fn look(flags: &[(&str, &str)]) -> Look {
    let one = |(name, value): &(&str, &str)| {
        Sighting::new(&format!("flag {name}"), value, &format!("flag {name} is {value}"))
    };
    Look { sightings: flags.iter().map(one).collect(), whole: true }
}

fn fails(story: &mut Story, check: &str) {
    let body = finished(story, check, Outcome::Fail, "certificate ended");
    story.happens(Actor::Golive, body);
}

fn passes(story: &mut Story, check: &str) {
    let body = finished(story, check, Outcome::Pass, "TLS 1.3, 121 ms");
    story.happens(Actor::Golive, body);
}

/// All passed, a flag was switched, TLS broke, twelve payments failed.
fn broken() -> Story {
    let mut story = story();
    sees(&mut story, "flags", &look(&[("checkout", "off")]));
    passes(&mut story, "payment_tls");
    passes(&mut story, "payment_api");
    story.wait(Duration::from_secs(20));
    sees(&mut story, "flags", &look(&[("checkout", "on")]));
    story.wait(Duration::from_secs(10));
    fails(&mut story, "payment_tls");
    let since = triage::hurt_since(&story.state, story.now).unwrap();
    let ids = ["p1", "p2"].map(SafeText::from_foreign).to_vec();
    let counted = Counted { count: 12, amount: Some(SafeText::from_foreign("14400.00")), ids, more: false };
    let query = HurtId::new("failed_payments");
    story.happens(Actor::Golive, Body::Triage(TriageEvent::Counted { query, since, counted }));
    story.wait(Duration::from_secs(180));
    story
}

fn told(state: &State) -> Vec<String> {
    triage::changes_before(state, state.timeline().next_back().unwrap().at).map(|entry| entry.text.clone()).collect()
}

#[test]
fn the_first_look_is_where_the_watch_begins_and_only_what_differs_is_a_change() {
    let mut story = story();
    assert_eq!(sees(&mut story, "flags", &look(&[("a", "on"), ("b", "off")])), 0);
    assert_eq!(sees(&mut story, "flags", &look(&[("a", "on"), ("b", "off")])), 0, "nothing changed");
    assert_eq!(sees(&mut story, "flags", &look(&[("a", "off"), ("c", "on")])), 3);
    assert_eq!(told(&story.state), ["flag b is gone", "flag c is on", "flag a is off (was on)"]);
    assert_eq!(sees(&mut story, "flags", &look(&[("a", "off"), ("c", "on")])), 0);
}

#[test]
fn what_happened_before_the_session_stands_where_it_belongs_and_long_ago_is_left_out() {
    let mut story = story();
    let opened = story.now.at;
    passes(&mut story, "payment_tls");
    let mut commits = look(&[("a", "1"), ("b", "2"), ("c", "3")]);
    commits.whole = false;
    let hour = Duration::from_secs(3_600);
    for (commit, age) in commits.sightings.iter_mut().zip([1, 30, 2]) {
        commit.at = Some(opened - hour * age);
        commit.by = Some(SafeText::from_foreign("thandi"));
    }
    assert_eq!(sees(&mut story, "repository", &commits), 2);
    let first: Vec<String> = story.state.timeline().take(3).map(|entry| entry.text.clone()).collect();
    assert_eq!(first, ["flag c is 3, by thandi", "flag a is 1, by thandi", "session opened"]);
    // It is no news: whose move it is stands in the line, not what was so before anybody looked.
    let news = story.state.timeline().filter(|entry| entry.mark == Mark::Look).count();
    assert_eq!(news, 0);
    sees(&mut story, "flags", &look(&[("a", "on")]));
    sees(&mut story, "flags", &look(&[("a", "off")]));
    assert_eq!(story.state.timeline().filter(|entry| entry.mark == Mark::Look).count(), 1, "what changes now is");
}

#[test]
fn a_flood_of_changes_is_told_once_and_known_from_then_on() {
    let mut story = story();
    sees(&mut story, "flags", &look(&[]));
    let names: Vec<String> = (0..150).map(|number| format!("f{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "on")).collect();
    assert_eq!(sees(&mut story, "flags", &look(&many)), 31);
    assert!(told(&story.state).iter().any(|text| text == "120 more changes at once"));
    assert_eq!(sees(&mut story, "flags", &look(&many)), 0);
}

#[test]
fn causes_come_before_their_victims_with_what_changed_and_since_when_somebody_may_be_hurt() {
    let story = broken();
    let causes = triage::causes(&story.state, story.now);
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].victims, [CheckId::new("payment_api")]);
    assert_eq!(triage::severity(&story.state, &causes), Some(Severity::Critical));
    let good = story.state.check(&CheckId::new("payment_tls")).unwrap().1.last_good.as_ref().unwrap().when.at;
    assert_eq!(triage::hurt_since(&story.state, story.now), Some(good), "from the last moment at which it was well");
    let before: Vec<&str> =
        triage::changes_before(&story.state, causes[0].since).map(|entry| entry.text.as_str()).collect();
    assert_eq!(before, ["flag checkout is on (was off)"]);
}

#[test]
fn what_golive_cannot_find_out_hurts_nobody_that_it_knows_of() {
    let mut story = story();
    let body = finished(&story, "payment_tls", Outcome::Error, "no resolver");
    story.happens(Actor::Golive, body);
    assert_eq!(triage::causes(&story.state, story.now).len(), 1);
    assert_eq!(triage::hurt_since(&story.state, story.now), None);
}

/// A run that could not look, because this machine has no resolver.
fn blind(story: &mut Story, check: &str) {
    let Body::Check(CheckEvent::Finished(mut run)) = finished(story, check, Outcome::Error, "no resolver") else {
        unreachable!("a run that ended")
    };
    run.evidence.failure.as_mut().unwrap().class = FailureClass::ThisMachine;
    story.happens(Actor::Golive, Body::Check(CheckEvent::Finished(run)));
}

#[test]
fn what_cannot_look_from_this_machine_is_one_cause() {
    let mut story = story();
    blind(&mut story, "notes");
    blind(&mut story, "payment_tls");
    let causes = triage::causes(&story.state, story.now);
    assert_eq!(causes.len(), 1);
    assert_eq!(causes[0].victims, ["payment_api", "notes"].map(CheckId::new), "the blind and who waits for them");
    assert_eq!(triage::troubled_here(&causes), 3);
    // What was seen failing before stays a cause of its own.
    fails(&mut story, "payment_tls");
    blind(&mut story, "payment_tls");
    let causes = triage::causes(&story.state, story.now);
    let told: Vec<bool> = causes.iter().map(|cause| cause.this_machine).collect();
    assert_eq!(told, [false, true]);
    let mut desk = desk(story);
    desk.size = (118, 40);
    desk.fly("t").sees("2 causes").sees("this machine ✗ 1 blind");
    desk.fly("j").sees("mend this machine's network");
    desk.fly("y");
    let page = desk.copied.unwrap();
    assert!(page.contains("- **This machine** (golive cannot look from it): notes: could not find out"), "{page}");
}

#[test]
fn a_source_that_gives_nothing_is_this_machine_and_not_the_target() {
    let home = crate::cli_kit::Home::new();
    home.put(
        "golive.toml",
        "[service]\nname = \"shop\"\nenvironment = \"staging\"\n\
         [credentials.key]\nfrom = { command = [\"sh\", \"-c\", \"exit 3\"] }\n\
         [checks.pay]\nkind = \"http\"\nurl = \"http://127.0.0.1:9/{{ credentials.key }}\"\nexpect = 'status == 200'\n\
         [[pre_deployment]]\nid = \"paid\"\nchecks = [\"pay\"]\n",
    );
    let plan = home.path().join("golive.toml").display().to_string();
    home.golive(&["trust", "--yes", &plan]);
    let ran = home.golive(&["triage", &plan, "--headless"]);
    for wanted in ["2 checks cannot look from this machine", "- **This machine**", "  - Cannot look either: pay"] {
        assert!(ran.out.contains(wanted), "{wanted}\n{}", ran.out);
    }
    assert!(!ran.out.contains("- **pay**"), "{}", ran.out);
}

#[test]
fn an_answer_that_cannot_be_had_is_no_zero() {
    let mut story = broken();
    let query = HurtId::new("failed_payments");
    let since = story.state.triage().hurt(&query).unwrap().since;
    let why = SafeText::from_foreign("the database refused");
    story.happens(
        Actor::Golive,
        Body::Triage(TriageEvent::NotCounted { query: query.clone(), since, why: why.clone() }),
    );
    let known = story.state.triage().hurt(&query).unwrap();
    assert_eq!(known.counted.as_ref().unwrap().0.count, 12, "what was counted of the same time stands, with its age");
    let later = since + Duration::from_secs(1);
    story.happens(Actor::Golive, Body::Triage(TriageEvent::NotCounted { query: query.clone(), since: later, why }));
    assert!(story.state.triage().hurt(&query).unwrap().counted.is_none(), "of another time nobody knows anything");
}

#[test]
fn a_number_that_grows_with_every_look_is_told_when_it_has_doubled_and_when_it_falls() {
    let mut story = broken();
    let query = HurtId::new("failed_payments");
    let since = story.state.triage().hurt(&query).unwrap().since;
    let mut count = |count, since| {
        let counted = Counted { count, amount: None, ids: Vec::new(), more: false };
        story.happens(Actor::Golive, Body::Triage(TriageEvent::Counted { query: query.clone(), since, counted }));
        let entry = story.state.timeline().next_back().unwrap().text.clone();
        assert_eq!(story.state.triage().hurt(&query).unwrap().counted.as_ref().unwrap().0.count, count);
        entry
    };
    for number in 13..24 {
        assert!(count(number, since).contains("12 payments"), "{number} is no news after 12");
    }
    assert!(count(24, since).contains("24 payments"));
    assert!(count(47, since).contains("24 payments"));
    assert!(count(5, since).contains("5 payments"));
    assert!(count(6, since + Duration::from_secs(60)).contains("6 payments"), "another outage is counted from nothing");
}

#[test]
fn what_golive_remarks_itself_is_on_the_time_line_and_not_among_the_notes_of_people() {
    let mut story = broken();
    let text = SafeText::from_foreign("no baseline of payments from before");
    story.happens(Actor::Golive, Body::Item(ItemEvent::Noted { subject: None, text }));
    assert_eq!(story.state.triage().pad().len(), 0);
    let entry = story.state.timeline().next_back().unwrap();
    assert_eq!((entry.mark, entry.text.as_str()), (Mark::Plain, "no baseline of payments from before"));
}

fn desk(story: Story) -> Desk {
    Desk::at(Moment { state: Arc::new(story.state), now: story.now })
}

#[test]
fn the_screen_says_it_all_at_every_size() {
    for size in [(80, 23), (118, 40), (200, 60)] {
        let mut desk = desk(broken());
        desk.size = size;
        desk.fly("t");
        for wanted in ["1 cause", "1 victim", "critical", "payment_tls", "12 payments failed (R 14 400.00)", "HURT"] {
            desk.sees(wanted);
        }
        desk.sees("flag checkout is on (was off)").sees("not connected");
        desk.sees("WHAT CHANGED BEFORE 16:00:30").sees("RUNBOOK  docs/payment-tls.md");
    }
}

#[test]
fn a_step_is_ticked_off_with_a_name_and_taken_back() {
    let mut desk = desk(broken());
    desk.size = (118, 40);
    desk.fly("t <tab> j x");
    desk.sees("1 of 2").sees("☑ Renew at the edge.");
    let tick = desk.state.triage().tick(&CheckId::new("payment_tls"), 1).unwrap();
    assert_eq!(tick.by, Actor::Operator(desk.app.setting.own.clone()));
    desk.fly("x");
    desk.sees("0 of 2");
    let refused = decide(
        &desk.state,
        &Command::Tick { check: CheckId::new("payment_tls"), step: 7, done: true },
        &operator("thandi"),
        desk.now,
    );
    assert!(refused.unwrap_err().what.contains("no step 8"));
}

#[test]
fn notes_go_on_the_pad_with_time_and_author_and_everything_is_copied_for_the_channel() {
    let mut desk = desk(broken());
    desk.size = (118, 40);
    desk.fly("t m").fly("provider<space>called<enter>");
    desk.sees("NOTES").sees("provider called");
    desk.fly("y");
    let page = desk.copied.clone().unwrap();
    for wanted in [
        "1 cause, critical",
        "**payment\\_tls**: not as it should be",
        "Only follows from it: payment\\_api",
        "12 payments failed (R 14 400.00)",
        "To repair: p1, p2",
        "flag checkout is on (was off)",
        "Watched: session ✓, repository not looked at yet, flags ✓, pipeline not connected",
        "- [ ] Renew at the edge.",
        "thandi on payment\\_tls: provider called",
    ] {
        assert!(page.contains(wanted), "{wanted}\n{page}");
    }
    desk.fly("j y");
    assert_eq!(desk.copied.as_deref(), Some("p1\np2\n"), "on the row HURT: the ids, one a line");
}

#[test]
fn the_timeline_shows_only_what_holds_the_words() {
    let mut desk = desk(broken());
    desk.size = (118, 40);
    desk.fly("T");
    desk.sees("session opened").sees("flag checkout");
    desk.fly("/").fly("flag<space>on<enter>");
    desk.sees("only what holds \"flag on\"").sees("flag checkout is on");
    assert!(!desk.screen().contains("session opened"));
    desk.fly("<esc>");
    desk.sees("session opened");
}

/// A flag service whose one flag is switched from outside.
fn flag_service(on: &Arc<AtomicBool>) -> u16 {
    use std::io::{Read as _, Write as _};
    let (listener, on) = (std::net::TcpListener::bind("127.0.0.1:0").unwrap(), Arc::clone(on));
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut buffer = [0; 4_096];
            let _ = stream.read(&mut buffer);
            let body = format!("{{\"checkout\":{}}}", on.load(Ordering::SeqCst));
            let _ =
                write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
        }
    });
    port
}

#[tokio::test]
async fn a_running_session_journals_what_changes_outside_and_asks_who_is_hurt_while_something_is_broken() {
    let folder = tempfile::tempdir().unwrap();
    let on = Arc::new(AtomicBool::new(false));
    let port = flag_service(&on);
    let connection = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    connection.execute_batch("CREATE TABLE p (id TEXT, amount INTEGER); INSERT INTO p VALUES ('p1', 1200)").unwrap();
    let text = format!(
        "[service]\nname = \"shop\"\nenvironment = \"staging\"\n[checks.there]\nkind = \"file\"\npath = \"there\"\nevery = \"200ms\"\n\
        [changes.flags]\nkind = \"flags\"\nurl = \"http://127.0.0.1:{port}/\"\nevery = \"200ms\"\n\
        [hurt.failed]\nkind = \"sql\"\nurl = \"sqlite:shop.db\"\nquery = \"SELECT id, amount FROM p WHERE ? != ''\"\nwith = [\"{{{{ since }}}}\"]\nevery = \"200ms\"\n\
        [[pre_deployment]]\nid = \"seen\"\nchecks = [\"there\"]\n"
    );
    std::fs::write(folder.path().join("golive.toml"), text).unwrap();
    std::fs::write(folder.path().join("there"), "yes").unwrap();
    let loaded = plan::load(&folder.path().join("golive.toml"), &check::specs()).unwrap_or_else(|e| panic!("{e}"));
    let plan = Arc::new(loaded.plan);
    let reader = Reader::default();
    let values = reader.load(&plan, false, clock::now()).await;
    let network = Network::new(&plan.network, &plan.folder).unwrap();
    let (notifiers, folder_of_plan) = (Roster::default(), plan.folder.clone());
    let surroundings =
        Surroundings { network, folder: folder_of_plan, trusted: false, clock: clock::now, notifiers, values };
    let (handle, _running) = engine::open(Setup {
        inquires: true,
        journal: Journal::memory(),
        beginning: Beginning::New {
            session: SessionId::new("01TRIAGE"),
            purpose: Purpose::GoLive,
            plan,
            version: None,
        },
        host: SafeText::from_foreign("test"),
        run: ulid::Ulid::generate(),
        facts: Vec::new(),
        redactor: Redactor::new([]),
        probes: engine::probes_of_kinds(),
        surroundings: Arc::new(surroundings),
        reader,
        gate: engine::GateKeeping::Not,
        steps_folder: PathBuf::from("/nowhere"),
    })
    .unwrap();
    let until = async |what: &str, is_so: &dyn Fn(&State) -> bool| {
        let mut states = handle.watch();
        let waiting = async {
            while !is_so(&states.borrow_and_update().clone()) {
                states.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
    };
    let says = |state: &State, text: &str| state.timeline().any(|entry| entry.text.contains(text));
    until("the watch begins", &|state| state.triage().source(&SourceId::new("flags")).is_some_and(|known| known.began))
        .await;
    let passes = |state: &State| state.check(&CheckId::new("there")).unwrap().1.outcome() == Some(Outcome::Pass);
    until("it is there", &passes).await;
    assert!(handle.watch().borrow().triage().hurt(&HurtId::new("failed")).is_none(), "nobody asks while all is well");
    on.store(true, Ordering::SeqCst);
    until("the switch is seen", &|state| says(state, "flag checkout is on (was off)")).await;
    std::fs::remove_file(folder.path().join("there")).unwrap();
    let counted = |state: &State| {
        let known = state.triage().hurt(&HurtId::new("failed")).cloned();
        known.and_then(|known| known.counted).map(|(counted, _)| counted.count)
    };
    until("somebody is hurt", &|state| counted(state) == Some(1)).await;
    std::fs::remove_file(folder.path().join("shop.db")).unwrap();
    until("nobody knows", &|state| says(state, "nobody knows who is hurt: there is no database")).await;
    handle.quit();
}

#[test]
fn a_page_without_a_screen_says_what_a_real_outage_does() {
    let world = World::start(None, &[Fault::PaymentOutage]).unwrap();
    let home = crate::cli_kit::Home::new();
    let plan = world.plan().display().to_string();
    let all = [
        "ikhokha\\_api\\_status",
        "payments failed (R ",
        "To repair: demo-",
        "Watched: session ✓, pipeline ✓, dns ✓, certificates ✓, flags ✓, git not connected",
        "Runbook of ikhokha\\_api\\_status (docs/payment-provider.md)",
        "- [ ] Call the provider's support",
        "0 enrolled twice",
    ];
    let missing = |page: &str| all.into_iter().find(|wanted| !page.contains(wanted));
    // The first customers have to fail to pay before anybody can be counted; when that is, is the machine's affair.
    let until = Instant::now() + Duration::from_secs(90);
    let ran = loop {
        let ran = home.golive(&["triage", &plan, "--headless"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        if missing(&ran.out).is_none() || Instant::now() > until {
            break ran;
        }
    };
    assert_eq!(missing(&ran.out), None, "{}", ran.out);
    assert!(home.sessions().is_empty(), "nothing is kept");
}
