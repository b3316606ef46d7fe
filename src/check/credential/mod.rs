//! `credential`: a secret is there, long, mixed and random enough, no placeholder; several are distinct, young enough,
//! none of another environment, and the very ones that the application will read.
//!
//! What it says of a value is its length, classes and source, never the value. A match with a placeholder names the
//! word that was found, not what stands around it.

mod development;
mod grade;
mod integration;
mod likeness;
mod rotation;
mod strength;

pub use grade::Strength;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::check::credential::development::Known;
use crate::check::credential::integration::Deployed;
use crate::check::credential::strength::{Demands, Length};
use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::mask;
use crate::model::duration::Span;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::values::{Lookup, Origin, Record, Value};
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
    /// Shannon's entropy, bits for a character, at least: 3.0 suits keys of 16 characters and more. Words, keyboard
    /// rows, sequences and repeats are looked for too.
    entropy: Option<f64>,
    /// Whether test, development and placeholder values are refused.
    #[serde(default)]
    placeholder: Placeholder,
    /// No two of `credentials` are equal or contain each other.
    #[serde(default)]
    distinct: bool,
    /// The credential that the provider signs its callbacks with: another one of that value is a warning.
    signed_with: Option<String>,
    /// None of `credentials` is a test, development or placeholder value.
    #[serde(default)]
    no_development: bool,
    /// Env files of development and test: none of their values may be one of `credentials`.
    #[serde(default)]
    development_files: Vec<PathBuf>,
    /// SHA-256, in hex, of values that are known to be development ones.
    #[serde(default)]
    known_development: Vec<String>,
    /// How old `credentials` may grow.
    max_age: Option<Span>,
    /// How long before `max_age` it is said that they grow old; a sixth of it unless said otherwise.
    warn_before: Option<Span>,
    /// The variables that the application reads: `{ api_key = "IKHOKHA_API_KEY" }`.
    #[serde(default)]
    read_as: BTreeMap<String, String>,
    /// The env file that the deployment uses; the plan's own sources unless named.
    deployed_file: Option<PathBuf>,
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
            doc: "A secret is there, strong enough and no placeholder; several are distinct, young, and the deployed ones.",
            category: Category::Credential,
            example: "credential = \"api_secret\"\nlength = { min = 32, max = 64 }\nclasses = 3\nentropy = 3.0\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        Ok(Box::new(Looker { finding, keys, surroundings: Arc::clone(surroundings) }))
    }
}

fn touches(options: &Options) -> Vec<Touch> {
    let Ok(keys) = options::read::<Keys>(options) else { return Vec::new() };
    let files = keys.development_files.iter().chain(&keys.deployed_file);
    files.map(|file| Touch::File(file.display().to_string())).collect()
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        problems.extend(of_several(keys));
        if keys.classes.is_some_and(|classes| !(1..=4).contains(&classes)) {
            problems.push(OptionProblem::at("classes", "there are four classes: upper, lower, digit, symbol"));
        }
        if keys.entropy.is_some_and(|bits| !(0.0..=8.0).contains(&bits)) {
            problems.push(OptionProblem::at("entropy", "a character holds 0 to 8 bits").help("entropy = 3.0"));
        }
        if let Some(Length { min: Some(min), max: Some(max) }) = keys.length
            && min > max
        {
            problems.push(OptionProblem::at("length", "no length is at least the one and at most the other"));
        }
        if keys.known_development.iter().any(|digest| development::digest_of(digest).is_none()) {
            problems.push(OptionProblem::at("known_development", "a digest is 64 hex digits: SHA-256, never a value"));
        }
    })
}

fn of_several(keys: &Keys) -> Vec<OptionProblem> {
    let mut problems = Vec::new();
    let asserts = keys.distinct || keys.no_development || keys.max_age.is_some() || !keys.read_as.is_empty();
    match (&keys.credential, keys.credentials.is_empty()) {
        (None, true) => problems.push(OptionProblem::whole("this check names no credential")),
        (Some(_), false) => {
            problems.push(OptionProblem::at("credentials", "either `credential` or `credentials`, not both"));
        }
        (None, false) if !asserts => problems.push(
            OptionProblem::whole("this check asserts nothing").help("add distinct = true or no_development = true"),
        ),
        (None, false) | (Some(_), true) => {}
    }
    if keys.distinct && keys.credentials.len() < 2 {
        problems.push(OptionProblem::at("distinct", "it takes two credentials to be distinct"));
    }
    if keys.signed_with.as_ref().is_some_and(|id| !keys.distinct || !keys.credentials.contains(id)) {
        problems.push(OptionProblem::at("signed_with", "it names one of `credentials` of a `distinct` check"));
    }
    if let Some(id) = keys.read_as.keys().find(|id| !keys.credentials.contains(id)) {
        problems.push(OptionProblem::at("read_as", format!("`{id}` is none of `credentials`")));
    }
    problems
}

