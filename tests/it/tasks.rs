//! What a failure asks people to do, and what they go on without: as the fold, the rules and the verdict have it.

use std::time::Duration;

use golive::core::decide::{Command, decide};
use golive::core::event::{Body, CheckEvent, Finished, Subject, TaskEvent};
use golive::core::evidence::Evidence;
use golive::core::verdict::{Answer, of_session};
use golive::model::degradation::Degradation;
use golive::model::failure::{Failure, FailureClass, Recovery};
use golive::model::id::CheckId;
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::plan::Plan;
use golive::model::text::SafeText;
use golive::model::word::{Category, Severity};

use crate::scenario::{Story, plan_of};

fn story(change: impl Fn(&mut Plan)) -> Story {
    let lines = |lines: &[&str]| lines.iter().map(ToString::to_string).collect::<Vec<_>>();
    let checks = lines(&["database", "live on database", "noted advice"]);
    let mut plan = (*plan_of(&checks, &lines(&["pre_deployment ready: checks database live noted"]))).clone();
    change(&mut plan);
    let mut story = Story::begin(plan.into());
    for check in ["database", "live", "noted"] {
        finish(&mut story, check, Evidence::pass("well"));
    }
    story
}

fn finish(story: &mut Story, check: &str, evidence: Evidence) {
    story.wait(Duration::from_secs(1));
    let effect = story.state.next_effect();
    let (check, took) = (CheckId::new(check), Duration::from_millis(5));
    let finished = Finished { check, effect, lateness: Duration::ZERO, took, evidence };
    story.happens(Actor::Golive, Body::Check(CheckEvent::Finished(Box::new(finished))));
}

fn failed(recovery: Recovery) -> Evidence {
    let failure = Failure {
        class: FailureClass::Value,
        category: Category::System,
        severity: Severity::Critical,
        impact: SafeText::from_foreign("nobody can pay"),
        recovery,
    };
    Evidence::fail(failure, "the value is another one").remedy("mend the value")
}

fn person(story: &mut Story, command: &Command) -> Vec<Body> {
    story.wait(Duration::from_secs(1));
    let by = Operator::new("thandi", Provenance::Os);
    let bodies = decide(&story.state, command, &by, story.now).unwrap_or_else(|refusal| panic!("{refusal}"));
    for body in &bodies {
        story.happens(Actor::Operator(by.clone()), body.clone());
    }
    bodies
}

fn told(story: &Story) -> Vec<&'static str> {
    let word = |body: &Body| match body {
        Body::Task(TaskEvent::Opened { .. }) => Some("opened"),
        Body::Task(TaskEvent::Taken { .. }) => Some("taken"),
        Body::Task(TaskEvent::Done { .. }) => Some("done"),
        Body::Task(TaskEvent::Closed { .. }) => Some("closed"),
        _ => None,
    };
    story.events.iter().filter_map(|event| word(&event.body)).collect()
}

#[test]
fn a_failure_that_no_retry_mends_opens_a_task_until_it_is_seen_good() {
    let mut story = story(|_| {});
    finish(&mut story, "database", failed(Recovery::Retry));
    assert!(told(&story).is_empty(), "it may pass by itself");
    finish(&mut story, "database", failed(Recovery::ManualIntervention));
    finish(&mut story, "database", failed(Recovery::ManualIntervention));
    assert_eq!(told(&story), ["opened"], "one task, however often it fails");
    let verdict = of_session(&story.state, story.now);
    let waits =
        verdict.waiting().iter().find(|waits| waits.subject == Some(Subject::Check(CheckId::new("database")))).unwrap();
    assert_eq!((waits.whose.as_str(), waits.what.as_str()), ("the operator", "mend the value"));
    assert_eq!(verdict.answer(), Answer::NoGo, "the failure weighs, as ever");
    let database = CheckId::new("database");
    person(&mut story, &Command::TakeTask { check: database.clone() });
    let note = Some("set it in the portal".to_owned());
    let bodies = person(&mut story, &Command::TaskDone { check: database.clone(), note });
    assert!(matches!(bodies[1], Body::Check(CheckEvent::Demanded { .. })), "the check is run at once: {bodies:?}");
    let said = of_session(&story.state, story.now).waiting()[0].what.clone();
    assert_eq!(said, "said to be done by thandi; not yet seen good");
    assert_eq!(of_session(&story.state, story.now).answer(), Answer::NoGo, "a person's word mends nothing");
    finish(&mut story, "database", failed(Recovery::ManualIntervention));
    assert_eq!(told(&story), ["opened", "taken", "done", "opened"], "it did not help");
    assert!(story.state.task(&database).unwrap().taken.is_some(), "thandi is on it still");
    finish(&mut story, "database", Evidence::pass("well"));
    assert_eq!(told(&story).last(), Some(&"closed"));
    assert!(story.state.task(&database).is_none());
    let refused = decide(
        &story.state,
        &Command::TaskDone { check: database, note: None },
        &Operator::new("sipho", Provenance::Os),
        story.now,
    );
    assert_eq!(refused.unwrap_err().what, "database asks for nobody");
}

