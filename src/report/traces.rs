//! A session as one trace, in the JSON form of OTLP: what a collector takes at `/v1/traces`. A function of the events:
//! the session is the root; a run of a check, a step, a firing alert and a notice on its way are spans below it, and
//! what people and golive decided are events of the root.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::core::event::{AlertEvent, Body, CheckEvent, Event, NoticeEvent, ProcedureEvent, StepEnd, StepEvent};
use crate::core::state::State;
use crate::model::word::Outcome;

/// A span that is internal, and one of a request to another side, in OTLP's numbers.
const INTERNAL: u8 = 1;
const CLIENT: u8 = 3;
/// A status of success, and one of failure.
const WELL: u8 = 1;
const FAILED: u8 = 2;

/// The trace of a session: its events in order, and the state that they give.
#[must_use]
pub fn traces(events: &[Event], state: &State) -> Json {
    let mut tracer = Tracer::new(events, state);
    events.iter().for_each(|event| tracer.take(event));
    tracer.rest();
    let scope = json!({ "name": "golive", "version": env!("CARGO_PKG_VERSION") });
    let service = &state.plan().service;
    let resource = attributes(&[
        ("service.name", "golive"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("golive.service", &service.name),
        ("deployment.environment.name", &service.environment),
    ]);
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": scope, "spans": tracer.spans }],
    }] })
}

/// When something began and ended.
type Time = (Timestamp, Timestamp);

struct Tracer<'a> {
    trace: String,
    root: String,
    spans: Vec<Json>,
    outcomes: BTreeMap<&'a str, Outcome>,
    firing: BTreeMap<&'a str, Timestamp>,
    on_the_way: BTreeMap<&'a str, (Timestamp, u32, &'a str)>,
    last: Timestamp,
}

impl<'a> Tracer<'a> {
    fn new(events: &[Event], state: &State) -> Self {
        let session = state.session();
        let last = events.last().map_or(session.opened.at, |event| event.at);
        let mut tracer = Self {
            trace: digest(session.id.as_str(), 16),
            root: digest(&format!("{} root", session.id), 8),
            spans: Vec::new(),
            outcomes: BTreeMap::new(),
            firing: BTreeMap::new(),
            on_the_way: BTreeMap::new(),
            last,
        };
        let happened: Vec<Json> = state
            .timeline()
            .map(|entry| json!({ "timeUnixNano": nanos(entry.at), "name": format!("{}: {}", entry.subject, entry.text) }))
            .collect();
        let named = attributes(&[("golive.session", session.id.as_str())]);
        tracer.spans.push(json!({
            "traceId": tracer.trace, "spanId": tracer.root, "name": format!("go-live {}", state.plan().service.name),
            "kind": INTERNAL, "startTimeUnixNano": nanos(session.opened.at), "endTimeUnixNano": nanos(last),
            "attributes": named, "events": happened,
        }));
        tracer
    }

    fn span(&mut self, name: &str, kind: u8, (began, ended): Time, about: &[(&str, &str)], wrong: Option<&str>) {
        let id = digest(&format!("{} {}", self.root, self.spans.len()), 8);
        let status = match wrong {
            Some(why) => json!({ "code": FAILED, "message": why }),
            None => json!({ "code": WELL }),
        };
        self.spans.push(json!({
            "traceId": self.trace, "spanId": id, "parentSpanId": self.root, "name": name, "kind": kind,
            "startTimeUnixNano": nanos(began.min(ended)), "endTimeUnixNano": nanos(ended),
            "attributes": attributes(about), "status": status,
        }));
    }

    fn take(&mut self, event: &'a Event) {
        match &event.body {
            Body::Check(body) => self.check(body, event.at),
            Body::Step(step) => self.step(step, event.at),
            Body::Procedure(ProcedureEvent::Step(step)) => self.step(step, event.at),
            Body::Alert(AlertEvent::Fired { alert, .. }) => {
                self.firing.insert(alert.as_str(), event.at);
            }
            Body::Alert(AlertEvent::Resolved { alert, .. }) => {
                if let Some(began) = self.firing.remove(alert.as_str()) {
                    self.alert(alert.as_str(), (began, event.at));
                }
            }
            Body::Notice(notice) => self.notice(notice, event.at),
            _ => {}
        }
    }

