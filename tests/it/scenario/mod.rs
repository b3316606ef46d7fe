//! Scenarios as files: a plan in a few lines, what happens in plain words, and what has to be true then.
//!
//! `tests/scenarios/*.toml` are meant to be read and written by people who do not program. The words they may use are
//! in `words.rs`. After every happening the consequences that follow by themselves are applied, as the engine does.

pub(crate) mod plan;
pub(crate) mod words;

use std::fs;
use std::path::Path;
use std::time::Duration;

use golive::core::alerts::Watch;
use golive::core::consequences::consequences;
use golive::core::event::{Body, Event, Purpose, SessionEvent, VERSION};
use golive::core::state::State;
use golive::core::status;
use golive::core::verdict;
use golive::model::duration;
use golive::model::id::{AlertId, CheckId, ItemId, SessionId};
use golive::model::operator::Actor;
use golive::model::plan::SharedPlan;
use golive::model::text::SafeText;
use golive::model::time::Now;
use golive::model::word::Phase;
use serde::Deserialize;

pub(crate) use plan::{plan_of, plan_with, with_rollback};
pub(crate) use words::finished;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    title: String,
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    items: Vec<String>,
    /// The steps of the way back.
    #[serde(default)]
    rollback_steps: Vec<String>,
    /// What else the plan says of the way back, of its window and its poll.
    #[serde(default)]
    plan: Vec<String>,
    #[serde(default)]
    alerts: Vec<String>,
    then: Vec<Moment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Moment {
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    happens: Vec<String>,
    #[serde(default)]
    verdict: Option<String>,
    #[serde(default)]
    would_be: Option<String>,
    #[serde(default)]
    checks: Vec<String>,
    #[serde(default)]
    items: Vec<String>,
    #[serde(default)]
    phases: Vec<String>,
    #[serde(default)]
    alerts: Vec<String>,
    /// Transitions since the moment before, in order: `fired flaky`.
    #[serde(default)]
    told: Option<Vec<String>>,
    #[serde(default)]
    waits: Option<Vec<String>>,
    #[serde(default)]
    because: Vec<String>,
    #[serde(default)]
    rollback: Option<String>,
    #[serde(default)]
    gate: Option<String>,
    #[serde(default)]
    outcome: Option<String>,
}

/// A session that is told what happens, as the engine would tell it.
pub(crate) struct Story {
    pub(crate) state: State,
    pub(crate) now: Now,
    watch: Watch,
    /// What happened to alerts, in order.
    pub(crate) transitions: Vec<String>,
    /// Everything that happened.
    pub(crate) events: Vec<Event>,
}

impl Story {
    pub(crate) fn begin(plan: SharedPlan) -> Self {
        let opened = opened(plan);
        let state = State::open(&opened).unwrap();
        let watch = Watch::new(&state);
        Self { state, now: opened.when(), watch, transitions: Vec::new(), events: vec![opened] }
    }

    pub(crate) fn happens(&mut self, actor: Actor, body: Body) {
        self.take(actor, body);
        self.settle();
    }

    pub(crate) fn wait(&mut self, duration: Duration) {
        self.now = self.now.after(duration);
        self.settle();
    }

    fn take(&mut self, actor: Actor, body: Body) {
        if let Body::Alert(alert) = &body
            && let (Some(id), Some(_)) = (alert.alert(), alert.transition())
        {
            let name = serde_json::to_value(alert).unwrap();
            self.transitions.push(format!("{} {id}", name.as_object().unwrap().keys().next().unwrap()));
        }
        let event = event(self.now, actor, body);
        self.state.apply(&event);
        self.watch.after(&self.state, &event);
        self.events.push(event);
    }

    fn settle(&mut self) {
        for _ in 0..100 {
            let mut follows = consequences(&self.state, self.now);
            follows.extend(self.watch.follows(&self.state, self.now));
            if follows.is_empty() {
                return;
            }
            for body in follows {
                self.take(Actor::Golive, body);
            }
        }
        panic!("consequences never end");
    }
}

/// A session's first event.
pub(crate) fn opened(plan: SharedPlan) -> Event {
    let now = Now { at: "2026-11-24T14:00:00Z".parse().unwrap(), up: Duration::from_secs(100_000) };
    let opened = Body::Session(SessionEvent::Opened {
        session: SessionId::new("01TESTSESSION"),
        purpose: Purpose::GoLive,
        plan,
        version: Some(SafeText::from_foreign("2026.11.3")),
        host: SafeText::from_foreign("test-host"),
    });
    event(now, Actor::Golive, opened)
}

