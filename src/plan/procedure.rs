//! The way back as the plan has it: steps with their rehearsal forms, verification, triggers, and the fingerprint that
//! says whether a rehearsal was one of this very procedure. And what a go-live keeps to: window, freezes, poll.

use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::model::ceremony::{Ceremony, Freeze, Window};
use crate::model::duration::Span;
use crate::model::id::{AlertId, CheckId, ItemId};
use crate::model::item::Item;
use crate::model::plan::{Check, Run};
use crate::model::rollback::{Rollback, Trigger, VERIFY_WITHIN};
use crate::model::step::RollbackStep;
use crate::plan::document::{Document, ProcedureDocument};
use crate::plan::files;
use crate::plan::judge::selection;
use crate::plan::scripts;

pub(super) fn rollback(document: ProcedureDocument, checks: &[Check], no_return: Vec<ItemId>) -> Rollback {
    let select = |selectors: &[String]| {
        let mut selected: Vec<CheckId> = Vec::new();
        for selector in selectors {
            for id in selection(selector, checks.iter().map(|check| (check.id.as_str(), check.category))) {
                if !selected.iter().any(|known| known.as_str() == id) {
                    selected.push(CheckId::new(id));
                }
            }
        }
        selected
    };
    let trigger = |selector: &String| match selector.split_once(':') {
        Some(("step", item)) => vec![Trigger::Step(ItemId::new(item.trim()))],
        Some(("alert", alert)) => vec![Trigger::Alert(AlertId::new(alert.trim()))],
        _ => select(std::slice::from_ref(selector)).into_iter().map(Trigger::Check).collect(),
    };
    Rollback {
        verify: select(&document.verify),
        verify_within: document.verify_within.unwrap_or(VERIFY_WITHIN),
        rehearsal_verify: select(&document.rehearsal_verify),
        budget: document.budget,
        when: document.when.iter().flat_map(trigger).collect(),
        after: document.after.unwrap_or(Span::seconds(0)),
        unattended: document.unattended,
        countdown: document.countdown,
        undo: document.undo,
        since: select(&document.since),
        rehearsal_steps: Vec::new(),
        no_return,
        fingerprint: String::new(),
    }
}

/// The items past which there is no way back.
pub(super) fn no_return(document: &Document) -> Vec<ItemId> {
    let items = [&document.pre_deployment, &document.deployment, &document.post_deployment, &document.rollback];
    let marked = items.into_iter().flatten().filter(|item| item.point_of_no_return);
    marked.map(|item| ItemId::new(&item.id)).collect()
}

/// A check that only verifies a rollback says nothing of the new version: it runs when there is something to verify.
/// What an item, another check or a trigger rests on runs all the same.
pub(super) fn ask_only_of_the_old_version(checks: &mut [Check], items: &[Item], rollback: &Rollback) {
    let needed: Vec<CheckId> = checks.iter().flat_map(|check| check.depends_on.iter().cloned()).collect();
    for check in checks.iter_mut().filter(|check| check.run == Run::Scheduled) {
        let verifies = rollback.verify.contains(&check.id) || rollback.rehearsal_verify.contains(&check.id);
        let used = items.iter().any(|item| item.checks.contains(&check.id))
            || needed.contains(&check.id)
            || rollback.when.contains(&Trigger::Check(check.id.clone()));
        if verifies && !used {
            check.run = Run::AfterRollback;
        }
    }
}

/// Everything that makes the way back what it is: its steps and their rehearsal forms, how deployment steps are taken
/// back, the scripts and files that all these name, what a rehearsal measures, the checks that verify it. Budgets and
/// titles are not in it: who gives a step more time rehearses nothing else.
pub(super) fn fingerprint(
    steps: &[RollbackStep],
    items: &[Item],
    rollback: &Rollback,
    named: &[String],
    checks: &[Check],
    folder: &Path,
) -> String {
    let mut hasher = Sha256::new();
    let mut part = |bytes: &[u8]| {
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    };
    let undone = items.iter().filter_map(|item| item.step.as_ref()?.undo.as_ref()).map(|undo| &undo.step);
    let measured = rollback.rehearsal_steps.iter().map(|measured| &measured.step);
    for step in steps.iter().chain(undone).chain(measured) {
        part(step.id.as_str().as_bytes());
        for action in std::iter::once(&step.action).chain(step.rehearse.as_ref().map(|form| &form.action)) {
            part(serde_json::to_string(action).unwrap_or_default().as_bytes());
            for script in scripts::of_action(action).iter().flat_map(|line| scripts::of(folder, line)) {
                part(script.name.as_bytes());
                part(&script.content);
            }
        }
    }
    for name in named {
        part(name.as_bytes());
        part(&files::script(folder, name).unwrap_or_else(|| b"missing".to_vec()));
    }
    let verifying = rollback.verify.iter().chain(&rollback.rehearsal_verify);
    for check in verifying.filter_map(|id| checks.iter().find(|check| check.id == *id)) {
        let options = serde_json::Value::Object(check.options.clone());
        part(format!("{} {} {options}", check.id, check.kind).as_bytes());
    }
    hex::encode(hasher.finalize())
}

pub(super) fn ceremony(document: &Document) -> Ceremony {
    let at = |text: &Option<String>| text.as_deref().and_then(|text| moment(text).ok());
    let freezes = document.freeze.iter().filter_map(|freeze| {
        let (from, until) = (moment(&freeze.from).ok()?, moment(&freeze.until).ok()?);
        Some(Freeze { from, until, reason: freeze.reason.clone() })
    });
    Ceremony {
        window: document.window.as_ref().map(|window| Window { from: at(&window.from), until: at(&window.until) }),
        freezes: freezes.collect(),
        roles: document.poll.roles.iter().map(|role| role.trim().to_owned()).collect(),
        people: document.poll.people.clone(),
    }
}

/// A moment with its zone: `2026-11-26T20:00:00+02:00`, or `2026-11-26T20:00[Africa/Johannesburg]`.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    let zoned = || text.parse::<jiff::ZonedDateTime>().map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>().or_else(|_| zoned()).map_err(|_| {
        format!("`{text}` is no moment: write 2026-11-26T20:00:00+02:00 or 2026-11-26T20:00[Africa/Johannesburg]")
    })
}
