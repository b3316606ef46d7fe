//! The one place that knows exit codes. They are an interface: scripts rely on each.

use std::process::ExitCode;

use crate::core::verdict::Answer;

/// How golive ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// GO, or a command that did what it should.
    Go,
    /// NO-GO.
    NoGo,
    /// What was compared differs: a journal that was changed from outside.
    Differs,
    /// The command line or the plan is wrong: nothing was run.
    Wrong,
    /// HOLD: evidence missing, stale or inconclusive.
    Hold,
    /// golive itself failed: nothing is claimed.
    Own,
    /// `exec` did not run its command: the verdict does not permit.
    Refused,
    /// `exec` found its command and could not run it.
    NotRunnable,
    /// `exec` did not find its command.
    NotFound,
    /// SIGINT.
    Interrupted,
    /// SIGTERM.
    Terminated,
}

impl Exit {
    /// How to end on an answer. `strict` takes warnings for blockers.
    pub(super) const fn of(answer: Answer, strict: bool) -> Self {
        match answer {
            Answer::Go => Self::Go,
            Answer::GoWithWarnings if strict => Self::NoGo,
            Answer::GoWithWarnings => Self::Go,
            Answer::Hold => Self::Hold,
            Answer::NoGo => Self::NoGo,
        }
    }

    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Go => 0,
            Self::NoGo | Self::Differs => 1,
            Self::Wrong => 2,
            Self::Hold => 3,
            Self::Own => 4,
            Self::Refused => 125,
            Self::NotRunnable => 126,
            Self::NotFound => 127,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Why golive stops before its end, in a sentence for the person, with what to do next.
#[derive(Debug, thiserror::Error)]
#[error("{sentence}")]
pub(super) struct Stop {
    pub(super) exit: Exit,
    pub(super) sentence: String,
    pub(super) instead: Option<String>,
}

impl Stop {
    /// The command line or the plan is wrong.
    pub(super) fn wrong(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Wrong, sentence: sentence.into(), instead: None }
    }

    /// golive itself failed.
    pub(super) fn own(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Own, sentence: sentence.into(), instead: None }
    }

    /// golive itself failed because of an error of a room: what was tried and all that lies beneath, in one line.
    pub(super) fn because(error: &dyn std::error::Error) -> Self {
        let mut sentence = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            sentence.push_str(": ");
            sentence.push_str(&inner.to_string());
            source = inner.source();
        }
        Self::own(sentence)
    }

    /// The same, with what to do next.
    pub(super) fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_has_its_code() {
        let codes = |strict| {
            [Answer::Go, Answer::GoWithWarnings, Answer::Hold, Answer::NoGo]
                .map(|answer| Exit::of(answer, strict).code())
        };
        assert_eq!(codes(false), [0, 0, 3, 1]);
        assert_eq!(codes(true), [0, 1, 3, 1]);
    }
}
