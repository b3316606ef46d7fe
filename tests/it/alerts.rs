//! Alerts in the cockpit: the line, the banner, the screen; acknowledged and silenced behind doors that say what it is
//! about. And the rules' own properties: they look only when something changed, and a fold brings everything back.

use std::sync::Arc;
use std::time::Duration;

use golive::core::alerts::{Watch, example, look};
use golive::core::decide::Command;
use golive::core::event::{Body, CheckEvent, Finished, NoticeEvent};
use golive::core::evidence::{Evidence, Measured};
use golive::core::state::{Life, State};
use golive::core::verdict::{Inquiry, Scope};
use golive::model::alert::{Escalation, Example, ExampleSample};
use golive::model::duration::Span;
use golive::model::id::{AlertId, CheckId};
use golive::model::operator::Actor;
use golive::model::plan::Plan;
use golive::model::word::{Outcome, Question};
use golive::report::build::{Circumstances, report};

use crate::kit::Moment;
use crate::kit::desk::Desk;
use crate::scenario::{Story, event, finished, plan_with};

const CHECKS: &[&str] = &[
    "api_connectivity critical fresh 1m",
    "payments_failed metric warning on api_connectivity fresh 1m",
    "payments_ok metric warning on api_connectivity fresh 1m",
    "payment_duration metric warning on api_connectivity fresh 1m",
    "payments_per_minute metric warning on api_connectivity fresh 1m",
];
const ALERTS: &[&str] = &[
    "payment_processing_failure critical escalates 5m: increase(\"payments_failed\", duration(\"5m\")) >= 5",
    "high_payment_latency warning for 1m escalates 15m: p95(\"payment_duration\", duration(\"2m\")) > duration(\"10s\")",
    "payment_volume_drop business rests: value(\"payments_per_minute\") < 0.5 * baseline(\"payments_per_minute\", duration(\"2m\"))",
    "configuration_error critical: failing(\"credential\") >= 1",
];

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn measure(story: &mut Story, check: &str, measured: Measured) {
    let evidence = Evidence::pass("as it is").measured(measured);
    let (effect, took) = (story.state.next_effect(), Duration::from_millis(20));
    let finished = Finished { check: CheckId::new(check), effect, lateness: Duration::ZERO, took, evidence };
    story.happens(Actor::Golive, Body::Check(CheckEvent::Finished(Box::new(finished))));
}

fn begin() -> Story {
    Story::begin(plan_with(&lines(CHECKS), &lines(&["pre_deployment backup: 1 signature"]), &lines(ALERTS)))
}

/// Six minutes of payments; in the last two they fail, slow down and grow fewer.
pub(crate) fn failing_payments() -> Story {
    failing_on(begin())
}

fn failing_on(mut story: Story) -> Story {
    for round in 0_u32..24 {
        let bad = round >= 16;
        let passed = finished(&story, "api_connectivity", Outcome::Pass, "usual");
        story.happens(Actor::Golive, passed);
        let failed = f64::from(round.saturating_sub(15));
        measure(&mut story, "payments_failed", Measured::Number(failed));
        measure(&mut story, "payments_ok", Measured::Number(f64::from(round * 12)));
        measure(&mut story, "payment_duration", Measured::Seconds(if round >= 21 { 12.0 } else { 0.8 }));
        measure(&mut story, "payments_per_minute", Measured::Number(if bad { 20.0 } else { 50.0 }));
        story.wait(Duration::from_secs(15));
    }
    story
}

fn at(story: Story) -> Moment {
    Moment { state: Arc::new(story.state), now: story.now }
}

#[test]
fn the_alerts_screen_shows_the_series_with_its_threshold_and_the_banner_stands_over_it() {
    for (width, height) in [(80, 24), (120, 36), (200, 60)] {
        let mut desk = Desk::at(at(failing_payments()));
        desk.size = (width, height);
        desk.fly("A");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots");
        settings.set_omit_expression(true);
        settings.set_prepend_module_to_snapshot(false);
        settings.bind(|| insta::assert_snapshot!(format!("firing-alerts-{width}x{height}"), desk.screen()));
    }
}

#[test]
fn a_new_critical_alert_cannot_be_missed_and_takes_no_key() {
    let mut desk = Desk::at(at(failing_payments()));
    desk.sees("CRITICAL ALERT").sees("payment_processing_failure").sees("a acknowledge");
    desk.fly("2 3 1 v").sees("CRITICAL ALERT").sees("NO-GO to deploy");
    assert!(desk.asked.is_empty(), "no key was taken for an answer");
}

