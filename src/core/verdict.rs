//! The verdict: the answer to a question, with its reasons (DECISIONS 4 to 8).
//!
//! The answer is the greatest weight among the reasons and nothing else, so every verdict but GO has reasons by
//! construction, and what is not known weighs at least HOLD.

mod alerts;
mod ceremony;
mod notifiers;
mod weigh;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::event::Subject;
use crate::core::state::State;
use crate::model::id::CheckId;
use crate::model::time::Now;
use crate::model::word::{Phase, Question, Severity};

pub use weigh::next_change;

/// The answer. Ordered: worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Nothing stands against it.
    Go,
    /// Something to look at, nothing in the way.
    GoWithWarnings,
    /// Evidence is missing, stale, running or inconclusive.
    Hold,
    /// Something is in the way.
    NoGo,
}

impl Answer {
    /// As people read it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::GoWithWarnings => "GO WITH WARNINGS",
            Self::Hold => "HOLD",
            Self::NoGo => "NO-GO",
        }
    }

    /// Whether one may go on.
    #[must_use]
    pub const fn permits(self) -> bool {
        matches!(self, Self::Go | Self::GoWithWarnings)
    }
}

/// What is asked, and whom.
#[derive(Clone, Debug)]
pub struct Inquiry {
    /// The question.
    pub question: Question,
    /// Whose word counts.
    pub scope: Scope,
}

/// Whose word counts (DECISIONS 2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Machines, people and steps.
    All,
    /// What machines can judge; items for people and steps are listed as waiting and do not hold it.
    Machines,
    /// Machines, on a selection: these checks, and these phases' items are listed.
    Selection {
        /// The checks that are judged.
        checks: BTreeSet<CheckId>,
        /// The phases that were selected; all when empty.
        phases: Vec<Phase>,
    },
}

impl Scope {
    /// The word as it stands in reports.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Machines => "machines",
            Self::Selection { .. } => "selection",
        }
    }
}

/// Why the verdict is what it is, line by line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// What it weighs.
    pub weight: Answer,
    /// What it is about; `None` for golive itself.
    pub subject: Option<Subject>,
    /// The severity it was weighed with.
    pub severity: Severity,
    /// Of what sort it is.
    pub cause: Cause,
    /// One sentence.
    pub message: String,
    /// What to do about it.
    pub remedy: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
}

/// Of what sort a reason is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A check's last conclusive result is a fail. Blocked besides: by these.
    KnownFailure {
        /// The root causes that keep it from being run again.
        blocked_by: Vec<CheckId>,
    },
    /// A fresh warning.
    Warned,
    /// A check could not find out.
    Inconclusive,
    /// A check never finished.
    Missing,
    /// What a check stands on is down: the root causes.
    Blocked(Vec<CheckId>),
    /// Evidence that no longer counts.
    Stale,
    /// Accepted by people.
    Waived,
    /// An item waits for people.
    People,
    /// An item's step has not been run, runs, or ended unknown.
    Step,
    /// An item's step failed.
    StepFailed,
    /// An item soaks.
    Soak,
    /// An item has no rehearsal that counts.
    Rehearsal,
    /// Somebody objects.
    Objection,
    /// A notifier takes nothing.
    Untold,
    /// A credential's rotation is under way.
    Rotation,
    /// The watch over credentials saw something that nobody has taken on them.
    Watch,
    /// The rollback runs, is done, or failed.
    Rollback,
    /// A person holds the go-live.
    Held,
    /// A role has not spoken, or says no-go.
    Poll,
    /// Outside the window, or in a freeze.
    Window,
    /// An alert fires.
    Alert,
    /// An alert's rule cannot be evaluated.
    AlertUnknown,
    /// The journal cannot be written.
    Journal,
}

/// Something that waits for people or steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// What; nothing where it is the go-live as a whole that waits.
    pub subject: Option<Subject>,
    /// Of what sort it is.
    pub cause: Cause,
    /// Whose move it is.
    pub whose: String,
    /// What is missing, in words.
    pub what: String,
    /// Since when.
    pub since: Timestamp,
}

/// The answer to a question, with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    question: Question,
    reasons: Vec<Reason>,
    notes: Vec<Reason>,
    waiting: Vec<Waiting>,
}

impl Verdict {
    fn new(question: Question, mut reasons: Vec<Reason>, waiting: Vec<Waiting>) -> Self {
        reasons.sort_by(|a, b| b.weight.cmp(&a.weight).then(b.severity.cmp(&a.severity)));
        let split = reasons.iter().position(|reason| reason.weight == Answer::Go).unwrap_or(reasons.len());
        let notes = reasons.split_off(split);
        Self { question, reasons, notes, waiting }
    }

    /// The answer: the weight of the worst reason.
    #[must_use]
    pub fn answer(&self) -> Answer {
        self.reasons.first().map_or(Answer::Go, |reason| reason.weight)
    }

    /// What was asked.
    #[must_use]
    pub const fn question(&self) -> Question {
        self.question
    }

    /// Every reason that stands against GO, worst first.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// What was noted and weighs nothing.
    #[must_use]
    pub fn notes(&self) -> &[Reason] {
        &self.notes
    }

    /// What waits for people or steps.
    #[must_use]
    pub fn waiting(&self) -> &[Waiting] {
        &self.waiting
    }

    /// The reasons of one weight.
    pub fn weighing(&self, weight: Answer) -> impl Iterator<Item = &Reason> {
        self.reasons.iter().filter(move |reason| reason.weight == weight)
    }

    /// The verdict with the present blockers taken as mended, and what they blocked taken as missing.
    #[must_use]
    pub fn would_be(&self) -> Answer {
        let mended = |reason: &Reason| match (&reason.weight, &reason.cause) {
            (Answer::NoGo, Cause::KnownFailure { blocked_by }) if !blocked_by.is_empty() => Answer::Hold,
            // What was taken back stays taken back, whatever else is mended.
            (weight, Cause::Rollback) => *weight,
            (Answer::NoGo, _) => Answer::Go,
            (weight, _) => *weight,
        };
        self.reasons.iter().map(mended).max().unwrap_or(Answer::Go)
    }

    /// `NO-GO to deploy`, as it stands in the banner.
    #[must_use]
    pub fn headline(&self) -> String {
        let what = match self.question {
            Question::Deploy => "to deploy",
            Question::Open => "to open",
            Question::Close => "to close",
        };
        format!("{} {what}", self.answer().words())
    }
}

/// Answers a question about a state at a moment.
#[must_use]
pub fn verdict(state: &State, inquiry: &Inquiry, now: Now) -> Verdict {
    let mut reasons = weigh::checks(state, inquiry, now);
    if inquiry.scope == Scope::All {
        reasons.extend(weigh::items(state, inquiry.question, now));
        reasons.extend(ceremony::people(state, inquiry.question, now));
        reasons.extend(ceremony::procedure(state));
    }
    reasons.extend(notifiers::notifiers(state, now));
    reasons.extend(alerts::reasons(state, inquiry, now));
    reasons.extend(weigh::rotations(state));
    reasons.extend(weigh::watched(state));
    reasons.extend(weigh::journal(state));
    Verdict::new(inquiry.question, reasons, weigh::waiting(state, inquiry, now))
}

/// The verdict that the cockpit shows: the session's own question, everybody's word.
#[must_use]
pub fn of_session(state: &State, now: Now) -> Verdict {
    verdict(state, &Inquiry { question: state.session().question(), scope: Scope::All }, now)
}
