//! `setting`: a variable has the value that production needs: exactly this, one of these, of this form, in this range.

use std::sync::Arc;
use std::time::Duration;

use regex::Regex;
use schemars::JsonSchema;
use secrecy::ExposeSecret;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::plan::Check;
use crate::model::values::Lookup;
use crate::model::word::Category;

/// The kind.
pub(super) struct Setting;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The variable.
    name: String,
    /// Exactly this text.
    must_be: Option<String>,
    /// One of these texts.
    #[serde(default)]
    one_of: Vec<String>,
    /// A regular expression that the whole text must match.
    pattern: Option<String>,
    /// A number within these bounds.
    range: Option<Range>,
    /// What the application takes when the variable is missing; used, and said so.
    default: Option<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Range {
    /// Not below.
    min: Option<f64>,
    /// Not above.
    max: Option<f64>,
}

impl Kind for Setting {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "setting",
            doc: "A variable has the value that production needs.",
            category: Category::Configuration,
            example: "name = \"VITE_TIMEOUT\"\nrange = { min = 30000 }\ndefault = \"45000\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |_| Vec::new(),
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let pattern = keys.pattern.as_ref().and_then(|pattern| Regex::new(&format!("^(?:{pattern})$")).ok());
        Ok(Box::new(Looker { finding, keys, pattern, surroundings: Arc::clone(surroundings) }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.must_be.is_none() && keys.one_of.is_empty() && keys.pattern.is_none() && keys.range.is_none() {
            problems.push(
                OptionProblem::whole("this setting asserts nothing").help("add must_be, one_of, pattern or range"),
            );
        }
        problems.extend(keys.pattern.as_ref().and_then(|pattern| options::pattern_problem("pattern", pattern)));
        if let Some(range) = keys.range {
            match (range.min, range.max) {
                (None, None) => problems.push(OptionProblem::at("range", "the range has no bound").help("{ min = 1 }")),
                (Some(min), Some(max)) if min > max => {
                    problems.push(OptionProblem::at("range", "nothing lies in this range"));
                }
                _ => {}
            }
        }
    })
}

struct Looker {
    finding: Finding,
    keys: Keys,
    pattern: Option<Regex>,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, _: Duration) -> Looking<'_> {
        Box::pin(std::future::ready(self.look()))
    }
}

impl Looker {
    fn look(&self) -> Evidence {
        let name = &self.keys.name;
        let (text, origin, secret) = match self.surroundings.values.get(&format!("env.{name}")) {
            Lookup::Found(value) => (value.text.expose_secret().to_owned(), value.origin.to_string(), value.secret),
            Lookup::Failed(why) => return self.finding.error(&format!("{name}: {why}")),
            Lookup::Missing => match &self.keys.default {
                Some(default) => (default.clone(), "the default".to_owned(), false),
                None => {
                    return self
                        .finding
                        .fail(FailureClass::Value, &format!("{name} is missing"))
                        .material(name, "missing");
                }
            },
        };
        let shown = if secret { "••••".to_owned() } else { format!("\"{text}\"") };
        let evidence = match self.objection(&text) {
            None => Evidence::pass(&format!("{name} is {shown}")),
            Some(needed) => {
                let summary = format!("{name} is {shown} and must be {needed}");
                self.finding.fail(FailureClass::Value, &summary).remedy(&format!("set {name} to {needed} in {origin}"))
            }
        };
        evidence.material(name, &shown).fact("source", &origin)
    }

    /// What the text would have to be, if it is not.
    fn objection(&self, text: &str) -> Option<String> {
        if let Some(must_be) = &self.keys.must_be
            && text != must_be
        {
            return Some(format!("\"{must_be}\""));
        }
        if !self.keys.one_of.is_empty() && !self.keys.one_of.iter().any(|one| one == text) {
            return Some(format!("one of {}", self.keys.one_of.join(", ")));
        }
        if let Some(pattern) = &self.pattern
            && !pattern.is_match(text)
        {
            return Some(format!("of the form {}", self.keys.pattern.as_deref().unwrap_or_default()));
        }
        self.keys.range.and_then(|range| outside(range, text))
    }
}

fn outside(range: Range, text: &str) -> Option<String> {
    let needed = match (range.min, range.max) {
        (Some(min), Some(max)) => format!("a number from {min} to {max}"),
        (Some(min), None) => format!("a number of at least {min}"),
        (None, Some(max)) => format!("a number of at most {max}"),
        (None, None) => return None,
    };
    let inside = text.trim().parse::<f64>().is_ok_and(|number| {
        number.is_finite() && range.min.is_none_or(|min| number >= min) && range.max.is_none_or(|max| number <= max)
    });
    (!inside).then_some(needed)
}

#[cfg(test)]
mod tests {
    use crate::check::kit;
    use crate::model::word::Outcome;

    #[tokio::test]
    async fn a_setting_is_what_it_must_be_or_says_what_it_is() {
        let surroundings = kit::surroundings(&[("env.MODE", "true"), ("env.TIMEOUT", "20000"), ("env.NAN", "NaN")]);
        for (keys, outcome, says) in [
            ("name = \"MODE\"\nmust_be = \"false\"", Outcome::Fail, "MODE is \"true\" and must be \"false\""),
            ("name = \"MODE\"\none_of = [\"true\", \"false\"]", Outcome::Pass, "MODE is \"true\""),
            ("name = \"MODE\"\npattern = \"tru\"", Outcome::Fail, "of the form tru"),
            ("name = \"TIMEOUT\"\nrange = { min = 30000 }", Outcome::Fail, "at least 30000"),
            ("name = \"NAN\"\nrange = { min = 1 }", Outcome::Fail, "at least 1"),
            ("name = \"GONE\"\nmust_be = \"x\"", Outcome::Fail, "GONE is missing"),
            ("name = \"GONE\"\nrange = { min = 1 }\ndefault = \"3\"", Outcome::Pass, "GONE is \"3\""),
        ] {
            let evidence = kit::run("setting", keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{keys}");
            assert!(evidence.summary.as_str().contains(says), "{keys}: {}", evidence.summary);
        }
    }
}
