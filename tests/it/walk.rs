//! The walk of a rotation as the core knows it: what follows by itself, what a person may do at each point, and what it
//! weighs. The engine's acts are told here as what they came to.

use std::sync::Arc;
use std::time::Duration;

use golive::core::agenda::{Agenda, Effect, RotationAct};
use golive::core::decide::{Command, Refusal, decide};
use golive::core::event::{Body, NewValue, RotationEvent, RotationStep, SessionEvent, WatchEvent};
use golive::core::state::RotationStage;
use golive::core::verdict::{self, Answer, Cause};
use golive::model::duration::Span;
use golive::model::id::{CheckId, CredentialId};
use golive::model::operator::Actor;
use golive::model::plan::{Credential, ValueSource};
use golive::model::rotation::Rotation;
use golive::model::text::SafeText;
use golive::model::values::Given;
use golive::model::word::Outcome;

use crate::kit::desk::Desk;
use crate::kit::{Moment, operator};
use crate::scenario::{Story, finished, plan_of};

const USER: &str = "hook_valid";

fn begin(rotation: Rotation) -> Story {
    let mut plan =
        (*plan_of(&[format!("{USER} fresh 1h")], &["pre_deployment a: checks hook_valid".to_owned()])).clone();
    let timeout = Span::seconds(10);
    let credential = Credential {
        variable: None,
        from: ValueSource::Env("HOOK".into()),
        check: CheckId::new(USER),
        rotate_every: None,
        timeout,
        rotation,
    };
    plan.credentials.insert(CredentialId::new("hook"), credential);
    let mut story = Story::begin(Arc::new(plan));
    let passed = finished(&story, USER, Outcome::Pass, "usual");
    story.happens(Actor::Golive, passed);
    story
}

fn text(words: &str) -> SafeText {
    SafeText::from_foreign(words)
}

/// What an act of the walk came to.
fn comes(story: &mut Story, step: RotationStep) {
    let credential = CredentialId::new("hook");
    let effect = story.state.rotation(&credential).unwrap().effect;
    story.happens(Actor::Golive, Body::Rotation(RotationEvent { credential, effect, step }));
}

fn person(story: &mut Story, command: Command) -> Result<(), Refusal> {
    let by = operator("thandi");
    for body in decide(&story.state, &command, &by, story.now)? {
        story.happens(Actor::Operator(by.clone()), body);
    }
    Ok(())
}

fn rotate(story: &mut Story) -> Result<(), Refusal> {
    let value = Some(Given("FAKE-value-of-a-test".to_owned().into()));
    person(story, Command::Rotate { credential: "hook".into(), value })
}

fn abort(story: &mut Story) -> Result<(), Refusal> {
    person(story, Command::AbortRotation { credential: "hook".into() })
}

fn retire(story: &mut Story) -> Result<(), Refusal> {
    person(story, Command::RetireOld { credential: "hook".into() })
}

fn validated() -> RotationStep {
    let new = NewValue { masked: text("••••k0fT"), length: 40, fingerprint: text("0a0b0c0d") };
    RotationStep::Validated { new, places: vec![text("HOOK in .env")] }
}

fn stage(story: &Story) -> RotationStage {
    story.state.rotation(&CredentialId::new("hook")).unwrap().stage
}

/// The answer, and whether the rotation is among its reasons.
fn answer(story: &Story) -> (Answer, bool) {
    let verdict = verdict::of_session(&story.state, story.now);
    (verdict.answer(), verdict.reasons().iter().any(|reason| reason.cause == Cause::Rotation))
}

/// As far as the new value is everywhere.
fn distributed(rotation: Rotation) -> Story {
    let mut story = begin(rotation);
    rotate(&mut story).unwrap();
    comes(&mut story, validated());
    assert_eq!(stage(&story), RotationStage::Distributing, "what keeps every rule is distributed by itself");
    comes(&mut story, RotationStep::Distributed);
    story
}

#[test]
fn between_old_and_new_the_verdict_holds_and_after_it_all_is_as_before() {
    let mut story = distributed(Rotation::default());
    assert_eq!(stage(&story), RotationStage::Verifying);
    assert_eq!(answer(&story), (Answer::Hold, true));
    let passed = finished(&story, USER, Outcome::Pass, "usual");
    story.happens(Actor::Golive, passed);
    assert_eq!(stage(&story), RotationStage::Verified);
    assert_eq!(answer(&story), (Answer::GoWithWarnings, true));
    retire(&mut story).unwrap();
    comes(&mut story, RotationStep::Retired { how: text("on a person's word") });
    assert_eq!(answer(&story), (Answer::Go, false));
}

