//! What an event is called in the journal's listing columns: the words of its stored form.

use crate::core::event::{
    AlertEvent, Body, CeremonyEvent, CheckEvent, EnforcementEvent, Event, ItemEvent, NoticeEvent, ProcedureEvent,
    RehearsalEvent, RotationStep, SessionEvent, StepEvent, TaskEvent, TriageEvent, WatchEvent,
};

/// Family and kind of an event, as the journal lists it.
#[must_use]
pub const fn name_of(event: &Event) -> (&'static str, &'static str) {
    of(&event.body)
}

/// Family and kind of an event.
pub(super) const fn of(body: &Body) -> (&'static str, &'static str) {
    let kind = match body {
        Body::Session(body) => session(body),
        Body::Check(body) => check(body),
        Body::Item(body) => item(body),
        Body::Step(body) => step(body),
        Body::Enforcement(body) => enforcement(body),
        Body::Rotation(body) => rotation(&body.step),
        Body::Watch(body) => watch(body),
        Body::Alert(body) => alert(body),
        Body::Notice(body) => notice(body),
        Body::Procedure(body) => procedure(body),
        Body::Rehearsal(RehearsalEvent::Known(_)) => "known",
        Body::Ceremony(body) => ceremony(body),
        Body::Triage(body) => triage(body),
        Body::Task(body) => task(body),
    };
    (body.family(), kind)
}

/// The same asked of the table, by the names above.
pub(super) const ENDED: &str = "EXISTS (SELECT 1 FROM events WHERE family = 'session' AND kind IN ('closed', 'aborted') \
     OR family = 'procedure' AND kind = 'rolled_back')";

/// Whether an event ends its session.
pub(super) const fn ends(body: &Body) -> bool {
    matches!(
        body,
        Body::Session(SessionEvent::Closed | SessionEvent::Aborted { .. })
            | Body::Procedure(ProcedureEvent::RolledBack { .. })
    )
}

const fn session(body: &SessionEvent) -> &'static str {
    match body {
        SessionEvent::Opened { .. } => "opened",
        SessionEvent::Resumed { .. } => "resumed",
        SessionEvent::VersionBefore { .. } => "version_before",
        SessionEvent::PlanChanged { .. } => "plan_changed",
        SessionEvent::PhaseOpened { .. } => "phase_opened",
        SessionEvent::GateOpened => "gate_opened",
        SessionEvent::GateClosed { .. } => "gate_closed",
        SessionEvent::GateKept(_) => "gate_kept",
        SessionEvent::Closed => "closed",
        SessionEvent::Aborted { .. } => "aborted",
        SessionEvent::CredentialSeen(_) => "credential_seen",
    }
}

const fn check(body: &CheckEvent) -> &'static str {
    match body {
        CheckEvent::Started { .. } => "started",
        CheckEvent::Finished(_) => "finished",
        CheckEvent::Observed { .. } => "observed",
        CheckEvent::Demanded { .. } => "demanded",
    }
}

const fn item(body: &ItemEvent) -> &'static str {
    match body {
        ItemEvent::Signed { .. } => "signed",
        ItemEvent::Unsigned { .. } => "unsigned",
        ItemEvent::Reopened { .. } => "reopened",
        ItemEvent::Objected { .. } => "objected",
        ItemEvent::ObjectionWithdrawn { .. } => "objection_withdrawn",
        ItemEvent::Waived { .. } => "waived",
        ItemEvent::WaiverEnded { .. } => "waiver_ended",
        ItemEvent::Claimed { .. } => "claimed",
        ItemEvent::ClaimEnded { .. } => "claim_ended",
        ItemEvent::Noted { .. } => "noted",
        ItemEvent::SoakStarted { .. } => "soak_started",
        ItemEvent::SoakBroken { .. } => "soak_broken",
        ItemEvent::Soaked { .. } => "soaked",
    }
}

const fn procedure(body: &ProcedureEvent) -> &'static str {
    match body {
        ProcedureEvent::Recommended { .. } => "recommended",
        ProcedureEvent::RecommendationWithdrawn => "recommendation_withdrawn",
        ProcedureEvent::Begun { .. } => "begun",
        ProcedureEvent::Step(body) => step(body),
        ProcedureEvent::VerificationBegan { .. } => "verification_began",
        ProcedureEvent::RolledBack { .. } => "rolled_back",
        ProcedureEvent::Failed { .. } => "failed",
    }
}

const fn task(body: &TaskEvent) -> &'static str {
    match body {
        TaskEvent::Opened { .. } => "opened",
        TaskEvent::Taken { .. } => "taken",
        TaskEvent::Done { .. } => "done",
        TaskEvent::Closed { .. } => "closed",
    }
}

