//! What the hands are on: the item, check or act that a deciding key would be about.

use crate::core::event::Subject;
use crate::model::id::{CheckId, CredentialId, ItemId};
use crate::tui::detail;
use crate::tui::scene::Scene;
use crate::tui::screen;
use crate::tui::ui::{Act, Pane, RowKey, ScreenName};

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
            RowKey::Check(id) => Self { check: Some(id), ..Self::default() },
            RowKey::Alert(_) => Self::default(),
            RowKey::Act(act) => Self { act: Some(act), ..Self::default() },
            RowKey::Credential(id) => {
                let check = scene.state.plan().credentials.get(&id).map(|credential| credential.check.clone());
                Self { check, credential: Some(id), ..Self::default() }
            }
            RowKey::Named(_) | RowKey::Line(_) => Self::default(),
        }
    }

    /// What a waiver or a note would be about: the chosen check; of an item that rests on checks alone the one that
    /// most wants to be looked at; else the item.
    #[must_use]
    pub fn subject(&self, scene: &Scene<'_>) -> Option<Subject> {
        if let Some(check) = &self.check {
            return Some(Subject::Check(check.clone()));
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
