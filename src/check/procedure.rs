//! `procedure`: the plan's own way back is whole, as far as a plan can say: steps, budgets, rehearsal forms,
//! verification, triggers. Whether it works, a rehearsal says.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::plan::Check;
use crate::model::values::{Lookup, Values};
use crate::model::word::Category;

/// The kind.
pub(super) struct Procedure;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// There is a step at least.
    #[serde(default)]
    steps: bool,
    /// Every step has a budget.
    #[serde(default)]
    budgets: bool,
    /// Every step can be rehearsed.
    #[serde(default)]
    rehearsable: bool,
    /// Checks verify the old version.
    #[serde(default)]
    verified: bool,
    /// Something makes golive recommend it.
    #[serde(default)]
    triggers: bool,
}

impl Kind for Procedure {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "procedure",
            doc: "The plan's rollback procedure has what it needs: steps, budgets, rehearsals, verification, triggers.",
            category: Category::System,
            example: "steps = true\nbudgets = true\nrehearsable = true\nverified = true\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |_| Vec::new(),
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        Ok(Box::new(Said(judged(&finding, &keys, &surroundings.values))))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if !(keys.steps || keys.budgets || keys.rehearsable || keys.verified || keys.triggers) {
            problems.push(OptionProblem::whole("it asks nothing of the procedure").help("steps = true"));
        }
    })
}

fn judged(finding: &Finding, keys: &Keys, values: &Values) -> Evidence {
    for name in ["steps", "without_budget", "without_rehearsal", "verify", "when"] {
        if let Lookup::Failed(why) = values.get(&format!("procedure.{name}")) {
            return finding.error(&format!("the procedure is not known: {why}"));
        }
    }
    let list = |name: &str| match values.get(&format!("procedure.{name}")) {
        Lookup::Found(value) => {
            value.text.expose_secret().split(',').filter(|id| !id.is_empty()).map(str::to_owned).collect::<Vec<_>>()
        }
        Lookup::Missing | Lookup::Failed(_) => Vec::new(),
    };
    let (steps, without_budget, without_rehearsal) = (list("steps"), list("without_budget"), list("without_rehearsal"));
    let missing = [
        (keys.steps && steps.is_empty(), "the plan has no rollback step".to_owned(), "add [[rollback_step]]"),
        (
            keys.budgets && !without_budget.is_empty(),
            format!("without a budget: {}", without_budget.join(", ")),
            "budget = \"1m\" on each step",
        ),
        (
            keys.rehearsable && !without_rehearsal.is_empty(),
            format!("cannot be rehearsed: {}", without_rehearsal.join(", ")),
            "rehearse = { run = […], grade = \"staging\" } on each step",
        ),
        (
            keys.verified && list("verify").is_empty(),
            "no check verifies the old version".to_owned(),
            "[procedure] verify = [\"old_version_serves\"]",
        ),
        (
            keys.triggers && list("when").is_empty(),
            "nothing is named that makes us roll back".to_owned(),
            "[procedure] when = [\"step:release\", \"payment_flow\"]",
        ),
    ];
    let evidence = match missing.into_iter().find(|(lacks, _, _)| *lacks) {
        Some((_, what, remedy)) => finding.fail(FailureClass::Value, &what).remedy(remedy),
        None => Evidence::pass(&format!("{} steps, verified by {} checks", steps.len(), list("verify").len())),
    };
    evidence.material("steps", &steps.join(", ")).fact("triggers", &list("when").join(", "))
}

struct Said(Evidence);

impl Probe for Said {
    fn run(&self, _: Duration) -> Looking<'_> {
        Box::pin(std::future::ready(self.0.clone()))
    }
}

#[cfg(test)]
mod tests {
    use crate::check::kit;
    use crate::model::word::Outcome;

    #[tokio::test]
    async fn what_a_procedure_lacks_is_named() {
        let whole =
            [("procedure.steps", "freeze,switch"), ("procedure.verify", "old"), ("procedure.when", "step:release")];
        let all = "steps = true\nbudgets = true\nrehearsable = true\nverified = true\ntriggers = true";
        let evidence = kit::run("procedure", all, &kit::surroundings(&whole)).await;
        assert_eq!(evidence.outcome, Outcome::Pass, "{}", evidence.summary);
        for (values, says) in [
            (vec![], "no rollback step"),
            (vec![("procedure.steps", "a,b"), ("procedure.without_budget", "b")], "without a budget: b"),
            (vec![("procedure.steps", "a"), ("procedure.without_rehearsal", "a")], "cannot be rehearsed: a"),
            (vec![("procedure.steps", "a")], "no check verifies"),
            (vec![("procedure.steps", "a"), ("procedure.verify", "old")], "makes us roll back"),
        ] {
            let evidence = kit::run("procedure", all, &kit::surroundings(&values)).await;
            assert_eq!(evidence.outcome, Outcome::Fail);
            assert!(evidence.summary.as_str().contains(says), "{}", evidence.summary);
        }
    }
}