#[test]
fn what_only_follows_from_another_failure_asks_for_nobody() {
    let mut story = story(|_| {});
    finish(&mut story, "database", failed(Recovery::Retry));
    finish(&mut story, "live", failed(Recovery::ManualIntervention));
    finish(&mut story, "noted", failed(Recovery::ManualIntervention));
    assert!(told(&story).is_empty(), "a victim, and advice: {:?}", told(&story));
    finish(&mut story, "database", Evidence::pass("well"));
    assert_eq!(told(&story), ["opened"], "the cause is gone, the failure is its own");
}

#[test]
fn a_task_whose_failure_is_accepted_is_nobodys_and_comes_back_with_the_failure() {
    let mut story = story(|_| {});
    finish(&mut story, "database", failed(Recovery::ManualIntervention));
    let subject = Subject::Check(CheckId::new("database"));
    let until = story.now.at + Duration::from_secs(60);
    person(&mut story, &Command::Waive { subject, reason: "known".to_owned(), until });
    assert_eq!(told(&story), ["opened", "closed"]);
    story.wait(Duration::from_secs(120));
    assert_eq!(told(&story), ["opened", "closed", "opened"], "the waiver is over");
}

#[test]
fn a_degradation_names_its_flags_and_is_confirmed_by_a_person() {
    let live = CheckId::new("live");
    let mut story = story(|plan| {
        let check = plan.checks.iter_mut().find(|check| check.id.as_str() == "live").unwrap();
        check.degradation = Some(Degradation { without: "live updates".into(), flags: vec!["VITE_LIVE".into()] });
    });
    finish(&mut story, "live", failed(Recovery::GracefulDegradation));
    let verdict = of_session(&story.state, story.now);
    assert_eq!(verdict.answer(), Answer::NoGo, "nobody has confirmed anything");
    let way_out = "turn VITE_LIVE off and accept it (w): it goes on without live updates; or mend it: mend the value";
    assert_eq!(verdict.reasons()[0].remedy.as_deref(), Some(way_out));
    assert_eq!(story.state.task(&live).unwrap().remedy.as_ref().unwrap().as_str(), way_out);
    let until = story.now.at + Duration::from_secs(3_600);
    let reason = "flag is off".to_owned();
    person(&mut story, &Command::Waive { subject: Subject::Check(live), reason, until });
    let verdict = of_session(&story.state, story.now);
    assert_eq!(verdict.answer(), Answer::GoWithWarnings, "at best");
    let says = "degraded by thandi, without live updates (VITE_LIVE off): flag is off; the value is another one";
    assert!(verdict.reasons().iter().any(|reason| reason.message == says), "{:?}", verdict.reasons());
    let (item, _) = story.state.items().next().unwrap();
    let degraded: Vec<_> = golive::core::status::degradations(&story.state, item, story.now).collect();
    assert_eq!(degraded, ["live updates"]);
    finish(&mut story, "live", Evidence::pass("well"));
    let (item, _) = story.state.items().next().unwrap();
    assert_eq!(golive::core::status::degradations(&story.state, item, story.now).count(), 0, "it is whole again");
}

#[test]
fn a_session_that_is_folded_again_has_the_same_tasks() {
    let mut story = story(|_| {});
    finish(&mut story, "database", failed(Recovery::ManualIntervention));
    person(&mut story, &Command::TakeTask { check: CheckId::new("database") });
    let stored: Vec<_> = story.events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    let read: Vec<golive::core::event::Event> = stored.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let again = golive::core::state::State::fold(&read).unwrap();
    let words = |state: &golive::core::state::State| format!("{:?}", state.tasks().collect::<Vec<_>>());
    assert_eq!(words(&again), words(&story.state));
}
