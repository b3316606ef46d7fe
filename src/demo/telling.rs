//! What the world tells whoever looks for a cause: its flags, the runs of its build server, and the payments that failed.

use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::demo::faults::{Fault, Faults};
use crate::demo::met::Met;
use crate::demo::site;

/// The flags as the running site evaluates them; and those that are switched by hand: one follows the version that is
/// served, one is why the sync is slow.
pub(super) fn flags(folder: &Path, faults: &Faults) -> Json {
    let immediate = !faults.is_on(Fault::FlagsDiffer);
    json!({
        "card_payment_fast_track": true, "enhanced_real_time_sync": true, "bulletproof_persistence": true,
        "immediate_access_granting": immediate, "optimistic_ui_updates": true,
        "flags": {
        "express_checkout": { "enabled": site::is_new_version(folder) },
        "sync_in_batches": { "enabled": faults.is_on(Fault::SyncDelay) },
        "mark_all_prices": { "enabled": false },
    } })
}

/// The runs of the build server: one for each release that lies there, as it lies there.
pub(super) fn runs(folder: &Path) -> Json {
    let runs: Vec<Json> = site::releases(folder)
        .into_iter()
        .map(|(name, at, whole)| {
            let conclusion = if whole { "success" } else { "failure" };
            let at = at.and_then(|at| Timestamp::try_from(at).ok()).map(|at| at.to_string());
            json!({ "id": name, "name": "release", "conclusion": conclusion, "updated_at": at, "actor": { "login": "release-bot" } })
        })
        .collect();
    json!({ "workflow_runs": runs })
}

/// The payments that failed since a moment.
pub(super) fn failed_payments(met: &Met, query: Option<&str>) -> Json {
    let since = query.unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("since="));
    let since = since.and_then(|since| since.parse::<Timestamp>().ok()).unwrap_or(Timestamp::MIN);
    let failed = met.failed_since(since).into_iter();
    let payments: Vec<Json> =
        failed.map(|(id, at)| json!({ "id": id, "amount": "1000.00", "at": at.to_string() })).collect();
    json!({ "payments": payments })
}
