//! Everything that can happen, in families. Stored for good: variants and fields are only ever added.
//!
//! An event is a fact in words of the field. It holds no closure, no handle and no secret; whoever reads the journal
//! years later needs nothing else.

mod alert;
mod ceremony;
mod check;
mod enforcement;
mod item;
mod micros;
mod notice;
mod procedure;
mod rehearsal;
mod rotation;
mod session;
mod step;
mod task;
mod triage;
mod watch;

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

pub use crate::core::event::alert::AlertEvent;
pub use crate::core::event::ceremony::{CeremonyEvent, PollWord};
pub use crate::core::event::check::{CheckEvent, Finished, Repeat};
pub use crate::core::event::enforcement::{EnforcementEvent, WrittenFile};
pub use crate::core::event::item::{ItemEvent, Subject};
pub use crate::core::event::notice::NoticeEvent;
pub use crate::core::event::procedure::ProcedureEvent;
pub use crate::core::event::rehearsal::RehearsalEvent;
pub use crate::core::event::rotation::{NewValue, Obtain, RotationEvent, RotationStep};
pub use crate::core::event::session::{CredentialSeen, GateKept, Purpose, SessionEvent};
pub use crate::core::event::step::{OutputLine, StepEnd, StepEvent};
pub use crate::core::event::task::TaskEvent;
pub use crate::core::event::triage::{Changed, TriageEvent};
pub use crate::core::event::watch::WatchEvent;
use crate::model::in_place::in_place;
use crate::model::operator::Actor;
use crate::model::time::Now;

/// The version of the stored form. A journal of a newer one is refused, never misread.
pub const VERSION: u32 = 1;

/// One thing that happened. The journal adds `seq`, `prev_hash` and `hash`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Version of the stored form.
    pub v: u32,
    /// A ULID, given by whoever produced it.
    #[serde(deserialize_with = "ulid_of")]
    pub id: ulid::Ulid,
    /// The run of golive that produced it: one ULID a process.
    #[serde(deserialize_with = "ulid_of")]
    pub run: ulid::Ulid,
    /// When, by the wall clock.
    pub at: Timestamp,
    /// When, by the clock that counts since boot, in milliseconds.
    pub up: u64,
    /// Who caused it.
    pub actor: Actor,
    /// What happened.
    pub body: Body,
}

/// What happened, by family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// The session as a whole: opened, phases, gate, closed.
    Session(SessionEvent),
    /// Checks: started, finished.
    Check(CheckEvent),
    /// Items and what people decide about them and about checks.
    Item(ItemEvent),
    /// Steps: what was run in the world.
    Step(StepEvent),
    /// Enforcement: the configuration put right, and put back.
    Enforcement(EnforcementEvent),
    /// Rotations of credentials.
    Rotation(RotationEvent),
    /// What is seen of credentials and their files while the session runs.
    Watch(WatchEvent),
    /// Alerts: what rules found, and what people did about it.
    Alert(AlertEvent),
    /// Notices: who was told, and whether it arrived.
    Notice(NoticeEvent),
    /// The rollback procedure.
    Procedure(ProcedureEvent),
    /// Rehearsals of it.
    Rehearsal(RehearsalEvent),
    /// Poll and holds.
    Ceremony(CeremonyEvent),
    /// Tasks that failures ask people to do.
    Task(TaskEvent),
    /// What was asked because something is broken, and what people ticked off.
    Triage(TriageEvent),
}

impl Body {
    /// The word for its family, as it is stored.
    #[must_use]
    pub const fn family(&self) -> &'static str {
        match self {
            Self::Session(_) => "session",
            Self::Check(_) => "check",
            Self::Item(_) => "item",
            Self::Step(_) => "step",
            Self::Enforcement(_) => "enforcement",
            Self::Rotation(_) => "rotation",
            Self::Watch(_) => "watch",
            Self::Alert(_) => "alert",
            Self::Notice(_) => "notice",
            Self::Procedure(_) => "procedure",
            Self::Rehearsal(_) => "rehearsal",
            Self::Ceremony(_) => "ceremony",
            Self::Triage(_) => "triage",
            Self::Task(_) => "task",
        }
    }
}

fn ulid_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ulid::Ulid, D::Error> {
    in_place(deserializer, ulid::Ulid::from_string)
}

impl Event {
    /// When it happened, by both clocks.
    #[must_use]
    pub const fn when(&self) -> Now {
        Now { at: self.at, up: Duration::from_millis(self.up) }
    }

    /// Whether it is only for this process: applied, never journalled.
    #[must_use]
    pub const fn is_volatile(&self) -> bool {
        matches!(self.body, Body::Check(CheckEvent::Started { .. }))
    }

    /// Whether a person decided it: committed at once, before it is shown.
    #[must_use]
    pub const fn is_decision(&self) -> bool {
        matches!(self.actor, Actor::Operator(_))
    }
}
