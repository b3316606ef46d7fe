//! What the journal promises, as tests: a folder with real files for each, no clock.
#![expect(clippy::disallowed_methods, reason = "these tests harm files on purpose")]

mod harm;
mod keeping;
mod long;
mod sharing;
mod tampering;

use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::core::event::{
    Body, CheckEvent, Event, Finished, ItemEvent, ProcedureEvent, Purpose, SessionEvent, VERSION,
};
use crate::core::evidence::Evidence;
use crate::journal::lock::Holder;
use crate::journal::{Journal, file_of};
use crate::model::id::{CheckId, EffectId, SessionId};
use crate::model::operator::{Actor, Operator, Provenance};
use crate::model::plan::{Limits, Network, Plan, Service, Sources};
use crate::model::text::SafeText;

/// A state folder with one session in it.
struct Place {
    folder: tempfile::TempDir,
    session: SessionId,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), session: SessionId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV") }
    }

    fn path(&self) -> PathBuf {
        file_of(self.folder.path(), &self.session)
    }

    fn create(&self) -> Journal {
        Journal::create(&self.path(), &self.session, &holder("thandi")).unwrap()
    }

    /// A session with these events, ended in order.
    fn with(&self, events: Vec<Event>) {
        let journal = self.create();
        journal.append(events.into()).wait().unwrap();
        journal.close().unwrap();
    }
}

fn holder(name: &str) -> Holder {
    Holder::this_process(SafeText::from_foreign("deploy-1"), SafeText::from_foreign(name), at(0))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn event(number: u64, body: Body) -> Event {
    Event {
        v: VERSION,
        id: ulid::Ulid::from_parts(number, u128::from(number)),
        run: ulid::Ulid::from_parts(1, 1),
        at: at(i64::try_from(number).unwrap()),
        up: number * 1_000,
        actor: Actor::Golive,
        body,
    }
}

fn opened() -> Event {
    let plan = Plan {
        service: Service {
            name: "academy-checkout".to_owned(),
            environment: "production".to_owned(),
            version: None,
            previous_version: None,
            hosts: Vec::new(),
        },
        network: Network::default(),
        sources: Sources::default(),
        variables: std::collections::BTreeMap::new(),
        credentials: std::collections::BTreeMap::new(),
        checks: Vec::new(),
        items: Vec::new(),
        alerts: Vec::new(),
        notifiers: Vec::new(),
        baselines: Vec::new(),
        metrics: None,
        procedure: Vec::new(),
        gate: Default::default(),
        rollback: crate::model::rollback::Rollback::default(),
        ceremony: crate::model::ceremony::Ceremony::default(),
        triage: Default::default(),
        limits: Limits::default(),
        folder: PathBuf::from("/plan"),
        digest: "0".repeat(64),
    };
    let session = SessionId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let host = SafeText::from_foreign("deploy-1");
    let opening = SessionEvent::Opened { session, purpose: Purpose::GoLive, plan: Arc::new(plan), version: None, host };
    event(0, Body::Session(opening))
}

fn result(number: u64) -> Event {
    let finished = Finished {
        check: CheckId::new("payment_api"),
        effect: EffectId(number),
        lateness: std::time::Duration::from_millis(1),
        took: std::time::Duration::from_millis(12),
        evidence: Evidence::pass("200 in 12 ms").fact("status", "200"),
    };
    event(number, Body::Check(CheckEvent::Finished(Box::new(finished))))
}

fn note(number: u64, text: &str) -> Event {
    let noted = ItemEvent::Noted { subject: None, text: SafeText::from_foreign(text) };
    let by = Operator::new("thandi", Provenance::Os);
    Event { actor: Actor::Operator(by), ..event(number, Body::Item(noted)) }
}

fn closed(number: u64) -> Event {
    event(number, Body::Session(SessionEvent::Closed))
}

/// An opening, results, and the end.
fn whole_session(results: u64) -> Vec<Event> {
    let mut events = vec![opened()];
    events.extend((1..=results).map(result));
    events.push(closed(results + 1));
    events
}
