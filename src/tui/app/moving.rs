//! Keys that move: rows, panes, phases, screens, failures. None of them leaves the screen's own room.

use crate::core::status::ItemStatus;
use crate::model::time::Now;
use crate::model::word::Phase;
use crate::tui::action::Action;
use crate::tui::app::{App, Live};
use crate::tui::detail;
use crate::tui::detail::output::{self, Match};
use crate::tui::focus::Focus;
use crate::tui::scene::Scene;
use crate::tui::screen::{self, SCREENS};
use crate::tui::ui::{Order, Pane, Place, RowKey, ScreenName};

/// A page, in rows.
const PAGE: usize = 10;
/// So many screens back lead with `Esc`.
const TRAIL: usize = 20;

impl App {
    pub(super) fn go(&mut self, action: Action, live: Live<'_>, now: Now) {
        match action {
            Action::Up | Action::Down | Action::First | Action::Last | Action::PageUp | Action::PageDown => {
                self.step_rows(action, live, now);
            }
            Action::Open => self.open(live, now),
            Action::Back => self.back(),
            Action::OtherPane if self.ui.pane == Pane::Rows => self.pane(Pane::Detail),
            Action::OtherPane | Action::RowsPane => self.pane(Pane::Rows),
            Action::DetailPane => self.pane(Pane::Detail),
            Action::Phase(phase) => {
                self.to(ScreenName::Checklist);
                self.ui.phase = phase;
            }
            Action::Screen(ScreenName::Flow) => {
                // The hands may be on no flow: then the first one is shown.
                let found = self.open_flow(live, now);
                self.to(if found { self.ui.screen } else { ScreenName::Flow });
            }
            Action::Screen(screen) => self.to(screen),
            Action::NextScreen => self.turn_screen(1),
            Action::PreviousScreen => self.turn_screen(SCREENS.len() - 1),
            Action::NextFailure if self.ui.searches() => self.go_to_match(Match::Next, live, now),
            Action::PreviousFailure if self.ui.searches() => self.go_to_match(Match::Before, live, now),
            Action::NextFailure => self.failure(true, live, now),
            Action::PreviousFailure => self.failure(false, live, now),
            Action::Sort => {
                self.ui.order = match self.ui.order {
                    Order::Shaky => Order::Slow,
                    Order::Slow => Order::Plan,
                    Order::Plan => Order::Shaky,
                }
            }
            _ => {}
        }
    }

    fn to(&mut self, screen: ScreenName) {
        if self.ui.screen != screen {
            self.trail.push((self.ui.screen, self.ui.pane));
            if self.trail.len() > TRAIL {
                self.trail.remove(0);
            }
            self.ui.screen = screen;
        }
        self.ui.pane = Pane::Rows;
        self.ui.scroll = 0;
        self.ui.search.clear();
    }

    fn turn_screen(&mut self, by: usize) {
        let here = SCREENS.iter().position(|screen| screen.name() == self.ui.screen).unwrap_or(0);
        self.to(SCREENS[(here + by) % SCREENS.len()].name());
    }

    fn pane(&mut self, pane: Pane) {
        if matches!(self.ui.screen, ScreenName::Checklist | ScreenName::Checks | ScreenName::Triage) {
            self.ui.pane = pane;
            self.ui.scroll = 0;
            self.ui.search.clear();
        }
    }

    /// Looks for words in what the step in hand printed, from the line in hand back to older ones.
    pub(super) fn search(&mut self, words: String, live: Live<'_>, now: Now) {
        if self.ui.screen == ScreenName::Checklist && self.ui.pane == Pane::Rows {
            self.trail.push((self.ui.screen, Pane::Rows));
            self.pane(Pane::Detail);
        }
        self.ui.search = words;
        self.go_to_match(Match::Here, live, now);
    }