/// A loaded secret with where it came from.
struct Loaded<'a> {
    id: &'a str,
    secret: &'a SecretString,
    origin: &'a Origin,
    known: Option<&'a Record>,
}

/// What is wrong, and whether it fails the check or is something to look at.
struct Objection {
    sentence: String,
    fails: bool,
}

impl Objection {
    const fn failure(sentence: String) -> Self {
        Self { sentence, fails: true }
    }

    const fn warning(sentence: String) -> Self {
        Self { sentence, fails: false }
    }
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
        let ids = self.keys.credential.iter().chain(&self.keys.credentials);
        let mut loaded: Vec<Loaded<'_>> = Vec::new();
        for id in ids {
            let (name, values) = (format!("credentials.{id}"), &self.surroundings.values);
            match values.get(&name) {
                Lookup::Found(Value { text: secret, origin, .. }) => {
                    loaded.push(Loaded { id, secret, origin, known: values.known(&name) });
                }
                Lookup::Missing => {
                    return self.finding.fail(FailureClass::Value, &format!("{id} is missing")).material(id, "missing");
                }
                Lookup::Failed(why) => return self.finding.blind(&format!("{id} could not be read: {why}")),
            }
        }
        let objections = if self.keys.credential.is_some() {
            Ok(loaded.iter().flat_map(|loaded| self.one(loaded)).collect())
        } else {
            self.several(&loaded)
        };
        match objections {
            Ok(objections) => self.evidence(&loaded, objections),
            Err(why) => self.finding.error(&why),
        }
    }

    fn evidence(&self, loaded: &[Loaded<'_>], mut objections: Vec<Objection>) -> Evidence {
        objections.sort_by_key(|objection| !objection.fails);
        let mut evidence = match objections.first() {
            None => Evidence::pass(&match loaded {
                [one] => format!("{} is sound, {} characters", one.id, one.secret.expose_secret().chars().count()),
                several => format!("{} credentials are sound", several.len()),
            }),
            Some(first) if first.fails => self.finding.fail(FailureClass::Value, &first.sentence),
            Some(first) => Evidence::warn(&first.sentence),
        };
        for objection in &objections {
            evidence = evidence.material("problem", &objection.sentence);
        }
        for Loaded { id, secret, origin, known } in loaded {
            let length = secret.expose_secret().chars().count();
            evidence = evidence.fact(id, &format!("{}  {length} ch  {origin}", mask::shown(secret)));
            if let Some(known) = known {
                // Another value is another thing that was signed off, however sound it is.
                evidence = evidence.material(&format!("{id} fingerprint"), &known.fingerprint);
            }
        }
        evidence
    }

    fn one(&self, loaded: &Loaded<'_>) -> Vec<Objection> {
        let Keys { length, classes, entropy, .. } = self.keys;
        let (id, value) = (loaded.id, loaded.secret.expose_secret());
        let mut objections = strength::objections(id, value, Demands { length, classes, entropy });
        if self.keys.placeholder == Placeholder::Refuse {
            let word = development::word(value);
            objections.extend(word.map(|word| format!("{id} looks like a placeholder: it holds \"{word}\"")));
        }
        objections.into_iter().map(Objection::failure).collect()
    }

    fn several(&self, loaded: &[Loaded<'_>]) -> Result<Vec<Objection>, String> {
        let keys = &self.keys;
        let folder = &self.surroundings.folder;
        let mut objections = Vec::new();
        if keys.distinct {
            objections.extend(likeness::objections(loaded, keys.signed_with.as_deref()));
        }
        if keys.no_development {
            let known = Known::read(folder, &keys.development_files, &keys.known_development)?;
            objections.extend(loaded.iter().filter_map(|loaded| from_elsewhere(loaded, &known)));
        }
        if let Some(most) = keys.max_age {
            let now = (self.surroundings.clock)().at;
            objections.extend(
                loaded.iter().filter_map(|loaded| rotation::objection(loaded, most.0, keys.warn_before, folder, now)),
            );
        }
        if !keys.read_as.is_empty() {
            let deployed = Deployed::of(keys.deployed_file.as_deref(), folder, &self.surroundings.values)?;
            let read = |loaded: &Loaded<'_>| deployed.objection(loaded, keys.read_as.get(loaded.id)?);
            objections.extend(loaded.iter().filter_map(read));
        }
        Ok(objections)
    }
}

/// A value that another environment uses, or that is none at all.
fn from_elsewhere(loaded: &Loaded<'_>, known: &Known) -> Option<Objection> {
    let Loaded { id, secret, origin, .. } = loaded;
    let value = secret.expose_secret();
    let why = development::word(value)
        .map(|word| format!("it holds \"{word}\" ({origin})"))
        .or_else(|| known.place_of(value))?;
    Some(Objection::failure(format!("{id} is a development value: {why}")))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a real folder is checked")]
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

    #[tokio::test]
    async fn one_that_the_provider_signs_with_may_be_the_other_and_is_something_to_look_at() {
        let value = sound();
        let mut surroundings = kit::surroundings_with_secret("credentials.api_secret", &value);
        let values = &mut std::sync::Arc::get_mut(&mut surroundings).unwrap().values;
        values.insert("credentials.webhook_secret", kit::secret(&value));
        values.insert("credentials.part", kit::secret(&value[4..]));
        let keys = "credentials = [\"api_secret\", \"webhook_secret\"]\ndistinct = true\nsigned_with = \"api_secret\"";
        assert_eq!(kit::run("credential", keys, &surroundings).await.outcome, Outcome::Warn);
        let keys = "credentials = [\"api_secret\", \"part\"]\ndistinct = true\nsigned_with = \"api_secret\"";
        assert_eq!(
            kit::run("credential", keys, &surroundings).await.outcome,
            Outcome::Fail,
            "a part of it was not declared"
        );
    }

    /// A folder with the credential in a file of its own, as a source would have read it.
    fn folder_with(value: &str) -> (tempfile::TempDir, std::sync::Arc<crate::check::Surroundings>) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), value).unwrap();
        let mut surroundings = kit::surroundings_in(folder.path());
        let values = &mut std::sync::Arc::get_mut(&mut surroundings).unwrap().values;
        let origin = crate::model::values::Origin::File("key".into());
        values.insert("credentials.api_key", crate::model::values::Value::secret(value.to_owned().into(), origin));
        (folder, surroundings)
    }

    #[tokio::test]
    async fn a_value_of_another_environment_is_a_development_value() {
        use sha2::Digest as _;
        let value = sound();
        let (folder, surroundings) = folder_with(&value);
        let asked = "credentials = [\"api_key\"]\nno_development = true\n";
        let files = format!("{asked}development_files = [\".env.development\", \".env.test\"]");
        assert_eq!(
            kit::run("credential", &files, &surroundings).await.outcome,
            Outcome::Pass,
            "missing files are skipped"
        );
        std::fs::write(folder.path().join(".env.test"), format!("A=1\nKEY=\"{value}\"\n")).unwrap();
        let evidence = kit::run("credential", &files, &surroundings).await;
        assert_eq!(evidence.summary.as_str(), "api_key is a development value: it stands in .env.test too");
        let digest = hex::encode(sha2::Sha256::digest(value.as_bytes()));
        let listed = format!("{asked}known_development = [\"sha256:{digest}\"]");
        let evidence = kit::run("credential", &listed, &surroundings).await;
        assert_eq!(evidence.summary.as_str(), "api_key is a development value: the plan lists it as one");
        std::fs::remove_file(folder.path().join(".env.test")).unwrap();
        std::fs::create_dir(folder.path().join(".env.test")).unwrap();
        let evidence = kit::run("credential", &files, &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Error, "what cannot be read proves nothing");
    }

    #[tokio::test]
    async fn a_credential_grows_old_with_a_warning_before() {
        let (folder, surroundings) = folder_with(&sound());
        let file = std::fs::File::options().write(true).open(folder.path().join("key")).unwrap();
        for (days, outcome) in [(1, Outcome::Pass), (80, Outcome::Warn), (91, Outcome::Fail)] {
            let age = std::time::Duration::from_secs(days * 86_400);
            file.set_modified(std::time::SystemTime::now() - age).unwrap();
            let keys = "credentials = [\"api_key\"]\nmax_age = \"90d\"\nwarn_before = \"14d\"";
            let evidence = kit::run("credential", keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{days}: {}", evidence.summary);
        }
        let dateless = kit::surroundings_with_secret("credentials.api_key", &sound());
        let evidence = kit::run("credential", "credentials = [\"api_key\"]\nmax_age = \"90d\"", &dateless).await;
        assert_eq!(evidence.outcome, Outcome::Warn, "an age that nobody knows is not young");
    }

    #[tokio::test]
    async fn the_application_reads_the_credential_that_was_judged() {
        let value = sound();
        let (folder, surroundings) = folder_with(&value);
        let keys =
            "credentials = [\"api_key\"]\nread_as = { api_key = \"SHOP_KEY\" }\ndeployed_file = \".env.deployed\"";
        assert_eq!(kit::run("credential", keys, &surroundings).await.outcome, Outcome::Error, "no file, no answer");
        for (text, outcome, says) in [
            (format!("export SHOP_KEY='{value}'\n"), Outcome::Pass, "sound"),
            ("OTHER=1\n".to_owned(), Outcome::Fail, "SHOP_KEY is not in .env.deployed"),
            (format!("SHOP_KEY={}\n", sound()), Outcome::Fail, "SHOP_KEY in .env.deployed holds another value"),
        ] {
            std::fs::write(folder.path().join(".env.deployed"), text).unwrap();
            let evidence = kit::run("credential", keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{}", evidence.summary);
        }
    }
}
