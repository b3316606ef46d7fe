//! The outbox as a fold: who is told of what, in which order, how often it is tried, and that nothing a killed process
//! leaves behind is lost or told twice by golive's own doing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use golive::core::agenda::{Agenda, Effect};
use golive::core::consequences::consequences;
use golive::core::event::{AlertEvent, Body, Event, NoticeEvent};
use golive::core::notice::{About, Happened, Notice};
use golive::core::state::{Fate, State};
use golive::core::verdict::{self, Answer};
use golive::model::alert::{DuringLull, Escalation, Level, Rule};
use golive::model::duration::Span;
use golive::model::id::{AlertId, KindName, NotifierId};
use golive::model::notifier::{Notifier, Rate};
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::plan::{Plan, SharedPlan};
use golive::model::text::SafeText;
use golive::model::time::Now;
use proptest::prelude::*;

use crate::scenario;

const SECOND: Duration = Duration::from_secs(1);

fn rule(id: &str, notify: &[&str], to: &[&str]) -> Rule {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    Rule {
        id: AlertId::new(id),
        title: None,
        level: Level::Critical,
        when: "true".into(),
        hold: Span::seconds(0),
        keep_firing: Span::seconds(0),
        notify: names(notify),
        escalate: Some(Escalation { after: Span::seconds(60), to: names(to) }),
        min_samples: 1,
        during_lull: DuringLull::Judged,
        impact: None,
        remedy: None,
        examples: Vec::new(),
    }
}

pub(crate) fn notifier(id: &str) -> Notifier {
    Notifier {
        id: NotifierId::new(id),
        kind: KindName::new("webhook"),
        timeout: Span::seconds(10),
        retry_delay: Span::seconds(1),
        give_up_after: Span::seconds(86_400),
        rate: Rate { most: 1_000, per: Span::seconds(1) },
        options: serde_json::Map::new(),
    }
}

fn plan(notifiers: Vec<Notifier>) -> SharedPlan {
    let mut plan: Plan = (*scenario::plan_of(&[], &["pre_deployment backup: 1 signature".to_owned()])).clone();
    plan.alerts = vec![rule("payments", &["slack", "email"], &["pager"]), rule("webhooks", &["slack"], &["email"])];
    plan.notifiers = notifiers;
    Arc::new(plan)
}

fn usual() -> SharedPlan {
    plan(["slack", "email", "pager"].map(notifier).to_vec())
}

fn text(text: &str) -> SafeText {
    SafeText::from_foreign(text)
}

fn thandi() -> Actor {
    Actor::Operator(Operator::new("thandi", Provenance::Os))
}

/// A process over a journal, and what its peers were sent.
struct Flight {
    journal: Vec<Event>,
    state: State,
    agenda: Agenda,
    now: Now,
    transition: u64,
    under_way: Vec<Notice>,
    /// What arrived at the peers, in order.
    arrived: Vec<Notice>,
}

impl Flight {
    fn begin(plan: SharedPlan) -> Self {
        let opened = scenario::opened(plan);
        let now = opened.when();
        let state = State::open(&opened).unwrap();
        let agenda = Agenda::new(&state, now);
        let (journal, transition) = (vec![opened], 0);
        Self { journal, state, agenda, now, transition, under_way: Vec::new(), arrived: Vec::new() }
    }

    /// Journalled, then applied.
    fn happens(&mut self, actor: Actor, body: Body) {
        let event = scenario::event(self.now, actor, body);
        self.journal.push(event.clone());
        self.state.apply(&event);
        self.agenda.after(&self.state, &event);
    }

    fn alert(&mut self, actor: Actor, body: impl FnOnce(AlertId, u64) -> AlertEvent, alert: &str) {
        self.transition += 1;
        let body = body(AlertId::new(alert), self.transition);
        self.happens(actor, Body::Alert(body));
    }

    fn fires(&mut self, alert: &str) {
        let fired = |alert, transition| AlertEvent::Fired {
            alert,
            transition,
            value: text("5"),
            threshold: text(">= 5"),
            cause: None,
            held_by: None,
        };
        self.alert(Actor::Golive, fired, alert);
    }

