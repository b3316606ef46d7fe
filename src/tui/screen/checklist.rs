//! Where do we stand? The rows of one phase, and what stands behind the selected one.

use std::time::Duration;

use crate::core::status::ItemStatus;
use crate::core::verdict::Verdict;
use crate::model::item::Item;
use crate::model::word::{Phase, Question};
use crate::tui::canvas::Canvas;
use crate::tui::detail;
use crate::tui::format;
use crate::tui::scene::Scene;
use crate::tui::screen::{Screen, timeline};
use crate::tui::theme::Role;
use crate::tui::ui::{Act, Pane, RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::words;

/// The checklist.
pub(super) struct Checklist;

/// From this width on there are two panes.
const TWO_PANES: usize = 100;
/// From this width on there are three.
const THREE_PANES: usize = 200;

/// So long a change is marked on its row; then it rests.
const NEWS: Duration = Duration::from_secs(5);

impl Screen for Checklist {
    fn name(&self) -> ScreenName {
        ScreenName::Checklist
    }

    fn title(&self) -> &'static str {
        "Checklist"
    }

    fn question(&self) -> &'static str {
        "where do we stand?"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        let phase = scene.ui.phase;
        let shown = |status: ItemStatus| !scene.ui.only_unsettled || !status.is_done();
        let items = scene.state.items().zip(&scene.standing.items);
        let mut keys: Vec<RowKey> = items
            .filter(|((item, _), status)| item.phase == phase && shown(**status))
            .map(|((item, _), _)| RowKey::Item(item.id.clone()))
            .collect();
        keys.extend(acts(scene, phase).into_iter().map(RowKey::Act));
        keys
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let (width, height) = (canvas.width(), canvas.height());
        let keys = self.keys(scene);
        let place = scene.ui.rows();
        let selected = scene.ui.position(&place, &keys);
        if width < TWO_PANES {
            if scene.ui.pane == Pane::Detail {
                detail::draw(scene, keys.get(selected), canvas);
            } else {
                rows(scene, &keys, selected, true, canvas);
            }
            return;
        }
        let third = if width >= THREE_PANES { width * 3 / 10 } else { 0 };
        let first = if third > 0 { width * 3 / 10 } else { (width * 9 / 20).min(62) };
        let second = width - first - third - 2 * usize::from(third > 0);
        let short = |columns: usize| u16::try_from(columns).unwrap_or(u16::MAX);
        rows(scene, &keys, selected, false, &mut canvas.part(0, 0, short(first - 1), short(height)));
        canvas.column(first - 1, scene.style(Role::Rule));
        detail::draw(
            scene,
            keys.get(selected),
            &mut canvas.part(short(first + 1), 0, short(second - 2), short(height)),
        );
        if third > 0 {
            canvas.column(first + second, scene.style(Role::Rule));
            timeline::recent(scene, &mut canvas.part(short(first + second + 2), 0, short(third), short(height)));
        }
    }
}

/// What moves the question, at the end of a phase.
fn acts(scene: &Scene<'_>, phase: Phase) -> Vec<Act> {
    match phase {
        Phase::PreDeployment | Phase::Rollback => Vec::new(),
        Phase::Deployment => {
            let has_step = scene.state.plan().items_of(phase).any(|item| item.step.is_some());
            let has_items = scene.state.plan().items_of(phase).next().is_some();
            if has_step || !has_items { vec![Act::Gate] } else { vec![Act::Begin, Act::Gate] }
        }
        Phase::PostDeployment => vec![Act::Close],
    }
}

fn rows(scene: &Scene<'_>, keys: &[RowKey], selected: usize, telling: bool, canvas: &mut Canvas<'_>) {
    if keys.is_empty() {
        let why = if scene.ui.only_unsettled {
            "everything here is settled (! shows all)"
        } else {
            "the plan has no item here"
        };
        canvas.line(1, vec![scene.say(format!("   {why}"), Role::Quiet)]);
        return;
    }
    let focused = scene.ui.pane == Pane::Rows;
    list::draw(scene, keys.len(), selected, focused, canvas, |at| match &keys[at] {
        RowKey::Item(id) => item_row(scene, id, telling && at == selected),
        RowKey::Act(act) => act_row(scene, *act),
        _ => Row::default(),
    });
}

