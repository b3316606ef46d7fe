//! What a failure does: a degradation names what it goes on without and what is turned off for it, and somebody must be
//! able to confirm it (X2).

use crate::model::failure::Recovery;
use crate::plan::document::{CommonKeys, Document};
use crate::plan::problem::Problem;
use crate::plan::tree::{Node, steps};

pub(super) fn problems(document: &Document, tree: &Node) -> Vec<Problem> {
    let checks = document.checks.iter().map(|(id, check)| ("checks", id, &check.common));
    let settings = document.settings.iter().map(|(name, setting)| ("settings", name, &setting.common));
    let credentials = document.credentials.iter().map(|(id, credential)| ("credentials", id, &credential.common));
    let of = |(table, id, common): (&str, &String, &CommonKeys)| one(tree, table, id, common);
    checks.chain(settings).chain(credentials).filter_map(of).collect()
}

fn one(tree: &Node, table: &str, id: &str, common: &CommonKeys) -> Option<Problem> {
    let at = |key: &str, message: &str, help: &str| {
        Some(Problem::error(message).at(tree.place(&steps![table, id, key], true)).help(help))
    };
    let example = "degrade = { without = \"live updates\", flags = [\"VITE_ENABLE_LIVE_UPDATES\"] }";
    match &common.degrade {
        None if common.recovery == Some(Recovery::GracefulDegradation) => {
            at("recovery", "nobody knows what it would go on without", example)
        }
        None => None,
        Some(degrade) if degrade.flags.is_empty() || degrade.without.trim().is_empty() => {
            at("degrade", "a degradation names what customers go without, and the flags to turn off for it", example)
        }
        Some(_) if common.recovery.is_some_and(|recovery| recovery != Recovery::GracefulDegradation) => {
            at("recovery", "the check can be degraded, and its recovery is another one", "leave `recovery` out")
        }
        Some(_) if common.waivable == Some(false) => {
            at("degrade", "it must hold: nobody may go on without it", "leave `degrade` or `waivable = false` out")
        }
        Some(_) => None,
    }
}
