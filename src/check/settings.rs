//! `settings`: several variables have the values that production needs; all that do not are named at once.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::setting::host;
use crate::check::setting::rule::{Rule, Seen, is_of_a_file};
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::mend::Wanted;
use crate::model::plan::Check;
use crate::model::values::{Lookup, Values};
use crate::model::word::Category;

/// The kind.
pub(super) struct Settings;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The variables, each with what it has to be: `{ name = "VITE_DEBUG", must_be = "false" }`; keys as for `setting`.
    #[serde(default)]
    variables: Vec<Rule>,
    /// These variables hold URLs of one and the same host; missing ones are left out.
    #[serde(default)]
    same_host: Vec<String>,
    /// No URL in any variable of the env files is local, private, of a test environment, or without TLS.
    #[serde(default)]
    every_url: bool,
}

impl Kind for Settings {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "settings",
            doc: "Several variables have the values that production needs.",
            category: Category::Configuration,
            example: "variables = [\n  { name = \"VITE_DEBUG\", must_be = \"false\", default = \"false\" },\n  { name = \"VITE_APP_URL\", url = { hosts = [\"shop.example\"] } },\n]\nevery_url = true\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |_| Vec::new(),
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        Ok(Box::new(Looker { finding, keys, surroundings: Arc::clone(surroundings) }))
    }

    fn wanted(&self, check: &Check, values: &Values) -> Vec<(String, Wanted)> {
        let Ok(keys) = options::read::<Keys>(&check.options) else { return Vec::new() };
        let mut wanted: Vec<(String, Wanted)> =
            keys.variables.iter().filter_map(|rule| Some((rule.name.clone(), rule.wanted(values)?))).collect();
        for (name, text, why) in keys.every_url.then(|| wrong_urls(values)).into_iter().flatten() {
            if wanted.iter().any(|(known, _)| *known == name) {
                continue;
            }
            let secured = host::secured(&text).filter(|secured| host::objection(secured, SECURE).is_none());
            let to = secured.map_or_else(
                || Wanted::Person(format!("it {why}, and the plan does not say where it should lead")),
                Wanted::Value,
            );
            wanted.push((name, to));
        }
        wanted
    }

    fn variables(&self, check: &Check) -> Vec<String> {
        let keys = options::read::<Keys>(&check.options);
        keys.map(|keys| keys.variables.into_iter().map(|rule| rule.name).collect()).unwrap_or_default()
    }
}

const SECURE: &[&str] = &["https", "wss"];

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.variables.is_empty() && keys.same_host.is_empty() && !keys.every_url {
            problems.push(
                OptionProblem::whole("this check asserts nothing")
                    .help("name the variables: variables = [{ name = \"VITE_DEBUG\", must_be = \"false\" }]"),
            );
        }
        if keys.same_host.len() == 1 {
            problems.push(OptionProblem::at("same_host", "it takes two URLs to agree"));
        }
        for (at, rule) in keys.variables.iter().enumerate() {
            for problem in rule.problems() {
                let message = format!("{}: {}", rule.name, problem.message);
                let mut placed = OptionProblem::at("variables", message);
                placed.help = problem.help;
                problems.push(placed);
            }
            if keys.variables[..at].iter().any(|before| before.name == rule.name) {
                problems.push(OptionProblem::at("variables", format!("{} stands here twice", rule.name)));
            }
        }
    })
}

/// Variables of env files whose value is a URL that customers must not meet: name, value, why.
fn wrong_urls(values: &Values) -> Vec<(String, String, String)> {
    let of_files = values.iter().filter(|(_, value)| is_of_a_file(&value.origin) && !value.secret);
    let urls = of_files.filter_map(|(name, value)| {
        let text = value.text.expose_secret();
        let scheme = text.split_once("://")?.0.to_lowercase();
        if !["http", "https", "ws", "wss"].contains(&scheme.as_str()) {
            return None;
        }
        let why = host::objection(text, SECURE)?;
        Some((name.strip_prefix("env.")?.to_owned(), text.to_owned(), why))
    });
    urls.collect()
}

struct Looker {
    finding: Finding,
    keys: Keys,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, _: Duration) -> Looking<'_> {
        Box::pin(std::future::ready(self.look()))
    }
}

impl Looker {
    fn look(&self) -> Evidence {
        let values = &self.surroundings.values;
        let (mut seen, mut unread): (Vec<(&str, Seen)>, Vec<String>) = (Vec::new(), Vec::new());
        for rule in &self.keys.variables {
            match rule.look(values) {
                Ok(found) => seen.push((&rule.name, found)),
                Err(why) => unread.push(why),
            }
        }
        let mut wrong: Vec<String> = seen.iter().filter_map(|(name, seen)| sentence(name, seen)).collect();
        let disagreeing = self.disagreeing();
        wrong.extend(disagreeing);
        if self.keys.every_url {
            let judged = |name: &str| seen.iter().any(|(known, found)| *known == name && found.needed.is_some());
            let urls = wrong_urls(values).into_iter().filter(|(name, ..)| !judged(name));
            wrong.extend(urls.map(|(name, _, why)| format!("{name} {why}")));
        }
        let mut evidence = match (wrong.as_slice(), unread.first()) {
            ([], None) => Evidence::pass(&holding(&seen)),
            ([], Some(why)) => self.finding.error(why),
            ([one], _) => self.finding.fail(FailureClass::Value, one),
            ([first, rest @ ..], _) => self
                .finding
                .fail(FailureClass::Value, &format!("{first}; and {} more: {}", rest.len(), rest.join("; "))),
        };
        for sentence in &wrong {
            evidence = evidence.material("problem", sentence);
        }
        for (name, found) in &seen {
            let shown = match (found.missing, found.by_default) {
                (true, _) => "not set".to_owned(),
                (false, true) => format!("{} by default", found.shown),
                (false, false) => found.shown.clone(),
            };
            evidence = evidence.material(name, &shown);
            if !found.missing && !found.by_default {
                evidence = evidence.fact("source", &format!("{name}: {}", found.origin));
            }
        }
        evidence
    }

