//! Checks: each on its own, none in another's way.

use super::*;
use crate::core::decide::Command;
use crate::core::event::{Body, CheckEvent};
use crate::engine::headless;
use crate::model::plan::Backoff;

#[tokio::test(start_paused = true)]
async fn a_slow_check_delays_no_other() {
    let flight =
        Scene::default().check(check("slow", SECOND), takes(SECOND * 9)).check(check("quick", SECOND), passes).start();
    let state = flight.after(Duration::from_millis(8_500)).await;
    assert_eq!(outcome(&state, "slow"), None);
    assert!(of(&state, "slow").running.is_some());
    assert!(of(&state, "quick").runs >= 8, "{}", of(&state, "quick").runs);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_that_checks_error_and_nobody_elses() {
    let flight = Scene::default()
        .check(check("breaks", SECOND), |_| panic!("a fault in a kind"))
        .check(check("breaks_later", SECOND), |_| Box::pin(async { panic!("a fault in its future") }))
        .check(check("sound", SECOND), passes);
    let mut unprepared = flight;
    unprepared.checks.push(check("unprepared", SECOND));
    let state = unprepared.start().after(SECOND / 2).await;
    for broken in ["breaks", "breaks_later", "unprepared"] {
        assert_eq!(outcome(&state, broken), Some(Outcome::Error), "{broken}");
        assert!(summary(&state, broken).starts_with("golive broke down"), "{broken}");
    }
    assert_eq!(outcome(&state, "sound"), Some(Outcome::Pass));
}

#[tokio::test(start_paused = true)]
async fn a_hang_ends_at_its_deadline() {
    let flight = Scene::default().check(check("stuck", SECOND * 60), hangs).start();
    assert_eq!(outcome(&*flight.after(SECOND * 10).await, "stuck"), None);
    let state = flight.after(SECOND / 2).await;
    assert_eq!(outcome(&state, "stuck"), Some(Outcome::Error));
    assert_eq!(summary(&state, "stuck"), "did not end within its 10s");
}

#[tokio::test(start_paused = true)]
async fn no_more_checks_run_at_once_than_the_plan_allows() {
    let at_once = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let mut scene = Scene { concurrency: Some(3), ..Scene::default() };
    for number in 0..10 {
        let (at_once, most) = (Arc::clone(&at_once), Arc::clone(&most));
        scene = scene.check(check(&format!("c{number}"), SECOND * 60), move |_| {
            let (at_once, most) = (Arc::clone(&at_once), Arc::clone(&most));
            Box::pin(async move {
                most.fetch_max(at_once.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(SECOND).await;
                at_once.fetch_sub(1, Ordering::SeqCst);
                Evidence::pass("done")
            })
        });
    }
    let flight = scene.start();
    let state = flight.after(SECOND * 5).await;
    assert_eq!(most.load(Ordering::SeqCst), 3);
    assert!(state.checks().all(|(_, known)| known.runs == 1));
    assert_eq!(flight.handle.lateness().worst, SECOND * 3, "the last one waited for three rounds, and says so");
}

#[tokio::test(start_paused = true)]
async fn a_check_is_tried_again_as_the_plan_says() {
    let retry = Retry { attempts: 3, delay: Span(SECOND * 2), backoff: Backoff::Exponential };
    let flight = Scene::default()
        .check(Check { retry, ..check("shaky", SECOND * 60) }, |run| if run < 2 { fails(run) } else { passes(run) })
        .check(Check { retry, ..check("down", SECOND * 60) }, fails)
        .start();
    // 2 s and 4 s, each up to a fifth more or less.
    assert_eq!(outcome(&*flight.after(Duration::from_millis(4_700)).await, "shaky"), None, "it waits");
    let state = flight.after(Duration::from_millis(2_700)).await;
    assert_eq!(outcome(&state, "shaky"), Some(Outcome::Pass));
    assert_eq!(summary(&state, "shaky"), "as it should be (on attempt 3 of 3)");
    assert_eq!(summary(&state, "down"), "503 (after 3 attempts)");
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_next_attempt_keeps_nobody_from_running() {
    let retry = Retry { attempts: 2, delay: Span(SECOND * 20), backoff: Backoff::Constant };
    let scene = Scene { concurrency: Some(1), ..Scene::default() };
    let flight = scene
        .check(Check { retry, ..check("a_down", SECOND * 60) }, fails)
        .check(check("b_sound", SECOND * 60), passes)
        .start();
    assert_eq!(outcome(&*flight.after(SECOND).await, "b_sound"), Some(Outcome::Pass));
}

#[tokio::test(start_paused = true)]
async fn what_stands_on_another_waits_for_it_and_is_blocked_by_its_failure() {
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    let on = |id: &str, below: &str| Check { depends_on: vec![CheckId::new(below)], ..check(id, SECOND) };
    let flight = Scene::default()
        .check(on("api", "dns"), passes)
        .check(check("dns", SECOND * 30), takes(SECOND * 2))
        .check(on("payment", "database"), move |run| {
            count.fetch_add(1, Ordering::SeqCst);
            passes(run)
        })
        .check(check("database", SECOND), fails)
        .start();
    assert_eq!(outcome(&*flight.after(SECOND).await, "api"), None, "the name is not known yet");
    let state = flight.after(SECOND * 2).await;
    assert_eq!(outcome(&state, "api"), Some(Outcome::Pass));
    assert_eq!((outcome(&state, "payment"), ran.load(Ordering::SeqCst)), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn a_check_runs_again_when_a_person_asks() {
    let flight = Scene::default().check(check("hourly", SECOND * 3_600), passes).start();
    assert_eq!(of(&*flight.after(SECOND).await, "hourly").runs, 1);
    let again = Command::RunAgain { checks: vec![CheckId::new("hourly")] };
    flight.handle.decide(again, thandi()).await.unwrap();
    assert_eq!(of(&*flight.after(SECOND).await, "hourly").runs, 2);
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_checks_run_at_their_rate_and_repeats_are_short() {
    let mut scene = Scene::default();
    for number in 0..300 {
        scene = scene.check(check(&format!("c{number}"), SECOND), passes);
    }
    let flight = scene.start();
    let state = flight.after(SECOND * 20).await;
    assert!(state.checks().all(|(_, known)| (19..=22).contains(&known.runs)));
    let events = flight.disk.events();
    let full = events.iter().filter(|event| matches!(event.body, Body::Check(CheckEvent::Finished(_)))).count();
    assert_eq!(full, 300, "one full result each; all else repeats it");
    assert!(events.len() < 300 + 1_100, "one event a flush, not one a run: {}", events.len());
    assert!(flight.handle.lateness().worst <= Duration::from_millis(40), "{:?}", flight.handle.lateness());
    assert!(flight.replayed().checks().zip(state.checks()).all(|((_, a), (_, b))| a.runs.abs_diff(b.runs) <= 1));
}

#[tokio::test(start_paused = true)]
async fn a_change_is_told_in_full() {
    let flight =
        Scene::default().check(check("flips", SECOND), |run| if run == 3 { fails(run) } else { passes(run) }).start();
    flight.after(SECOND * 10).await;
    let told: Vec<Outcome> = flight
        .disk
        .events()
        .iter()
        .filter_map(|event| match &event.body {
            Body::Check(CheckEvent::Finished(finished)) => Some(finished.evidence.outcome),
            _ => None,
        })
        .collect();
    assert_eq!(told, [Outcome::Pass, Outcome::Fail, Outcome::Pass]);
}

#[tokio::test(start_paused = true)]
async fn with_nothing_to_do_nothing_wakes_up() {
    let flight = Scene::default().item(manual("backup")).start();
    flight.after(SECOND).await;
    let before = flight.polls.load(Ordering::SeqCst);
    flight.after(SECOND * 600).await;
    assert_eq!(flight.polls.load(Ordering::SeqCst), before);
}

#[tokio::test(start_paused = true)]
async fn quitting_drops_what_runs_and_ends_in_order() {
    let flight = Scene::default().check(check("stuck", SECOND), hangs).item(manual("backup")).start();
    flight.after(SECOND).await;
    flight.handle.quit();
    flight.ended.await.unwrap().unwrap();
    let sign = Command::Sign { item: ItemId::new("backup"), note: None };
    let refused = flight.handle.decide(sign, thandi()).await.unwrap_err();
    assert_eq!(refused.what, "golive is ending");
}

#[tokio::test(start_paused = true)]
async fn a_headless_run_ends_when_everything_is_said() {
    let on = |id: &str, below: &str| Check { depends_on: vec![CheckId::new(below)], ..check(id, SECOND * 60) };
    let probe = Check { run: Run::OnDemand, ..on("probe", "slow") };
    let kept = Check { run: Run::OnDemand, allow_in_production: false, ..check("kept", SECOND) };
    let flight = Scene::default()
        .check(check("slow", SECOND * 60), takes(SECOND * 3))
        .check(probe, passes)
        .check(kept, passes)
        .check(on("on_kept", "kept"), passes)
        .check(check("down", SECOND * 60), fails)
        .check(on("blocked", "down"), passes)
        .check(on("blocked_too", "blocked"), passes)
        .start();
    let settled = headless::settle(&flight.handle, &thandi(), None, clock, SECOND * 30).await;
    assert!(settled.unsettled.is_empty(), "{:?}", settled.unsettled);
    assert_eq!(outcome(&settled.state, "probe"), Some(Outcome::Pass), "a headless run is a demand");
    assert_eq!(outcome(&settled.state, "blocked_too"), None);
}

#[tokio::test(start_paused = true)]
async fn a_headless_run_is_bounded_and_names_what_is_left() {
    let slow = Check { timeout: Span(SECOND * 300), ..check("stuck", SECOND) };
    let flight = Scene::default().check(slow, hangs).check(check("sound", SECOND), passes).start();
    let settled = headless::settle(&flight.handle, &thandi(), None, clock, SECOND * 5).await;
    assert_eq!(settled.unsettled, [CheckId::new("stuck")]);
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_counted_at_each_refusal() {
    let refused = |_| -> Looking<'static> {
        Box::pin(async {
            let mut evidence = failed();
            evidence.failure.as_mut().unwrap().class = FailureClass::Denied;
            evidence
        })
    };
    let flight =
        Scene::default().check(check("api", SECOND * 10), refused).check(check("sound", SECOND), passes).start();
    let state = flight.after(SECOND * 60).await;
    assert!(state.watched().of("denied").is_some_and(|standing| standing.sentence.contains("api")));
    assert_eq!(flight.replayed().watched().of("denied"), state.watched().of("denied"));
}
