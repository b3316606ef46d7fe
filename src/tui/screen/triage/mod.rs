//! What broke first? Causes with their victims folded under them, what good looked like, who is hurt, what changed just
//! before, what the runbook says, and the scratch pad.

mod around;
mod rows;
mod runbook;

use crate::core::triage::{self, RootCause};
use crate::model::id::CheckId;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::theme::Role;
use crate::tui::ui::{Pane, Place, RowKey, ScreenName};
use crate::tui::widget::list;

/// Triage.
pub(super) struct Triage;

/// So many changes before the first failure are shown at most.
const CHANGES: usize = 7;
/// From so many rows on, runbook and notes stand below the changes.
const TALL: usize = 20;

impl Screen for Triage {
    fn name(&self) -> ScreenName {
        ScreenName::Triage
    }

    fn title(&self) -> &'static str {
        "Triage"
    }

    fn question(&self) -> &'static str {
        "what broke first, and what only follows from it?"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        keys_of(scene, &triage::causes(scene.state, scene.now))
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let causes = triage::causes(scene.state, scene.now);
        let keys = keys_of(scene, &causes);
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        if scene.ui.pane == Pane::Detail {
            let cause = cause_at(&causes, &keys, selected);
            return runbook::whole(scene, cause.map(|cause| check_of(scene, cause)), canvas);
        }
        around::headline(scene, &causes, canvas);
        let height = canvas.height();
        let listed = rows::height(scene, &causes, &keys, selected, canvas.width());
        let room = height.saturating_sub(2);
        let wanted = around::changes_height(scene, &causes);
        let below = if room >= TALL { runbook::height(scene, &causes, &keys, selected) } else { 1 };
        let changes = wanted.min(if room < 14 { 5 } else { CHANGES + 1 });
        let listed = listed.min(room.saturating_sub(changes + below + 2)).max(1);
        let wide = canvas.width();
        let lines = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let (top, width) = (2, lines(wide));
        list::draw(scene, keys.len(), selected, true, &mut canvas.part(0, top, width, lines(listed)), |at| {
            rows::row(scene, &causes, &keys, (at, at == selected), wide)
        });
        if keys.is_empty() {
            canvas.line(2, vec![scene.say("   ✓ Nothing is broken: no check fails or cannot find out.", Role::Good)]);
        }
        let at = listed + 3;
        let cause = cause_at(&causes, &keys, selected);
        around::changes(scene, cause, &mut canvas.part(0, lines(at), width, lines(changes)));
        let at = at + changes + usize::from(room >= TALL);
        let left = height.saturating_sub(at);
        let mut rest = canvas.part(0, lines(at), width, lines(left));
        runbook::beside(scene, cause.map(|cause| check_of(scene, cause)), &mut rest);
    }
}

/// The causes, then the queries that say who is hurt.
fn keys_of(scene: &Scene<'_>, causes: &[RootCause]) -> Vec<RowKey> {
    let checks = causes.iter().map(|cause| RowKey::Check(check_of(scene, cause).clone()));
    let known = scene.state.triage();
    let asked = |id| known.hurt(id).is_some() || triage::hurt_since(scene.state, scene.now).is_some();
    let hurt = scene.state.plan().triage.hurt.iter().filter(|hurt| asked(&hurt.id));
    checks.chain(hurt.map(|hurt| RowKey::Hurt(hurt.id.clone()))).collect()
}

fn check_of<'a>(scene: &Scene<'a>, cause: &RootCause) -> &'a CheckId {
    &scene.state.check_at(cause.position).0.id
}

/// The selected cause; the first where a row of another sort is selected.
fn cause_at<'a>(causes: &'a [RootCause], keys: &[RowKey], selected: usize) -> Option<&'a RootCause> {
    let is_cause = matches!(keys.get(selected), Some(RowKey::Check(_)));
    causes.get(if is_cause { selected } else { 0 })
}

/// The steps that can be ticked off in the detail, with the list that they are.
#[must_use]
pub(super) fn steps(scene: &Scene<'_>) -> Option<(Place, Vec<RowKey>)> {
    let causes = triage::causes(scene.state, scene.now);
    let keys = keys_of(scene, &causes);
    let cause = cause_at(&causes, &keys, scene.ui.position(&scene.ui.rows(), &keys))?;
    let check = check_of(scene, cause);
    let runbook = scene.state.plan().triage.runbooks.get(check)?;
    let steps = (0..runbook.steps()).map(|step| RowKey::Step(check.clone(), step));
    Some((Place::StepsOf(check.clone()), steps.collect()))
}

/// `14:07:12`, with its day where that is not today's.
fn moment(scene: &Scene<'_>, at: jiff::Timestamp) -> String {
    let day = |at: jiff::Timestamp| at.to_zoned_datetime(scene.zone.clone()).date();
    let time = format::time_of_day(at, scene.zone);
    if day(at) == day(scene.now.at) { time } else { format!("{} {time}", day(at).strftime("%b %d")) }
}
