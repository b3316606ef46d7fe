//! `credential`: a secret is there, long enough, mixed enough, no placeholder; several are distinct.
//!
//! What it says of a value is its length, classes and source, never the value. A match with a placeholder names the
//! word that was found, not what stands around it.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::mask;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options};
use crate::model::plan::Check;
use crate::model::values::{Lookup, Origin};
use crate::model::word::Category;

/// The kind.
pub(super) struct Credential;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The credential, by its id in the plan.
    credential: Option<String>,
    /// Several credentials, by id.
    #[serde(default)]
    credentials: Vec<String>,
    /// Characters, at least and at most.
    length: Option<Length>,
    /// How many of upper case, lower case, digits and symbols it must mix: 1 to 4.
    classes: Option<u8>,
    /// Whether test, development and placeholder values are refused.
    #[serde(default)]
    placeholder: Placeholder,
    /// No two of `credentials` are equal or contain each other.
    #[serde(default)]
    distinct: bool,
    /// None of `credentials` is a test, development or placeholder value.
    #[serde(default)]
    no_development: bool,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Length {
    /// At least.
    min: Option<usize>,
    /// At most.
    max: Option<usize>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Placeholder {
    /// They are refused.
    #[default]
    Refuse,
    /// They are allowed.
    Allow,
}

impl Kind for Credential {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "credential",
            doc: "A secret is there, long and mixed enough, and no placeholder; several are distinct.",
            category: Category::Credential,
            example: "credential = \"api_secret\"\nlength = { min = 32, max = 64 }\nclasses = 3\n",
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
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        match (&keys.credential, keys.credentials.is_empty()) {
            (None, true) => problems.push(OptionProblem::whole("this check names no credential")),
            (Some(_), false) => {
                problems.push(OptionProblem::at("credentials", "either `credential` or `credentials`, not both"));
            }
            (None, false) if !keys.distinct && !keys.no_development => problems.push(
                OptionProblem::whole("this check asserts nothing").help("add distinct = true or no_development = true"),
            ),
            (None, false) | (Some(_), true) => {}
        }
        if keys.distinct && keys.credentials.len() < 2 {
            problems.push(OptionProblem::at("distinct", "it takes two credentials to be distinct"));
        }
        if keys.classes.is_some_and(|classes| !(1..=4).contains(&classes)) {
            problems.push(OptionProblem::at("classes", "there are four classes: upper, lower, digit, symbol"));
        }
        if let Some(Length { min: Some(min), max: Some(max) }) = keys.length
            && min > max
        {
            problems.push(OptionProblem::at("length", "no length is at least the one and at most the other"));
        }
    })
}

struct Looker {
    finding: Finding,
    keys: Keys,
    surroundings: Arc<Surroundings>,
}

/// A loaded secret with where it came from.
type Loaded<'a> = (&'a str, &'a SecretString, &'a Origin);

impl Probe for Looker {
    fn run(&self, _: Duration) -> Looking<'_> {
        Box::pin(std::future::ready(self.look()))
    }
}

impl Looker {
    fn look(&self) -> Evidence {
        let ids = self.keys.credential.iter().chain(&self.keys.credentials);
        let mut loaded: Vec<Loaded<'_>> = Vec::new();
        for id in ids {
            match self.surroundings.values.get(&format!("credentials.{id}")) {
                Lookup::Found(value) => loaded.push((id, &value.text, &value.origin)),
                Lookup::Missing => {
                    return self.finding.fail(FailureClass::Value, &format!("{id} is missing")).material(id, "missing");
                }
                Lookup::Failed(why) => return self.finding.error(&format!("{id} could not be read: {why}")),
            }
        }
        let objections: Vec<String> = if self.keys.credential.is_some() {
            loaded.first().map(|(id, secret, _)| self.one(id, secret.expose_secret())).unwrap_or_default()
        } else {
            self.several(&loaded)
        };
        let mut evidence = match objections.as_slice() {
            [] => Evidence::pass(&match loaded.as_slice() {
                [(id, secret, _)] => format!("{id} is sound, {} characters", secret.expose_secret().chars().count()),
                several => format!("{} credentials are sound", several.len()),
            }),
            [first, ..] => self.finding.fail(FailureClass::Value, first),
        };
        for objection in &objections {
            evidence = evidence.material("problem", objection);
        }
        for (id, secret, origin) in &loaded {
            let length = secret.expose_secret().chars().count();
            evidence = evidence.fact(id, &format!("{}  {length} ch  {origin}", mask::shown(secret)));
        }
        evidence
    }

    fn one(&self, id: &str, value: &str) -> Vec<String> {
        let mut objections = Vec::new();
        if value.trim().is_empty() {
            return vec![format!("{id} is empty")];
        }
        if value.trim() != value {
            objections.push(format!("{id} has blanks before or behind it"));
        }
        if value.len() > 1 && value.starts_with(['"', '\'']) && value.ends_with(['"', '\'']) {
            objections.push(format!("{id} has its quotes pasted along"));
        }
        let count = value.chars().count();
        if let Some(Length { min, max }) = self.keys.length {
            if min.is_some_and(|min| count < min) {
                objections.push(format!("{id} has {count} characters, at least {} are needed", min.unwrap_or(0)));
            }
            if max.is_some_and(|max| count > max) {
                objections.push(format!("{id} has {count} characters, at most {} are allowed", max.unwrap_or(0)));
            }
        }
        let mixed = classes_of(value);
        if let Some(classes) = self.keys.classes
            && mixed.len() < usize::from(classes)
        {
            let of = mixed.join(" and ");
            objections.push(format!("{id} has only {of}: {classes} of upper, lower, digit, symbol are needed"));
        }
        if self.keys.placeholder == Placeholder::Refuse {
            objections.extend(
                development_word(value).map(|word| format!("{id} looks like a placeholder: it holds \"{word}\"")),
            );
        }
        objections
    }

