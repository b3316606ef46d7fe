//! `variable`: variables exist and are not empty. All that are missing are named at once.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::mend::Wanted;
use crate::model::plan::Check;
use crate::model::values::{Lookup, Values};
use crate::model::word::Category;

/// The kind.
pub(super) struct Variable;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The variable.
    name: Option<String>,
    /// Several variables.
    #[serde(default)]
    names: Vec<String>,
    /// Whether an empty value counts as missing.
    #[serde(default = "yes")]
    non_empty: bool,
}

const fn yes() -> bool {
    true
}

impl Kind for Variable {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "variable",
            doc: "The variables exist and are not empty.",
            category: Category::Environment,
            example: "names = [\"VITE_API_URL\", \"VITE_NODE_ENV\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |_| Vec::new(),
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let names = keys.name.into_iter().chain(keys.names).collect();
        let surroundings = Arc::clone(surroundings);
        Ok(Box::new(Looker { finding, names, non_empty: keys.non_empty, surroundings }))
    }

    fn wanted(&self, check: &Check, values: &Values) -> Vec<(String, Wanted)> {
        let missing = self.variables(check).into_iter().filter(|name| match values.get(&format!("env.{name}")) {
            Lookup::Found(value) => value.text.expose_secret().trim().is_empty(),
            Lookup::Missing => true,
            Lookup::Failed(_) => false,
        });
        missing
            .map(|name| (name, Wanted::Person("it has no value, and the plan does not know it".to_owned())))
            .collect()
    }

    fn variables(&self, check: &Check) -> Vec<String> {
        let keys = options::read::<Keys>(&check.options);
        keys.map(|keys| keys.name.into_iter().chain(keys.names).collect()).unwrap_or_default()
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.name.is_none() && keys.names.is_empty() {
            problems.push(
                OptionProblem::whole("this check asserts nothing")
                    .help("name the variables: names = [\"VITE_API_URL\"]"),
            );
        }
    })
}

struct Looker {
    finding: Finding,
    names: Vec<String>,
    non_empty: bool,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, _: Duration) -> Looking<'_> {
        Box::pin(std::future::ready(self.look()))
    }
}

impl Looker {
    fn look(&self) -> Evidence {
        let (mut missing, mut empty, mut failed, mut found) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for name in &self.names {
            match self.surroundings.values.get(&format!("env.{name}")) {
                Lookup::Found(value) if self.non_empty && value.text.expose_secret().trim().is_empty() => {
                    empty.push((name, value.origin.to_string()));
                }
                Lookup::Found(value) => found.push((name, value.origin.to_string())),
                Lookup::Missing => missing.push(name.as_str()),
                Lookup::Failed(why) => failed.push((name, why.to_owned())),
            }
        }
        let mut evidence = if !missing.is_empty() || !empty.is_empty() {
            self.finding.fail(FailureClass::Value, &sentence(&missing, &empty))
        } else if let Some((name, why)) = failed.first() {
            self.finding.blind(&format!("{name}: {why}"))
        } else {
            let verb = if found.len() == 1 { "variable is" } else { "variables are" };
            Evidence::pass(&format!("{} {verb} set", found.len()))
        };
        for name in &missing {
            evidence = evidence.material(name, "missing");
        }
        for (name, origin) in &empty {
            evidence = evidence.material(name, &format!("empty in {origin}"));
        }
        for (name, origin) in &found {
            evidence = evidence.fact(name, &format!("set in {origin}"));
        }
        evidence
    }
}

fn sentence(missing: &[&str], empty: &[(&String, String)]) -> String {
    let empty: Vec<_> = empty.iter().map(|(name, origin)| format!("{name} ({origin})")).collect();
    match (missing.is_empty(), empty.is_empty()) {
        (false, true) => format!("missing: {}", missing.join(", ")),
        (true, _) => format!("empty: {}", empty.join(", ")),
        (false, false) => format!("missing: {}; empty: {}", missing.join(", "), empty.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::kit;
    use crate::model::word::Outcome;

    #[tokio::test]
    async fn all_that_are_missing_or_empty_are_named_at_once() {
        let surroundings = kit::surroundings(&[("env.A", "1"), ("env.B", " ")]);
        let evidence = kit::run("variable", "names = [\"A\", \"B\", \"C\", \"D\"]", &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Fail);
        assert_eq!(evidence.summary.as_str(), "missing: C, D; empty: B (plan)");
        let evidence = kit::run("variable", "name = \"A\"", &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Pass);
    }

    #[tokio::test]
    async fn a_source_that_failed_is_no_verdict_on_the_variable() {
        let mut surroundings = kit::surroundings(&[("env.A", "1")]);
        std::sync::Arc::get_mut(&mut surroundings).unwrap().values.fail("env.B", ".env: permission denied");
        let evidence = kit::run("variable", "names = [\"A\", \"B\"]", &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Error);
        assert!(evidence.summary.as_str().contains("permission denied"));
    }
}