    fn resolves(&mut self, alert: &str) {
        self.alert(Actor::Golive, |alert, transition| AlertEvent::Resolved { alert, transition }, alert);
    }

    fn acknowledged(&mut self, alert: &str) {
        let seen = |alert, transition| AlertEvent::Acknowledged { alert, transition, note: None };
        self.alert(thandi(), seen, alert);
    }

    fn escalates(&mut self, alert: &str, to: &[&str]) {
        let to = to.iter().map(ToString::to_string).collect();
        self.alert(Actor::Golive, |alert, transition| AlertEvent::Escalated { alert, transition, to }, alert);
    }

    fn follows(&mut self) {
        for body in consequences(&self.state, self.now) {
            self.happens(Actor::Golive, body);
        }
    }

    /// Begins what is due.
    fn sends(&mut self) -> usize {
        let due = self.agenda.notices_due(&self.state, self.now);
        let before = self.under_way.len();
        self.under_way.extend(due.into_iter().filter_map(|effect| match effect {
            Effect::Deliver(notice) => Some(*notice),
            _ => None,
        }));
        self.under_way.len() - before
    }

    /// The peer takes the oldest that is under way and says so.
    fn delivered(&mut self) {
        if let Some(notice) = self.take() {
            self.arrived.push(notice.clone());
            let delivered = NoticeEvent::Delivered { key: notice.key, answer: text("200") };
            self.happens(Actor::Golive, Body::Notice(delivered));
        }
    }

    fn refused(&mut self, pause: Duration, for_good: bool) {
        if let Some(notice) = self.take() {
            let failed = NoticeEvent::Failed { key: notice.key, why: text("500"), pause, for_good };
            self.happens(Actor::Golive, Body::Notice(failed));
        }
    }

    fn take(&mut self) -> Option<Notice> {
        (!self.under_way.is_empty()).then(|| self.under_way.remove(0))
    }

    /// The process is killed and started again: what is not in the journal never was.
    fn killed(&mut self) {
        self.under_way.clear();
        self.state = State::fold(&self.journal).unwrap();
        self.agenda = Agenda::new(&self.state, self.now);
    }

    fn wait(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    /// Everything that is due arrives, until nothing more is.
    fn settles(&mut self) {
        self.follows();
        for _ in 0..1_000 {
            self.sends();
            if self.under_way.is_empty() {
                if self.state.notices().open().next().is_none() {
                    return;
                }
                self.wait(SECOND);
            }
            self.delivered();
            self.follows();
        }
        panic!("it never settles: {:?}", self.state.notices().open().collect::<Vec<_>>());
    }

    /// What one recipient heard of one alert, in order.
    fn heard(&self, to: &str, alert: &str) -> Vec<&'static str> {
        let of = |notice: &&Notice| notice.to.as_str() == to && notice.lane() == alert;
        self.arrived
            .iter()
            .filter(of)
            .map(|notice| match &notice.about {
                About::Alert(about) => about.happened.word(),
                About::Notifier { down: true, .. } => "down",
                About::Notifier { down: false, .. } => "up",
                About::Test { .. } => "test",
            })
            .collect()
    }
}

#[test]
fn whoever_was_told_that_it_fires_is_told_that_it_is_over_and_nobody_else() {
    let mut flight = Flight::begin(usual());
    flight.fires("payments");
    flight.settles();
    flight.acknowledged("payments");
    flight.settles();
    flight.resolves("payments");
    flight.settles();
    for to in ["slack", "email"] {
        assert_eq!(flight.heard(to, "payments"), ["fired", "acknowledged", "resolved"], "{to}");
    }
    assert_eq!(flight.heard("pager", "payments"), [""; 0]);
    assert_eq!(flight.heard("slack", "webhooks"), [""; 0]);
    let about = flight.arrived.iter().find_map(|notice| match &notice.about {
        About::Alert(about) if about.happened == Happened::Acknowledged => Some(about.by.clone()),
        _ => None,
    });
    assert_eq!(about.flatten(), Some(text("thandi")));
}

#[test]
fn an_escalation_tells_those_it_names_and_they_hear_the_end_too() {
    let mut flight = Flight::begin(usual());
    flight.fires("payments");
    flight.settles();
    flight.escalates("payments", &["pager"]);
    flight.settles();
    flight.resolves("payments");
    flight.settles();
    assert_eq!(flight.heard("pager", "payments"), ["escalated", "resolved"]);
    assert_eq!(flight.heard("slack", "payments"), ["fired", "resolved"]);
}

