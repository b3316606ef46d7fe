//! Who was told of an alert, and whether it arrived: in a word each for the alert line, in full for the detail.

use std::collections::BTreeSet;

use ratatui::text::Span;

use crate::core::notice::{About, Happened};
use crate::core::state::{AlertState, Fate, Posted};
use crate::model::alert::Rule;
use crate::tui::format;
use crate::tui::scene::Scene;
use crate::tui::theme::Role;

/// The latest notice to each notifier: of an alert that fires those of now, else the last that there were.
fn latest<'a>(scene: &Scene<'a>, rule: &'a Rule, known: &AlertState) -> Vec<&'a Posted> {
    let since = known.since().filter(|_| known.is_firing());
    let of_now = |posted: &&Posted| since.is_none_or(|since| posted.queued.at >= since.at);
    let all: Vec<&Posted> = scene.state.notices().of_alert(&rule.id).filter(of_now).collect();
    let mut seen = BTreeSet::new();
    let mut latest: Vec<&Posted> = all.into_iter().rev().filter(|posted| seen.insert(&posted.notice.to)).collect();
    latest.reverse();
    latest.sort_by_key(|posted| scene.state.plan().notifiers.iter().position(|one| one.id == posted.notice.to));
    latest
}

/// `email ✓  slack ✓  webhook retry 2`.
#[must_use]
pub fn line(scene: &Scene<'_>, rule: &Rule, known: &AlertState) -> Vec<Span<'static>> {
    let word = |posted: &Posted| {
        let to = &posted.notice.to;
        match &posted.fate {
            Fate::Delivered { .. } => scene.say(format!("  {to} ✓"), Role::Good),
            Fate::Waiting => scene.say(format!("  {to} …"), Role::Quiet),
            Fate::Failed { .. } => scene.say(format!("  {to} retry {}", posted.attempts), Role::Look),
            Fate::Dead { .. } => scene.say(format!("  {to} ✗ given up"), Role::Bad),
        }
    };
    latest(scene, rule, known).into_iter().map(word).collect()
}

/// A sentence for each notifier: what it was told, and what became of it.
#[must_use]
pub fn sentences(scene: &Scene<'_>, rule: &Rule, known: &AlertState) -> Vec<(String, Role)> {
    latest(scene, rule, known).into_iter().map(|posted| sentence(scene, posted)).collect()
}

fn sentence(scene: &Scene<'_>, posted: &Posted) -> (String, Role) {
    let time = |at| format::time_of_day(at, scene.zone);
    let told = match &posted.notice.about {
        About::Alert(about) => match about.happened {
            Happened::Fired => "that it fires",
            Happened::Acknowledged => "that it was seen",
            Happened::Escalated => "that nobody acknowledged it",
            Happened::Resolved => "that it is over",
        },
        About::Notifier { .. } | About::Test { .. } => "",
    };
    let to = format!("{} {told}", posted.notice.to);
    match &posted.fate {
        Fate::Delivered { when, answer } => {
            let after = format::took(when.since(posted.queued).unwrap_or_default());
            (format!("{to} ✓ {}, after {after}: {answer}", time(when.at)), Role::Text)
        }
        Fate::Waiting => (format!("{to}: on its way"), Role::Quiet),
        Fate::Failed { when, why, .. } => {
            let notifier = scene.state.plan().notifiers.iter().find(|one| one.id == posted.notice.to);
            let next = notifier.and_then(|notifier| posted.due(notifier)).map(|due| {
                let left = due.up.saturating_sub(scene.now.up);
                if left.is_zero() { "now".to_owned() } else { format!("in {}", format::age(left)) }
            });
            let next = next.map_or_else(String::new, |next| format!(", again {next}"));
            (format!("{to}: retry {}{next}; {} it said: {why}", posted.attempts, time(when.at)), Role::Look)
        }
        Fate::Dead { when, why } => (format!("{to} ✗ {}: {why}", time(when.at)), Role::Bad),
    }
}
