//! Triage: what changed outside, who is hurt, which steps of a runbook are done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::inquiry::Counted;
use crate::model::id::{CheckId, HurtId, SourceId};
use crate::model::text::SafeText;

/// What was asked because something is broken, and what people ticked off.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriageEvent {
    /// A source of changes answers: this is how things stand from here on, by key and face.
    Watching {
        /// Which.
        source: SourceId,
        /// What stands there.
        seen: Vec<(SafeText, SafeText)>,
    },
    /// Something changed outside.
    Changed(Box<Changed>),
    /// A source cannot be looked at: whatever changes there goes unseen.
    Unwatched {
        /// Which.
        source: SourceId,
        /// Why.
        why: SafeText,
    },
    /// It can be looked at again.
    WatchedAgain {
        /// Which.
        source: SourceId,
    },
    /// A query said who is hurt.
    Counted {
        /// Which.
        query: HurtId,
        /// Since when it was to count: the last moment at which all was well.
        since: Timestamp,
        /// Its answer.
        counted: Counted,
    },
    /// A query could not be answered: nobody knows who is hurt.
    NotCounted {
        /// Which.
        query: HurtId,
        /// Since when it was to count.
        since: Timestamp,
        /// Why.
        why: SafeText,
    },
    /// A person ticked a step of a runbook off, or took that back.
    Ticked {
        /// The check whose runbook it is.
        check: CheckId,
        /// The step's number, from 0.
        step: usize,
        /// The step's words.
        words: SafeText,
        /// Whether it is done.
        done: bool,
    },
}

/// Something that changed outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// The source that shows it.
    pub source: SourceId,
    /// What changed, by its name within the source.
    pub key: SafeText,
    /// What it is now, to be compared; absent when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face: Option<SafeText>,
    /// What happened, in a sentence.
    pub what: SafeText,
    /// When, where the source says so; else it was between two looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened: Option<Timestamp>,
    /// Who did it, where the source says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SafeText>,
}