#[test]
fn a_second_episode_is_told_anew_with_keys_of_its_own() {
    let mut flight = Flight::begin(usual());
    for _ in 0..2 {
        flight.fires("webhooks");
        flight.settles();
        flight.resolves("webhooks");
        flight.settles();
    }
    assert_eq!(flight.heard("slack", "webhooks"), ["fired", "resolved", "fired", "resolved"]);
    let keys: BTreeSet<_> = flight.arrived.iter().map(|notice| notice.key.as_str()).collect();
    assert_eq!(keys.len(), 4);
}

#[test]
fn a_silence_keeps_news_from_people_but_not_the_end_from_those_who_know_the_beginning() {
    let silence = |flight: &mut Flight, alert: &str| {
        let (alert, until) = (AlertId::new(alert), flight.now.after(SECOND * 600).at);
        let silenced = AlertEvent::Silenced { alert, reason: text("known"), until };
        flight.happens(thandi(), Body::Alert(silenced));
    };
    let mut flight = Flight::begin(usual());
    flight.fires("payments");
    flight.settles();
    silence(&mut flight, "payments");
    silence(&mut flight, "webhooks");
    flight.fires("webhooks");
    flight.escalates("payments", &["pager"]);
    flight.settles();
    assert!(flight.heard("slack", "webhooks").is_empty() && flight.heard("pager", "payments").is_empty());
    flight.resolves("payments");
    flight.settles();
    assert_eq!(flight.heard("slack", "payments"), ["fired", "resolved"]);
    // It still fires when the silence is over: now they have to know.
    let ended = AlertEvent::SilenceEnded { alert: AlertId::new("webhooks"), why: text("its time is over") };
    flight.happens(Actor::Golive, Body::Alert(ended));
    flight.settles();
    assert_eq!(flight.heard("slack", "webhooks"), ["fired"]);
}

#[test]
fn a_child_is_not_told_of_while_its_cause_is_and_told_of_when_it_outlives_it() {
    let mut flight = Flight::begin(usual());
    let held = |alert, transition| AlertEvent::Fired {
        alert,
        transition,
        value: text("3"),
        threshold: text(">= 3"),
        cause: None,
        held_by: Some(AlertId::new("payments")),
    };
    flight.fires("payments");
    flight.alert(Actor::Golive, held, "webhooks");
    flight.settles();
    assert!(flight.heard("slack", "webhooks").is_empty());
    flight.resolves("payments");
    flight.alert(
        Actor::Golive,
        |alert, transition| AlertEvent::Released { alert, transition, told_before: false },
        "webhooks",
    );
    flight.settles();
    assert_eq!(flight.heard("slack", "webhooks"), ["fired"]);
    flight.resolves("webhooks");
    flight.settles();
    assert_eq!(flight.heard("slack", "webhooks"), ["fired", "resolved"]);
}

#[test]
fn nobody_hears_of_the_end_before_the_beginning() {
    let mut flight = Flight::begin(usual());
    flight.fires("webhooks");
    flight.resolves("webhooks");
    flight.follows();
    assert_eq!(flight.sends(), 1, "only the first of an alert may go");
    flight.refused(Duration::ZERO, false);
    flight.follows();
    flight.wait(SECOND * 2);
    assert_eq!(flight.sends(), 1);
    flight.delivered();
    flight.settles();
    assert_eq!(flight.heard("slack", "webhooks"), ["fired", "resolved"]);
}

#[test]
fn the_waits_double_up_to_a_minute_and_the_other_side_may_ask_for_more() {
    let mut flight = Flight::begin(plan(vec![notifier("slack")]));
    flight.fires("webhooks");
    flight.follows();
    flight.sends();
    // How many seconds after a refusal it is tried again.
    let mut tried_again = |pause: Duration| {
        flight.refused(pause, false);
        flight.follows();
        let mut waited = 0;
        while flight.sends() == 0 {
            flight.wait(SECOND);
            waited += 1;
        }
        waited
    };
    let waits: Vec<u32> = (0..9).map(|_| tried_again(Duration::ZERO)).collect();
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    assert_eq!(tried_again(SECOND * 300), 300, "it asked to be left alone");
    assert_eq!(tried_again(SECOND), 60, "but not for less than is usual");
}

