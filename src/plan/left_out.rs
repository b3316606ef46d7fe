//! Checks that a plan gives nothing to look at: a preset cannot know a system's own query or path. Such a check is left
//! out with what names it, and lint says what would bring it in.

use std::collections::BTreeSet;

use crate::plan::document::{Document, ItemDocument};
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

/// Takes every check out whose `where_given` has an empty text; gives a note for each.
pub(super) fn leave_out(document: &mut Document, tree: &Node) -> Vec<Problem> {
    let mut notes = Vec::new();
    let mut gone = BTreeSet::new();
    for (id, check) in &document.checks {
        let lacking = check.common.where_given.iter().filter(|(_, text)| text.trim().is_empty());
        let lacking: Vec<&str> = lacking.map(|(name, _)| name.as_str()).collect();
        if lacking.is_empty() {
            continue;
        }
        let place = tree.place(&steps!["checks", id.as_str(), "where_given"], true);
        let what = check.common.title.as_ref().map(|title| format!(" ({title})")).unwrap_or_default();
        let note = Problem::advice(format!("`{id}`{what} is left out: the plan does not say {}", lacking.join(", ")));
        notes.push(note.at(place).help(format!("with = {{ {} }}", written(&lacking))));
        gone.insert(id.clone());
    }
    document.checks.retain(|id, _| !gone.contains(id));
    for check in document.checks.values_mut() {
        check.common.depends_on.iter_mut().for_each(|on| on.retain(|id| !gone.contains(id)));
    }
    let Document { pre_deployment, deployment, post_deployment, rollback, .. } = document;
    for items in [pre_deployment, deployment, post_deployment, rollback] {
        items.retain_mut(|item| keeps_something(item, &gone));
    }
    notes
}

/// `a = "…", b = "…"`.
fn written(names: &[&str]) -> String {
    names.iter().map(|name| format!("{name} = \"…\"")).collect::<Vec<_>>().join(", ")
}

/// Takes the checks that are gone out of an item; says whether anything is left that it rests on.
fn keeps_something(item: &mut ItemDocument, gone: &BTreeSet<String>) -> bool {
    let before = item.checks.len();
    item.checks.retain(|id| !gone.contains(id));
    let rests_on_more = item.manual.is_some() || item.step.is_some() || item.soak.is_some() || item.rehearsal.is_some();
    before == 0 || !item.checks.is_empty() || rests_on_more
}