#[test]
fn acknowledging_names_the_alert_first_and_can_be_taken_back() {
    let mut desk = Desk::at(at(failing_payments()));
    desk.fly("a").sees("Acknowledge: payment_processing_failure").sees(">= 5");
    desk.fly("seen <enter>");
    let alert = AlertId::new("payment_processing_failure");
    assert_eq!(desk.asked[0].0, Command::Acknowledge { alert: alert.clone(), note: Some("seen".into()) });
    assert!(desk.state.alert(&alert).unwrap().1.acknowledged.is_some());
    assert!(!desk.screen().contains("CRITICAL ALERT"), "it was seen:\n{}", desk.screen());
    desk.sees("NO-GO to deploy");
    desk.fly("A").sees("seen by thandi");
    // It stands behind those that nobody has seen; on their rows there is nothing of hers to take back.
    for _ in 0..ALERTS.len() {
        desk.fly("u");
        if desk.asked.len() > 1 {
            break;
        }
        desk.fly("j");
    }
    assert_eq!(desk.asked[1].0, Command::TakeBackAcknowledgement { alert });
}

#[test]
fn a_silence_shows_what_it_hides_and_mutes_no_verdict() {
    let mut desk = Desk::at(at(failing_payments()));
    desk.size = (100, 30);
    desk.fly("A S").sees("Silence: payment_processing_failure").sees("notices to slack, pager").sees("its escalation");
    desk.fly("known <enter>");
    let (_, known) = desk.state.alert(&AlertId::new("payment_processing_failure")).unwrap();
    assert!(known.silence.is_some(), "{:?}", desk.asked);
    desk.sees("NO-GO to deploy").sees("silenced until");
    desk.fly("u");
    assert!(desk.state.alert(&AlertId::new("payment_processing_failure")).unwrap().1.silence.is_none());
}

#[test]
fn a_lull_is_declared_on_the_alerts_screen_and_ended_there() {
    let mut desk = Desk::at(at(begin()));
    desk.fly("L");
    assert!(desk.asked.is_empty() && !desk.screen().contains("Declare a lull"));
    desk.fly("A L").sees("Declare a lull");
    desk.fly("sunday <enter>").sees("lull until");
    desk.fly("L").sees("End the lull");
    desk.fly("y");
    assert!(desk.state.lull().is_none());
}

/// One result makes the rules look that ask its series or stand on it, and no other.
#[test]
fn only_what_changed_is_looked_at() {
    let story = failing_payments();
    let mut watch = Watch::new(&story.state);
    let mut state = story.state.clone();
    while watch.is_due(story.now) {
        let _ = watch.follows(&state, story.now);
    }
    let before = watch.looks();
    let mut result = finished(&story, "payment_duration", Outcome::Pass, "usual");
    if let Body::Check(CheckEvent::Finished(finished)) = &mut result {
        finished.evidence.measured = Some(Measured::Seconds(12.0));
    }
    let event = event(story.now, Actor::Golive, result);
    state.apply(&event);
    watch.after(&state, &event);
    let _ = watch.follows(&state, story.now);
    assert_eq!(watch.looks() - before, 2, "the latency's rule, and the one that counts failing checks");
}

/// What the watch did not look at would not have changed: at no moment a whole look finds more than it did.
#[test]
fn nothing_is_missed_between_looks() {
    let mut story = failing_payments();
    for _ in 0..200 {
        story.wait(Duration::from_secs(3));
        for position in 0..story.state.plan().alerts.len() {
            let found = look(&story.state, position, story.now, story.state.next_transition());
            assert!(found.follows.is_empty(), "missed at {}: {:?}", story.now.at, found.follows);
        }
    }
}

#[test]
fn a_fold_over_the_events_brings_alerts_and_series_back() {
    let story = failing_payments();
    let again = State::fold(&story.events).unwrap();
    for ((rule, one), (_, other)) in story.state.alerts().zip(again.alerts()) {
        assert_eq!(format!("{one:?}"), format!("{other:?}"), "{}", rule.id);
    }
    for position in 0..story.state.plan().checks.len() {
        let points = |state: &State| {
            state.series_at(position).points(story.now.at, Duration::from_secs(3_600)).collect::<Vec<_>>()
        };
        assert_eq!(points(&story.state), points(&again));
    }
    let firing = again.alert(&AlertId::new("payment_processing_failure")).unwrap().1;
    assert!(matches!(firing.life, Life::Firing(_)));
}

#[test]
fn examples_are_played_and_tell_what_is_not_so() {
    let plan: Arc<Plan> = plan_with(&lines(CHECKS), &[], &lines(&ALERTS[..1]));
    let mut plan = (*plan).clone();
    let numbers = |numbers: &[f64]| numbers.iter().map(|number| ExampleSample::Number(*number)).collect();
    let then = |at: u64, state: &str| (Span::seconds(at), state.to_owned());
    plan.alerts[0].examples = vec![Example {
        every: Span::seconds(30),
        series: [("payments_failed".to_owned(), numbers(&[0.0, 1.0, 3.0, 5.0]))].into(),
        then: [then(0, "unknown"), then(60, "inactive"), then(90, "firing"), then(700, "firing")].into(),
    }];
    assert_eq!(example::wrong(&plan), Vec::<String>::new());
    plan.alerts[0].examples[0].then = [then(90, "pending")].into();
    assert_eq!(
        example::wrong(&plan),
        ["example 1 of `payment_processing_failure`: after 1m30s it should be pending and is firing"]
    );
}