#[test]
fn a_notifier_gets_no_more_than_it_takes() {
    let slow = Notifier { rate: Rate { most: 2, per: Span::seconds(60) }, ..notifier("slack") };
    let mut flight = Flight::begin(plan(vec![slow, notifier("email"), notifier("pager")]));
    for _ in 0..3 {
        flight.fires("webhooks");
        flight.follows();
        if flight.sends() > 0 {
            flight.delivered();
        }
        flight.resolves("webhooks");
        flight.follows();
    }
    let began = flight.now;
    flight.settles();
    assert_eq!(flight.heard("slack", "webhooks").len(), 6);
    assert!(flight.now.since(began).unwrap() >= SECOND * 120, "six at two a minute");
}

#[test]
fn a_notifier_that_is_down_for_an_hour_is_told_of_on_the_others_and_warned_of_in_the_verdict() {
    let mut flight = Flight::begin(usual());
    flight.fires("webhooks");
    let deadline = flight.now.after(SECOND * 3_600);
    while flight.now.up < deadline.up {
        flight.follows();
        flight.sends();
        match flight.under_way.first() {
            Some(notice) if notice.to.as_str() == "slack" => flight.refused(Duration::ZERO, false),
            Some(_) => flight.delivered(),
            None => flight.wait(SECOND),
        }
    }
    assert_eq!(flight.heard("email", "slack"), ["down"]);
    assert_eq!(flight.heard("pager", "slack"), ["down"], "once, however often it was tried");
    let reasons = verdict::of_session(&flight.state, flight.now);
    let warned = reasons.reasons().iter().find(|reason| reason.message.contains("notifier slack has taken nothing"));
    assert_eq!(warned.map(|reason| reason.weight), Some(Answer::GoWithWarnings));
    let attempts = flight.state.notices().posted().map(|posted| posted.attempts).max().unwrap();
    assert!((60..80).contains(&attempts), "about once a minute: {attempts}");
    flight.settles();
    assert_eq!(flight.heard("slack", "webhooks"), ["fired"]);
    assert_eq!(flight.heard("email", "slack"), ["down", "up"]);
    assert!(!verdict::of_session(&flight.state, flight.now).reasons().iter().any(|r| r.message.contains("notifier")));
}

#[test]
fn what_is_never_taken_becomes_a_dead_letter_for_everybody_to_see() {
    let hasty = Notifier { give_up_after: Span::seconds(30), ..notifier("slack") };
    let mut flight = Flight::begin(plan(vec![hasty, notifier("email"), notifier("pager")]));
    flight.fires("webhooks");
    for _ in 0..60 {
        flight.follows();
        flight.sends();
        flight.under_way.retain(|notice| notice.to.as_str() == "slack");
        flight.refused(Duration::ZERO, false);
        flight.wait(SECOND);
    }
    let dead: Vec<_> = flight.state.notices().posted().filter(|posted| posted.word() == "dead").collect();
    assert_eq!(dead.len(), 1);
    let Fate::Dead { why, .. } = &dead[0].fate else { panic!("{:?}", dead[0].fate) };
    assert!(why.as_str().starts_with("given up after"), "{why}");
    let reasons = verdict::of_session(&flight.state, flight.now);
    assert!(reasons.reasons().iter().any(|reason| reason.message.contains("1 notices to slack were given up")));
    assert!(flight.state.timeline().any(|entry| entry.text.contains("never told: CRITICAL fires: webhooks")));
}

#[test]
fn what_is_malformed_is_not_tried_twice() {
    let mut flight = Flight::begin(usual());
    flight.fires("webhooks");
    flight.follows();
    flight.sends();
    flight.refused(Duration::ZERO, true);
    flight.follows();
    assert_eq!(flight.state.notices().posted().filter(|posted| posted.word() == "dead").count(), 1);
}

