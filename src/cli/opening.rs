//! From a plan to a running session: values, network, redactor, journal, engine. The same for `check`, the demo and
//! the cockpit.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::ExposeSecret as _;

use crate::check::Surroundings;
use crate::cli::baselines;
use crate::cli::exit::Stop;
use crate::cli::machine::Machine;
use crate::cli::metrics;
use crate::cli::seen;
use crate::core::event::{Body, ItemEvent, Purpose, SessionEvent};
use crate::engine::handle::Handle;
use crate::engine::{self, Beginning, GateKeeping, Reader, Running, Setup, probes_of_kinds};
use crate::journal::lock::Holder;
use crate::journal::{self, Journal};
use crate::mask::Redactor;
use crate::model::id::SessionId;
use crate::model::plan::Plan;
use crate::model::text::SafeText;
use crate::model::values::{Lookup, Origin, Value, Values};
use crate::network::Network;
use crate::notify::{self, Roster};
use crate::{clock, source, trust};

/// Where a session is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    /// Nowhere: it is gone with the process.
    Memory,
    /// Below a state folder.
    Folder(PathBuf),
}

impl Keeping {
    /// Reads `--journal memory|DIR`; the state folder when absent.
    pub(super) fn of(text: Option<&str>) -> Result<Self, Stop> {
        match text {
            Some("memory") => Ok(Self::Memory),
            Some(folder) => Ok(Self::Folder(PathBuf::from(folder))),
            None => Machine::state_folder().map(Self::Folder),
        }
    }

    /// A new session's journal.
    pub(super) fn journal(&self, session: &SessionId, machine: &Machine) -> Result<Journal, Stop> {
        match self {
            Self::Memory => Ok(Journal::memory()),
            Self::Folder(folder) => {
                let holder = Holder::this_process(machine.host.clone(), machine.operator.id.clone(), clock::now().at);
                Journal::create(&journal::file_of(folder, session), session, &holder).map_err(|error| {
                    Stop::because(&error).instead(
                        "name a folder that can be written to with --journal, or keep nothing: --journal memory",
                    )
                })
            }
        }
    }

    /// Where the steps of a session keep what they print and how they ended.
    pub(super) fn steps(&self, session: &SessionId) -> PathBuf {
        let folder = match self {
            Self::Memory => std::env::temp_dir().join("golive-steps"),
            Self::Folder(folder) => folder.join("steps"),
        };
        let folder = folder.join(session.as_str());
        // A step's supervising process stands elsewhere: what is relative here means nothing there.
        std::path::absolute(&folder).unwrap_or(folder)
    }
}

/// Whether the plan's commands may run; where that cannot be found out, they may not.
pub(super) fn is_trusted(digest: &str) -> Result<bool, Stop> {
    let Ok(folder) = Machine::state_folder() else { return Ok(false) };
    trust::is_allowed(&folder, digest)
        .map_err(|error| Stop::own(format!("cannot look up what is trusted in {}: {error}", folder.display())))
}

/// What a session needs beside its plan and its journal.
pub(super) struct Prepared {
    pub(super) version: Option<SafeText>,
    pub(super) facts: Vec<Body>,
    /// Whether it is asked what changes outside and who is hurt, although nobody keeps a gate here.
    pub(super) inquires: bool,
    surroundings: Arc<Surroundings>,
    redactor: Redactor,
    reader: Reader,
}

impl Prepared {
    /// The session is only read here: what it has to tell is told by whoever flies it.
    pub(super) fn leave_outbox(&mut self) {
        if let Some(surroundings) = Arc::get_mut(&mut self.surroundings) {
            surroundings.notifiers.leave_outbox();
        }
    }

    /// What was normal before, where the plan says where from.
    pub(super) async fn remember(&mut self, plan: &Plan, keeping: &Keeping) {
        let known = baselines::known(plan, keeping, &self.surroundings, clock::now()).await;
        self.facts.extend(known);
    }

    /// The values that the checks will be run on.
    pub(super) fn values(&self) -> &Values {
        &self.surroundings.values
    }
}

