//! What a person can ask for. Data, like everything that reaches the core.

use jiff::Timestamp;

use crate::core::event::{PollWord, Subject};
use crate::model::id::{AlertId, CheckId, CredentialId, EffectId, ItemId};
use crate::model::text::SafeText;
use crate::model::values::Given;

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Says yes to a manual item.
    Sign {
        /// Which.
        item: ItemId,
        /// What they note.
        note: Option<String>,
    },
    /// Takes their own signature back.
    TakeBackSignature {
        /// From which item.
        item: ItemId,
    },
    /// Says no, with a reason.
    Object {
        /// To which item.
        item: ItemId,
        /// Why.
        reason: String,
    },
    /// Is content after all.
    WithdrawObjection {
        /// To which item.
        item: ItemId,
    },
    /// Accepts something although it is not settled.
    Waive {
        /// What.
        subject: Subject,
        /// Why.
        reason: String,
        /// Until when.
        until: Timestamp,
    },
    /// Ends a waiver early.
    EndWaiver {
        /// Of what.
        subject: Subject,
    },
    /// "I am on it."
    Claim {
        /// Which item.
        item: ItemId,
    },
    /// "I am on it no longer."
    Unclaim {
        /// Which item.
        item: ItemId,
    },
    /// Writes something down.
    Note {
        /// About what; about the session when absent.
        subject: Option<Subject>,
        /// The note.
        text: String,
    },
    /// Ticks a step of a check's runbook off, or takes that back.
    Tick {
        /// The check.
        check: CheckId,
        /// The step's number, from 0.
        step: usize,
        /// Whether it is done.
        done: bool,
    },
    /// Is on the task of a failing check.
    TakeTask {
        /// The check.
        check: CheckId,
    },
    /// Says that the task of a failing check is done: it is run at once, and that decides.
    TaskDone {
        /// The check.
        check: CheckId,
        /// What they did.
        note: Option<String>,
    },
    /// Types back the code of a test message.
    ConfirmCode {
        /// The check that sent it.
        check: CheckId,
        /// What they typed.
        code: String,
    },
    /// Says that an alert was seen: it is not escalated.
    Acknowledge {
        /// Which alert.
        alert: AlertId,
        /// What they note.
        note: Option<String>,
    },
    /// Takes their own acknowledgement back.
    TakeBackAcknowledgement {
        /// Of which alert.
        alert: AlertId,
    },
    /// Wants no notices of an alert for a while.
    Silence {
        /// Which alert.
        alert: AlertId,
        /// Why.
        reason: String,
        /// Until when.
        until: Timestamp,
    },
    /// Ends a silence early.
    EndSilence {
        /// Of which alert.
        alert: AlertId,
    },
    /// Says that business rests for a while.
    DeclareLull {
        /// Why.
        reason: String,
        /// Until when.
        until: Timestamp,
    },
    /// Ends a lull early.
    EndLull,
    /// Wants checks to run now.
    RunAgain {
        /// Which.
        checks: Vec<CheckId>,
    },
    /// Starts an item's step.
    StartStep {
        /// Which item.
        item: ItemId,
    },
    /// Stops an item's running step, its whole tree.
    StopStep {
        /// Which item.
        item: ItemId,
    },
    /// Writes what was shown into the configuration.
    Enforce {
        /// The checks that it is to mend.
        checks: Vec<CheckId>,
        /// The variables that change.
        variables: Vec<String>,
        /// Digest of what was shown.
        digest: SafeText,
    },
    /// Puts back what enforcement wrote.
    UndoEnforcement {
        /// Which.
        effect: EffectId,
    },
    /// Begins the deployment where no step does.
    BeginDeployment,
    /// Lets customers in.
    OpenGate,
    /// Keeps customers out again.
    CloseGate {
        /// Why.
        reason: String,
    },
    /// Says that the go-live is done.
    CloseSession,
    /// Goes back to the old version, or tries again where that failed.
    RollBack {
        /// Why, where the person says so.
        reason: Option<String>,
    },
    /// Stops the rollback: its running step, with its whole tree.
    StopRollback,
    /// Speaks for a role in the poll.
    SayInPoll {
        /// The role.
        role: String,
        /// What it says.
        word: PollWord,
        /// Why.
        reason: Option<String>,
    },
    /// Holds the go-live.
    Hold {
        /// Why.
        reason: String,
    },
    /// Lets it go on.
    LiftHold,
    /// Gives the go-live up.
    AbortSession {
        /// Why.
        reason: String,
    },
    /// Begins a credential's rotation.
    Rotate {
        /// Which.
        credential: CredentialId,
        /// The new value, where a person gives it: it goes to the engine and into no event.
        value: Option<Given>,
    },
    /// Takes a rotation back: the old value is in force again.
    AbortRotation {
        /// Of which credential.
        credential: CredentialId,
    },
    /// Gives one's word that the old value may go, or is gone.
    RetireOld {
        /// Of which credential.
        credential: CredentialId,
    },
    /// Takes on oneself what the watch over credentials saw.
    AcknowledgeSeen {
        /// Of what: a credential's id, a file, `denied`.
        what: String,
    },
}
