//! A kit of states for screens: each is a story of real events, folded by the real core, at a frozen time.

mod academy;
pub(crate) mod desk;

use std::sync::Arc;
use std::time::Duration;

use golive::core::decide::{Command, decide};
use golive::core::event::{Body, CheckEvent, Finished, OutputLine, SessionEvent, StepEnd, StepEvent};
use golive::core::evidence::Evidence;
use golive::core::state::State;
use golive::model::degradation::Degradation;
use golive::model::failure::{Failure, FailureClass, Recovery};
use golive::model::id::{CheckId, ItemId};
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::text::SafeText;
use golive::model::time::Now;
use golive::model::word::{Category, Outcome, Severity};

use crate::scenario::Story;

/// A state at a moment.
#[derive(Clone)]
pub(crate) struct Moment {
    pub(crate) state: Arc<State>,
    pub(crate) now: Now,
}

/// Every state of the kit, by name.
pub(crate) fn all() -> Vec<(&'static str, Moment)> {
    vec![
        ("opening", opening()),
        ("healthy", healthy()),
        ("blocked", one_blocker()),
        ("deploying", mid_deployment()),
        ("done", all_done()),
        ("trouble", journal_trouble()),
    ]
}

fn moment(story: Story) -> Moment {
    Moment { state: Arc::new(story.state), now: story.now }
}

pub(crate) fn operator(name: &str) -> Operator {
    Operator::new(name, Provenance::Os)
}

fn finish(story: &mut Story, check: &str, evidence: Evidence, millis: u64) {
    let effect = story.state.next_effect();
    let (check, took) = (CheckId::new(check), Duration::from_millis(millis));
    let finished = Finished { check, effect, lateness: Duration::ZERO, took, evidence };
    story.happens(Actor::Golive, Body::Check(CheckEvent::Finished(Box::new(finished))));
}

pub(crate) fn failure(class: FailureClass, category: Category, impact: &str) -> Failure {
    Failure {
        class,
        category,
        severity: Severity::Critical,
        impact: SafeText::from_foreign(impact),
        recovery: Recovery::ManualIntervention,
    }
}

fn person(story: &mut Story, name: &str, command: &Command) {
    let by = operator(name);
    for body in decide(&story.state, command, &by, story.now).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"))
    {
        story.happens(Actor::Operator(by.clone()), body);
    }
}

/// The first event of a session on the kit's plan.
pub(crate) fn opened() -> golive::core::event::Event {
    crate::scenario::opened(academy::plan())
}

fn begin() -> Story {
    let mut story = Story::begin(academy::plan());
    for seen in academy::credentials() {
        story.happens(Actor::Golive, Body::Session(SessionEvent::CredentialSeen(Box::new(seen))));
    }
    story
}

/// Every open check passes, several times, with latencies that are a little different.
fn round(story: &mut Story, times: u64) {
    for time in 0..times {
        story.wait(Duration::from_secs(12));
        let checks: Vec<String> = story
            .state
            .checks()
            .filter(|(check, _)| story.state.session().is_open(check.phase))
            .map(|(check, _)| check.id.to_string())
            .collect();
        for (at, check) in checks.iter().enumerate() {
            let millis = 3 + (at as u64 * 37 + time * 13) % 90;
            let evidence = academy::good(check);
            finish(story, check, evidence, millis);
        }
    }
    story.wait(Duration::from_secs(2));
}

/// The first second: nothing has been seen.
pub(crate) fn opening() -> Moment {
    moment(begin())
}

/// A plan with a way back and a poll, its release done.
pub(crate) fn mid_rollback() -> Moment {
    let mut story = Story::begin(academy::plan_with_a_way_back());
    round(&mut story, 3);
    person(&mut story, "thandi", &Command::Sign { item: ItemId::new("backup_procedures_ready"), note: None });
    person(&mut story, "sipho", &Command::Sign { item: ItemId::new("backup_procedures_ready"), note: None });
    person(&mut story, "sipho", &Command::Sign { item: ItemId::new("triggers_defined"), note: None });
    for role in ["release", "payments"] {
        let (role, word) = (role.to_owned(), golive::core::event::PollWord::Go);
        person(&mut story, "lindiwe", &Command::SayInPoll { role, word, reason: None });
    }
    person(&mut story, "thandi", &Command::StartStep { item: ItemId::new("release") });
    moment(story)
}

/// Everything passes; people have not signed yet.
pub(crate) fn healthy() -> Moment {
    let mut story = begin();
    round(&mut story, 12);
    moment(story)
}

/// Two credentials are one value, the database is down, one thing is to be looked at, one signature of two is given.
pub(crate) fn one_blocker() -> Moment {
    let mut story = begin();
    round(&mut story, 12);
    person(&mut story, "thandi", &Command::Sign { item: ItemId::new("backup_procedures_ready"), note: None });
    let distinct = Evidence::fail(
        failure(
            FailureClass::Value,
            Category::Credential,
            "One leak would let a stranger call the API and forge webhooks.",
        ),
        "webhook_secret is the same value as api_secret",
    )
    .material("same", "api_secret, webhook_secret")
    .remedy("have a separate webhook secret issued, then put it where the plan looks for it");
    finish(&mut story, "credentials_distinct", distinct, 4);
    story.wait(Duration::from_secs(20));
    let down = Evidence::fail(
        failure(FailureClass::Connect, Category::System, "Nobody can be enrolled."),
        "database.academy.example:5432 refused the connection",
    )
    .fact("address", "127.0.0.1:5432");
    finish(&mut story, "database_connection", down, 2);
    finish(&mut story, "secrets_not_public", Evidence::warn("VITE_PAYMENT_KEY is published by the bundler"), 31);
    story.wait(Duration::from_secs(25));
    moment(story)
}

