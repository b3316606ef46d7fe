//! The gate, where deployments ask it: a file and an endpoint on loopback that say what the session decided. Both say
//! closed until a person opened it; golive's own end changes neither (DECISIONS 15).

mod answer;
mod file;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::core::event::GateKept;
use crate::core::state::State;
use crate::engine::enforcing::{Report, Told};
use crate::model::plan::SharedPlan;
use crate::model::text::SafeText;
use crate::model::time::Now;

/// Reasons may change with every result; the file is written at most so often while the gate itself stays as it is.
const BETWEEN: Duration = Duration::from_secs(1);

/// How the gate is kept by this process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// Not at all: the run is over before anybody could ask.
    #[default]
    Not,
    /// By what the session decides: the file is written, the endpoint answers.
    Decided,
    /// As it stands: the endpoint answers what the file says; nothing is written.
    Watched,
}

/// Keeps the gate until golive ends.
pub(super) struct Gatekeeper {
    pub(super) keeping: Keeping,
    pub(super) states: watch::Receiver<Arc<State>>,
    pub(super) reports: mpsc::Sender<Report>,
    pub(super) clock: fn() -> Now,
    pub(super) quit: CancellationToken,
}

impl Gatekeeper {
    /// Begins to keep it, where the plan has a gate.
    pub(super) fn begin(self, plan: &SharedPlan) {
        let gate = &plan.gate;
        let nothing = gate.file.is_none() && gate.listen.is_none();
        if self.keeping == Keeping::Not || nothing {
            return;
        }
        let path = gate.file.as_ref().map(|file| plan.folder.join(file));
        let listen = gate.listen;
        spawn(async move {
            let quit = self.quit.clone();
            tokio::select! {
                () = self.keep(path, listen) => {}
                () = quit.cancelled() => {}
            }
        });
    }

    async fn keep(mut self, path: Option<PathBuf>, listen: Option<SocketAddr>) {
        let mut kept = GateKept::default();
        let listener = match listen {
            Some(address) => match TcpListener::bind(address).await {
                Ok(listener) => {
                    let bound = listener.local_addr().unwrap_or(address);
                    kept.endpoint = Some(SafeText::from_foreign(&format!("http://{bound}/gate")));
                    Some(listener)
                }
                Err(error) => {
                    kept.problem = Some(SafeText::bounded(&format!("{address} cannot be listened on: {error}"), 200));
                    None
                }
            },
            None => None,
        };
        let deaf = kept.problem.clone();
        let mut told = None;
        loop {
            let state = Arc::clone(&self.states.borrow_and_update());
            if let Some(path) = &path {
                let (says, problem) = self.file_says(path.clone(), &state).await;
                kept.file = Some(SafeText::from_foreign(says));
                kept.problem = problem.map(|problem| SafeText::bounded(&problem, 300)).or_else(|| deaf.clone());
            }
            if told.as_ref() != Some(&kept) {
                // When nobody listens any more golive is ending.
                let _ = self.reports.send((Told::Gate(kept.clone()), (self.clock)())).await;
                told = Some(kept.clone());
            }
            let until = Instant::now() + BETWEEN;
            let opened = state.session().gate_opened;
            loop {
                tokio::select! {
                    changed = self.states.changed() => match changed {
                        // A decision is written at once, reasons when their time has come.
                        Ok(()) if self.states.borrow().session().gate_opened != opened => break,
                        Ok(()) => {}
                        Err(_) => return,
                    },
                    accepted = accepted(listener.as_ref()) => {
                        if let Some(stream) = accepted {
                            let state = Arc::clone(&self.states.borrow());
                            let open = self.is_open(path.as_deref(), &state);
                            spawn(answer::serve(stream, state, open, (self.clock)()));
                        }
                    }
                    () = tokio::time::sleep_until(until) => break,
                }
            }
        }
    }

    /// Whether the gate is open to whoever asks now.
    fn is_open(&self, path: Option<&std::path::Path>, state: &State) -> bool {
        let decided = state.session().gate_opened.is_some();
        match (self.keeping, path) {
            (Keeping::Watched, Some(path)) => decided || file::says_open(path),
            (Keeping::Watched | Keeping::Decided | Keeping::Not, _) => decided,
        }
    }

    /// Sees to the file; gives what it says now, and what is wrong with it.
    async fn file_says(&self, path: PathBuf, state: &Arc<State>) -> (&'static str, Option<String>) {
        let word = |open: bool| if open { "open" } else { "closed" };
        let open = state.session().gate_opened.is_some();
        // Of a session that has not decided anything yet: what a go-live before it opened stays open.
        let decided = open || state.session().gate_closed.is_some();
        let writes = self.keeping == Keeping::Decided;
        let text = answer::text(state, (self.clock)());
        let seen = tokio::task::spawn_blocking(move || {
            let before = file::says_open(&path);
            if !writes || (!decided && before) {
                return (before, None);
            }
            match file::write(&path, &text) {
                Ok(()) => (open, None),
                Err(error) => (before, Some(format!("{} could not be written: {error}", path.display()))),
            }
        });
        match seen.await {
            Ok((open, problem)) => (word(open), problem),
            Err(_) => (word(false), Some("golive broke down while it wrote the gate's file".to_owned())),
        }
    }
}

async fn accepted(listener: Option<&TcpListener>) -> Option<tokio::net::TcpStream> {
    match listener {
        Some(listener) => listener.accept().await.ok().map(|(stream, _)| stream),
        None => std::future::pending().await,
    }
}

#[expect(clippy::disallowed_methods, reason = "the engine is the room with tasks")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