#[test]
fn what_was_seen_of_the_old_value_does_not_verify_the_new_one() {
    let mut story = begin(Rotation::default());
    // A run that began with the old value and ends after the new one was put in.
    let late = finished(&story, USER, Outcome::Pass, "usual");
    let Body::Check(golive::core::event::CheckEvent::Finished(old)) = &late else { panic!("{late:?}") };
    let old_number = old.effect;
    let started = Body::Check(golive::core::event::CheckEvent::Started { check: USER.into(), effect: old_number });
    story.happens(Actor::Golive, started);
    rotate(&mut story).unwrap();
    comes(&mut story, validated());
    comes(&mut story, RotationStep::Distributed);
    story.happens(Actor::Golive, late);
    assert_eq!(stage(&story), RotationStage::Verifying);
}

#[test]
fn what_does_not_pass_in_its_time_is_taken_back() {
    let mut story = distributed(Rotation::default());
    let failed = finished(&story, USER, Outcome::Fail, "refused");
    story.happens(Actor::Golive, failed);
    assert_eq!(stage(&story), RotationStage::Verifying, "it may need a moment");
    story.wait(Duration::from_secs(61));
    assert_eq!(stage(&story), RotationStage::Withdrawing);
    comes(&mut story, RotationStep::PutBack);
    assert_eq!(stage(&story), RotationStage::PutBack);
}

#[test]
fn it_can_be_aborted_at_every_point_until_the_old_value_is_being_retired() {
    let mut obtaining = begin(Rotation::default());
    rotate(&mut obtaining).unwrap();
    assert!(rotate(&mut obtaining).is_err(), "one walk at a time");
    abort(&mut obtaining).unwrap();
    assert_eq!(stage(&obtaining), RotationStage::Refused);
    comes(&mut obtaining, validated());
    assert_eq!(stage(&obtaining), RotationStage::Refused, "what comes late does not begin it again");

    let mut distributing = begin(Rotation::default());
    rotate(&mut distributing).unwrap();
    comes(&mut distributing, validated());
    abort(&mut distributing).unwrap();
    comes(&mut distributing, RotationStep::Distributed);
    assert_eq!(stage(&distributing), RotationStage::Withdrawing);
    assert!(abort(&mut distributing).is_err(), "it is being put back already");

    let mut stuck = distributed(Rotation::default());
    abort(&mut stuck).unwrap();
    comes(&mut stuck, RotationStep::NotPutBack { why: text(".env: read-only file system") });
    assert_eq!(answer(&stuck), (Answer::NoGo, true));
    abort(&mut stuck).unwrap();
    assert_eq!(stage(&stuck), RotationStage::Withdrawing, "it is tried again");

    let mut retiring = distributed(Rotation::default());
    assert!(retire(&mut retiring).is_err(), "the old value is still needed");
    let passed = finished(&retiring, USER, Outcome::Pass, "usual");
    retiring.happens(Actor::Golive, passed);
    retire(&mut retiring).unwrap();
    assert!(abort(&mut retiring).is_err(), "there is no way back");
    comes(&mut retiring, RotationStep::NotRetired { why: text("retire.sh failed: exit status: 1") });
    abort(&mut retiring).unwrap();
}

#[test]
fn without_a_value_and_without_a_way_to_one_nothing_begins() {
    let mut story = begin(Rotation::default());
    let refusal = person(&mut story, Command::Rotate { credential: "hook".into(), value: None }).unwrap_err();
    assert!(refusal.what.contains("nobody says where the new value of hook comes from"), "{refusal}");
    let mut made = begin(Rotation { generate: Some(40), ..Rotation::default() });
    person(&mut made, Command::Rotate { credential: "hook".into(), value: None }).unwrap();
}

#[test]
fn after_a_restart_what_was_being_written_is_put_back_and_what_was_looked_at_is_looked_at_again() {
    let resumed = || Body::Session(SessionEvent::Resumed { host: text("deploy-1") });
    let mut writing = begin(Rotation::default());
    rotate(&mut writing).unwrap();
    comes(&mut writing, validated());
    writing.happens(Actor::Golive, resumed());
    assert_eq!(stage(&writing), RotationStage::Withdrawing);
    let acts = Agenda::new(&writing.state, writing.now).due(&writing.state, writing.now);
    let puts_back = |effect: &Effect| matches!(effect, Effect::Rotate { act: RotationAct::PutBack, .. });
    assert!(acts.iter().any(puts_back), "{acts:?}");

    let mut looking = distributed(Rotation::default());
    looking.happens(Actor::Golive, resumed());
    assert_eq!(stage(&looking), RotationStage::Verifying);

    let mut obtaining = begin(Rotation::default());
    rotate(&mut obtaining).unwrap();
    obtaining.happens(Actor::Golive, resumed());
    assert_eq!(stage(&obtaining), RotationStage::Refused);
}

