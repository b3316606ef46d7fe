//! What the plan wants asked when something is broken, made of its document: sources, queries, and runbooks with their
//! texts read in, so that a replay shows what people read.

use std::collections::BTreeMap;
use std::path::Path;

use crate::model::duration::Span;
use crate::model::id::{CheckId, HurtId, KindName, SourceId};
use crate::model::runbook::{LONGEST, Runbook};
use crate::model::triage::{Hurt, Source, Triage};
use crate::plan::build::in_words;
use crate::plan::document::{ChangesDocument, CommonKeys, Document, HurtDocument, RunbookDocument};
use crate::plan::files;
use crate::plan::judge::setting_id;
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

/// What is asked when something is broken, and the runbooks that are not there.
pub(super) fn of(document: &mut Document, tree: &Node, folder: &Path) -> (Triage, Vec<Problem>) {
    let (runbooks, problems) = runbooks(document, tree, folder);
    let changes = std::mem::take(&mut document.changes).into_iter().map(source).collect();
    let hurt = std::mem::take(&mut document.hurt).into_iter().map(hurt).collect();
    (Triage { changes, hurt, runbooks }, problems)
}

fn source((id, document): (String, ChangesDocument)) -> Source {
    Source {
        id: SourceId::new(&id),
        kind: KindName::new(&document.kind),
        every: document.common.every.unwrap_or(Span::seconds(60)),
        timeout: document.common.timeout.unwrap_or(Span::seconds(10)),
        options: document.options,
    }
}

fn hurt((id, document): (String, HurtDocument)) -> Hurt {
    let common = document.common;
    Hurt {
        title: common.title.unwrap_or_else(|| in_words(&id).to_lowercase()),
        id: HurtId::new(&id),
        kind: KindName::new(&document.kind),
        every: common.every.unwrap_or(Span::seconds(60)),
        timeout: common.timeout.unwrap_or(Span::seconds(10)),
        currency: common.currency,
        repair: common.repair,
        options: document.options,
    }
}

fn runbooks(document: &mut Document, tree: &Node, folder: &Path) -> (BTreeMap<CheckId, Runbook>, Vec<Problem>) {
    let credentials = document.credentials.iter_mut();
    let credentials = credentials.map(|(id, one)| (format!("{id}_valid"), "credentials", id, &mut one.common));
    let settings = document.settings.iter_mut();
    let settings = settings.map(|(name, one)| (setting_id(one.id.as_deref(), name), "settings", name, &mut one.common));
    let checks = document.checks.iter_mut().map(|(id, one)| (id.clone(), "checks", id, &mut one.common));
    let (mut runbooks, mut problems) = (BTreeMap::new(), Vec::new());
    for (id, table, key, common) in credentials.chain(settings).chain(checks) {
        match taken(common, folder) {
            Some(Ok(runbook)) if runbook.text.trim().is_empty() => {
                let place = tree.place(&steps![table, key.as_str(), "runbook"], false);
                problems.push(Problem::error("the runbook is empty").at(place));
            }
            Some(Ok(runbook)) => {
                runbooks.insert(CheckId::new(&id), runbook);
            }
            Some(Err(why)) => {
                let place = tree.place(&steps![table, key.as_str(), "runbook", "file"], false);
                problems.push(Problem::error(why).at(place));
            }
            None => {}
        }
    }
    (runbooks, problems)
}

fn taken(common: &mut CommonKeys, folder: &Path) -> Option<Result<Runbook, String>> {
    Some(match common.runbook.take()? {
        RunbookDocument::Text(text) => Ok(Runbook { file: None, text: bounded(text) }),
        RunbookDocument::File(file) => {
            files::document(&folder.join(&file)).map(|text| Runbook { file: Some(file), text: bounded(text) })
        }
    })
}

fn bounded(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str("\n\n… the rest stands in the document");
    }
    text
}