/// Reads every source of the plan and sets up the network.
pub(super) async fn prepare(plan: &Plan, trusted: bool, machine: &Machine) -> Result<Prepared, Stop> {
    let network = Network::new(&plan.network, &plan.folder).map_err(|error| {
        let Stop { sentence, .. } = Stop::because(&error);
        Stop::wrong(sentence).instead("mend [network] in the plan")
    })?;
    let reader = seen::reader(machine);
    let values = reader.load(plan, trusted, clock::now()).await;
    let of_notifiers = notify::secrets(&plan.notifiers, &values);
    let redactor = Redactor::new(values.secrets().chain(of_notifiers));
    let notifiers = Roster::new(plan, &values, trusted);
    let seen = engine::credentials_seen(plan, &values);
    let facts = seen.into_iter().map(|seen| Body::Session(SessionEvent::CredentialSeen(Box::new(seen))));
    let version = version("version", &values, &redactor);
    let before = self::version(source::PREVIOUS_VERSION, &values, &redactor);
    let before = before.map(|version| Body::Session(SessionEvent::VersionBefore { version }));
    let facts = before.into_iter().chain(facts).collect();
    let folder = plan.folder.clone();
    let surroundings = Arc::new(Surroundings { values, folder, trusted, clock: clock::now, network, notifiers });
    Ok(Prepared { version, facts, inquires: false, surroundings, redactor, reader })
}

fn version(name: &str, values: &Values, redactor: &Redactor) -> Option<SafeText> {
    match values.get(name) {
        Lookup::Found(value) => Some(SafeText::bounded(&redactor.redact(value.text.expose_secret()), 80)),
        Lookup::Missing | Lookup::Failed(_) => None,
    }
}

/// Starts the engine.
pub(super) fn open(
    mut prepared: Prepared,
    beginning: Beginning,
    journal: Journal,
    machine: &Machine,
    steps_folder: &Path,
    gate: GateKeeping,
) -> Result<(Handle, Running), Stop> {
    if let Some(before) = previous_of(&beginning)
        && let Some(surroundings) = Arc::get_mut(&mut prepared.surroundings)
    {
        surroundings.values.insert(source::PREVIOUS_VERSION, Value::plain(before.as_str(), Origin::Plan));
    }
    let kept_nowhere = journal.is_memory();
    if kept_nowhere && let Some(surroundings) = Arc::get_mut(&mut prepared.surroundings) {
        surroundings.notifiers.keep_to_loopback();
    }
    let serving = metrics_of(&beginning).map(metrics::listen);
    if let Some(Err(error)) = &serving {
        // Nobody is kept on the ground by it, and it is no secret either.
        let text = SafeText::bounded(&format!("/metrics is not served: {error}"), 200);
        prepared.facts.push(Body::Item(ItemEvent::Noted { subject: None, text }));
    }
    let setup = Setup {
        journal,
        beginning,
        host: machine.host.clone(),
        run: ulid::Ulid::generate(),
        facts: prepared.facts,
        probes: probes_of_kinds(),
        reader: prepared.reader,
        surroundings: prepared.surroundings,
        redactor: prepared.redactor,
        gate,
        // A run that is over in a moment looks at what it was asked for, and at nothing else.
        inquires: prepared.inquires || gate == GateKeeping::Decided,
        steps_folder: steps_folder.to_owned(),
    };
    let (handle, running) = engine::open(setup).map_err(|error| Stop::because(&error))?;
    if let Some(Ok(listening)) = serving {
        listening.serve(handle.watch()).map_err(|error| Stop::own(format!("cannot serve /metrics: {error}")))?;
    }
    Ok((handle, running))
}

/// What ran before, as a session that goes on has it.
fn previous_of(beginning: &Beginning) -> Option<SafeText> {
    match beginning {
        Beginning::New { .. } => None,
        Beginning::Resumed(state) => state.session().previous.clone(),
    }
}

/// Where a session in flight serves its metrics. A check in a script serves none: it would take the cockpit's address.
fn metrics_of(beginning: &Beginning) -> Option<SocketAddr> {
    let (purpose, plan) = match beginning {
        Beginning::New { purpose, plan, .. } => (*purpose, Arc::clone(plan)),
        Beginning::Resumed(state) => (state.session().purpose, state.shared_plan()),
    };
    plan.metrics.as_ref().filter(|_| purpose != Purpose::Check).map(|metrics| metrics.listen)
}
