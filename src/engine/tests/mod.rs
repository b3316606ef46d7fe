//! What the engine promises, as tests on virtual time: checks of these tests' own, a journal in memory, and a clock
//! that stands still until everybody waits.

mod checks;
mod decisions;
mod disk;
mod pipeline;
mod replay;
mod steps;
mod telling;
mod whole;

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinHandle;

use crate::check::{Looking, Probe, Surroundings};
use crate::core::event::{Event, Purpose};
use crate::core::evidence::Evidence;
use crate::core::state::{CheckState, State};
use crate::engine::handle::Handle;
use crate::engine::seeing::Reader;
use crate::engine::sequencer::Sequencer;
use crate::engine::setup::{Beginning, ProbeOf, Setup};
use crate::journal::Journal;
use crate::journal::memory::Memory;
use crate::journal::storage::{Head, Storage, StorageError, Stored};
use crate::mask::Redactor;
use crate::model::alert::Rule;
use crate::model::duration::Span;
use crate::model::failure::{Failure, FailureClass, Recovery};
use crate::model::id::{CheckId, ItemId, KindName, SessionId};
use crate::model::item::{Item, Manual, Waivable};
use crate::model::notifier::Notifier;
use crate::model::operator::{Operator, Provenance};
use crate::model::plan::{self, Check, Limits, Plan, Retry, Run, Service, Sources};
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::values::Values;
use crate::model::word::{Category, Outcome, Phase, Severity};
use crate::network::Network;
use crate::notify::Roster;

const SECOND: Duration = Duration::from_secs(1);

thread_local! {
    static BEGAN: OnceCell<tokio::time::Instant> = const { OnceCell::new() };
}

/// Virtual time by both clocks.
fn clock() -> Now {
    let elapsed = BEGAN.with(|began| began.get_or_init(tokio::time::Instant::now).elapsed());
    let at = Timestamp::from_second(1_795_000_000).unwrap();
    Now { at, up: Duration::from_secs(1_000) }.after(elapsed)
}

/// A check's behaviour: the run's number from 0 on gives what it does.
type Act = Arc<dyn Fn(usize) -> Looking<'static> + Send + Sync>;

struct Actor(Act, AtomicUsize);

impl Probe for Actor {
    fn run(&self, _: Duration) -> Looking<'_> {
        (self.0)(self.1.fetch_add(1, Ordering::SeqCst))
    }
}

/// A plan whose checks do as they are told.
#[derive(Default)]
struct Scene {
    checks: Vec<Check>,
    acts: BTreeMap<CheckId, Act>,
    items: Vec<Item>,
    concurrency: Option<u32>,
    redactor: Redactor,
    trusted: bool,
    rules: Vec<Rule>,
    notifiers: Vec<Notifier>,
}

impl Scene {
    fn check(mut self, check: Check, act: impl Fn(usize) -> Looking<'static> + Send + Sync + 'static) -> Self {
        self.acts.insert(check.id.clone(), Arc::new(act));
        self.checks.push(check);
        self
    }

    fn item(mut self, item: Item) -> Self {
        self.items.push(item);
        self
    }

    fn plan(&self) -> Plan {
        Plan {
            service: Service {
                name: "academy-checkout".to_owned(),
                environment: "production".to_owned(),
                version: None,
                previous_version: None,
                hosts: Vec::new(),
            },
            network: plan::Network::default(),
            sources: Sources::default(),
            variables: BTreeMap::new(),
            credentials: BTreeMap::new(),
            checks: self.checks.clone(),
            items: self.items.clone(),
            alerts: self.rules.clone(),
            notifiers: self.notifiers.clone(),
            baselines: Vec::new(),
            metrics: None,
            procedure: Vec::new(),
            gate: Default::default(),
            rollback: crate::model::rollback::Rollback::default(),
            ceremony: crate::model::ceremony::Ceremony::default(),
            triage: Default::default(),
            limits: Limits { concurrency: self.concurrency.unwrap_or(32), ..Limits::default() },
            folder: PathBuf::from("/"),
            digest: String::new(),
        }
    }

    fn new_session(&self) -> Beginning {
        Beginning::New {
            session: SessionId::new("01ARZ3NDEKTSV4RRFFQ69G5FAV"),
            purpose: Purpose::GoLive,
            plan: Arc::new(self.plan()),
            version: None,
        }
    }

    fn start(self) -> Flight {
        let beginning = self.new_session();
        self.begin(beginning, Disk::default())
    }

    fn start_with(self, journal: Journal, disk: Disk) -> Flight {
        let beginning = self.new_session();
        self.begin_with(beginning, journal, disk)
    }

    fn begin(self, beginning: Beginning, disk: Disk) -> Flight {
        self.begin_with(beginning, Journal::on_the_spot(disk.clone()), disk)
    }

