//! The session as a whole: which phases are open, whether the gate is, how it ended.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::event::{CredentialSeen, Event, GateKept, Purpose, SessionEvent};
use crate::model::id::{CredentialId, SessionId};
use crate::model::operator::Actor;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::{Phase, Question};

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The go-live is done.
    Closed,
    /// It was taken back, and the old version verified.
    RolledBack,
    /// It was to be taken back, and that failed.
    RollbackFailed,
    /// It was given up.
    Aborted,
}

impl Outcome {
    /// The word as reports write it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::RolledBack => "rolled_back",
            Self::RollbackFailed => "rollback_failed",
            Self::Aborted => "aborted",
        }
    }
}

/// The session as a whole.
#[derive(Clone, Debug)]
pub struct SessionState {
    /// Its id.
    pub id: SessionId,
    /// What it is for.
    pub purpose: Purpose,
    /// The version that goes live.
    pub version: Option<SafeText>,
    /// The version that ran before, as it was read when the session was opened.
    pub previous: Option<SafeText>,
    /// The machine it was opened on.
    pub host: SafeText,
    /// When it was opened.
    pub opened: Now,
    /// When the gate was opened, while it is.
    pub gate_opened: Option<Timestamp>,
    /// Who opened it.
    pub gate_by: Option<Actor>,
    /// When and why it was last closed.
    pub gate_closed: Option<(Timestamp, SafeText)>,
    /// What whoever asks it is told.
    pub gate_kept: GateKept,
    /// How and when it ended.
    pub ended: Option<(Outcome, Timestamp)>,
    /// What is known of each credential.
    pub credentials: BTreeMap<CredentialId, CredentialSeen>,
    deployment_opened: Option<Now>,
    post_deployment_opened: Option<Now>,
}

impl SessionState {
    pub(super) fn opened(
        id: SessionId,
        purpose: Purpose,
        version: Option<SafeText>,
        host: SafeText,
        event: &Event,
    ) -> Self {
        Self {
            id,
            purpose,
            version,
            previous: None,
            host,
            opened: event.when(),
            gate_opened: None,
            gate_by: None,
            gate_closed: None,
            gate_kept: GateKept::default(),
            ended: None,
            credentials: BTreeMap::new(),
            deployment_opened: None,
            post_deployment_opened: None,
        }
    }

    pub(super) fn apply(&mut self, body: &SessionEvent, event: &Event) {
        match body {
            SessionEvent::Opened { .. } | SessionEvent::Resumed { .. } | SessionEvent::PlanChanged { .. } => {}
            SessionEvent::VersionBefore { version } => drop(self.previous.get_or_insert_with(|| version.clone())),
            SessionEvent::PhaseOpened { phase } => self.open_phase(*phase, event.when()),
            SessionEvent::GateOpened => {
                self.gate_opened = Some(event.at);
                self.gate_by = Some(event.actor.clone());
            }
            SessionEvent::GateClosed { reason } => {
                self.gate_opened = None;
                self.gate_closed = Some((event.at, reason.clone()));
            }
            SessionEvent::GateKept(kept) => self.gate_kept = kept.clone(),
            SessionEvent::Closed => self.ended = Some((Outcome::Closed, event.at)),
            SessionEvent::Aborted { .. } => self.ended = Some((Outcome::Aborted, event.at)),
            SessionEvent::CredentialSeen(seen) => {
                self.credentials.insert(seen.id.clone(), (**seen).clone());
            }
        }
    }

    fn open_phase(&mut self, phase: Phase, when: Now) {
        match phase {
            Phase::PreDeployment | Phase::Rollback => {}
            Phase::Deployment => {
                self.deployment_opened.get_or_insert(when);
            }
            Phase::PostDeployment => {
                self.post_deployment_opened.get_or_insert(when);
            }
        }
    }

    /// When a phase was opened; `None` while it is locked.
    #[must_use]
    pub const fn phase_opened(&self, phase: Phase) -> Option<Now> {
        match phase {
            Phase::PreDeployment | Phase::Rollback => Some(self.opened),
            Phase::Deployment => self.deployment_opened,
            Phase::PostDeployment => self.post_deployment_opened,
        }
    }

    /// Whether a phase's checks run. `None` stands for "used by no item": from the start.
    #[must_use]
    pub const fn is_open(&self, phase: Option<Phase>) -> bool {
        match phase {
            Some(phase) => self.phase_opened(phase).is_some(),
            None => true,
        }
    }

    /// What the session asks now (DECISIONS 1): `deploy` until the deployment began, `open` until the gate was
    /// opened, `close` from then on.
    #[must_use]
    pub const fn question(&self) -> Question {
        if self.gate_opened.is_some() || matches!(self.ended, Some((Outcome::Closed, _))) {
            Question::Close
        } else if self.deployment_opened.is_some() {
            Question::Open
        } else {
            Question::Deploy
        }
    }
}
