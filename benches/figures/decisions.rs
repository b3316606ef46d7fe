//! A decision made durable: sent to the journal, answered. Floor: 300 bytes appended to a plain file with fdatasync, on
//! the same disk, turn by turn.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use golive::clock;
use golive::core::event::{Body, Event, ItemEvent, VERSION};
use golive::journal::{Journal, lock::Holder};
use golive::model::id::SessionId;
use golive::model::operator::{Actor, Operator, Provenance};
use golive::model::text::SafeText;

use crate::measure::{median_and_p99, ms, print};

const ROUNDS: usize = 1_000;

fn decision() -> Event {
    let now = clock::now();
    let text =
        SafeText::from_foreign("provider called, ticket 48113; they see the same and are on it since five past two");
    Event {
        v: VERSION,
        id: ulid::Ulid::generate(),
        run: ulid::Ulid::nil(),
        at: now.at,
        up: u64::try_from(now.up.as_millis()).unwrap_or(0),
        actor: Actor::Operator(Operator::new("thandi", Provenance::Os)),
        body: Body::Item(ItemEvent::Noted { subject: None, text }),
    }
}

pub(crate) fn run() {
    // The build folder lies on a real disk; a temporary folder may be memory.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder on the disk");
    let name = SafeText::from_foreign("bench");
    let holder = Holder::this_process(name.clone(), name, clock::now().at);
    let journal =
        Journal::create(&folder.path().join("bench.golive"), &SessionId::new("BENCH"), &holder).expect("a journal");
    let mut plain = OpenOptions::new().append(true).create(true).open(folder.path().join("plain")).expect("a file");
    let line = [b'x'; 300];
    let (mut own, mut floor) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS + 50 {
        let began = Instant::now();
        journal.append(Arc::from([decision()])).wait().expect("stored");
        let took = began.elapsed();
        let began = Instant::now();
        plain.write_all(&line).and_then(|()| plain.sync_data()).expect("written");
        if round >= 50 {
            own.push(took);
            floor.push(began.elapsed());
        }
    }
    let (own, floor) = (median_and_p99(own), median_and_p99(floor));
    print("a decision durable, median", ms(own.0), ms(floor.0), "ms", "<= 1.2");
    print("a decision durable, p99", ms(own.1), ms(floor.1), "ms", "<= 2");
    journal.close().expect("closed");
}