fn item_row(scene: &Scene<'_>, id: &crate::model::id::ItemId, telling: bool) -> Row {
    let Some(position) = scene.state.index().item(id) else { return Row::default() };
    let Some((item, known)) = scene.state.item(id) else { return Row::default() };
    let status = scene.standing.items[position];
    let tally = scene.standing.tally(scene.state, item);
    let (glyph, role) = words::item_sign(scene, status, tally);
    let voice = match role {
        Role::Good | Role::Quiet => Role::Quiet,
        _ => role,
    };
    let title = match status {
        ItemStatus::Open => Role::Quiet,
        ItemStatus::Failing => Role::Strong,
        _ => Role::Text,
    };
    let mut note = scene.say(words::item_note(scene, item, known, status, tally), voice);
    if has_just_changed(scene, item) {
        note.style = note.style.patch(scene.style(Role::Fresh));
    }
    let mut row = Row::new(vec![scene.say(glyph, role), scene.say(format!(" {}", item.title), title)], vec![note]);
    // Where there is no second pane, the row itself tells what is wrong with it.
    if telling && let Some(sentence) = detail::sentence(scene, item, known) {
        row = row.below(vec![scene.say(format!("  {sentence}"), Role::Text)]);
    }
    row
}

/// Whether a check of an item came to another outcome a moment ago. First results are no news.
fn has_just_changed(scene: &Scene<'_>, item: &Item) -> bool {
    item.checks.iter().filter_map(|id| scene.state.check(id)).any(|(_, known)| {
        let since = known.latest.as_ref().map(|latest| latest.since);
        known.runs > 1 && since.is_some_and(|since| format::between(since, scene.now.at) < NEWS)
    })
}

fn act_row(scene: &Scene<'_>, act: Act) -> Row {
    let session = scene.state.session();
    let permits = |question: Question| question_permits(scene, question);
    let (glyph, role, title, note) = match act {
        Act::Begin if session.is_open(Some(Phase::Deployment)) => {
            ("✓", Role::Good, "Begin the deployment", "begun".into())
        }
        Act::Begin if permits(Question::Deploy) => {
            ("▷", Role::Strong, "Begin the deployment", "x opens its door".into())
        }
        Act::Begin => ("·", Role::Quiet, "Begin the deployment", "needs GO to deploy".into()),
        Act::Gate => match session.gate_opened {
            Some(since) => {
                let since = format!("open since {}", format::time_of_day(since, scene.zone));
                ("✓", Role::Good, "Gate: let customers in", since)
            }
            None if permits(Question::Open) => ("▷", Role::Strong, "Gate: let customers in", "x opens its door".into()),
            None => ("·", Role::Quiet, "Gate: let customers in", "needs GO to open".into()),
        },
        Act::Close => match &session.ended {
            Some((_, at)) => {
                let at = format!("ended {}", format::time_of_day(*at, scene.zone));
                ("✓", Role::Good, "Close the go-live", at)
            }
            None if permits(Question::Close) => ("▷", Role::Strong, "Close the go-live", "x opens its door".into()),
            None => ("·", Role::Quiet, "Close the go-live", "needs GO to close".into()),
        },
    };
    Row::new(vec![scene.say(glyph, role), scene.say(format!(" {title}"), role)], vec![scene.say(note, Role::Quiet)])
}

/// Whether the verdict on a question permits, as far as the session asks that question now.
fn question_permits(scene: &Scene<'_>, question: Question) -> bool {
    let verdict: &Verdict = &scene.standing.verdict;
    verdict.question() == question && verdict.answer().permits()
}