const fn ceremony(body: &CeremonyEvent) -> &'static str {
    match body {
        CeremonyEvent::Polled { .. } => "polled",
        CeremonyEvent::Held { .. } => "held",
        CeremonyEvent::HoldLifted => "hold_lifted",
        CeremonyEvent::WindowOpened => "window_opened",
        CeremonyEvent::WindowClosed => "window_closed",
    }
}

const fn triage(body: &TriageEvent) -> &'static str {
    match body {
        TriageEvent::Watching { .. } => "watching",
        TriageEvent::Changed(_) => "changed",
        TriageEvent::Unwatched { .. } => "unwatched",
        TriageEvent::WatchedAgain { .. } => "watched_again",
        TriageEvent::Counted { .. } => "counted",
        TriageEvent::NotCounted { .. } => "not_counted",
        TriageEvent::Ticked { .. } => "ticked",
    }
}

const fn step<Of>(body: &StepEvent<Of>) -> &'static str {
    match body {
        StepEvent::Intended { .. } => "intended",
        StepEvent::Started { .. } => "started",
        StepEvent::Output { .. } => "output",
        StepEvent::WaitsForInput { .. } => "waits_for_input",
        StepEvent::Elsewhere { .. } => "elsewhere",
        StepEvent::StopAsked { .. } => "stop_asked",
        StepEvent::Ended { .. } => "ended",
    }
}

const fn enforcement(body: &EnforcementEvent) -> &'static str {
    match body {
        EnforcementEvent::Intended { .. } => "intended",
        EnforcementEvent::Written { .. } => "written",
        EnforcementEvent::Failed { .. } => "failed",
        EnforcementEvent::UndoIntended { .. } => "undo_intended",
        EnforcementEvent::Undone { .. } => "undone",
    }
}

const fn rotation(step: &RotationStep) -> &'static str {
    match step {
        RotationStep::Begun { .. } => "begun",
        RotationStep::Refused { .. } => "refused",
        RotationStep::Validated { .. } => "validated",
        RotationStep::Distributing => "distributing",
        RotationStep::Distributed => "distributed",
        RotationStep::Verifying { .. } => "verifying",
        RotationStep::Verified => "verified",
        RotationStep::Withdrawing { .. } => "withdrawing",
        RotationStep::PutBack => "put_back",
        RotationStep::NotPutBack { .. } => "not_put_back",
        RotationStep::Retiring => "retiring",
        RotationStep::Retired { .. } => "retired",
        RotationStep::NotRetired { .. } => "not_retired",
    }
}

const fn watch(body: &WatchEvent) -> &'static str {
    match body {
        WatchEvent::SourceChanged { .. } => "source_changed",
        WatchEvent::FingerprintChanged { .. } => "fingerprint_changed",
        WatchEvent::FingerprintRestored { .. } => "fingerprint_restored",
        WatchEvent::ModeOpened { .. } => "mode_opened",
        WatchEvent::ModeClosed { .. } => "mode_closed",
        WatchEvent::Denied { .. } => "denied",
        WatchEvent::Acknowledged { .. } => "acknowledged",
    }
}

const fn alert(body: &AlertEvent) -> &'static str {
    match body {
        AlertEvent::Evaluable { .. } => "evaluable",
        AlertEvent::Unevaluable { .. } => "unevaluable",
        AlertEvent::Pending { .. } => "pending",
        AlertEvent::Calmed { .. } => "calmed",
        AlertEvent::Fired { .. } => "fired",
        AlertEvent::HeldBack { .. } => "held_back",
        AlertEvent::Released { .. } => "released",
        AlertEvent::KeptFiring { .. } => "kept_firing",
        AlertEvent::HoldsAgain { .. } => "holds_again",
        AlertEvent::Resolved { .. } => "resolved",
        AlertEvent::Acknowledged { .. } => "acknowledged",
        AlertEvent::Unacknowledged { .. } => "unacknowledged",
        AlertEvent::Escalated { .. } => "escalated",
        AlertEvent::Silenced { .. } => "silenced",
        AlertEvent::SilenceEnded { .. } => "silence_ended",
        AlertEvent::BaselineKnown { .. } => "baseline_known",
        AlertEvent::LullDeclared { .. } => "lull_declared",
        AlertEvent::LullEnded { .. } => "lull_ended",
    }
}

const fn notice(body: &NoticeEvent) -> &'static str {
    match body {
        NoticeEvent::Queued(_) => "queued",
        NoticeEvent::Delivered { .. } => "delivered",
        NoticeEvent::Failed { .. } => "failed",
        NoticeEvent::DeadLettered { .. } => "dead_lettered",
        NoticeEvent::Confirmed { .. } => "confirmed",
        NoticeEvent::Beat { .. } => "beat",
    }
}
