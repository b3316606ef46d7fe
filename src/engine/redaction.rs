//! The door into an event: every text that comes from outside passes the redactor here (DECISIONS 30).

use crate::core::decide::Command;
use crate::core::event::{CredentialSeen, OutputLine, RotationStep};
use crate::core::evidence::Evidence;
use crate::mask::Redactor;
use crate::model::text::SafeText;

/// What a check saw, without secrets.
pub(super) fn evidence(redactor: &Redactor, evidence: Evidence) -> Evidence {
    evidence.rewritten(&|text| redactor.redact(text).into_owned())
}

/// One text without secrets.
pub(super) fn text(redactor: &Redactor, text: &str) -> SafeText {
    SafeText::from_foreign(&redactor.redact(text))
}

/// A line that a step printed, without secrets.
pub(super) fn line(redactor: &Redactor, line: &OutputLine) -> OutputLine {
    OutputLine { text: text(redactor, line.text.as_str()), ..line.clone() }
}

/// What a person typed, without secrets: somebody will paste one into a note.
pub(super) fn command(redactor: &Redactor, command: Command) -> Command {
    let clean = |text: String| redactor.redact(&text).into_owned();
    match command {
        Command::Sign { item, note } => Command::Sign { item, note: note.map(clean) },
        Command::TaskDone { check, note } => Command::TaskDone { check, note: note.map(clean) },
        Command::Object { item, reason } => Command::Object { item, reason: clean(reason) },
        Command::Waive { subject, reason, until } => Command::Waive { subject, reason: clean(reason), until },
        Command::Acknowledge { alert, note } => Command::Acknowledge { alert, note: note.map(clean) },
        Command::Silence { alert, reason, until } => Command::Silence { alert, reason: clean(reason), until },
        Command::DeclareLull { reason, until } => Command::DeclareLull { reason: clean(reason), until },
        Command::Note { subject, text } => Command::Note { subject, text: clean(text) },
        Command::CloseGate { reason } => Command::CloseGate { reason: clean(reason) },
        Command::AbortSession { reason } => Command::AbortSession { reason: clean(reason) },
        Command::RollBack { reason } => Command::RollBack { reason: reason.map(clean) },
        Command::SayInPoll { role, word, reason } => Command::SayInPoll { role, word, reason: reason.map(clean) },
        Command::Hold { reason } => Command::Hold { reason: clean(reason) },
        Command::TakeBackSignature { .. }
        | Command::WithdrawObjection { .. }
        | Command::EndWaiver { .. }
        | Command::Claim { .. }
        | Command::Unclaim { .. }
        | Command::ConfirmCode { .. }
        | Command::Tick { .. }
        | Command::TakeTask { .. }
        | Command::TakeBackAcknowledgement { .. }
        | Command::EndSilence { .. }
        | Command::EndLull
        | Command::RunAgain { .. }
        | Command::StartStep { .. }
        | Command::StopStep { .. }
        | Command::Enforce { .. }
        | Command::UndoEnforcement { .. }
        | Command::BeginDeployment
        | Command::OpenGate
        | Command::CloseSession
        | Command::Rotate { .. }
        | Command::AbortRotation { .. }
        | Command::RetireOld { .. }
        | Command::AcknowledgeSeen { .. }
        | Command::StopRollback
        | Command::LiftHold => command,
    }
}

/// What may be known of a credential, without secrets: its source's complaint may quote one.
pub(super) fn seen(redactor: &Redactor, seen: CredentialSeen) -> CredentialSeen {
    let problem = seen.problem.as_ref().map(|problem| text(redactor, problem.as_str()));
    CredentialSeen { source: text(redactor, seen.source.as_str()), problem, ..seen }
}

/// A rotation's step, without secrets.
pub(super) fn rotation(redactor: &Redactor, step: RotationStep) -> RotationStep {
    let clean = |words: &SafeText| text(redactor, words.as_str());
    match step {
        RotationStep::Refused { why } => RotationStep::Refused { why: why.iter().map(clean).collect() },
        RotationStep::Validated { new, places } => {
            RotationStep::Validated { new, places: places.iter().map(clean).collect() }
        }
        RotationStep::Withdrawing { why } => RotationStep::Withdrawing { why: clean(&why) },
        RotationStep::NotPutBack { why } => RotationStep::NotPutBack { why: clean(&why) },
        RotationStep::Retired { how } => RotationStep::Retired { how: clean(&how) },
        RotationStep::NotRetired { why } => RotationStep::NotRetired { why: clean(&why) },
        RotationStep::Begun { .. }
        | RotationStep::Distributing
        | RotationStep::Distributed
        | RotationStep::Verifying { .. }
        | RotationStep::Verified
        | RotationStep::PutBack
        | RotationStep::Retiring => step,
    }
}