    fn go_to_match(&mut self, which: Match, live: Live<'_>, now: Now) {
        let scene = self.scene(live, now);
        let Some(run) = output::in_hand(&scene) else { return };
        let (place, line) = (output::place(run), output::match_of(scene.ui, run, which));
        let Some(line) = line else { return };
        self.ui.selected.insert(place, line);
        self.ui.scroll = 0;
    }

    /// Back, innermost first: detail, then the screen one came from, then the checklist.
    fn back(&mut self) {
        self.ui.scroll = 0;
        if self.ui.message.take().is_some() {
            return;
        }
        if self.ui.screen == ScreenName::Timeline && !std::mem::take(&mut self.ui.filter).is_empty() {
            return;
        }
        if self.ui.searches() {
            self.ui.search.clear();
            return;
        }
        match self.trail.pop() {
            // Evidence that was opened from another screen leads back there at once.
            Some((screen, pane)) => (self.ui.screen, self.ui.pane) = (screen, pane),
            None if self.ui.pane == Pane::Detail => self.ui.pane = Pane::Rows,
            None if self.ui.screen != ScreenName::Checklist => self.ui.screen = ScreenName::Checklist,
            None => self.ui.held = None,
        }
    }

    fn open(&mut self, live: Live<'_>, now: Now) {
        let scene = self.scene(live, now);
        let screen = screen::of(self.ui.screen);
        let keys = screen.keys(&scene);
        let Some(selected) = scene.ui.selected_of(&scene.ui.rows(), &keys) else { return };
        let target = match screen.target(&scene, selected) {
            RowKey::Credential(id) => {
                let check = scene.state.plan().credentials.get(&id).map(|credential| credential.check.clone());
                check.map_or(RowKey::Credential(id), RowKey::Check)
            }
            other => other,
        };
        match self.ui.screen {
            ScreenName::Checklist | ScreenName::Checks if self.ui.pane == Pane::Rows => {
                self.trail.push((self.ui.screen, Pane::Rows));
                self.pane(Pane::Detail);
            }
            ScreenName::Checklist | ScreenName::Checks => {
                self.open_flow(live, now);
            }
            _ => self.show_evidence(&target, live),
        }
    }

    /// From a check that is a flow to its hops; says whether the hands are on one.
    fn open_flow(&mut self, live: Live<'_>, now: Now) -> bool {
        let scene = self.scene(live, now);
        let first = Focus::of(&scene).check.and_then(|check| screen::first_hop(&scene, &check));
        let Some(first) = first else { return false };
        self.to(ScreenName::Flow);
        self.ui.selected.insert(Place::Screen(ScreenName::Flow), first);
        true
    }

    fn step_rows(&mut self, action: Action, live: Live<'_>, now: Now) {
        let scene = self.scene(live, now);
        let (place, keys) = keys_in_hand(&scene);
        let printed = matches!(place, Place::Output(_));
        if printed && self.step_lines(action, &place, &keys) {
            return;
        }
        let paging = matches!(action, Action::PageUp | Action::PageDown) && self.ui.pane == Pane::Detail;
        if printed || keys.len() < 2 || paging {
            let by = if paging { PAGE } else { 1 };
            self.ui.scroll = match action {
                Action::Down | Action::PageDown => self.ui.scroll.saturating_add(by).min(5_000),
                Action::Up | Action::PageUp => self.ui.scroll.saturating_sub(by),
                Action::Last => 5_000,
                _ => 0,
            };
            return;
        }
        let (at, last) = (self.ui.position(&place, &keys), keys.len() - 1);
        if let Some(to) = moved(action, at, last) {
            self.ui.selected.insert(place, keys[to].clone());
            self.ui.scroll = 0;
        }
    }

    /// Moves in what a step printed; `false` beyond its end, where the rest of the detail stands. On the last line the
    /// newest one is followed again.
    fn step_lines(&mut self, action: Action, place: &Place, keys: &[RowKey]) -> bool {
        let (at, last) = (self.ui.position(place, keys), keys.len() - 1);
        let forward = matches!(action, Action::Down | Action::PageDown | Action::Last);
        if forward && at == last {
            self.ui.selected.remove(place);
            return false;
        }
        let Some(to) = moved(action, if self.ui.scroll > 0 { at + 1 } else { at }, last) else { return true };
        if to == last {
            self.ui.selected.remove(place);
        } else {
            self.ui.selected.insert(place.clone(), keys[to].clone());
        }
        self.ui.scroll = 0;
        true
    }