fn ready() -> Story {
    let mut story = begin();
    round(&mut story, 6);
    let sign = |item: &str| Command::Sign { item: ItemId::new(item), note: None };
    person(&mut story, "thandi", &sign("backup_procedures_ready"));
    person(&mut story, "sipho", &sign("backup_procedures_ready"));
    person(&mut story, "thandi", &sign("triggers_defined"));
    story
}

fn step(story: &mut Story, body: impl Fn(ItemId, golive::model::id::EffectId) -> StepEvent) {
    let item = ItemId::new("release");
    let effect = story.state.item(&item).unwrap().1.step.as_ref().unwrap().effect;
    story.happens(Actor::Golive, Body::Step(body(item, effect)));
}

fn deploying() -> Story {
    let mut story = ready();
    person(&mut story, "thandi", &Command::StartStep { item: ItemId::new("release") });
    step(&mut story, |item, effect| StepEvent::Started { item, effect });
    for line in ["uploading 214 files", "bundle a41f9c2 in place", "switching 2 of 4 servers"] {
        story.wait(Duration::from_secs(7));
        let line = OutputLine { at: story.now.at, error: false, text: SafeText::from_foreign(line) };
        step(&mut story, |item, effect| StepEvent::Output { item, effect, lines: vec![line.clone()] });
    }
    story
}

/// The release runs and prints.
pub(crate) fn mid_deployment() -> Moment {
    moment(deploying())
}

/// Deployed, opened, quiet for long enough, closed.
pub(crate) fn all_done() -> Moment {
    let mut story = deploying();
    let took = Duration::from_secs(41);
    let how = SafeText::from_foreign("exit 0");
    step(&mut story, |item, effect| StepEvent::Ended { item, effect, end: StepEnd::Succeeded(how.clone()), took });
    round(&mut story, 1);
    person(&mut story, "thandi", &Command::OpenGate);
    round(&mut story, 6);
    person(&mut story, "thandi", &Command::CloseSession);
    moment(story)
}

fn flown(evidence: Option<Evidence>, refused: Outcome) -> Moment {
    let mut story = Story::begin(academy::plan_with_a_flow());
    round(&mut story, 2);
    if let Some(evidence) = evidence {
        let checks = vec![CheckId::new("payment_flow"), CheckId::new("webhook_rejects_replay")];
        person(&mut story, "thandi", &Command::RunAgain { checks });
        story.wait(Duration::from_secs(2));
        finish(&mut story, "webhook_rejects_replay", academy::refusals(refused), 640);
        finish(&mut story, "payment_flow", evidence, 1_329);
    }
    story.wait(Duration::from_secs(40));
    moment(story)
}

/// Two payments of one session: the first ends before the enrolment, the second goes through.
pub(crate) fn two_flights() -> Story {
    let mut story = Story::begin(academy::plan_with_a_flow());
    round(&mut story, 1);
    for (who, evidence, millis) in [("thandi", academy::flow(Some(3)), 3_871), ("sipho", academy::flow(None), 1_329)] {
        person(&mut story, who, &Command::RunAgain { checks: vec![CheckId::new("payment_flow")] });
        story.wait(Duration::from_secs(2));
        finish(&mut story, "payment_flow", evidence, millis);
        story.wait(Duration::from_secs(40));
        round(&mut story, 1);
    }
    story
}

/// The database is down, and the plan says what can be gone on without.
pub(crate) fn one_to_go_without() -> Moment {
    let mut plan = (*academy::plan()).clone();
    let check = plan.checks.iter_mut().find(|check| check.id.as_str() == "database_connection").unwrap();
    let flags = vec!["VITE_LIVE".to_owned(), "VITE_SYNC".to_owned()];
    check.degradation = Some(Degradation { without: "live updates".to_owned(), flags });
    let mut story = Story::begin(Arc::new(plan));
    round(&mut story, 2);
    let down = failure(FailureClass::Configuration, Category::System, "Nobody can be enrolled.");
    finish(&mut story, "database_connection", Evidence::fail(down, "no such database"), 2);
    story.wait(Duration::from_secs(5));
    moment(story)
}

/// A flow that nobody has asked for.
pub(crate) fn before_the_flow() -> Moment {
    flown(None, Outcome::Pass)
}

/// A payment that went through.
pub(crate) fn paid() -> Moment {
    flown(Some(academy::flow(None)), Outcome::Pass)
}

/// A payment that ends before the enrolment, and a callback that counts twenty times.
pub(crate) fn paid_for_nothing() -> Moment {
    flown(Some(academy::flow(Some(3))), Outcome::Fail)
}

/// Healthy, but the disk is full.
pub(crate) fn journal_trouble() -> Moment {
    let Moment { state, now } = healthy();
    let mut state = (*state).clone();
    state.set_trouble(Some(SafeText::from_foreign("no space left on device")));
    Moment { state: Arc::new(state), now }
}
