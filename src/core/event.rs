//! Everything that can happen, in families. Stored for good: variants and fields are only ever added.
//!
//! An event is a fact in words of the field. It holds no closure, no handle and no secret; whoever reads the journal
//! years later needs nothing else.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::evidence::Evidence;
use crate::model::id::{CheckId, EffectId, ItemId, SessionId};
use crate::model::operator::Actor;
use crate::model::plan::SharedPlan;
use crate::model::text::SafeText;
use crate::model::time::Now;
use crate::model::word::Phase;

/// The version of the stored form. A journal of a newer one is refused, never misread.
pub const VERSION: u32 = 1;

/// One thing that happened. The journal adds `seq`, `prev_hash` and `hash`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Version of the stored form.
    pub v: u32,
    /// A ULID, given by whoever produced it.
    pub id: ulid::Ulid,
    /// The run of golive that produced it: one ULID a process.
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
}

/// The session as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionEvent {
    /// Always the first event. Holds the whole plan, without values: replay needs the journal alone.
    Opened {
        /// Its id.
        session: SessionId,
        /// What it is for.
        purpose: Purpose,
        /// The resolved plan.
        plan: SharedPlan,
        /// The version that goes live, where the plan's source gave one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<SafeText>,
        /// The machine.
        host: SafeText,
    },
    /// golive was started again on this session.
    Resumed {
        /// The machine.
        host: SafeText,
    },
    /// The plan was read again and differs.
    PlanChanged {
        /// The plan from now on.
        plan: SharedPlan,
    },
    /// A phase's checks run from now on.
    PhaseOpened {
        /// Which.
        phase: Phase,
    },
    /// The gate was opened: traffic may come.
    GateOpened,
    /// The gate was closed again.
    GateClosed {
        /// Why.
        reason: SafeText,
    },
    /// The go-live is done.
    Closed,
    /// The go-live was given up.
    Aborted {
        /// Why.
        reason: SafeText,
    },
    /// A credential was read: the masked form, for the credentials screen. Never the value.
    CredentialSeen(Box<CredentialSeen>),
}

/// What may be known of a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialSeen {
    /// Which.
    pub id: crate::model::id::CredentialId,
    /// `••••7Q2M`, or `••••` for short ones. Absent when its source could not be read or has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masked: Option<SafeText>,
    /// Characters.
    pub length: usize,
    /// Keyed, short; to compare, not to guess back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<SafeText>,
    /// `.env.production:4`, `command op`, …
    pub source: SafeText,
    /// Why it could not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<SafeText>,
    /// When its file was last changed, where it is in one: the age until golive knows better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Timestamp>,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A go-live in the cockpit.
    GoLive,
    /// `golive check`.
    Check,
    /// `golive demo`: never offered for resume.
    Demo,
}

/// Checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckEvent {
    /// A run began. Volatile: never journalled; after a resume nothing is running.
    Started {
        /// Which.
        check: CheckId,
        /// The run's number.
        effect: EffectId,
    },
    /// A run ended: the full record.
    Finished(Box<Finished>),
    /// Runs that only repeated what was known: same outcome, same digest, same failure.
    Observed {
        /// One line a run.
        repeats: Vec<Repeat>,
    },
    /// A person asked for these to run now.
    Demanded {
        /// Which.
        checks: Vec<CheckId>,
    },
}

/// The full record of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Which check.
    pub check: CheckId,
    /// Which run: of one check the latest run's counts.
    pub effect: EffectId,
    /// How late it began.
    #[serde(with = "micros")]
    pub lateness: Duration,
    /// How long it took, all attempts together.
    #[serde(with = "micros")]
    pub took: Duration,
    /// What it saw.
    pub evidence: Evidence,
}

/// A run that repeated what was known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Repeat {
    /// Which check.
    pub check: CheckId,
    /// Which run.
    pub effect: EffectId,
    /// When it ended, by the wall clock.
    pub at: Timestamp,
    /// When it ended, in milliseconds since boot.
    pub up: u64,
    /// How long it took.
    #[serde(with = "micros")]
    pub took: Duration,
    /// How late it began.
    #[serde(with = "micros")]
    pub lateness: Duration,
}

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// An item of the checklist.
    Item(ItemId),
    /// A check.
    Check(CheckId),
}