    /// To the next row that is not good; on the checklist over all phases.
    fn failure(&mut self, forward: bool, live: Live<'_>, now: Now) {
        let mut rows: Vec<(Place, RowKey)> = Vec::new();
        let scene = self.scene(live, now);
        let here = scene.ui.rows();
        if self.ui.screen == ScreenName::Checklist {
            for phase in [Phase::PreDeployment, Phase::Deployment, Phase::PostDeployment, Phase::Rollback] {
                let items = scene.state.items().filter(|(item, _)| item.phase == phase);
                rows.extend(items.map(|(item, _)| (Place::Phase(phase), RowKey::Item(item.id.clone()))));
            }
        } else {
            let keys = screen::of(self.ui.screen).keys(&scene);
            rows.extend(keys.into_iter().map(|key| (here.clone(), key)));
        }
        let selected = (here.clone(), scene.ui.selected.get(&here).cloned());
        let at = rows.iter().position(|(place, key)| *place == selected.0 && Some(key) == selected.1.as_ref());
        let at = at.or_else(|| rows.iter().position(|(place, _)| *place == here)).unwrap_or(0);
        let count = rows.len();
        let order = (1..=count).map(|step| if forward { (at + step) % count } else { (at + count - step) % count });
        let found = order.map(|at| &rows[at]).find(|(_, key)| is_bad(&scene, key)).cloned();
        match found {
            Some((place, key)) => {
                if let Place::Phase(phase) = place {
                    self.ui.phase = phase;
                }
                self.ui.selected.insert(place, key);
                self.ui.scroll = 0;
                self.ui.search.clear();
            }
            None => self.ui.say("nothing fails here", false, now),
        }
    }
}

/// Where a key leads in a list; `None` for one that moves nothing.
pub(super) fn moved(action: Action, at: usize, last: usize) -> Option<usize> {
    Some(match action {
        Action::Up => at.saturating_sub(1),
        Action::Down => (at + 1).min(last),
        Action::PageUp => at.saturating_sub(PAGE),
        Action::PageDown => (at + PAGE).min(last),
        Action::First => 0,
        Action::Last => last,
        _ => return None,
    })
}

/// The list that up and down move in.
fn keys_in_hand(scene: &Scene<'_>) -> (Place, Vec<RowKey>) {
    let place = scene.ui.rows();
    let keys = screen::of(scene.ui.screen).keys(scene);
    if scene.ui.pane == Pane::Rows {
        return (place, keys);
    }
    if scene.ui.screen == ScreenName::Triage {
        return screen::triage_steps(scene).unwrap_or((place, Vec::new()));
    }
    if let Some(run) = output::in_hand(scene) {
        return (output::place(run), output::keys(run));
    }
    match scene.ui.selected_of(&place, &keys) {
        Some(RowKey::Item(id)) => {
            let checks = scene.state.item(id).filter(|(_, known)| known.step.is_none());
            let checks = checks.map(|(item, _)| detail::checks_of(scene, item)).unwrap_or_default();
            (Place::ChecksOf(id.clone()), checks)
        }
        _ => (place, Vec::new()),
    }
}

fn is_bad(scene: &Scene<'_>, key: &RowKey) -> bool {
    match key {
        RowKey::Item(id) => scene.state.index().item(id).is_some_and(|at| {
            matches!(scene.standing.items[at], ItemStatus::Failing | ItemStatus::Blocked | ItemStatus::Stale)
        }),
        RowKey::Check(id) => scene.state.index().check(id).is_some_and(|at| scene.standing.rank(scene.state, at) <= 5),
        _ => false,
    }
}