pub(crate) fn event(now: Now, actor: Actor, body: Body) -> Event {
    let up = u64::try_from(now.up.as_millis()).unwrap();
    Event { v: VERSION, id: ulid::Ulid::nil(), run: ulid::Ulid::nil(), at: now.at, up, actor, body }
}

#[test]
fn every_scenario_ends_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 10, "the scenarios are gone");
    let mut wrong = Vec::new();
    for path in paths {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let scenario: Scenario =
            toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        wrong.extend(play(&scenario).into_iter().map(|line| format!("{name} ({}): {line}", scenario.title)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn play(scenario: &Scenario) -> Vec<String> {
    let plan = plan_with(&scenario.checks, &scenario.items, &scenario.alerts);
    let mut story = Story::begin(with_rollback(&plan, &scenario.rollback_steps, &scenario.plan));
    let mut wrong = Vec::new();
    for (number, moment) in scenario.then.iter().enumerate() {
        if let Some(after) = &moment.after {
            story.wait(duration::parse(after).unwrap());
        }
        for line in &moment.happens {
            if let Err(why) = words::happen(&mut story, line) {
                wrong.push(format!("moment {}: \"{line}\": {why}", number + 1));
            }
        }
        let transitions = std::mem::take(&mut story.transitions);
        if let Some(told) = moment.told.as_ref().filter(|told| **told != transitions) {
            wrong.push(format!("moment {}: told should be {told:?} and is {transitions:?}", number + 1));
        }
        wrong.extend(compare(&story, moment).into_iter().map(|line| format!("moment {}: {line}", number + 1)));
    }
    wrong
}

fn compare(story: &Story, moment: &Moment) -> Vec<String> {
    let (state, now) = (&story.state, story.now);
    let verdict = verdict::of_session(state, now);
    let mut wrong = Vec::new();
    let mut expect = |what: &str, expected: &str, seen: String| {
        if expected != seen {
            wrong.push(format!("{what} should be \"{expected}\" and is \"{seen}\""));
        }
    };
    if let Some(expected) = &moment.verdict {
        expect("the verdict", expected, verdict.headline());
    }
    if let Some(expected) = &moment.rollback {
        expect("the rollback", expected, words::stage(state));
    }
    if let Some(expected) = &moment.gate {
        let is_open = state.session().gate_opened.is_some();
        expect("the gate", expected, if is_open { "open" } else { "closed" }.to_owned());
    }
    if let Some(expected) = &moment.outcome {
        expect("the outcome", expected, state.outcome().map_or("none".to_owned(), |outcome| format!("{outcome:?}")));
    }
    if let Some(expected) = &moment.would_be {
        expect("it would be", expected, verdict.would_be().words().to_owned());
    }
    for line in &moment.checks {
        let (id, expected) = line.split_once(' ').unwrap();
        let position = state.index().check(&CheckId::new(id)).unwrap();
        expect(id, expected, status::check_status(state, position, now).word().to_owned());
    }
    for line in &moment.items {
        let (id, expected) = line.split_once(' ').unwrap();
        let (item, known) = state.item(&ItemId::new(id)).unwrap();
        expect(id, expected, status::item_status(state, item, known, now).word().to_owned());
    }
    for line in &moment.alerts {
        let (id, expected) = line.split_once(' ').unwrap();
        let (_, known) = state.alert(&AlertId::new(id)).unwrap();
        expect(id, expected, words::alert(known));
    }
    for line in &moment.phases {
        let (word, expected) = line.split_once(' ').unwrap();
        let phase = *Phase::ALL.iter().find(|phase| phase.word() == word).unwrap();
        let summary = status::phase_summary(state, phase, now);
        expect(word, expected, format!("{} {}/{}", summary.status.word(), summary.settled, summary.total));
    }
    if let Some(expected) = &moment.waits {
        let with_whose = expected.iter().any(|line| line.contains('('));
        let waits = verdict.waiting().iter().map(|waiting| words::waits(waiting, with_whose)).collect::<Vec<_>>();
        expect("what waits", &expected.join(", "), waits.join(", "));
    }
    for line in &moment.because {
        let told = verdict.reasons().iter().any(|reason| {
            let subject = reason.subject.as_ref().map(words::name).unwrap_or_default();
            format!("{subject}: {}", reason.message).contains(line)
        });
        if !told {
            let reasons: Vec<_> = verdict.reasons().iter().map(|reason| &reason.message).collect();
            wrong.push(format!("no reason says \"{line}\": {reasons:?}"));
        }
    }
    wrong
}