/// What may happen next, in a schedule.
#[derive(Clone, Debug)]
enum Next {
    Fires(usize),
    Resolves(usize),
    Acknowledged(usize),
    Escalates(usize),
    Follows,
    Sends,
    Delivered,
    /// The peer has it, and the answer is lost with the process.
    DeliveredThenKilled,
    /// The peer has it, and the connection is reset before the answer.
    AnswerLost,
    Refused,
    Killed,
    Waits(u64),
}

fn next() -> impl Strategy<Value = Next> {
    prop_oneof![
        1 => (0..2_usize).prop_map(Next::Fires),
        1 => (0..2_usize).prop_map(Next::Resolves),
        1 => (0..2_usize).prop_map(Next::Acknowledged),
        1 => (0..2_usize).prop_map(Next::Escalates),
        3 => Just(Next::Follows),
        3 => Just(Next::Sends),
        3 => Just(Next::Delivered),
        1 => Just(Next::DeliveredThenKilled),
        1 => Just(Next::AnswerLost),
        1 => Just(Next::Refused),
        1 => Just(Next::Killed),
        1 => (1..90_u64).prop_map(Next::Waits),
    ]
}

const ALERTS: [&str; 2] = ["payments", "webhooks"];

/// Runs a schedule; gives the flight and how often an answer was lost, by key.
fn flown(schedule: &[Next]) -> (Flight, BTreeMap<String, usize>) {
    let mut flight = Flight::begin(usual());
    let mut lost: BTreeMap<String, usize> = BTreeMap::new();
    let mut firing = [false; 2];
    for next in schedule {
        match next {
            Next::Fires(which) if !firing[*which] => {
                firing[*which] = true;
                flight.fires(ALERTS[*which]);
            }
            Next::Resolves(which) if firing[*which] => {
                firing[*which] = false;
                flight.resolves(ALERTS[*which]);
            }
            Next::Acknowledged(which) if firing[*which] => flight.acknowledged(ALERTS[*which]),
            Next::Escalates(which) if firing[*which] => flight.escalates(ALERTS[*which], &["pager"]),
            Next::Fires(_) | Next::Resolves(_) | Next::Acknowledged(_) | Next::Escalates(_) => {}
            Next::Follows => flight.follows(),
            Next::Sends => drop(flight.sends()),
            Next::Delivered => flight.delivered(),
            Next::DeliveredThenKilled | Next::AnswerLost => {
                if let Some(notice) = flight.take() {
                    *lost.entry(notice.key.to_string()).or_default() += 1;
                    flight.arrived.push(notice.clone());
                    if matches!(next, Next::AnswerLost) {
                        let (key, why) = (notice.key, text("reset"));
                        let failed = NoticeEvent::Failed { key, why, pause: Duration::ZERO, for_good: false };
                        flight.happens(Actor::Golive, Body::Notice(failed));
                    } else {
                        flight.killed();
                    }
                }
            }
            Next::Refused => flight.refused(Duration::ZERO, false),
            Next::Killed => flight.killed(),
            Next::Waits(seconds) => flight.wait(SECOND * u32::try_from(*seconds).unwrap()),
        }
    }
    (flight, lost)
}

/// What each recipient has to hear of each alert, worked out from the alerts' events alone.
fn expected(journal: &[Event]) -> BTreeMap<(String, String), Vec<u64>> {
    let mut heard: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for event in journal {
        let Body::Alert(body) = &event.body else { continue };
        let alert = body.alert().unwrap().to_string();
        let notify = if alert == "payments" { vec!["slack", "email"] } else { vec!["slack"] };
        let notify: Vec<String> = notify.into_iter().map(str::to_owned).collect();
        let told = told.entry(alert.clone()).or_default();
        let to: Vec<String> = match body {
            AlertEvent::Fired { .. } => {
                told.clear();
                told.extend(notify.iter().cloned());
                notify
            }
            AlertEvent::Escalated { to, .. } => {
                told.extend(to.iter().cloned());
                to.clone()
            }
            AlertEvent::Acknowledged { .. } => told.iter().cloned().collect(),
            AlertEvent::Resolved { .. } => std::mem::take(told).into_iter().collect(),
            _ => Vec::new(),
        };
        for to in to {
            heard.entry((to, alert.clone())).or_default().push(body.transition().unwrap());
        }
    }
    heard
}