    /// The URLs that are to be on one host and are not.
    fn disagreeing(&self) -> Option<String> {
        let host = |name: &String| match self.surroundings.values.get(&format!("env.{name}")) {
            Lookup::Found(value) => Some((name.clone(), host::host_of(value.text.expose_secret())?)),
            Lookup::Missing | Lookup::Failed(_) => None,
        };
        let hosts: Vec<(String, String)> = self.keys.same_host.iter().filter_map(host).collect();
        let (first, other) = (hosts.first()?, hosts.iter().find(|(_, host)| *host != hosts[0].1)?);
        Some(format!("{} leads to {} and {} to {}", other.0, other.1, first.0, first.1))
    }
}

fn sentence(name: &str, seen: &Seen) -> Option<String> {
    let needed = seen.needed.as_ref()?;
    Some(match (seen.missing, seen.by_default) {
        (true, _) => format!("{name} is missing and must be {needed}"),
        (false, true) => format!("{name} is {} by default and must be {needed}", seen.shown),
        (false, false) => format!("{name} is {} ({}) and must be {needed}", seen.shown, seen.origin),
    })
}

fn holding(seen: &[(&str, Seen)]) -> String {
    let defaults: Vec<&str> = seen.iter().filter(|(_, seen)| seen.by_default).map(|(name, _)| *name).collect();
    let all = match seen.len() {
        0 => "every URL is one for production".to_owned(),
        1 => "1 setting holds".to_owned(),
        many => format!("{many} settings hold"),
    };
    if defaults.is_empty() { all } else { format!("{all}; by default: {}", defaults.join(", ")) }
}

#[cfg(test)]
mod tests {
    use crate::check::kit;
    use crate::model::mend::Wanted;
    use crate::model::values::{Origin, Value};
    use crate::model::word::Outcome;

    const KEYS: &str = "variables = [{ name = \"DEBUG\", must_be = \"false\" }, { name = \"RETRIES\", range = { min = 1 }, default = \"3\" }]";

    #[tokio::test]
    async fn all_that_do_not_hold_are_named_at_once_and_defaults_are_said() {
        let surroundings = kit::surroundings(&[("env.DEBUG", "true"), ("env.RETRIES", "0")]);
        let evidence = kit::run("settings", KEYS, &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Fail);
        assert_eq!(
            evidence.summary.as_str(),
            "DEBUG is \"true\" (plan) and must be \"false\"; and 1 more: RETRIES is \"0\" (plan) and must be a number of at least 1"
        );
        let surroundings = kit::surroundings(&[("env.DEBUG", "false")]);
        let evidence = kit::run("settings", KEYS, &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Pass);
        assert_eq!(evidence.summary.as_str(), "2 settings hold; by default: RETRIES");
    }

    /// Surroundings whose variables stand in an env file.
    fn of_a_file(values: &[(&str, &str)]) -> std::sync::Arc<crate::check::Surroundings> {
        let mut surroundings = kit::surroundings(&[]);
        let known = &mut std::sync::Arc::get_mut(&mut surroundings).unwrap().values;
        for (name, value) in values {
            known.insert(name, Value::plain(value, Origin::Line { file: ".env".into(), line: 1 }));
        }
        surroundings
    }

    #[tokio::test]
    async fn no_url_of_an_env_file_may_be_one_that_customers_must_not_meet() {
        let keys = "every_url = true";
        let good =
            of_a_file(&[("env.SHOP", "https://shop.example"), ("env.NAME", "x"), ("env.DB", "postgres://localhost/x")]);
        assert_eq!(kit::run("settings", keys, &good).await.outcome, Outcome::Pass);
        for (url, says) in [("http://shop.example", "is not https"), ("https://localhost:3000", "this machine")] {
            let evidence = kit::run("settings", keys, &of_a_file(&[("env.SHOP", url)])).await;
            assert_eq!(evidence.outcome, Outcome::Fail);
            assert!(evidence.summary.as_str().contains(says), "{}", evidence.summary);
        }
        let process = kit::surroundings(&[("env.PROXY", "http://localhost:3128")]);
        assert_eq!(kit::run("settings", keys, &process).await.outcome, Outcome::Pass, "only configuration is judged");
        let wanted = |url: &str| {
            let surroundings = of_a_file(&[("env.SHOP", url)]);
            crate::check::kind("settings").unwrap().wanted(&kit::check("settings", keys), &surroundings.values)
        };
        assert_eq!(wanted("http://shop.example")[0].1, Wanted::Value("https://shop.example".to_owned()));
        assert!(matches!(wanted("http://localhost:3000")[0].1, Wanted::Person(_)));
    }

    #[tokio::test]
    async fn urls_that_are_to_agree_lead_to_one_host() {
        let keys = "same_host = [\"A\", \"B\", \"C\"]";
        let one = kit::surroundings(&[("env.A", "https://shop.example/x"), ("env.B", "https://shop.example")]);
        assert_eq!(kit::run("settings", keys, &one).await.outcome, Outcome::Pass);
        let two = kit::surroundings(&[("env.A", "https://shop.example/x"), ("env.C", "https://old.shop.example")]);
        let evidence = kit::run("settings", keys, &two).await;
        assert_eq!(evidence.summary.as_str(), "C leads to old.shop.example and A to shop.example");
    }
}
