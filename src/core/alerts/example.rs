//! The examples that a rule carries, run: series in, states out. The core is a fold, so an example is a session in
//! which nothing else happens.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::alerts::Watch;
use crate::core::event::{Body, CheckEvent, Event, Finished, Purpose, SessionEvent, VERSION};
use crate::core::evidence::{Evidence, Measured};
use crate::core::state::State;
use crate::model::alert::{Example, ExampleSample, Rule};
use crate::model::duration;
use crate::model::failure::{Failure, FailureClass, Recovery};
use crate::model::id::{CheckId, SessionId};
use crate::model::operator::Actor;
use crate::model::plan::{Check, Plan};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::{Outcome, Severity};

/// What the examples of a plan's rules say that is not so, one sentence each.
#[must_use]
pub fn wrong(plan: &Plan) -> Vec<String> {
    let of_rule = |rule: &Rule| {
        let examples = rule.examples.iter().zip(1..);
        examples
            .flat_map(|(example, number)| {
                let found = play(plan, rule, example);
                found.into_iter().map(|what| format!("example {number} of `{}`: {what}", rule.id)).collect::<Vec<_>>()
            })
            .collect::<Vec<_>>()
    };
    plan.alerts.iter().flat_map(of_rule).collect()
}

fn play(plan: &Plan, rule: &Rule, example: &Example) -> Vec<String> {
    let Some(mut stage) = Stage::new(plan, rule, example) else {
        return vec!["it cannot be played: the plan has none of its series".to_owned()];
    };
    let samples = example.series.values().map(Vec::len).max().unwrap_or(0);
    let sample_times = (0_u32..).take(samples).map(|number| example.every.0 * number);
    let mut moments: Vec<Duration> = sample_times.chain(example.then.keys().map(|moment| moment.0)).collect();
    moments.sort_unstable();
    moments.dedup();
    let (mut taken, mut wrong) = (0, Vec::new());
    for moment in moments {
        stage.wait(moment);
        while taken < samples && example.every.0 * u32::try_from(taken).unwrap_or(u32::MAX) <= moment {
            for (series, samples) in &example.series {
                if let Some(sample) = samples.get(taken) {
                    wrong.extend(stage.take(series, sample).err());
                }
            }
            taken += 1;
        }
        stage.settle();
        let word = stage.state.alert_at(0).1.word();
        for (_, expected) in example.then.iter().filter(|(at, expected)| at.0 == moment && **expected != word) {
            let at = duration::written(moment);
            wrong.push(format!("after {at} it should be {expected} and is {word}"));
        }
    }
    wrong
}

/// A session in which only the samples of an example happen.
struct Stage {
    state: State,
    watch: Watch,
    begun: Now,
    now: Now,
}

impl Stage {
    fn new(plan: &Plan, rule: &Rule, example: &Example) -> Option<Self> {
        let begun = Now { at: Timestamp::from_second(1_800_000_000).ok()?, up: Duration::from_secs(1_000_000) };
        // The checks stand alone: what they depend on in life does not happen here.
        let alone = |check: &Check| Check {
            every: example.every,
            fresh_for: check.fresh_for.max(crate::model::duration::Span(example.every.0 * 3)),
            depends_on: Vec::new(),
            ..check.clone()
        };
        let checks = plan.checks.iter().map(alone).collect();
        let plan = Plan { alerts: vec![rule.clone()], checks, items: Vec::new(), ..plan.clone() };
        let opened = SessionEvent::Opened {
            session: SessionId::new("example"),
            purpose: Purpose::Check,
            plan: Arc::new(plan),
            version: None,
            host: SafeText::from_foreign("example"),
        };
        let state = State::open(&event(begun, Body::Session(opened))).ok()?;
        Some(Self { watch: Watch::new(&state), state, begun, now: begun })
    }

    /// Lets time pass, and what runs out meanwhile run out.
    fn wait(&mut self, until: Duration) {
        let until = self.begun.after(until);
        self.settle();
        while let Some(next) = self.watch.next().filter(|next| *next > self.now.at && *next < until.at) {
            self.now = self.begun.after(next.duration_since(self.begun.at).unsigned_abs());
            self.settle();
        }
        self.now = until;
    }

    fn settle(&mut self) {
        for _ in 0..64 {
            let follows = self.watch.follows(&self.state, self.now);
            if follows.is_empty() && !self.watch.is_due(self.now) {
                return;
            }
            follows.into_iter().for_each(|body| self.happens(body));
        }
    }

    fn happens(&mut self, body: Body) {
        let event = event(self.now, body);
        self.state.apply(&event);
        self.watch.after(&self.state, &event);
    }

    fn take(&mut self, series: &str, sample: &ExampleSample) -> Result<(), String> {
        let check = CheckId::new(series);
        if self.state.check(&check).is_none() {
            return Err(format!("`{series}` is no check: examples hold the series of checks"));
        }
        let (outcome, measured) = match sample {
            ExampleSample::Number(number) => (Outcome::Pass, Some(Measured::Number(*number))),
            ExampleSample::Word(word) if word == "-" => return Ok(()),
            ExampleSample::Word(word) => match Outcome::ALL.iter().find(|outcome| outcome.word() == word) {
                Some(outcome) => (*outcome, None),
                None => match duration::parse(word) {
                    Ok(length) => (Outcome::Pass, Some(Measured::Seconds(length.as_secs_f64()))),
                    Err(_) => return Err(format!("\"{word}\" is no number, no outcome and no length of time")),
                },
            },
        };
        let effect = self.state.next_effect();
        let evidence = Evidence { measured, ..evidence(outcome) };
        let finished = Finished { check, effect, lateness: Duration::ZERO, took: Duration::ZERO, evidence };
        self.happens(Body::Check(CheckEvent::Finished(Box::new(finished))));
        Ok(())
    }
}

fn evidence(outcome: Outcome) -> Evidence {
    let failure = Failure {
        class: FailureClass::Condition,
        category: crate::model::word::Category::System,
        severity: Severity::Warning,
        impact: SafeText::from_foreign("none: an example"),
        recovery: Recovery::Retry,
    };
    match outcome {
        Outcome::Pass => Evidence::pass("example"),
        Outcome::Warn => Evidence::warn("example"),
        Outcome::Fail => Evidence::fail(failure, "example"),
        Outcome::Error => Evidence::error(failure, "example"),
    }
}

fn event(now: Now, body: Body) -> Event {
    let (id, run) = (ulid::Ulid::nil(), ulid::Ulid::nil());
    let up = u64::try_from(now.up.as_millis()).unwrap_or(u64::MAX);
    Event { v: VERSION, id, run, at: now.at, up, actor: Actor::Golive, body }
}
