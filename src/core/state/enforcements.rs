//! What enforcement wrote, on whose word, and whether it was put back.

use std::sync::Arc;

use jiff::Timestamp;

use crate::core::event::{EnforcementEvent, Event, WrittenFile};
use crate::core::state::{State, checks};
use crate::model::id::{CheckId, EffectId};
use crate::model::operator::Actor;
use crate::model::text::SafeText;
use crate::model::word::Phase;

/// One enforcement.
#[derive(Clone, Debug)]
pub struct Enforcement {
    /// Its number.
    pub effect: EffectId,
    /// Who wanted it.
    pub by: Actor,
    /// When.
    pub at: Timestamp,
    /// The checks that it is to mend.
    pub checks: Vec<CheckId>,
    /// The variables that change.
    pub variables: Vec<SafeText>,
    /// Digest of the texts before and after.
    pub digest: SafeText,
    /// Where it stands.
    pub status: EnforcementStatus,
}

/// Where an enforcement stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EnforcementStatus {
    /// A person wants it; golive has not yet heard that it is written.
    Intended,
    /// It is written.
    Written(Vec<WrittenFile>),
    /// It was not written.
    Failed(SafeText),
    /// A person wants it put back.
    Undoing(Vec<WrittenFile>),
    /// It is put back.
    Undone,
}

impl Enforcement {
    /// Whether a file may be being written now.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        matches!(self.status, EnforcementStatus::Intended | EnforcementStatus::Undoing(_))
    }

    /// The files that it wrote, while they can be put back.
    #[must_use]
    pub fn written(&self) -> Option<&[WrittenFile]> {
        match &self.status {
            EnforcementStatus::Written(files) => Some(files),
            EnforcementStatus::Intended
            | EnforcementStatus::Failed(_)
            | EnforcementStatus::Undoing(_)
            | EnforcementStatus::Undone => None,
        }
    }
}

pub(super) fn apply(state: &mut State, body: &EnforcementEvent, event: &Event) {
    if let EnforcementEvent::Intended { effect, checks, variables, digest } = body {
        state.saw_effect(*effect);
        let enforcement = Enforcement {
            effect: *effect,
            by: event.actor.clone(),
            at: event.at,
            checks: checks.clone(),
            variables: variables.clone(),
            digest: digest.clone(),
            status: EnforcementStatus::Intended,
        };
        Arc::make_mut(&mut state.enforcements).push(enforcement);
        return;
    }
    let (EnforcementEvent::Written { effect, .. }
    | EnforcementEvent::Failed { effect, .. }
    | EnforcementEvent::UndoIntended { effect }
    | EnforcementEvent::Undone { effect }
    | EnforcementEvent::Intended { effect, .. }) = body;
    let found = Arc::make_mut(&mut state.enforcements).iter_mut().rfind(|known| known.effect == *effect);
    let Some(enforcement) = found else { return };
    let status = match (body, &enforcement.status) {
        (EnforcementEvent::Written { files, .. }, EnforcementStatus::Intended) => {
            EnforcementStatus::Written(files.clone())
        }
        // What could not be put back stands as it was written.
        (EnforcementEvent::Failed { .. }, EnforcementStatus::Undoing(files)) => {
            EnforcementStatus::Written(files.clone())
        }
        (EnforcementEvent::Failed { why, .. }, EnforcementStatus::Intended) => EnforcementStatus::Failed(why.clone()),
        (EnforcementEvent::UndoIntended { .. }, EnforcementStatus::Written(files)) => {
            EnforcementStatus::Undoing(files.clone())
        }
        (EnforcementEvent::Undone { .. }, EnforcementStatus::Undoing(_)) => EnforcementStatus::Undone,
        (_, _) => return,
    };
    enforcement.status = status;
    if matches!(body, EnforcementEvent::Written { .. } | EnforcementEvent::Undone { .. }) {
        void_builds(state);
    }
}

/// A build has its values compiled in: one made before the configuration changed is another one's, and so is what was
/// seen of it on demand. The steps of the deployment that ended have to be run again.
fn void_builds(state: &mut State) {
    let built = |state: &State, at: usize| {
        let ended = state.items[at].step.as_ref().is_some_and(|step| !step.is_under_way());
        state.plan.items[at].phase == Phase::Deployment && ended
    };
    for at in 0..state.items.len() {
        if built(state, at) {
            Arc::make_mut(&mut state.items[at]).step = None;
        }
    }
    checks::void_on_demand(state);
}
