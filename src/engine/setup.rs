//! What an engine needs to start: the journal, the session, what checks and steps look with.

use std::path::PathBuf;
use std::sync::Arc;

use crate::check::{self, Probe, Surroundings};
use crate::core::event::{Body, Purpose};
use crate::core::evidence::Evidence;
use crate::core::state::{FoldError, State};
use crate::engine::gate::Keeping;
use crate::engine::seeing::Reader;
use crate::journal::Journal;
use crate::mask::Redactor;
use crate::model::failure::{Failure, FailureClass, Recovery};
use crate::model::id::SessionId;
use crate::model::plan::{Check, SharedPlan};
use crate::model::text::SafeText;

/// Makes a check's probe in these surroundings, or the evidence that stands in for it.
pub type ProbeOf = Arc<dyn Fn(&Check, &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> + Send + Sync>;

/// Everything an engine starts from.
pub struct Setup {
    /// Where events are kept.
    pub journal: Journal,
    /// A new session, or one that goes on.
    pub beginning: Beginning,
    /// The machine, for the record.
    pub host: SafeText,
    /// This process's run: a ULID of its own.
    pub run: ulid::Ulid,
    /// What is known from elsewhere at the start: credentials as they were read.
    pub facts: Vec<Body>,
    /// What all checks share; its clock is the engine's too.
    pub surroundings: Arc<Surroundings>,
    /// Makes probes: [`probes_of_kinds`], or a test's own.
    pub probes: ProbeOf,
    /// Reads the plan's sources again when one changed.
    pub reader: Reader,
    /// Takes secrets out of everything that becomes an event.
    pub redactor: Redactor,
    /// How the gate is kept.
    pub gate: Keeping,
    /// Whether it is asked what changes outside and who is hurt: where people look on.
    pub inquires: bool,
    /// Where steps keep what they print and how they ended.
    pub steps_folder: PathBuf,
}

/// How a session begins for this process.
pub enum Beginning {
    /// A new one.
    New {
        /// Its id.
        session: SessionId,
        /// What it is for.
        purpose: Purpose,
        /// The resolved plan.
        plan: SharedPlan,
        /// The version that goes live.
        version: Option<SafeText>,
    },
    /// One that goes on: what its events make together.
    Resumed(Box<State>),
}

/// Why an engine does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The events are no session.
    #[error("cannot go on with the session: {0}")]
    Fold(#[from] FoldError),
    /// The system gives no thread.
    #[error("cannot start the engine's thread: {0}")]
    Thread(std::io::Error),
}

/// Probes of golive's own kinds.
#[must_use]
pub fn probes_of_kinds() -> ProbeOf {
    Arc::new(|check, surroundings| match check::kind(check.kind.as_str()) {
        Some(kind) => kind.build(check, surroundings),
        None => Err(Box::new(own_error(check, &format!("this golive has no kind \"{}\"", check.kind)))),
    })
}

/// golive itself could not find out.
pub(super) fn own_error(check: &Check, summary: &str) -> Evidence {
    let impact = check.impact.as_deref().unwrap_or("what this check claims is not known");
    let failure = Failure {
        class: FailureClass::Local,
        category: check.category,
        severity: check.severity,
        impact: SafeText::bounded(impact, 300),
        recovery: Recovery::Retry,
    };
    Evidence::error(failure, summary)
}
