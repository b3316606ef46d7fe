//! The plan's notifiers, as far as they can be reached without anybody being told: name, TLS, a mail server's greeting.
//! Nothing is sent, and nothing that a notifier holds is shown.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::future::join_all;

use crate::cli::doctor::Finding;
use crate::cli::exit::Stop;
use crate::cli::machine::Machine;
use crate::cli::opening;
use crate::mask::Redactor;
use crate::network::Network;
use crate::notify::{self, Roster};
use crate::{check, clock, plan, source};

/// One finding a notifier of the plan that is named, or of the one for this folder; none without a plan.
pub(super) fn reach(named: Option<&Path>, machine: &Machine) -> Result<Vec<Finding>, Stop> {
    let path = match (named, Machine::plan_path(named)) {
        (Some(_), found) => found?,
        (None, Ok(found)) => found,
        // Doctor is asked in any folder.
        (None, Err(_)) => return Ok(Vec::new()),
    };
    let finding = |sound, found: String| Finding { name: "plan", sound, found };
    let Ok(loaded) = plan::load(&path, &check::specs()) else {
        return Ok(vec![finding(false, format!("{} is wrong: golive lint says where", path.display()))]);
    };
    let plan = loaded.plan;
    let mut findings = vec![finding(true, format!("{}, {} notifiers", path.display(), plan.notifiers.len()))];
    if plan.notifiers.is_empty() {
        return Ok(findings);
    }
    let network = match Network::new(&plan.network, &plan.folder) {
        Ok(network) => network,
        Err(error) => return Ok(vec![finding(false, Stop::because(&error).sentence)]),
    };
    let trusted = opening::is_trusted(&plan.digest)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Stop::own(format!("cannot start: {error}")))?;
    let environment: &BTreeMap<String, String> = &machine.environment;
    findings.extend(runtime.block_on(async {
        let values = source::load(&plan, trusted, environment).await;
        let redactor = Redactor::new(values.secrets().chain(notify::secrets(&plan.notifiers, &values)));
        let roster = Roster::new(&plan, &values, trusted);
        let (roster, redactor, network) = (&roster, &redactor, &network);
        let reached = roster.all().map(|id| async move {
            let (sound, found) = match roster.reach(id, network, clock::now).await {
                Ok(taken) => (true, taken.answer),
                Err(refused) => (false, refused.why),
            };
            Finding { name: "notifier", sound, found: format!("{id}: {}", redactor.redact(found.as_str())) }
        });
        join_all(reached).await
    }));
    Ok(findings)
}