/// Items, and what people decide about them and about checks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemEvent {
    /// A person said yes.
    Signed {
        /// To which item.
        item: ItemId,
        /// Digest of the material facts that were on the screen.
        digest: SafeText,
        /// What they noted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<SafeText>,
    },
    /// A person took their signature back.
    Unsigned {
        /// From which item.
        item: ItemId,
    },
    /// The evidence under a signed item became another: its signatures no longer count.
    Reopened {
        /// Which item.
        item: ItemId,
        /// What changed.
        why: SafeText,
    },
    /// A person objects.
    Objected {
        /// To which item.
        item: ItemId,
        /// Why.
        reason: SafeText,
    },
    /// The objector is content.
    ObjectionWithdrawn {
        /// To which item.
        item: ItemId,
    },
    /// A person accepts something although it is not settled.
    Waived {
        /// What.
        subject: Subject,
        /// Why.
        reason: SafeText,
        /// Until when.
        until: Timestamp,
    },
    /// A waiver is over.
    WaiverEnded {
        /// Of what.
        subject: Subject,
        /// Why.
        why: SafeText,
    },
    /// A person says "I am on it".
    Claimed {
        /// Which item.
        item: ItemId,
    },
    /// A person wrote something down.
    Noted {
        /// About what; about the session when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<Subject>,
        /// The note.
        text: SafeText,
    },
    /// The quiet time begins.
    SoakStarted {
        /// Of which item.
        item: ItemId,
    },
    /// The quiet time was broken and has to begin anew.
    SoakBroken {
        /// Of which item.
        item: ItemId,
        /// By what.
        by: SafeText,
    },
    /// The quiet time was long enough, over fresh evidence.
    Soaked {
        /// Of which item.
        item: ItemId,
    },
}

/// Steps: journalled as intent before they act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEvent {
    /// A person started it; nothing has been run yet.
    Intended {
        /// The item it settles.
        item: ItemId,
        /// Its number.
        effect: EffectId,
    },
    /// It runs.
    Started {
        /// The item.
        item: ItemId,
        /// Its number.
        effect: EffectId,
    },
    /// It printed something.
    Output {
        /// The item.
        item: ItemId,
        /// Its number.
        effect: EffectId,
        /// What it printed: redacted and harmless.
        lines: Vec<OutputLine>,
    },
    /// It waits for input, or no longer does.
    WaitsForInput {
        /// The item.
        item: ItemId,
        /// Its number.
        effect: EffectId,
        /// Whether.
        waits: bool,
    },
    /// A person asked for it to be stopped.
    StopAsked {
        /// The item.
        item: ItemId,
        /// Its number.
        effect: EffectId,
    },
    /// It ended.
    Ended {
        /// The item.
        item: ItemId,
        /// Its number.
        effect: EffectId,
        /// How.
        end: StepEnd,
        /// How long it ran.
        #[serde(with = "micros")]
        took: Duration,
    },
}

/// A line that a step printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputLine {
    /// When.
    pub at: Timestamp,
    /// Whether it came on standard error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub error: bool,
    /// The line.
    pub text: SafeText,
}

/// How a step ended. Only `Succeeded` settles its item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepEnd {
    /// It did what it should; the code or status as text.
    Succeeded(SafeText),
    /// It failed; says how.
    Failed(SafeText),
    /// It took too long and was stopped.
    TimedOut,
    /// A person stopped it.
    Stopped,
    /// Nobody knows how it ended: HOLD, and never run again by itself.
    Unknown(SafeText),
}

impl Repeat {
    /// When it ended, by both clocks.
    #[must_use]
    pub const fn when(&self) -> Now {
        Now { at: self.at, up: Duration::from_millis(self.up) }
    }
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

mod micros {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(part: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(part.as_micros()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_micros)
    }
}