    fn check(&mut self, body: &'a CheckEvent, at: Timestamp) {
        match body {
            CheckEvent::Finished(finished) => {
                let (check, outcome) = (finished.check.as_str(), finished.evidence.outcome);
                self.outcomes.insert(check, outcome);
                self.run(check, outcome, (before(at, finished.took), at), finished.evidence.summary.as_str());
            }
            CheckEvent::Observed { repeats } => {
                for repeat in repeats {
                    let check = repeat.check.as_str();
                    if let Some(outcome) = self.outcomes.get(check).copied() {
                        self.run(check, outcome, (before(repeat.at, repeat.took), repeat.at), "as before");
                    }
                }
            }
            CheckEvent::Started { .. } | CheckEvent::Demanded { .. } => {}
        }
    }

    fn run(&mut self, check: &str, outcome: Outcome, time: Time, summary: &str) {
        let wrong = matches!(outcome, Outcome::Fail | Outcome::Error).then_some(summary);
        self.span(&format!("check {check}"), CLIENT, time, &[("golive.outcome", outcome.word())], wrong);
    }

    fn step<Of: std::fmt::Display>(&mut self, step: &StepEvent<Of>, at: Timestamp) {
        let StepEvent::Ended { item, end, took, .. } = step else { return };
        let (how, wrong) = match end {
            StepEnd::Succeeded(how) => (how.to_string(), false),
            StepEnd::Failed(how) => (how.to_string(), true),
            StepEnd::TimedOut => ("took too long".to_owned(), true),
            StepEnd::Stopped => ("stopped".to_owned(), true),
            StepEnd::Unknown(why) => (why.to_string(), true),
        };
        let about = [("golive.end", how.as_str())];
        self.span(&format!("step {item}"), INTERNAL, (before(at, *took), at), &about, wrong.then_some(how.as_str()));
    }

    fn alert(&mut self, alert: &str, time: Time) {
        self.span(&format!("alert {alert}"), INTERNAL, time, &[], Some("firing"));
    }

    fn notice(&mut self, notice: &'a NoticeEvent, at: Timestamp) {
        match notice {
            NoticeEvent::Queued(notice) => {
                self.on_the_way.insert(notice.key.as_str(), (at, 0, notice.to.as_str()));
            }
            NoticeEvent::Failed { key, .. } => {
                if let Some((_, attempts, _)) = self.on_the_way.get_mut(key.as_str()) {
                    *attempts += 1;
                }
            }
            NoticeEvent::Delivered { key, .. } => self.arrived(key.as_str(), at, None),
            NoticeEvent::DeadLettered { key, why } => self.arrived(key.as_str(), at, Some(why.as_str())),
            NoticeEvent::Confirmed { .. } | NoticeEvent::Beat { .. } => {}
        }
    }

    fn arrived(&mut self, key: &str, at: Timestamp, wrong: Option<&str>) {
        if let Some((queued, failures, to)) = self.on_the_way.remove(key) {
            let failures = failures.to_string();
            let about = [("golive.notice", key), ("golive.failed_attempts", failures.as_str())];
            self.span(&format!("notice to {to}"), CLIENT, (queued, at), &about, wrong);
        }
    }

    /// What has not ended ends with the trace.
    fn rest(&mut self) {
        let last = self.last;
        for (alert, began) in std::mem::take(&mut self.firing) {
            self.alert(alert, (began, last));
        }
        let waiting: Vec<&str> = self.on_the_way.keys().copied().collect();
        for key in waiting {
            self.arrived(key, last, Some("not arrived yet"));
        }
    }
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<Json> {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect()
}

/// OTLP writes whole numbers of 64 bits as texts.
fn nanos(at: Timestamp) -> String {
    at.as_nanosecond().to_string()
}

fn before(at: Timestamp, length: std::time::Duration) -> Timestamp {
    at.checked_sub(length).unwrap_or(at)
}

/// An id of so many bytes, in hex: the same for the same session each time, so that a trace sent twice is one.
fn digest(text: &str, bytes: usize) -> String {
    hex::encode(&Sha256::digest(text.as_bytes())[..bytes])
}
