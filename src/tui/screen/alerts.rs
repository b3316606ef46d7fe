//! Whose move? Every alert, the most urgent first: what was seen, since when, who has it, when it is escalated; under the
//! list the selected one's series with its threshold.

use std::cmp::Reverse;

use crate::core::alerts;
use crate::core::state::{AlertState, Life, Sight};
use crate::model::alert::{Level, Rule};
use crate::tui::canvas::Canvas;
use crate::tui::detail;
use crate::tui::format;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::text;
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::words;

/// The alerts.
pub(super) struct Alerts;

impl Screen for Alerts {
    fn name(&self) -> ScreenName {
        ScreenName::Alerts
    }

    fn title(&self) -> &'static str {
        "Alerts"
    }

    fn question(&self) -> &'static str {
        "whose move is it?"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        positions(scene).into_iter().map(|at| RowKey::Alert(scene.state.alert_at(at).0.id.clone())).collect()
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let positions = positions(scene);
        if positions.is_empty() {
            canvas.line(1, vec![scene.say("   the plan has no alert rule", Role::Quiet)]);
            return;
        }
        let keys = self.keys(scene);
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        let small = |number: usize| u16::try_from(number).unwrap_or(u16::MAX);
        let (width, height) = (canvas.width(), canvas.height());
        let longest = positions.iter().map(|at| text::width(scene.state.alert_at(*at).0.id.as_str())).max();
        let name = longest.unwrap_or(10).clamp(10, (width / 3).max(12));
        let head = format!("     {:<name$}  {:<8}  {:<12}  what was seen", "alert", "level", "state");
        canvas.both(0, vec![scene.say(head, Role::Label)], lull(scene));
        let rows = positions.len().min(height / 2).max(1);
        list::draw(scene, positions.len(), selected, true, &mut canvas.part(0, 1, small(width), small(rows)), |at| {
            row(scene, positions[at], name)
        });
        let top = rows + 1;
        canvas.rule(top, "─", scene.style(Role::Rule));
        let rest = height.saturating_sub(top + 1);
        detail::draw(scene, keys.get(selected), &mut canvas.part(0, small(top + 1), small(width), small(rest)));
    }
}

fn lull(scene: &Scene<'_>) -> Vec<ratatui::text::Span<'static>> {
    let Some(lull) = scene.state.lull() else { return Vec::new() };
    let until = format::time_of_day(lull.until, scene.zone);
    vec![scene.say(format!("lull until {until}, {}: {} ", lull.by, lull.reason), Role::Look)]
}

/// The most urgent first; within that in plan order.
fn positions(scene: &Scene<'_>) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..scene.state.plan().alerts.len()).collect();
    if scene.ui.only_unsettled {
        positions.retain(|at| urgency(scene.state.alert_at(*at)).0 < 5);
    }
    positions.sort_by_key(|at| (urgency(scene.state.alert_at(*at)), *at));
    positions
}

fn urgency((rule, known): (&Rule, &AlertState)) -> (u8, Reverse<Level>) {
    let rank = match (&known.life, &known.sight) {
        (Life::Firing(_), _) if known.held_by.is_some() => 2,
        (Life::Firing(_), _) if known.acknowledged.is_some() => 1,
        (Life::Firing(_), _) => 0,
        (Life::Pending(_), _) => 3,
        (_, Sight::Never | Sight::Lost { .. }) => 4,
        (Life::Resolved(_), _) => 5,
        (Life::Quiet, _) => 6,
    };
    (rank, Reverse(rule.level))
}

fn row(scene: &Scene<'_>, at: usize, name: usize) -> Row {
    let (rule, known) = scene.state.alert_at(at);
    let (glyph, role) = words::alert_sign(rule, known);
    let id = text::cut(rule.id.as_str(), name).into_owned();
    let seen = match (&known.life, &known.value, &known.threshold) {
        (Life::Firing(_) | Life::Pending(_), Some(value), Some(threshold)) => format!("{value} {threshold}"),
        _ => {
            let seen = alerts::seen(scene.state, at, scene.now);
            seen.holds.err().unwrap_or_else(|| format!("{} {}", seen.value, seen.threshold))
        }
    };
    let quiet = matches!(role, Role::Good | Role::Quiet);
    let left = vec![
        scene.say(format!("{glyph} "), role),
        scene.say(format!("{id:<name$}  "), if quiet { Role::Text } else { Role::Strong }),
        scene.say(format!("{:<8}  ", rule.level.word()), Role::Quiet),
        scene.say(format!("{:<12}  ", known.word()), role),
        scene.say(seen, if quiet { Role::Quiet } else { Role::Text }),
    ];
    Row::new(left, vec![scene.say(format!("{} ", words::alert_move(scene, rule, known)), Role::Quiet)])
}
