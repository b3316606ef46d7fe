//! What happened? Newest first; bounded, the journal has everything.

use ratatui::text::Span;

use crate::core::state::{Entry, Mark};
use crate::model::id::{CheckId, ItemId};
use crate::model::operator::Actor;
use crate::tui::canvas::Canvas;
use crate::tui::scene::Scene;
use crate::tui::screen::Screen;
use crate::tui::search::Wanted;
use crate::tui::theme::Role;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::widget::list::{self, Row};
use crate::tui::{format, words};

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
        let words = Wanted::of(&scene.ui.filter);
        let entries = scene.state.timeline().enumerate().rev();
        entries.filter(|(_, entry)| holds(entry, &words)).map(|(at, _)| RowKey::Line(at)).collect()
    }

    fn draw(&self, scene: &Scene<'_>, canvas: &mut Canvas<'_>) {
        let keys = self.keys(scene);
        let selected = scene.ui.position(&scene.ui.rows(), &keys);
        let (width, height) = (u16::try_from(canvas.width()).unwrap_or(0), u16::try_from(canvas.height()).unwrap_or(0));
        let mut top = 0;
        if !scene.ui.filter.is_empty() {
            let words = format!("  only what holds \"{}\": ", scene.ui.filter);
            let of = format!("{} of {}", keys.len(), scene.state.timeline().len());
            let left = vec![scene.say(words, Role::Label), scene.say(of, Role::Strong)];
            canvas.both(0, left, vec![scene.say("/ other words  esc all ", Role::Quiet)]);
            top = 1;
        }
        let mut rest = canvas.part(0, top, width, height.saturating_sub(top));
        list::draw(scene, keys.len(), selected, true, &mut rest, |row_at| match keys.get(row_at) {
            Some(RowKey::Line(at)) => {
                scene.state.timeline().nth(*at).map_or_else(Row::default, |entry| row(scene, entry))
            }
            _ => Row::default(),
        });
    }

    fn target(&self, scene: &Scene<'_>, key: &RowKey) -> RowKey {
        let RowKey::Line(at) = key else { return key.clone() };
        let Some(entry) = scene.state.timeline().nth(*at) else { return key.clone() };
        subject(scene, entry).unwrap_or_else(|| key.clone())
    }
}

/// Whether an entry holds every word: in its text, its subject, its family, who did it.
fn holds(entry: &Entry, words: &Wanted) -> bool {
    if words.is_empty() {
        return true;
    }
    let who = words::who(&entry.actor).unwrap_or_default();
    words.is_in(&format!("{} {} {} {who}", entry.family, entry.subject, entry.text))
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
