//! What the hands are on: the item, check or act that a deciding key would be about.

use crate::core::event::Subject;
use crate::core::notice::test;
use crate::core::state::Enforcement;
use crate::model::id::{AlertId, CheckId, CredentialId, ItemId};
use crate::tui::detail;
use crate::tui::scene::Scene;
use crate::tui::screen;
use crate::tui::ui::{Act, Pane, RowKey, ScreenName};
use crate::tui::words;

/// What the hands are on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Focus {
    /// The item.
    pub item: Option<ItemId>,
    /// The check, where one is chosen.
    pub check: Option<CheckId>,
    /// The credential, where one is chosen.
    pub credential: Option<CredentialId>,
    /// What would move the question.
    pub act: Option<Act>,
    /// The alert, where one is chosen.
    pub alert: Option<AlertId>,
    /// The step of a runbook, where one is chosen.
    pub step: Option<(CheckId, usize)>,
}

impl Focus {
    /// What the hands are on in a scene.
    #[must_use]
    pub fn of(scene: &Scene<'_>) -> Self {
        let screen = screen::of(scene.ui.screen);
        let keys = screen.keys(scene);
        let Some(selected) = scene.ui.selected_of(&scene.ui.rows(), &keys) else { return Self::default() };
        match screen.target(scene, selected) {
            RowKey::Item(id) => {
                let within = scene.ui.pane == Pane::Detail && scene.ui.screen == ScreenName::Checklist;
                let item = scene.state.item(&id).filter(|_| within);
                let check = item.and_then(|(item, _)| detail::focused_check(scene, item));
                Self { item: Some(id), check, ..Self::default() }
            }
            RowKey::Check(id) => Self { step: Self::step_of(scene), check: Some(id), ..Self::default() },
            RowKey::Alert(id) => Self { alert: Some(id), ..Self::default() },
            RowKey::Act(act) => Self { act: Some(act), ..Self::default() },
            RowKey::Credential(id) => {
                let check = scene.state.plan().credentials.get(&id).map(|credential| credential.check.clone());
                Self { check, credential: Some(id), ..Self::default() }
            }
            RowKey::Hurt(_) => Self { step: Self::step_of(scene), ..Self::default() },
            RowKey::Named(_) | RowKey::Line(_) | RowKey::Step(..) => Self::default(),
        }
    }

    /// In triage's detail: the chosen step of the runbook.
    fn step_of(scene: &Scene<'_>) -> Option<(CheckId, usize)> {
        let in_detail = scene.ui.screen == ScreenName::Triage && scene.ui.pane == Pane::Detail;
        let (place, keys) = screen::triage_steps(scene).filter(|_| in_detail)?;
        match scene.ui.selected_of(&place, &keys)? {
            RowKey::Step(check, step) => Some((check.clone(), *step)),
            _ => None,
        }
    }

    /// What a waiver or a note would be about: the chosen check; of an item that rests on checks alone the one that
    /// most wants to be looked at; else the item.
    #[must_use]
    pub fn subject(&self, scene: &Scene<'_>) -> Option<Subject> {
        if let Some(check) = &self.check {
            return Some(Subject::Check(check.clone()));
        }
        if let Some(alert) = &self.alert {
            return Some(Subject::Alert(alert.clone()));
        }
        let (item, _) = scene.state.item(self.item.as_ref()?)?;
        let asks_people =
            item.manual.is_some() || item.step.is_some() || item.soak.is_some() || item.rehearsal.is_some();
        let worst = detail::checks_of(scene, item).into_iter().next();
        match worst {
            Some(RowKey::Check(id)) if !asks_people => Some(Subject::Check(id)),
            _ => Some(Subject::Item(item.id.clone())),
        }
    }

    /// The alert that acknowledging would be about: the chosen one if it fires, else the most urgent that nobody has
    /// seen. Its door names it first.
    #[must_use]
    pub fn firing(&self, scene: &Scene<'_>) -> Option<AlertId> {
        let chosen = self.alert.as_ref().filter(|id| scene.live.alert(id).is_some_and(|(_, known)| known.is_firing()));
        chosen.cloned().or_else(|| words::most_urgent(scene.live).map(|(rule, _)| rule.id.clone()))
    }

    /// On the credentials screen: what the watch saw and nobody has taken on them, of the chosen credential first.
    #[must_use]
    pub fn seen(&self, scene: &Scene<'_>) -> Option<String> {
        if scene.ui.screen != ScreenName::Credentials {
            return None;
        }
        let watched = scene.live.watched();
        let own = self.credential.as_ref().filter(|id| watched.of(id.as_str()).is_some()).map(ToString::to_string);
        own.or_else(|| watched.standing().next().map(|(what, _)| what.to_string()))
    }

    /// The check that waits for a code, where the hands are on one or on an item that rests on it.
    #[must_use]
    pub fn waiting_for_code(&self, scene: &Scene<'_>) -> Option<CheckId> {
        let waits = |id: &CheckId| {
            let latest = scene.live.check(id).and_then(|(_, known)| known.latest.as_ref());
            latest.is_some_and(|latest| test::waiting(&latest.evidence).next().is_some())
        };
        self.checks(scene).into_iter().find(waits)
    }

    /// The chosen check, where it asks for a person.
    #[must_use]
    pub fn task(&self, scene: &Scene<'_>) -> Option<CheckId> {
        self.check.clone().filter(|check| scene.live.task(check).is_some())
    }

    /// The checks that fail: what a fix would be about.
    #[must_use]
    pub fn failing(&self, scene: &Scene<'_>) -> Vec<CheckId> {
        let fails = |id: &CheckId| scene.live.check(id).is_some_and(|(_, known)| known.known_failure().is_some());
        self.checks(scene).into_iter().filter(fails).collect()
    }

    /// What was last written into the configuration for what the hands are on, while it can be put back.
    #[must_use]
    pub fn enforcement<'a>(&self, scene: &Scene<'a>) -> Option<&'a Enforcement> {
        let checks = self.checks(scene);
        let written = scene.live.enforcements().iter().rev().filter(|known| known.written().is_some());
        written.into_iter().find(|known| known.checks.iter().any(|check| checks.contains(check)))
    }

    /// The checks that running again would be about.
    #[must_use]
    pub fn checks(&self, scene: &Scene<'_>) -> Vec<CheckId> {
        if let Some(check) = &self.check {
            return vec![check.clone()];
        }
        let item = self.item.as_ref().and_then(|id| scene.state.item(id));
        item.map(|(item, _)| item.checks.clone()).unwrap_or_default()
    }
}
