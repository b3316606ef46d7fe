//! What happened? Newest first; bounded, the journal has everything.

use ratatui::text::Span;

use crate::core::state::{Entry, Mark};
use crate::model::id::{CheckId, ItemId};
use crate::model::operator::Actor;
use crate::tui::canvas::Canvas;
use crate::tui::format;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};

/// The timeline.
pub(super) struct Timeline;

impl Screen for Timeline {
    fn name(&self) -> ScreenName {
        ScreenName::Timeline
    }

    fn title(&self) -> &'static str {
        "Timeline"
    }

    fn question(&self) -> &'static str {
        "what happened? newest first"
    }

    fn keys(&self, scene: &Scene<'_>) -> Vec<RowKey> {
        (0..scene.state.timeline().len()).rev().map(RowKey::Line).collect()
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let length = scene.state.timeline().len();
        let keys = self.keys(scene);
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        list::draw(scene, length, selected, true, canvas, |at| {
            scene.state.timeline().nth_back(at).map_or_else(Row::default, |entry| row(scene, entry))
        });
    }

    fn target(&self, scene: &Scene<'_>, key: &RowKey) -> RowKey {
        let RowKey::Line(at) = key else { return key.clone() };
        let Some(entry) = scene.state.timeline().nth(*at) else { return key.clone() };
        subject(scene, entry).unwrap_or_else(|| key.clone())
    }
}

/// What an entry is about, where the plan has it.
fn subject(scene: &Scene<'_>, entry: &Entry) -> Option<RowKey> {
    let check = CheckId::new(&entry.subject);
    if scene.state.index().check(&check).is_some() {
        return Some(RowKey::Check(check));
    }
    let item = ItemId::new(&entry.subject);
    scene.state.index().item(&item).map(|_| RowKey::Item(item))
}

/// An entry in one line.
#[must_use]
pub(super) fn spans(scene: &Scene<'_>, entry: &Entry) -> Vec<Span<'static>> {
    let (glyph, role) = match entry.mark {
        Mark::Good => ("✓", Role::Good),
        Mark::Look => ("!", Role::Look),
        Mark::Bad => ("✗", Role::Bad),
        Mark::Decision => ("☑", Role::Strong),
        Mark::Plain => ("·", Role::Quiet),
    };
    vec![
        scene.say(format!("{}  ", format::time_of_day(entry.at, scene.zone)), Role::Quiet),
        scene.say(format!("{glyph} "), role),
        scene.say(format!("{}  ", entry.subject), Role::Text),
        scene.say(entry.text.clone(), Role::Quiet),
    ]
}

fn row(scene: &Scene<'_>, entry: &Entry) -> Row {
    let who = match &entry.actor {
        Actor::Golive => Vec::new(),
        Actor::Operator(by) => vec![scene.say(by.to_string(), Role::Text)],
    };
    Row::new(spans(scene, entry), who)
}

/// The newest entries, for a pane beside other things.
pub(super) fn recent(scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
    canvas.line(0, vec![scene.say("Timeline", Role::Title), scene.say("   what happened?", Role::Quiet)]);
    for (row, entry) in scene.state.timeline().rev().take(canvas.height().saturating_sub(2)).enumerate() {
        canvas.line(row + 2, spans(scene, entry));
    }
}
