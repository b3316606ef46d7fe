//! What `y` copies, by the screen: in triage the page for the incident's channel or the ids to repair; elsewhere what is
//! selected, as text.

use crate::core::event::Subject;
use crate::core::verdict::{Inquiry, Scope};
use crate::report::build::{self, Circumstances};
use crate::report::triage;
use crate::tui::focus::Focus;
use crate::tui::scene::Scene;
use crate::tui::screen;
use crate::tui::ui::{RowKey, ScreenName};
use crate::tui::words;

/// So much is handed to a terminal: what it does not take it throws away without a word.
const LONGEST: usize = 48_000;

/// What is copied: what it is, and its text.
#[must_use]
pub(super) fn of(scene: &Scene<'_>) -> Option<(String, String)> {
    let screen = screen::of(scene.ui.screen);
    let keys = screen.keys(scene);
    let selected = scene.ui.selected_of(&scene.ui.rows(), &keys);
    let (what, text) = match (scene.ui.screen, selected) {
        (ScreenName::Triage, Some(RowKey::Hurt(id))) => {
            let known = scene.state.triage().hurt(id)?;
            let ids: Vec<&str> =
                known.counted.iter().flat_map(|(counted, _)| &counted.ids).map(|id| id.as_str()).collect();
            if ids.is_empty() {
                return None;
            }
            (format!("{} ids of {id}", ids.len()), ids.join("\n") + "\n")
        }
        (ScreenName::Triage, _) => ("triage, as Markdown".to_owned(), page(scene)),
        (ScreenName::Timeline, Some(RowKey::Line(at))) => {
            let entry = scene.state.timeline().nth(*at)?;
            let by = words::who(&entry.actor).map(|by| format!(" ({by})")).unwrap_or_default();
            let line = format!("{} {} {}{by}\n", entry.at.strftime("%F %T UTC"), entry.subject, entry.text);
            ("the line".to_owned(), line)
        }
        _ => selected_thing(scene)?,
    };
    Some((what, bounded(text)))
}

fn page(scene: &Scene<'_>) -> String {
    let inquiry = Inquiry { question: scene.state.session().question(), scope: Scope::All };
    let circumstances = Circumstances { operator: scene.own.id.clone(), plan: None, journal: None };
    triage::markdown(&build::report(scene.state, &inquiry, &circumstances, scene.now))
}

fn selected_thing(scene: &Scene<'_>) -> Option<(String, String)> {
    match Focus::of(scene).subject(scene)? {
        Subject::Check(id) => {
            let position = scene.state.index().check(&id)?;
            let (check, known) = scene.state.check_at(position);
            let mut lines = vec![format!("{id}: {}", scene.standing.checks[position].word())];
            if let Some(latest) = &known.latest {
                lines.push(format!("{} ({})", latest.evidence.summary, latest.when.at.strftime("%F %T UTC")));
                lines.extend(latest.evidence.facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)));
                let remedy = latest.evidence.remedy.as_ref().map(ToString::to_string).or_else(|| check.remedy.clone());
                lines.extend(remedy.map(|remedy| format!("what to do: {remedy}")));
            }
            Some((format!("what {id} found"), lines.join("\n") + "\n"))
        }
        Subject::Item(id) => {
            let at = scene.state.index().item(&id)?;
            let (item, _) = scene.state.item(&id)?;
            Some((item.title.clone(), format!("{}: {}\n", item.title, scene.standing.items[at].word())))
        }
        Subject::Alert(id) => {
            let (rule, known) = scene.state.alert(&id)?;
            let seen = known.value.as_ref().map(|value| format!(" {value}")).unwrap_or_default();
            let held = known.threshold.as_ref().map(|threshold| format!(" {threshold}")).unwrap_or_default();
            Some((format!("the alert {id}"), format!("{id} ({}): {}{seen}{held}\n", rule.level.word(), known.word())))
        }
        Subject::Notifier(_) => None,
    }
}

fn bounded(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n… cut: golive report has it whole\n");
    }
    text
}