    fn several(&self, loaded: &[Loaded<'_>]) -> Vec<String> {
        let mut objections = Vec::new();
        if self.keys.distinct {
            for (at, (first, one, _)) in loaded.iter().enumerate() {
                for (second, other, _) in &loaded[at + 1..] {
                    objections.extend(likeness(first, one.expose_secret(), second, other.expose_secret()));
                }
            }
        }
        if self.keys.no_development {
            for (id, secret, origin) in loaded {
                if let Some(word) = development_word(secret.expose_secret()) {
                    objections.push(format!("{id} is a development value: it holds \"{word}\" ({origin})"));
                }
            }
        }
        objections
    }
}

fn likeness(first: &str, one: &str, second: &str, other: &str) -> Option<String> {
    if one.is_empty() || other.is_empty() {
        None
    } else if one == other {
        Some(format!("{second} is the same value as {first}"))
    } else if one.contains(other) {
        Some(format!("{first} contains {second}"))
    } else if other.contains(one) {
        Some(format!("{second} contains {first}"))
    } else {
        None
    }
}

fn classes_of(value: &str) -> Vec<&'static str> {
    let has = |test: fn(char) -> bool| value.chars().any(test);
    let mut classes = Vec::new();
    for (name, test) in [
        ("upper case", char::is_uppercase as fn(char) -> bool),
        ("lower case", char::is_lowercase),
        ("digits", |c: char| c.is_ascii_digit()),
        ("symbols", |c: char| !c.is_alphanumeric()),
    ] {
        if has(test) {
            classes.push(name);
        }
    }
    classes
}

/// Words that stand in values nobody meant for production. Short ones count only as a part between separators: a
/// random value of forty characters holds `dev` by chance often enough.
fn development_word(value: &str) -> Option<&'static str> {
    const ANYWHERE: &[&str] = &[
        "changeme",
        "change_me",
        "change-me",
        "placeholder",
        "example",
        "sandbox",
        "your_key",
        "your-key",
        "your_secret",
        "insert_",
        "replace_me",
        "password",
        "xxxxxx",
        "000000",
        "123456",
        "abcdef123",
    ];
    const AS_A_PART: &[&str] = &[
        "test",
        "testing",
        "dev",
        "development",
        "demo",
        "dummy",
        "sample",
        "fake",
        "staging",
        "local",
        "todo",
        "xxx",
        "foo",
        "secret",
    ];
    const PREFIXES: &[&str] = &["sk_test_", "pk_test_", "rk_test_", "whsec_test", "test_", "test-", "dev_", "dev-"];
    let lower = value.to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let repeated = || {
        let first = lower.chars().next()?;
        (lower.chars().count() > 3 && lower.chars().all(|c| c == first)).then_some("one character repeated")
    };
    PREFIXES
        .iter()
        .find(|prefix| lower.starts_with(**prefix))
        .or_else(|| ANYWHERE.iter().find(|word| lower.contains(**word)))
        .or_else(|| AS_A_PART.iter().find(|word| parts.contains(*word)))
        .copied()
        .or_else(repeated)
}

#[cfg(test)]
mod tests {
    use crate::check::kit;
    use crate::model::word::Outcome;

    /// A sound value, made up anew at each run.
    fn sound() -> String {
        let random = ulid::Ulid::generate().to_string();
        format!("{}-{}", &random[10..], random.to_lowercase()[10..].chars().rev().collect::<String>())
    }

    #[tokio::test]
    async fn a_credential_is_judged_and_never_shown() {
        for (value, outcome, says) in [
            (sound(), Outcome::Pass, "33 characters"),
            ("kkkkmmmmrrrrpppp".to_owned(), Outcome::Fail, "16 characters, at least 32"),
            (String::new(), Outcome::Fail, "is empty"),
            (format!("sk_test_{}", sound()), Outcome::Fail, "sk_test_"),
            (format!("CHANGEME-{}", sound()), Outcome::Fail, "changeme"),
            (format!(" {}", sound()), Outcome::Fail, "blanks"),
            ("abcdefghijklmnopqrstuvwxyzabcdefghij".to_owned(), Outcome::Fail, "only lower case"),
        ] {
            let surroundings = kit::surroundings_with_secret("credentials.api_secret", &value);
            let keys = "credential = \"api_secret\"\nlength = { min = 32, max = 64 }\nclasses = 3";
            let evidence = kit::run("credential", keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{says}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{}", evidence.summary);
            let whole = serde_json::to_string(&evidence).unwrap();
            assert!(value.is_empty() || !whole.contains(&value), "{whole}");
        }
    }

    #[tokio::test]
    async fn two_credentials_are_not_one() {
        let value = sound();
        let mut surroundings = kit::surroundings_with_secret("credentials.api_secret", &value);
        let values = &mut std::sync::Arc::get_mut(&mut surroundings).unwrap().values;
        values.insert("credentials.webhook_secret", kit::secret(&value));
        values.insert("credentials.other", kit::secret("~9"));
        let keys = "credentials = [\"api_secret\", \"webhook_secret\"]\ndistinct = true";
        let evidence = kit::run("credential", keys, &surroundings).await;
        assert_eq!(evidence.summary.as_str(), "webhook_secret is the same value as api_secret");
        let keys = "credentials = [\"api_secret\", \"other\"]\ndistinct = true\nno_development = true";
        assert_eq!(kit::run("credential", keys, &surroundings).await.outcome, Outcome::Pass);
    }
}
