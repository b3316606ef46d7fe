//! Where things stand in a plan: positions by id, who depends on whom, which items use which check. Made once a plan.

use std::collections::HashMap;

use crate::model::id::{AlertId, CheckId, ItemId};
use crate::model::plan::Plan;

/// Positions and arrows of a plan.
#[derive(Debug, Default)]
pub struct Index {
    checks: HashMap<CheckId, usize>,
    items: HashMap<ItemId, usize>,
    alerts: HashMap<AlertId, usize>,
    dependencies: Vec<Vec<usize>>,
    dependents: Vec<Vec<usize>>,
    used_by: Vec<Vec<usize>>,
}

impl Index {
    /// The index of a plan. References to nothing are left out: the plan's judge has refused them before.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let checks: HashMap<_, _> = plan.checks.iter().enumerate().map(|(at, check)| (check.id.clone(), at)).collect();
        let items: HashMap<_, _> = plan.items.iter().enumerate().map(|(at, item)| (item.id.clone(), at)).collect();
        let alerts = plan.alerts.iter().enumerate().map(|(at, rule)| (rule.id.clone(), at)).collect();
        let positions = |ids: &[CheckId]| ids.iter().filter_map(|id| checks.get(id).copied()).collect::<Vec<_>>();
        let dependencies: Vec<_> = plan.checks.iter().map(|check| positions(&check.depends_on)).collect();
        let mut dependents = vec![Vec::new(); plan.checks.len()];
        for (at, under) in dependencies.iter().enumerate() {
            for dependency in under {
                dependents[*dependency].push(at);
            }
        }
        let mut used_by = vec![Vec::new(); plan.checks.len()];
        for (at, item) in plan.items.iter().enumerate() {
            for check in positions(&item.checks) {
                used_by[check].push(at);
            }
        }
        Self { checks, items, alerts, dependencies, dependents, used_by }
    }

    /// The position of a check.
    #[must_use]
    pub fn check(&self, id: &CheckId) -> Option<usize> {
        self.checks.get(id).copied()
    }

    /// The position of an item.
    #[must_use]
    pub fn item(&self, id: &ItemId) -> Option<usize> {
        self.items.get(id).copied()
    }

    /// The position of an alert.
    #[must_use]
    pub fn alert(&self, id: &AlertId) -> Option<usize> {
        self.alerts.get(id).copied()
    }

    /// What the check at this position stands on.
    #[must_use]
    pub fn dependencies(&self, check: usize) -> &[usize] {
        &self.dependencies[check]
    }

    /// What stands on the check at this position, directly.
    #[must_use]
    pub fn dependents(&self, check: usize) -> &[usize] {
        &self.dependents[check]
    }

    /// The items that rest on the check at this position.
    #[must_use]
    pub fn used_by(&self, check: usize) -> &[usize] {
        &self.used_by[check]
    }
}
