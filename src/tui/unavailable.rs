//! Why a key does nothing here and now: the footer leaves it out, the help dims it and says this.

use crate::core::state::{RotationStage, RotationState, StepStatus};
use crate::tui::action::Action;
use crate::tui::detail::output;
use crate::tui::focus::Focus;
use crate::tui::scene::Scene;
use crate::tui::ui::{Act, ScreenName};
use crate::tui::would_run;

/// Why an action is not to be had; `None` when it is.
#[must_use]
pub fn why(scene: &Scene<'_>, focus: &Focus, action: Action) -> Option<&'static str> {
    if scene.ui.replay.is_some() && action.decides() && action != Action::Quit {
        return Some("a replay decides nothing");
    }
    let ended = scene.live.session().ended.is_some();
    if ended && action.decides() && !matches!(action, Action::Note | Action::Quit) {
        return Some("the session has ended");
    }
    let item = focus.item.as_ref().and_then(|id| scene.state.item(id));
    match action {
        Action::Sign => match item {
            Some((item, _)) if item.manual.is_some() => None,
            _ => Some("needs an item that people sign"),
        },
        Action::Claim if focus.task(scene).is_some() => None,
        Action::Object | Action::Claim if item.is_none() => Some("needs an item"),
        Action::Waive if focus.subject(scene).is_none() => Some("needs an item or a check"),
        Action::RunAgain if focus.checks(scene).is_empty() => Some("needs a check"),
        Action::Fix if focus.failing(scene).is_empty() => Some("needs a check that fails"),
        Action::RollBack if !has_way_back(scene) => Some("the plan has no rollback procedure"),
        Action::Practise if scene.ui.practice.is_none() => Some("in the demo only"),
        Action::Poll if scene.live.plan().ceremony.roles.is_empty() => Some("the plan asks no roles"),
        Action::Acknowledge if focus.seen(scene).is_some() => None,
        Action::Acknowledge if focus.firing(scene).is_none() => Some("no alert fires that nobody has seen"),
        Action::Silence if focus.alert.is_none() && focus.firing(scene).is_none() => Some("needs an alert"),
        Action::Lull if scene.ui.screen != ScreenName::Alerts => Some("on the alerts screen"),
        Action::DryRun if !would_run::has_steps(scene) => Some("this phase runs no step"),
        Action::DryRun if scene.ui.replay.is_some() => Some("a replay knows no values"),
        Action::Search if output::in_hand(scene).is_none() => Some("where a step has printed something"),
        Action::Filter if scene.ui.screen != ScreenName::Timeline => Some("on the timeline"),
        Action::Act => act(scene, focus),
        Action::Undo => undo(scene, focus),
        Action::Sort if scene.ui.screen != ScreenName::Checks => Some("on the checks screen"),
        Action::Screen(screen) if scene.ui.screen == screen => Some("this screen"),
        _ => None,
    }
}

/// Whether the plan names any step of a way back.
fn has_way_back(scene: &Scene<'_>) -> bool {
    let plan = scene.live.plan();
    !plan.procedure.is_empty()
        || plan.items.iter().any(|item| item.step.as_ref().is_some_and(|step| step.undo.is_some()))
}

fn act(scene: &Scene<'_>, focus: &Focus) -> Option<&'static str> {
    let session = scene.live.session();
    if focus.step.is_some() {
        return None;
    }
    if let Some(id) = &focus.credential {
        let retiring = scene.live.rotation(id).is_some_and(|walk| walk.stage == RotationStage::Retiring);
        return retiring.then_some("the old value is being retired");
    }
    match focus.act {
        Some(Act::Begin) if session.phase_opened(crate::model::word::Phase::Deployment).is_some() => {
            Some("it has begun")
        }
        Some(_) => None,
        None => {
            let item = focus.item.as_ref().and_then(|id| scene.state.item(id));
            match item {
                Some((item, known)) if item.step.is_some() => {
                    let stopping = known.step.as_ref().is_some_and(|step| step.status == StepStatus::Stopping);
                    if stopping { Some("it is being stopped already") } else { None }
                }
                _ if focus.waiting_for_code(scene).is_some() || focus.task(scene).is_some() => None,
                _ => Some("needs a step, a task, a credential, the gate or the end"),
            }
        }
    }
}

fn undo(scene: &Scene<'_>, focus: &Focus) -> Option<&'static str> {
    let own = scene.own.normalised();
    let item = focus.item.as_ref().and_then(|id| scene.state.item(id)).is_some_and(|(_, known)| {
        known.signatures.iter().any(|signature| signature.by.normalised() == own)
            || known.objections.iter().any(|objection| objection.by.normalised() == own)
            || known.waiver.is_some()
    });
    let check =
        focus.check.as_ref().and_then(|id| scene.state.check(id)).is_some_and(|(_, known)| known.waiver.is_some());
    let walk =
        focus.credential.as_ref().and_then(|id| scene.live.rotation(id)).is_some_and(RotationState::is_under_way);
    let alert = focus.alert.as_ref().and_then(|id| scene.live.alert(id)).is_some_and(|(_, known)| {
        let seen = known.acknowledged.as_ref().is_some_and(|seen| seen.by.normalised() == own);
        (seen && known.is_firing()) || known.silence.is_some()
    });
    if item || check || walk || alert || focus.enforcement(scene).is_some() {
        None
    } else {
        Some("nothing of yours to take back here")
    }
}
