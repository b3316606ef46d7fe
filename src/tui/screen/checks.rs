//! What is slow or shaky? Every check with its latest runs, those that want to be looked at first.

use std::cmp::Reverse;
use std::time::Duration;

use crate::core::state::CheckState;
use crate::model::plan::{Check, Run};
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::theme::Role;
use crate::tui::ui::{Order, Pane, RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::widget::sparkline::{percentile, sparkline};
use crate::tui::{detail, format, text, words};

/// All checks.
pub(super) struct Checks;

/// Columns that the figures take beside name and sparkline.
const FIGURES: usize = 54;
/// From this width on there is room for the 99th percentile too.
const ROOMY: usize = 100;
/// A sparkline shorter than this tells nothing.
const SHORTEST_RUNS: usize = 6;
/// The window over which lengths are told.
const LATELY: Duration = Duration::from_secs(15 * 60);

impl Screen for Checks {
    fn name(&self) -> ScreenName {
        ScreenName::Checks
    }

    fn title(&self) -> &'static str {
        "Checks"
    }

    fn question(&self) -> &'static str {
        "what is slow or shaky?"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        positions(scene).into_iter().map(|at| RowKey::Check(scene.state.check_at(at).0.id.clone())).collect()
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let keys = self.keys(scene);
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        if scene.ui.pane == Pane::Detail {
            detail::draw(scene, keys.get(selected), canvas);
            return;
        }
        let positions = positions(scene);
        let roomy = canvas.width() >= ROOMY;
        let (name, runs) = columns(scene, canvas.width());
        let order = match scene.ui.order {
            Order::Shaky => "shaky first",
            Order::Slow => "slow first",
            Order::Plan => "plan order",
        };
        let head = format!(
            "     {:<name$} {:<8} {:>8} {:>8}{}  {:<runs$} {:>7} {:>8}",
            "check",
            "now",
            "p50",
            "p95",
            if roomy { "      p99" } else { "" },
            "last runs",
            "ok",
            "next"
        );
        canvas.both(
            0,
            vec![scene.say(head, Role::Label)],
            vec![scene.say(if canvas.width() > 130 { order } else { "" }, Role::Quiet)],
        );
        let height = u16::try_from(canvas.height().saturating_sub(1)).unwrap_or(0);
        let width = u16::try_from(canvas.width()).unwrap_or(0);
        list::draw(scene, positions.len(), selected, true, &mut canvas.part(0, 1, width, height), |at| {
            row(scene, positions[at], name, runs, roomy)
        });
    }
}

/// How wide the name and the sparkline are: names that cannot be told apart are worse than a short history.
fn columns(scene: &Scene<'_>, width: usize) -> (usize, usize) {
    let room = width.saturating_sub(FIGURES + if width >= ROOMY { 9 } else { 0 });
    let longest = scene.state.checks().map(|(check, _)| check.id.as_str().len()).max().unwrap_or(0);
    let name = longest.clamp(12, 40).min(room.saturating_sub(SHORTEST_RUNS)).max(12);
    (name, room.saturating_sub(name).clamp(4, 60))
}

fn positions(scene: &Scene<'_>) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..scene.standing.checks.len()).collect();
    if scene.ui.only_unsettled {
        positions.retain(|at| scene.standing.rank(scene.state, *at) < 9);
    }
    match scene.ui.order {
        Order::Plan => {}
        Order::Shaky => {
            positions.sort_by_key(|at| (scene.standing.rank(scene.state, *at), good_share(scene, *at), *at))
        }
        Order::Slow => {
            positions.sort_by_key(|at| Reverse(scene.state.check_at(*at).1.latest.as_ref().map(|latest| latest.took)))
        }
    }
    positions
}

/// In thousandths, so that rows do not change places at every run.
fn good_share(scene: &Scene<'_>, at: usize) -> u64 {
    let known = scene.state.check_at(at).1;
    (known.good_runs * 1_000).checked_div(known.runs).unwrap_or(1_000)
}

fn row(scene: &Scene<'_>, at: usize, name: usize, runs: usize, roomy: bool) -> Row {
    let (check, known) = scene.state.check_at(at);
    let status = &scene.standing.checks[at];
    let (glyph, role) = words::check_sign(scene, status, known, check.severity);
    let length = |percent| {
        // What a check measures may be no length at all; how long it took always is one.
        let measures = known.latest.as_ref().is_some_and(|latest| latest.evidence.measured.is_some());
        let share = f64::from(percent) / 100.0;
        let lately = scene.state.series_at(at).percentile(scene.now.at, LATELY, share).filter(|_| !measures);
        let lately = lately.and_then(|(seconds, _)| Duration::try_from_secs_f64(seconds).ok());
        let of_history = || percentile(known.history.iter().map(|point| point.latency), percent as usize);
        lately.or_else(of_history).map_or_else(|| "–".to_owned(), format::took)
    };
    let id = text::cut(check.id.as_str(), name).into_owned();
    let line = sparkline(known.history.iter(), runs);
    let last = if roomy { format!(" {:>8}", length(99)) } else { String::new() };
    let figures = format!(" {:>8} {:>8}{last}  ", length(50_u32), length(95));
    let tail = format!(
        "{} {:>7} {:>8}",
        pad(&line, runs),
        format::share(known.good_runs, known.runs),
        next(scene, check, known)
    );
    let voice = if role == Role::Good { Role::Quiet } else { Role::Text };
    Row::new(
        vec![
            scene.say(format!("{glyph} "), role),
            scene.say(pad(&id, name), if role == Role::Good { Role::Text } else { Role::Strong }),
            scene.say(format!(" {:<8}", status.word()), if role == Role::Good { Role::Quiet } else { role }),
            scene.say(figures, voice),
            scene.say(tail, Role::Quiet),
        ],
        Vec::new(),
    )
}

fn pad(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(text::width(text))))
}

fn next(scene: &Scene<'_>, check: &Check, known: &CheckState) -> String {
    if known.running.is_some() {
        return "running".to_owned();
    }
    match (&known.latest, check.run) {
        (_, Run::AfterRollback) => "after a rollback".to_owned(),
        (_, Run::OnDemand) => "by key r".to_owned(),
        (Some(latest), Run::Scheduled) => {
            let age = scene.now.since(latest.when).unwrap_or_default();
            let left = check.every.0.saturating_sub(age);
            if left.is_zero() { "due".to_owned() } else { format::age(left) }
        }
        (None, Run::Scheduled) => "–".to_owned(),
    }
}
