//! `env_files`: what is written in env files is what the build reads. A `$` that swallows what follows, a `#` that cuts a
//! URL, a value taken from the next line, a reference left as it stands, a name given twice: each told with its line.
#![expect(clippy::disallowed_methods, reason = "env files and package.json are read here")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::envfile::{self, Place};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::word::Category;

/// An env file is written by people; no more of one is read.
const LARGEST: u64 = 1 << 20;

/// The kind.
pub(super) struct EnvFiles;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The env files, in the order in which the build reads them; missing ones are skipped.
    files: Vec<PathBuf>,
    /// Where it stands which Vite builds: from 8 on files are read in another way, and what differs is told.
    #[serde(default = "package")]
    package: PathBuf,
}

fn package() -> PathBuf {
    "package.json".into()
}

impl Kind for EnvFiles {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "env_files",
            doc: "What is written in env files is what the build reads.",
            category: Category::Environment,
            example: "files = [\".env\", \".env.production\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let Ok(keys) = options::read::<Keys>(options) else { return Vec::new() };
                let files = keys.files.iter().chain([&keys.package]);
                files.map(|file| Touch::File(file.display().to_string())).collect()
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        Ok(Box::new(Looker { finding, keys, folder: surroundings.folder.clone() }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.files.is_empty() {
            problems.push(OptionProblem::at("files", "this check looks into no file"));
        }
    })
}

struct Looker {
    finding: Finding,
    keys: Keys,
    folder: PathBuf,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let (keys, folder) = (self.keys.clone(), self.folder.clone());
            let looking = tokio::task::spawn_blocking(move || surprises(&keys, &folder));
            match tokio::time::timeout(timeout, looking).await {
                Ok(Ok(Ok((count, surprises)))) => self.evidence(count, &surprises),
                Ok(Ok(Err(why))) => self.finding.error(&why),
                Ok(Err(_)) => self.finding.error("reading the env files broke off"),
                Err(_) => self.finding.error("the env files could not be read in time"),
            }
        })
    }
}

impl Looker {
    fn evidence(&self, count: usize, surprises: &[String]) -> Evidence {
        let mut evidence = match surprises {
            [] => Evidence::pass(&format!("{count} variables are read as they are written")),
            [one] => self.finding.fail(FailureClass::Value, one),
            [first, rest @ ..] => self.finding.fail(FailureClass::Value, &format!("{first}; and {} more", rest.len())),
        };
        for surprise in surprises {
            evidence = evidence.material("surprise", surprise);
        }
        evidence
    }
}

fn read(path: &Path) -> Result<Option<String>, String> {
    let is_file = std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    if !is_file {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(LARGEST).read_to_end(&mut bytes))
        .map_err(|error| format!("{} could not be read: {error}", path.display()))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

fn surprises(keys: &Keys, folder: &Path) -> Result<(usize, Vec<String>), String> {
    let mut files: Vec<(String, String)> = Vec::new();
    for file in &keys.files {
        if let Some(text) = read(&folder.join(file))? {
            files.push((file.display().to_string(), text));
        }
    }
    let texts: Vec<&str> = files.iter().map(|(_, text)| text.as_str()).collect();
    let read_now: BTreeMap<String, String> = envfile::load(&texts, &BTreeMap::new(), &[""])
        .into_iter()
        .map(|variable| (variable.name, variable.value))
        .collect();
    let mut found: Vec<String> = files.iter().flat_map(|(file, text)| of_file(file, text, &read_now)).collect();
    let of_package = read(&folder.join(&keys.package))?;
    if of_package.is_some_and(|package| asks_for_vite_8(&package)) {
        let then: BTreeMap<String, String> = envfile::load_as_vite_8(&texts, &BTreeMap::new(), &[""])
            .into_iter()
            .map(|variable| (variable.name, variable.value))
            .collect();
        let names: BTreeSet<&String> = read_now.keys().chain(then.keys()).collect();
        let differs = names.into_iter().filter(|name| read_now.get(*name) != then.get(*name));
        found.extend(
            differs.map(|name| format!("{name} is read as another value by Vite 8, which package.json asks for")),
        );
    }
    Ok((read_now.len(), found))
}

fn of_file(file: &str, text: &str, read_now: &BTreeMap<String, String>) -> Vec<String> {
    let places = envfile::places(text);
    let mut found = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for place in &places {
        let line = line_of(text, place.whole.start);
        if let Some(before) = seen.insert(&place.name, line) {
            found.push(format!(
                "{} stands twice in {file}, on lines {before} and {line}: the last one counts",
                place.name
            ));
        }
        found.extend(of_place(text, place, read_now).map(|what| format!("{} ({file}:{line}): {what}", place.name)));
    }
    found
}

/// What is not read as it is written. The value itself is never told.
fn of_place(text: &str, place: &Place, read_now: &BTreeMap<String, String>) -> Option<String> {
    let raw = &text[place.value.clone()];
    let written = raw.trim();
    if raw.len() > raw.trim_start().len() && raw[..raw.len() - raw.trim_start().len()].contains(['\n', '\r']) {
        return Some("its value is taken from the line below".to_owned());
    }
    let quoted = written.starts_with(['"', '\'', '`']);
    let behind = &text[place.value.end..place.whole.end];
    if !quoted && behind.starts_with('#') && !raw.ends_with([' ', '\t']) && !written.is_empty() {
        return Some("it is cut at the #: put it in quotes".to_owned());
    }
    if quoted && written.len() > 1 && !written.ends_with(&written[..1]) {
        return Some("its quotes are not closed".to_owned());
    }
    if let Some(name) = unknown_reference(written, read_now) {
        return Some(format!("the reference to {name} stands for nothing: write \\$ for a $ that is meant as one"));
    }
    let read = read_now.get(&place.name)?;
    (read.contains("${") && !written.contains("\\${")).then(|| "a reference is left in it as it stands".to_owned())
}

/// A name behind a `$` that no file gives a value, and that has no default.
fn unknown_reference(written: &str, read_now: &BTreeMap<String, String>) -> Option<String> {
    for (at, _) in written.match_indices('$') {
        if written[..at].ends_with('\\') {
            continue;
        }
        let behind = &written[at + 1..];
        let name: String = match behind.strip_prefix('{') {
            Some(inside) => inside.split('}').next().unwrap_or_default().to_owned(),
            None => behind.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect(),
        };
        let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let has_operator = name.contains([':', '-', '+']);
        if is_name && !has_operator && read_now.get(&name).is_none_or(String::is_empty) {
            return Some(name);
        }
    }
    None
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].replace("\r\n", "\n").matches(['\n', '\r']).count() + 1
}

