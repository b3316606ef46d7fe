//! The demo's pilot over folded states: it does what a careful operator would, and nothing more.

use std::time::Duration;

use golive::core::decide::{Command, decide};
use golive::core::event::{Body, StepEnd, StepEvent};
use golive::core::state::SessionOutcome;
use golive::demo::pilot::{is_over, next_move};
use golive::model::id::ItemId;
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::text::SafeText;
use golive::model::word::Outcome;

use crate::scenario::words::finished;
use crate::scenario::{Story, plan_of};

fn story() -> Story {
    let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    Story::begin(plan_of(
        &lines(&[
            "database critical",
            "payment_api critical on database",
            "healthy critical",
            "probe warning on-demand",
        ]),
        &lines(&[
            "pre_deployment dependencies: checks payment_api",
            "pre_deployment backup: 1 signature",
            "deployment build: step",
            "deployment release: step, needs build",
            "post_deployment healthy: checks healthy",
            "post_deployment support: warning, 1 signature",
            "rollback plan_ready: 1 signature",
        ]),
    ))
}

fn found(story: &mut Story, check: &str, outcome: Outcome) {
    let body = finished(story, check, outcome, "");
    story.happens(Actor::Golive, body);
}

/// Lets the pilot do what it wants to do next, and says what that was.
fn moves(story: &mut Story) -> Option<Command> {
    let command = next_move(&story.state, story.now)?;
    let by = Operator::new("demo", Provenance::Config);
    for body in decide(&story.state, &command, &by, story.now).expect("the pilot is never refused") {
        story.happens(Actor::Operator(by.clone()), body);
    }
    Some(command)
}

fn start(item: &str) -> Option<Command> {
    Some(Command::StartStep { item: ItemId::new(item) })
}

fn sign(item: &str) -> Option<Command> {
    Some(Command::Sign { item: ItemId::new(item), note: None })
}

fn step(story: &mut Story, item: &str, end: StepEnd) {
    let (_, known) = story.state.item(&ItemId::new(item)).unwrap();
    let effect = known.step.as_ref().unwrap().effect;
    let took = Duration::from_millis(5);
    story.happens(Actor::Golive, Body::Step(StepEvent::Started { item: ItemId::new(item), effect }));
    story.happens(Actor::Golive, Body::Step(StepEvent::Ended { item: ItemId::new(item), effect, end, took }));
}

/// As far as GO to deploy.
fn ready() -> Story {
    let mut story = story();
    assert!(matches!(moves(&mut story), Some(Command::RunAgain { .. })), "probes on demand are demanded first");
    found(&mut story, "probe", Outcome::Pass);
    found(&mut story, "database", Outcome::Pass);
    assert_eq!(moves(&mut story), sign("backup"));
    assert_eq!(moves(&mut story), sign("plan_ready"));
    assert_eq!(moves(&mut story), None, "payment_api has no result yet");
    assert!(!is_over(&story.state, story.now));
    found(&mut story, "payment_api", Outcome::Pass);
    story
}

#[test]
fn a_healthy_go_live_is_flown_to_its_close() {
    let mut story = ready();
    let done = || StepEnd::Succeeded(SafeText::from_foreign("exit 0"));
    assert_eq!(moves(&mut story), start("build"));
    assert_eq!(moves(&mut story), None, "one step at a time");
    step(&mut story, "build", done());
    let demanded = moves(&mut story);
    assert!(matches!(demanded, Some(Command::RunAgain { .. })), "a step voids what probes on demand saw: {demanded:?}");
    found(&mut story, "probe", Outcome::Pass);
    assert_eq!(moves(&mut story), start("release"));
    step(&mut story, "release", done());
    let mut rest = Vec::new();
    while let Some(command) = moves(&mut story) {
        rest.push(command);
        assert!(rest.len() < 10, "the pilot runs in circles: {rest:?}");
        for check in ["healthy", "probe"] {
            found(&mut story, check, Outcome::Pass);
        }
    }
    assert!(rest.contains(&Command::OpenGate) && rest.contains(&sign("support").unwrap()));
    assert_eq!(rest.last(), Some(&Command::CloseSession));
    assert_eq!(story.state.session().ended.map(|(outcome, _)| outcome), Some(SessionOutcome::Closed));
    assert!(is_over(&story.state, story.now));
}

#[test]
fn a_no_go_ends_the_flight_once_it_has_stood_for_two_intervals() {
    let mut story = story();
    found(&mut story, "probe", Outcome::Pass);
    found(&mut story, "database", Outcome::Fail);
    while moves(&mut story).is_some() {}
    assert!(!is_over(&story.state, story.now), "it may pass by itself");
    story.wait(Duration::from_secs(60));
    found(&mut story, "database", Outcome::Fail);
    assert_eq!(moves(&mut story), None, "no step starts on a NO-GO");
    assert!(is_over(&story.state, story.now));
}

#[test]
fn a_failed_step_starts_nothing_behind_it() {
    let mut story = ready();
    assert_eq!(moves(&mut story), start("build"));
    step(&mut story, "build", StepEnd::Failed(SafeText::from_foreign("ended with 1")));
    while let Some(command) = moves(&mut story) {
        assert!(matches!(command, Command::RunAgain { .. }), "{command:?}");
        found(&mut story, "probe", Outcome::Pass);
    }
    assert!(is_over(&story.state, story.now));
}