    fn begin_with(self, beginning: Beginning, journal: Journal, disk: Disk) -> Flight {
        // So that the virtual clock begins with the flight.
        let _ = clock();
        let acts = self.acts;
        let probes: ProbeOf = Arc::new(move |check, _| match acts.get(&check.id) {
            Some(act) => Ok(Box::new(Actor(Arc::clone(act), AtomicUsize::new(0)))),
            None => panic!("a kind that breaks down while it is prepared"),
        });
        let network = Network::new(&plan::Network::default(), std::path::Path::new("/")).unwrap();
        let surroundings = Surroundings {
            values: Values::default(),
            folder: PathBuf::from("/"),
            trusted: self.trusted,
            clock,
            network,
            notifiers: Roster::of(&self.notifiers, &Values::default(), std::path::Path::new("/"), true),
        };
        let setup = Setup {
            inquires: false,
            journal,
            beginning,
            host: SafeText::from_foreign("deploy-1"),
            run: ulid::Ulid::from_parts(1, 1),
            facts: Vec::new(),
            surroundings: Arc::new(surroundings),
            probes,
            redactor: self.redactor,
            gate: crate::engine::GateKeeping::Not,
            reader: Reader::default(),
            steps_folder: PathBuf::from("/nowhere"),
        };
        let (handle, sequencer) = Sequencer::new(setup).unwrap();
        let polls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&polls);
        let mut running = Box::pin(sequencer.run());
        let counted = std::future::poll_fn(move |context| {
            counter.fetch_add(1, Ordering::SeqCst);
            running.as_mut().poll(context)
        });
        #[expect(clippy::disallowed_methods, reason = "the test is the engine's thread")]
        let ended = tokio::spawn(counted);
        Flight { handle, ended, disk, polls }
    }
}

/// An engine under way.
struct Flight {
    handle: Handle,
    ended: JoinHandle<Result<(), StorageError>>,
    disk: Disk,
    /// How often the engine woke up.
    polls: Arc<AtomicUsize>,
}

impl Flight {
    /// Lets virtual time pass.
    async fn after(&self, time: Duration) -> Arc<State> {
        tokio::time::sleep(time).await;
        Arc::clone(&self.handle.watch().borrow())
    }

    /// What the journal has, folded: what a replay would show.
    fn replayed(&self) -> State {
        State::fold(&self.disk.events()).unwrap()
    }
}

/// A storage in memory whose disk can be taken away.
#[derive(Clone, Debug, Default)]
struct Disk(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    memory: Memory,
    full: bool,
    commits: usize,
}

impl Disk {
    fn full(&self, full: bool) {
        self.0.lock().unwrap().full = full;
    }

    fn commits(&self) -> usize {
        self.0.lock().unwrap().commits
    }

    fn events(&self) -> Vec<Event> {
        let read = self.0.lock().unwrap().memory.read(1, usize::MAX).unwrap();
        read.into_iter().map(|(_, event)| event).collect()
    }

    /// Goes on with what it holds.
    fn resumed(&self) -> Beginning {
        Beginning::Resumed(Box::new(State::fold(&self.events()).unwrap()))
    }
}

impl Storage for Disk {
    fn append(&mut self, batch: &[&Event]) -> Result<Vec<Stored>, StorageError> {
        let mut inside = self.0.lock().unwrap();
        if inside.full {
            return Err(StorageError("no space left on device".to_owned()));
        }
        inside.commits += 1;
        inside.memory.append(batch)
    }

    fn read(&mut self, from: u64, limit: usize) -> Result<Vec<(Stored, Event)>, StorageError> {
        self.0.lock().unwrap().memory.read(from, limit)
    }

    fn head(&mut self) -> Result<Head, StorageError> {
        self.0.lock().unwrap().memory.head()
    }
}

fn check(id: &str, every: Duration) -> Check {
    Check {
        id: CheckId::new(id),
        kind: KindName::new("test"),
        title: None,
        category: Category::System,
        severity: Severity::Critical,
        every: Span(every),
        timeout: Span(SECOND * 10),
        fresh_for: Span(every * 3 + SECOND * 30),
        retry: Retry::NONE,
        depends_on: Vec::new(),
        run: Run::Scheduled,
        allow_in_production: true,
        waivable: Waivable::By(1),
        impact: None,
        remedy: None,
        recovery: None,
        degradation: None,
        phase: None,
        options: serde_json::Map::new(),
    }
}

fn manual(id: &str) -> Item {
    Item {
        id: ItemId::new(id),
        phase: Phase::PreDeployment,
        title: id.to_owned(),
        severity: Severity::Critical,
        waivable: Waivable::By(1),
        checks: Vec::new(),
        manual: Some(Manual { prompt: "Seen?".to_owned(), approvals: 1, not_by: None }),
        step: None,
        soak: None,
        rehearsal: None,
        needs: Vec::new(),
        remedy: None,
    }
}

fn passes(_: usize) -> Looking<'static> {
    Box::pin(async { Evidence::pass("as it should be") })
}

fn fails(_: usize) -> Looking<'static> {
    Box::pin(async { failed() })
}

fn hangs(_: usize) -> Looking<'static> {
    Box::pin(std::future::pending())
}

fn takes(time: Duration) -> impl Fn(usize) -> Looking<'static> {
    move |_| {
        Box::pin(async move {
            tokio::time::sleep(time).await;
            Evidence::pass("at last")
        })
    }
}

fn failed() -> Evidence {
    let failure = Failure {
        class: FailureClass::Status,
        category: Category::System,
        severity: Severity::Critical,
        impact: SafeText::empty(),
        recovery: Recovery::Retry,
    };
    Evidence::fail(failure, "503")
}

fn of<'a>(state: &'a State, id: &str) -> &'a CheckState {
    state.check(&CheckId::new(id)).unwrap().1
}

fn outcome(state: &State, id: &str) -> Option<Outcome> {
    of(state, id).outcome()
}

fn summary(state: &State, id: &str) -> String {
    of(state, id).latest.as_ref().unwrap().evidence.summary.to_string()
}

fn thandi() -> Operator {
    Operator::new("thandi", Provenance::Os)
}