fn transition(notice: &Notice) -> u64 {
    // 01S…-payments-7-slack
    notice.key.as_str().rsplit('-').nth(1).unwrap().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_killed_or_lost_each_transition_arrives_under_one_key(schedule in prop::collection::vec(next(), 0..80)) {
        let (mut flight, lost) = flown(&schedule);
        flight.killed();
        flight.settles();
        let of_alerts: Vec<&Notice> =
            flight.arrived.iter().filter(|notice| matches!(notice.about, About::Alert(_))).collect();
        // At least once, in order for each alert, nothing that never happened.
        let mut first: BTreeMap<(String, String), Vec<u64>> = BTreeMap::new();
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for notice in &of_alerts {
            let count = times.entry(notice.key.to_string()).or_default();
            *count += 1;
            if *count == 1 {
                let lane = (notice.to.to_string(), notice.lane().to_owned());
                first.entry(lane).or_default().push(transition(notice));
            }
        }
        prop_assert_eq!(first, expected(&flight.journal));
        // Twice only where the answer was lost.
        for (key, count) in times {
            prop_assert!(count <= 1 + lost.get(&key).copied().unwrap_or(0), "{} came {} times", key, count);
        }
    }

    #[test]
    fn a_fold_over_the_journal_gives_the_same_outbox(schedule in prop::collection::vec(next(), 0..60)) {
        let (flight, _) = flown(&schedule);
        let folded = State::fold(&flight.journal).unwrap();
        let listed = |state: &State| {
            let line = |posted: &golive::core::state::Posted| format!("{posted:?}");
            state.notices().posted().map(line).collect::<Vec<_>>()
        };
        prop_assert_eq!(listed(&folded), listed(&flight.state));
        // Stored and read again, an event is the same event.
        for event in &flight.journal[1..] {
            let stored = serde_json::to_string(event).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Event>(&stored).unwrap(), event);
        }
    }
}

/// Prometheus' text format, as far as it is written here: families declared once and before their samples, which stand
/// together.
fn families(page: &str) -> BTreeMap<String, Vec<String>> {
    let mut families: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut open = String::new();
    for line in page.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').unwrap();
            assert!(["gauge", "counter"].contains(&kind), "{line}");
            assert!(families.insert(name.to_owned(), Vec::new()).is_none(), "{name} is declared twice");
            assert!(name.ends_with("_total") == (kind == "counter"), "{line}");
            open = name.to_owned();
        } else if !line.starts_with("# HELP ") {
            let name = line.split(['{', ' ']).next().unwrap();
            assert_eq!(name, open, "a sample stands outside its family: {line}");
            let value = line.rsplit(' ').next().unwrap();
            value.parse::<f64>().unwrap_or_else(|error| panic!("{line}: {error}"));
            families.get_mut(name).unwrap().push(line.to_owned());
        }
    }
    families
}

#[test]
fn metrics_say_what_the_state_says_in_prometheus_form() {
    let mut hostile: Plan = (*usual()).clone();
    hostile.service.name = "academy\"\\\ncheckout".to_owned();
    let mut flight = Flight::begin(Arc::new(hostile));
    flight.fires("payments");
    flight.follows();
    flight.sends();
    flight.delivered();
    let page = golive::report::metrics::metrics(&flight.state, flight.now);
    let families = families(&page);
    let has = |family: &str, line: &str| {
        let lines = &families[family];
        assert!(lines.iter().any(|known| known.contains(line)), "no {line} in {lines:#?}");
    };
    has("golive_info", "service=\"academy\\\"\\\\\\ncheckout\"");
    has("golive_alert_firing", "alert=\"payments\",level=\"critical\",state=\"firing\",silenced=\"false\"} 1");
    has("golive_alert_firing", "alert=\"webhooks\"");
    has("golive_notices_total", "notifier=\"slack\",outcome=\"delivered\"} 1");
    has("golive_notices_waiting", "notifier=\"email\"} 1");
    has("golive_notifier_down", "notifier=\"slack\"} 0");
    has("golive_verdict", "answer=\"no_go\"} 1");
    let answers = families["golive_verdict"].iter().filter(|line| line.ends_with(" 1")).count();
    assert_eq!(answers, 1, "one answer holds");
}
