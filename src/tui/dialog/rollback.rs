//! The doors of the way back, and the questions of the ceremony: poll and hold.

use crate::core::decide::Command;
use crate::core::event::PollWord;
use crate::core::rollback;
use crate::core::state::Stage;
use crate::model::rehearsal::RehearsalRecord;
use crate::tui::dialog::{Dialog, Lock, Question};
use crate::tui::format;
use crate::tui::scene::Scene;

impl Dialog {
    /// The door before the rollback, or before stopping it.
    #[must_use]
    pub fn rollback(scene: &Scene<'_>) -> Self {
        let state = scene.live;
        let service = &state.plan().service;
        let place = format!("{} in {}", service.name, service.environment.to_uppercase());
        if state.procedure().is_under_way() {
            let dialog = Self::new(Question::Door(Command::StopRollback), "Stop the rollback");
            let dialog = dialog.fact("", "Stops its running step with everything that it started. What is done stays.");
            return dialog.fact("where", place).locked(Lock::Yes);
        }
        let rehearses = state.session().purpose == crate::core::event::Purpose::Rehearsal;
        let title = if rehearses { format!("Rehearse rolling back {place}") } else { format!("Roll back {place}") };
        let mut dialog = Self::new(Question::Door(Command::RollBack { reason: None }), title);
        dialog = dialog.fact("", rehearsed(scene));
        for (number, (step, run)) in state.rollback_steps().enumerate() {
            let words = crate::tui::detail::action_words(state, &step.action);
            let done = run.and_then(|run| run.end()).map(|end| crate::tui::words::step_end(end).0);
            let done = done.map(|done| format!("   ({done})")).unwrap_or_default();
            dialog = dialog.fact(&format!("{}", number + 1), format!("{}  {words}{done}", step.id));
        }
        for left in rollback::half_done(state) {
            dialog = dialog.fact("by hand", left.to_string());
        }
        let checks = state.plan().rollback.verify.len();
        dialog = dialog.fact(
            "then",
            match checks {
                0 => "nothing verifies the old version: look at it yourself".to_owned(),
                checks => format!(
                    "{} the old version",
                    if checks == 1 { "1 check verifies".to_owned() } else { format!("{checks} checks verify") }
                ),
            },
        );
        if !rehearses {
            dialog = dialog.fact("since", since(scene));
        }
        if let Stage::Failed { why, .. } = &state.procedure().stage {
            dialog = dialog.fact("before", format!("it failed: {why}; what succeeded is not run again"));
        }
        for (number, standing) in rollback::recommendation(state, scene.now).iter().enumerate() {
            dialog = dialog.fact(if number == 0 { "because" } else { "" }, standing.reason.clone());
        }
        dialog.fact("as", scene.own.to_string()).locked(Lock::Word(service.name.clone()))
    }

    /// What a role says to going on.
    #[must_use]
    pub fn poll(scene: &Scene<'_>) -> Self {
        let poll = &scene.live.ceremony().poll;
        let roles = &scene.live.plan().ceremony.roles;
        let mut dialog = Self::new(Question::Poll, "Go or no-go");
        for role in roles {
            let said = match poll.get(role) {
                None => "has not spoken".to_owned(),
                Some(said) => {
                    let why = said.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                    let at = format::time_of_day(said.at, scene.zone);
                    format!("{} {at} {}{why}", said.word.words(), said.by)
                }
            };
            dialog = dialog.fact(role, said);
        }
        let silent = roles.iter().find(|role| !poll.contains_key(*role));
        let role = silent.or_else(|| roles.first()).map_or("", String::as_str);
        dialog.field("role", role, false).field("says", "go", false).field("why", "", true)
    }

    /// To hold the go-live, or to let it go on.
    #[must_use]
    pub fn hold(scene: &Scene<'_>) -> Self {
        match &scene.live.ceremony().hold {
            Some(hold) => {
                let since = format::ago(hold.at, scene.now.at);
                let dialog = Self::new(Question::Door(Command::LiftHold), "Let the go-live go on");
                dialog.fact("held", format!("by {} {since}: {}", hold.by, hold.reason)).locked(Lock::Yes)
            }
            None => Self::new(Question::Hold, "Hold the go-live")
                .fact("", "No step starts and no verdict is better than HOLD until somebody lets it go on.")
                .field("why", "", false),
        }
    }
}

/// Reads what a role says.
pub(super) fn poll_word(text: &str) -> Result<PollWord, String> {
    match text.trim().to_lowercase().as_str() {
        "go" => Ok(PollWord::Go),
        "no-go" | "nogo" | "no go" | "no" => Ok(PollWord::NoGo),
        "abstain" | "abstains" => Ok(PollWord::Abstain),
        other => Err(format!("\"{other}\" is no word of a poll: write go, no-go or abstain")),
    }
}

/// `2 steps, rehearsed on staging 3 d ago in 2:58 (budget 5:00)`.
fn rehearsed(scene: &Scene<'_>) -> String {
    let state = scene.live;
    let steps = format::count(state.rollback_steps().len(), "step");
    let fingerprint = &state.plan().rollback.fingerprint;
    let own = |record: &&RehearsalRecord| record.passed() && record.fingerprint == *fingerprint;
    let budget =
        rollback::budget(state).map(|budget| format!(" (budget {})", format::took(budget))).unwrap_or_default();
    match state.procedure().rehearsals().rev().find(own) {
        Some(record) => format!(
            "{steps}, rehearsed ({}) {} in {}{budget}",
            record.grade.word(),
            format::ago(record.at, scene.now.at),
            format::took(record.took.0)
        ),
        None => format!("{steps}, never rehearsed as they stand now{budget}"),
    }
}

/// What has happened since the deployment began.
fn since(scene: &Scene<'_>) -> String {
    let state = scene.live;
    let began = state.session().phase_opened(crate::model::word::Phase::Deployment);
    let Some(began) = began.filter(|_| rollback::is_anything_deployed(state)) else {
        return "nothing has been deployed in this session yet".to_owned();
    };
    let done = state.items().filter(|(item, known)| {
        item.phase == crate::model::word::Phase::Deployment
            && known.step.as_ref().is_some_and(|step| step.end().is_some())
    });
    let done = done.map(|(item, _)| item.title.clone()).collect::<Vec<_>>().join(", ");
    let gate = if state.session().gate_opened.is_some() { "; the gate is open, customers are in" } else { "" };
    let ran = if done.is_empty() { String::new() } else { format!("; ran: {done}") };
    let grown = rollback::since_deployment(state, scene.now).into_iter().map(|(id, grown)| {
        let title = state.check(&id).and_then(|(check, _)| check.title.clone());
        format!("; {}: {grown:+.0}", title.unwrap_or_else(|| id.to_string()))
    });
    let grown = grown.collect::<String>();
    format!("the deployment began {}{ran}{grown}{gate}", format::ago(began.at, scene.now.at))
}
