//! What is asked before an alert is acknowledged or silenced: it is named first, and a silence shows what it hides.

use crate::core::alerts;
use crate::core::decide::Command;
use crate::model::id::AlertId;
use crate::tui::dialog::{Dialog, Lock, Question};
use crate::tui::format;
use crate::tui::scene::Scene;
use crate::tui::words;

impl Dialog {
    /// To say that an alert was seen.
    #[must_use]
    pub fn acknowledge(scene: &Scene<'_>, id: &AlertId) -> Option<Self> {
        let (rule, known) = scene.live.alert(id)?;
        let mut dialog = Self::new(Question::Acknowledge(id.clone()), format!("Acknowledge: {id}"));
        dialog = dialog.fact("level", rule.level.word()).fact("now", words::alert_seen(known));
        if let Some(impact) = &rule.impact {
            dialog = dialog.fact("means", impact.clone());
        }
        if let Some(at) = known.escalates(rule) {
            dialog = dialog.fact("escalates", format!("in {}", format::age(format::between(scene.now.at, at.at))));
        }
        dialog =
            dialog.fact("", "You have seen it: it is not escalated any more. It goes on counting until it is over.");
        Some(dialog.field("note", "", true))
    }

    /// To mute an alert's notices.
    #[must_use]
    pub fn silence(scene: &Scene<'_>, id: &AlertId) -> Option<Self> {
        let (rule, known) = scene.live.alert(id)?;
        let hidden = alerts::hidden_by(scene.live, id)?;
        let mut dialog = Self::new(Question::Silence(id.clone()), format!("Silence: {id}"));
        let now = if hidden.fires { words::alert_seen(known) } else { "it does not fire now".to_owned() };
        dialog = dialog.fact("level", rule.level.word()).fact("now", now);
        let who = if hidden.notifiers.is_empty() { "nobody".to_owned() } else { hidden.notifiers.join(", ") };
        dialog = dialog.fact("hides", format!("notices to {who}"));
        if let Some(at) = hidden.escalates {
            let left = format::age(format::between(scene.now.at, at));
            dialog = dialog.fact("", format!("and its escalation, which would come in {left}"));
        }
        dialog = dialog.fact("", "It counts for the verdict all the same, and stands on the screen.");
        Some(dialog.field("why", "", false).field("until", "1h", false))
    }

    /// To declare a lull, or to end it.
    #[must_use]
    pub fn lull(scene: &Scene<'_>) -> Self {
        if let Some(lull) = scene.live.lull() {
            let since = format!("{}: {}", lull.by, lull.reason);
            return Self::new(Question::Door(Command::EndLull), "End the lull")
                .fact("declared", since)
                .fact("", "Rules that rest in a lull are judged again at once.")
                .locked(Lock::Yes);
        }
        Self::new(Question::Lull, "Declare a lull")
            .fact("", "Business rests: rules that the plan mutes in a lull do not fire. All others do.")
            .field("why", "", false)
            .field("until", "1h", false)
    }
}