/// Whether `package.json` asks for Vite 8 or later.
fn asks_for_vite_8(package: &str) -> bool {
    let Ok(package) = serde_json::from_str::<serde_json::Value>(package) else { return false };
    let asked = ["devDependencies", "dependencies"].iter().find_map(|table| package[*table]["vite"].as_str());
    let digits: Option<String> = asked.map(|asked| {
        let from = asked.trim_start_matches(|letter: char| !letter.is_ascii_digit());
        from.chars().take_while(char::is_ascii_digit).collect()
    });
    digits.and_then(|major| major.parse::<u32>().ok()).is_some_and(|major| major >= 8)
}

#[cfg(test)]
mod tests {
    use crate::check::kit;
    use crate::model::word::Outcome;

    async fn look(text: &str, package: &str) -> (Outcome, String) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(".env"), text).unwrap();
        std::fs::write(folder.path().join("package.json"), package).unwrap();
        let surroundings = kit::surroundings_in(folder.path());
        let evidence = kit::run("env_files", "files = [\".env\", \".env.gone\"]", &surroundings).await;
        (evidence.outcome, evidence.summary.to_string())
    }

    #[tokio::test]
    async fn what_is_not_read_as_it_is_written_is_told_with_its_line() {
        for (text, says) in [
            ("A=1\nURL=https://x.example/#/r\n", "URL (.env:2): it is cut at the #"),
            ("PASSWORD='FAKE$word'\n", "PASSWORD (.env:1): the reference to word stands for nothing"),
            ("A=\n\"two\"\n", "A (.env:1): its value is taken from the line below"),
            ("A=1\r\nA=2\r\n", "A stands twice in .env, on lines 1 and 2"),
            ("A=\"one\nB=2\n", "A (.env:1): its quotes are not closed"),
            ("A=${B}\nB=${C}\nC=x\n", "A (.env:1): a reference is left in it"),
        ] {
            let (outcome, summary) = look(text, "{}").await;
            assert_eq!(outcome, Outcome::Fail, "{text:?}");
            assert!(summary.contains(says), "{text:?}: {summary}");
            assert!(!summary.contains("FAKE"), "{summary}");
        }
        let sound = "# x\nA=1 # one\nexport B=\"${A}/#/r\"\nC='pa\\$\\$word'\nD=${GONE:-d}\nE=\n";
        let (outcome, summary) = look(sound, "{}").await;
        assert_eq!((outcome, summary.as_str()), (Outcome::Pass, "5 variables are read as they are written"));
    }

    #[tokio::test]
    async fn what_vite_8_reads_otherwise_is_told_where_the_package_asks_for_it() {
        let text = "A: 1\nB='it\\'s'\n";
        for (version, outcome) in [("^7.3.0", Outcome::Pass), ("^8.0.1", Outcome::Fail), (">=10", Outcome::Fail)] {
            let package = format!("{{\"devDependencies\": {{\"vite\": \"{version}\"}}}}");
            let (seen, summary) = look(text, &package).await;
            assert_eq!(seen, outcome, "{version}: {summary}");
        }
    }
}
