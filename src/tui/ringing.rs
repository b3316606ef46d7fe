//! The notifier `terminal`: what came to it is rung and shown by the cockpit, once for each notice, whatever screen is
//! open. It takes no key press and moves nothing.

use std::collections::BTreeSet;

use crate::core::notice::{Notice, NoticeKey};
use crate::core::state::{Fate, State};
use crate::model::notifier::Notifier;

/// What has been rung already.
#[derive(Debug, Default)]
pub struct Ringing(BTreeSet<NoticeKey>);

/// What the terminal is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ring {
    /// Ring.
    pub bell: bool,
    /// Show these.
    pub notifications: Vec<String>,
}

impl Ringing {
    /// What has come to the terminal by now was rung by an earlier cockpit, or is seen on its first screen.
    #[must_use]
    pub fn from(state: &State) -> Self {
        Self(came(state).map(|(_, notice)| notice.key.clone()).collect())
    }

    /// What is new in a state.
    pub fn news(&mut self, state: &State) -> Ring {
        let mut ring = Ring::default();
        for (notifier, notice) in came(state) {
            if self.0.contains(&notice.key) {
                continue;
            }
            self.0.insert(notice.key.clone());
            let says = |key: &str, usually: bool| {
                notifier.options.get(key).and_then(serde_json::Value::as_bool).unwrap_or(usually)
            };
            ring.bell |= says("bell", true);
            if says("notification", false) {
                ring.notifications.push(format!("{} [{}]", notice.headline(), notice.service));
            }
        }
        ring
    }
}

fn came(state: &State) -> impl Iterator<Item = (&Notifier, &Notice)> {
    let terminals = || state.plan().notifiers.iter().filter(|notifier| notifier.is_terminal());
    state.notices().posted().filter_map(move |posted| {
        let notifier = terminals().find(|notifier| notifier.id == posted.notice.to)?;
        matches!(posted.fate, Fate::Delivered { .. }).then_some((notifier, &posted.notice))
    })
}
