//! `setting`: a variable has the value that production needs: exactly this, one of these, of this form, in this range,
//! a URL that customers may meet; or it is not set at all.

pub(super) mod host;
pub(super) mod rule;

use std::sync::Arc;
use std::time::Duration;

use crate::check::finding::Finding;
use crate::check::setting::rule::Rule;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::mend::Wanted;
use crate::model::plan::Check;
use crate::model::values::Values;
use crate::model::word::Category;

/// The kind.
pub(super) struct Setting;

impl Kind for Setting {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "setting",
            doc: "A variable has the value that production needs.",
            category: Category::Configuration,
            example: "name = \"VITE_TIMEOUT\"\nrange = { min = 30000 }\ndefault = \"45000\"\n",
            schema: || schemars::schema_for!(Rule),
            problems,
            touches: |_| Vec::new(),
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let rule: Rule = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        Ok(Box::new(Looker { finding, rule, surroundings: Arc::clone(surroundings) }))
    }

    fn wanted(&self, check: &Check, values: &Values) -> Vec<(String, Wanted)> {
        let Ok(rule) = options::read::<Rule>(&check.options) else { return Vec::new() };
        rule.wanted(values).map(|wanted| (rule.name, wanted)).into_iter().collect()
    }

    fn variables(&self, check: &Check) -> Vec<String> {
        options::read::<Rule>(&check.options).map(|rule| rule.name).into_iter().collect()
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Rule>(options, |rule, problems| problems.extend(rule.problems()))
}

struct Looker {
    finding: Finding,
    rule: Rule,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, _: Duration) -> Looking<'_> {
        Box::pin(std::future::ready(self.look()))
    }
}

impl Looker {
    fn look(&self) -> Evidence {
        let name = &self.rule.name;
        let seen = match self.rule.look(&self.surroundings.values) {
            Ok(seen) => seen,
            Err(why) => return self.finding.blind(&why),
        };
        if seen.missing {
            return match seen.needed {
                Some(_) => {
                    self.finding.fail(FailureClass::Value, &format!("{name} is missing")).material(name, "missing")
                }
                None => Evidence::pass(&format!("{name} is not set")).material(name, "not set"),
            };
        }
        let shown = &seen.shown;
        let by_default = if seen.by_default { " by default" } else { "" };
        let evidence = match seen.needed {
            None => Evidence::pass(&format!("{name} is {shown}{by_default}")),
            Some(needed) => {
                let summary = format!("{name} is {shown}{by_default} and must be {needed}");
                let what = needed.split(" (it ").next().unwrap_or_default();
                let remedy = format!("set {name} to {what} in {}", seen.origin);
                self.finding.fail(FailureClass::Value, &summary).remedy(&remedy)
            }
        };
        evidence.material(name, shown).fact("source", &seen.origin)
    }
}

#[cfg(test)]
mod tests {
    use crate::check::kit;
    use crate::model::mend::Wanted;
    use crate::model::word::Outcome;

    #[tokio::test]
    async fn a_setting_is_what_it_must_be_or_says_what_it_is() {
        let surroundings = kit::surroundings(&[
            ("env.MODE", "true"),
            ("env.TIMEOUT", "20000"),
            ("env.NAN", "NaN"),
            ("env.HEX", "0x9000"),
            ("env.HALF", "2.5"),
            ("env.URL", "https://api.pay.example.evil.example/v1"),
        ]);
        for (keys, outcome, says) in [
            ("name = \"MODE\"\nmust_be = \"false\"", Outcome::Fail, "MODE is \"true\" and must be \"false\""),
            ("name = \"MODE\"\none_of = [\"true\", \"false\"]", Outcome::Pass, "MODE is \"true\""),
            ("name = \"MODE\"\npattern = \"tru\"", Outcome::Fail, "of the form tru"),
            ("name = \"MODE\"\nabsent = true", Outcome::Fail, "MODE is \"true\" and must be absent"),
            ("name = \"GONE\"\nabsent = true", Outcome::Pass, "GONE is not set"),
            ("name = \"TIMEOUT\"\nrange = { min = 30000 }", Outcome::Fail, "at least 30000"),
            ("name = \"NAN\"\nrange = { min = 1 }", Outcome::Fail, "at least 1"),
            ("name = \"HEX\"\nrange = { min = 1 }", Outcome::Fail, "at least 1"),
            ("name = \"HALF\"\nrange = { min = 1, whole = true }", Outcome::Fail, "a whole number"),
            ("name = \"GONE\"\nmust_be = \"x\"", Outcome::Fail, "GONE is missing"),
            ("name = \"GONE\"\nmust_be = \"x\"\noptional = true", Outcome::Pass, "GONE is not set"),
            ("name = \"GONE\"\nrange = { min = 1 }\ndefault = \"3\"", Outcome::Pass, "GONE is \"3\" by default"),
            (
                "name = \"URL\"\nurl = { hosts = [\"api.pay.example\"] }",
                Outcome::Fail,
                "an https URL on api.pay.example",
            ),
            ("name = \"URL\"\nurl = {}", Outcome::Pass, "URL is"),
        ] {
            let evidence = kit::run("setting", keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{keys}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{keys}: {}", evidence.summary);
        }
    }

    #[test]
    fn what_would_mend_a_setting_is_worked_out_from_what_is_asked_of_it() {
        let surroundings = kit::surroundings(&[
            ("env.MODE", "true"),
            ("env.TIMEOUT", "20000"),
            ("env.URL", "HTTP://shop.example/pay?x=1"),
            ("env.LOCAL", "http://localhost:3000"),
        ]);
        let value = |text: &str| Some(Wanted::Value(text.to_owned()));
        for (keys, wanted) in [
            ("name = \"MODE\"\nmust_be = \"false\"", value("false")),
            ("name = \"MODE\"\nmust_be = \"true\"", None),
            ("name = \"MODE\"\nabsent = true", Some(Wanted::Absent)),
            ("name = \"GONE\"\nmust_be = \"on\"", value("on")),
            ("name = \"TIMEOUT\"\nrange = { min = 30000 }\ndefault = \"45000\"", value("45000")),
            ("name = \"TIMEOUT\"\nrange = { min = 30000 }", value("30000")),
            ("name = \"TIMEOUT\"\nrange = { min = 30000 }\nenforce = \"60000\"", value("60000")),
            ("name = \"URL\"\nurl = {}", value("https://shop.example/pay?x=1")),
        ] {
            let check = kit::check("setting", keys);
            let found = crate::check::kind("setting").unwrap().wanted(&check, &surroundings.values);
            assert_eq!(found.into_iter().next().map(|(_, wanted)| wanted), wanted, "{keys}");
        }
        let check = kit::check("setting", "name = \"LOCAL\"\nurl = {}");
        let found = crate::check::kind("setting").unwrap().wanted(&check, &surroundings.values);
        assert!(matches!(found.first(), Some((_, Wanted::Person(_)))), "{found:?}");
    }
}