#[test]
fn a_session_does_not_end_over_a_rotation() {
    let mut story = distributed(Rotation::default());
    let refusal = person(&mut story, Command::AbortSession { reason: "enough".into() }).unwrap_err();
    assert!(refusal.what.contains("a rotation of hook is under way"), "{refusal}");
}

#[test]
fn a_burst_of_refusals_stands_until_the_checks_pass_again() {
    let mut story = begin(Rotation::default());
    let denied =
        |story: &mut Story| story.happens(Actor::Golive, Body::Watch(WatchEvent::Denied { check: USER.into() }));
    denied(&mut story);
    denied(&mut story);
    story.wait(Duration::from_secs(301));
    denied(&mut story);
    assert!(story.state.watched().of("denied").is_none(), "two long ago and one now are no burst");
    denied(&mut story);
    denied(&mut story);
    let standing = story.state.watched().of("denied").unwrap();
    assert_eq!(standing.counted, "denied");
    let passed = finished(&story, USER, Outcome::Pass, "usual");
    story.happens(Actor::Golive, passed);
    assert!(story.state.watched().of("denied").is_none());
}

/// The cockpit at a walk's stage.
fn desk(story: &Story) -> Desk {
    let mut desk = Desk::at(Moment { state: Arc::new(story.state.clone()), now: story.now });
    desk.size = (160, 30);
    desk
}

#[test]
fn the_cockpit_begins_a_rotation_behind_a_door_and_never_shows_the_value() {
    let mut desk = desk(&begin(Rotation::default()));
    desk.fly("c x").sees("Rotate hook").sees("verified").sees(USER);
    desk.fly("F A K E - k 0 f T").sees("•••••••••");
    assert!(!desk.screen().contains("k0fT"), "{}", desk.screen());
    // A value may be pasted, the word of the door may not.
    desk.paste("-pasted");
    desk.fly("<tab>").paste("hook");
    desk.sees("pasted text never answers a door");
    desk.fly("h o o k <enter>");
    let Some((Command::Rotate { credential, value: Some(Given(value)) }, _)) = desk.asked.first() else {
        panic!("{:?}\n{}", desk.asked, desk.screen())
    };
    assert_eq!(credential.as_str(), "hook");
    assert_eq!(secrecy::ExposeSecret::expose_secret(value), "FAKE-k0fT-pasted");
    desk.sees("obtaining the new value");
}

#[test]
fn the_cockpit_shows_the_stage_retires_on_a_word_and_takes_back_on_y() {
    let mut story = distributed(Rotation::default());
    desk(&story).fly("c").sees("verifying with the checks that use it");
    let passed = finished(&story, USER, Outcome::Pass, "usual");
    story.happens(Actor::Golive, passed);
    let mut aborting = desk(&story);
    aborting.fly("c u").sees("Take the rotation of hook back").sees("fingerprint 0a0b0c0d");
    aborting.fly("y");
    assert_eq!(aborting.asked[0].0, Command::AbortRotation { credential: "hook".into() });
    let mut retiring = desk(&story);
    retiring.fly("c x").sees("Retire the old value of hook").sees("there is no way back");
    retiring.fly("h o o k <enter>");
    assert_eq!(retiring.asked[0].0, Command::RetireOld { credential: "hook".into() });
    retiring.sees("retiring the old value");
}

#[test]
fn what_the_watch_saw_is_acknowledged_on_the_credentials_screen() {
    let mut story = begin(Rotation::default());
    let (credential, from) = (CredentialId::new("hook"), text("0a0b0c0d"));
    let changed = WatchEvent::FingerprintChanged { credential, from, to: Some(text("0e0f0a0b")) };
    story.happens(Actor::Golive, Body::Watch(changed));
    let mut desk = desk(&story);
    desk.fly("c").sees("hook changed while the session runs");
    desk.fly("a").sees("Acknowledge: hook").sees("fingerprint 0a0b0c0d → 0e0f0a0b");
    desk.fly("y");
    assert_eq!(desk.asked[0].0, Command::AcknowledgeSeen { what: "hook".into() });
    assert!(desk.state.watched().of("hook").is_none());
}
