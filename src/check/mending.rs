//! What would make the checks of a plan hold, as far as their kinds know: what enforcement starts from.

use std::collections::BTreeSet;

use crate::check::kind;
use crate::model::id::CheckId;
use crate::model::mend::Mend;
use crate::model::plan::Plan;
use crate::model::values::Values;

/// What the checks of a plan need, those of `only` where it is given, in plan order.
#[must_use]
pub fn mends(plan: &Plan, values: &Values, only: Option<&BTreeSet<CheckId>>) -> Vec<Mend> {
    let asked = plan.checks.iter().filter(|check| only.is_none_or(|only| only.contains(&check.id)));
    let of_check = |check: &crate::model::plan::Check| -> Vec<Mend> {
        let wanted = kind(check.kind.as_str()).map(|kind| kind.wanted(check, values)).unwrap_or_default();
        let mend = |(variable, to)| Mend { check: check.id.clone(), variable, to };
        wanted.into_iter().map(mend).collect()
    };
    asked.flat_map(of_check).collect()
}

/// The variables that the checks of a plan are about.
#[must_use]
pub fn variables(plan: &Plan) -> BTreeSet<String> {
    let of_check = |check: &crate::model::plan::Check| kind(check.kind.as_str()).map(|kind| kind.variables(check));
    plan.checks.iter().filter_map(of_check).flatten().collect()
}