/// Question eight of the cockpit: who was told, did it arrive?
#[test]
fn the_alert_line_and_its_detail_say_who_was_told_and_whether_it_arrived() {
    let plan: Arc<Plan> = plan_with(&lines(CHECKS), &lines(&["pre_deployment backup: 1 signature"]), &lines(ALERTS));
    let mut plan = (*plan).clone();
    plan.notifiers = ["email", "slack", "webhook", "pager"].map(crate::outbox::notifier).to_vec();
    plan.alerts[0].notify = ["email", "slack", "webhook", "pager"].map(str::to_owned).to_vec();
    plan.alerts[0].escalate = None;
    let mut story = failing_on(Story::begin(Arc::new(plan)));
    let key = |story: &Story, to: &str| {
        let posted = story.state.notices().posted().find(|posted| posted.notice.to.as_str() == to).unwrap();
        posted.notice.key.clone()
    };
    let text = |text: &str| golive::model::text::SafeText::from_foreign(text);
    let mut came = |to: &str, what: &str| {
        let key = key(&story, to);
        let why = text(what);
        let failed = |key| NoticeEvent::Failed { key, why: text(what), pause: Duration::ZERO, for_good: false };
        let body = match to {
            "email" | "slack" => NoticeEvent::Delivered { key, answer: why },
            "webhook" => failed(key),
            _ => NoticeEvent::DeadLettered { key, why },
        };
        story.happens(Actor::Golive, Body::Notice(body));
    };
    came("email", "250 queued");
    came("webhook", "503: busy");
    came("webhook", "503: busy");
    came("pager", "given up after 9 attempts: nobody there");
    let mut desk = Desk::at(at(story));
    desk.size = (140, 40);
    desk.sees("email ✓  slack …  webhook retry 2  pager ✗ given up");
    desk.fly("A").sees("email that it fires ✓").sees(": 250 queued").sees("slack that it fires: on its way");
    desk.sees("webhook that it fires: retry 2, again in ").sees("it said: 503: busy");
    desk.sees("given up after 9 attempts: nobody there");
    let inquiry = Inquiry { question: Question::Deploy, scope: Scope::All };
    let circumstances = Circumstances { operator: text("thandi"), plan: None, journal: None };
    let report = report(&desk.state, &inquiry, &circumstances, desk.now);
    let report = serde_json::to_value(&report).unwrap();
    let alert = &report["alerts"][0];
    assert_eq!(alert["notified"], serde_json::json!(["email"]), "who has it");
    let fates: Vec<_> = alert["notices"].as_array().unwrap().iter().map(|one| one["state"].clone()).collect();
    assert_eq!(fates, ["delivered", "waiting", "retrying", "dead"]);
    assert_eq!(alert["notices"][2]["attempts"], 2);
    assert_eq!(alert["notices"][2]["answer"], "503: busy");
}

#[test]
fn an_escalation_at_once_tells_nobody_twice() {
    for (to, told) in [
        (&[][..], &["slack"][..]),
        (&["slack"], &["slack"]),
        (&["slack", "pager"], &["slack", "pager"]),
        (&["pager"], &["slack", "pager"]),
    ] {
        let mut plan = (*plan_with(&lines(CHECKS), &[], &lines(ALERTS))).clone();
        plan.notifiers = ["slack", "pager"].map(crate::outbox::notifier).to_vec();
        let to = to.iter().map(|name| (*name).to_owned()).collect();
        plan.alerts[0].escalate = Some(Escalation { after: Span::seconds(0), to });
        let story = failing_on(Story::begin(Arc::new(plan)));
        let alert = AlertId::new("payment_processing_failure");
        let (_, known) = story.state.alert(&alert).unwrap();
        assert!(known.escalated.is_some(), "it is escalated, whoever there is to be told");
        let heard: Vec<_> = story.state.notices().of_alert(&alert).map(|posted| posted.notice.to.to_string()).collect();
        assert_eq!(heard, told);
    }
}

#[test]
fn a_source_that_gives_errors_resolves_nothing() {
    let mut story = failing_payments();
    let fires = |story: &Story| {
        let (_, known) = story.state.alert(&AlertId::new("payment_processing_failure")).unwrap();
        known.is_firing()
    };
    for _ in 0..40 {
        story.wait(Duration::from_secs(15));
        let nothing = finished(&story, "payments_failed", Outcome::Error, "usual");
        story.happens(Actor::Golive, nothing);
        assert!(fires(&story), "nobody has seen a number since, and it is over at {}", story.now.at);
    }
    measure(&mut story, "payments_failed", Measured::Number(8.0));
    story.wait(Duration::from_secs(15));
    measure(&mut story, "payments_failed", Measured::Number(8.0));
    assert!(!fires(&story), "two fresh numbers that are the same say that it is over");
}
