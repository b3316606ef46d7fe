//! `file`: a file is there (or is not), young enough, no more open than it may be, and holds what it must.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::artefact::{self, Descent};
use crate::check::finding::Finding;
use crate::check::judging::judged;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::expr::{Condition, Fact, FactNames, FactType, Facts};
use crate::model::duration::{self, Span};
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;

/// The kind.
pub(super) struct File;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The file or folder, relative to the plan's folder.
    path: Template,
    /// Whether it must be there; `false`: it must not.
    #[serde(default = "yes")]
    exists: bool,
    /// Changed no longer ago than this.
    max_age: Option<Span>,
    /// No more open than this, in octal: `"0600"`.
    mode: Option<String>,
    /// Texts it must hold.
    #[serde(default)]
    contains: Vec<String>,
    /// Texts it must not hold.
    #[serde(default)]
    lacks: Vec<String>,
    /// A list of names, divided by commas, each of which it must hold: `"{{ procedure.steps }}"`.
    names_each: Option<Template>,
    /// A condition over json (of its content) and text.
    expect: Option<String>,
    /// A text that it must hold to count, such as the version or commit; without it, it is of another build.
    carries: Option<Template>,
    /// To count it must be younger than this: a file, a moment, or seconds since 1970.
    younger_than: Option<Template>,
}

fn fact_names() -> FactNames {
    FactNames::new(&[("json", FactType::Json), ("text", FactType::Text)])
}

const fn yes() -> bool {
    true
}

impl Kind for File {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "file",
            doc: "A file is there, young enough, no more open than it may be, and holds what it must.",
            category: Category::Configuration,
            example: "path = \".env.production\"\nmode = \"0600\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let path = options.get("path").and_then(serde_json::Value::as_str);
                path.map(|path| Touch::File(path.to_owned())).into_iter().collect()
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let written = finding.fill(&keys.path, &surroundings.values)?;
        let path = surroundings.folder.join(written.expose());
        let mode = keys.mode.as_deref().and_then(octal);
        let shown = written.shown().to_owned();
        let content = Content::of(&finding, &keys, surroundings)?;
        Ok(Box::new(Looker { finding, keys, path, shown, mode, content, surroundings: Arc::clone(surroundings) }))
    }
}

fn octal(text: &str) -> Option<u32> {
    u32::from_str_radix(text.trim_start_matches("0o"), 8).ok().filter(|mode| *mode <= 0o7777)
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.mode.as_deref().is_some_and(|mode| octal(mode).is_none()) {
            problems.push(OptionProblem::at("mode", "a mode is octal digits").help("mode = \"0600\""));
        }
        let asks_content = !keys.contains.is_empty()
            || !keys.lacks.is_empty()
            || keys.names_each.is_some()
            || keys.expect.is_some()
            || keys.carries.is_some()
            || keys.younger_than.is_some();
        let own = keys.expect.as_ref().filter(|expect| !expect.contains("{{"));
        problems.extend(own.and_then(|expect| options::condition_problem("expect", expect, &fact_names())));
        if !keys.exists && (keys.max_age.is_some() || keys.mode.is_some() || asks_content) {
            problems.push(OptionProblem::at("exists", "a file that must not exist has no age, mode or content"));
        }
        if keys.contains.iter().chain(&keys.lacks).any(String::is_empty) {
            problems.push(OptionProblem::whole("every file contains the empty text"));
        }
    })
}

struct Looker {
    finding: Finding,
    keys: Keys,
    path: PathBuf,
    shown: String,
    mode: Option<u32>,
    content: Content,
    surroundings: Arc<Surroundings>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            // A dead network share answers never: reading stands off the loop, and is given up at the deadline.
            let (finding, keys, path) = (self.finding.clone(), self.keys.clone(), self.path.clone());
            let content = self.content.clone();
            let (shown, mode, now) = (self.shown.clone(), self.mode, (self.surroundings.clock)());
            let look = tokio::task::spawn_blocking(move || look(&finding, (&keys, &content), &path, &shown, mode, now));
            match tokio::time::timeout(timeout, look).await {
                Ok(Ok(evidence)) => evidence,
                Ok(Err(_)) => self.finding.error("reading the file broke off"),
                Err(_) => {
                    self.finding.error(&format!("{} could not be read in {}", self.shown, duration::written(timeout)))
                }
            }
        })
    }
}

fn look(
    finding: &Finding,
    (keys, content): (&Keys, &Content),
    path: &Path,
    shown: &str,
    mode: Option<u32>,
    now: crate::model::time::Now,
) -> Evidence {
    let metadata = match path.symlink_metadata().and_then(|_| path.metadata()) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return if keys.exists && content.descent.asks() {
                // An artefact that nobody has made yet says nothing; that is no failure of it.
                finding.error(&format!("{shown} does not exist"))
            } else if keys.exists {
                finding.fail(FailureClass::File, &format!("{shown} does not exist")).material("file", "missing")
            } else {
                Evidence::pass(&format!("{shown} does not exist"))
            };
        }
        Err(error) => return finding.error(&format!("{shown} cannot be looked at: {error}")),
    };
    if !keys.exists {
        return finding.fail(FailureClass::File, &format!("{shown} exists and must not")).material("file", "present");
    }
    let actual = metadata.permissions().mode() & 0o7777;
    let note =
        |evidence: Evidence| evidence.fact("mode", &format!("{actual:04o}")).fact("bytes", &metadata.len().to_string());
    if let Some(most) = mode
        && actual & !most != 0
    {
        let summary = format!("{shown} is open to others: mode {actual:04o}, at most {most:04o}");
        let remedy = format!("chmod {most:04o} {shown}");
        return note(
            finding.fail(FailureClass::File, &summary).material("open", &format!("{actual:04o}")).remedy(&remedy),
        );
    }
    if let Some(evidence) = keys.max_age.and_then(|most| too_old(finding, shown, &metadata, most, now)) {
        return note(evidence);
    }
    note(content.judge(finding, path, shown))
}

fn too_old(
    finding: &Finding,
    shown: &str,
    metadata: &std::fs::Metadata,
    most: Span,
    now: crate::model::time::Now,
) -> Option<Evidence> {
    let changed = metadata.modified().ok().and_then(|time| jiff::Timestamp::try_from(time).ok());
    let Some(changed) = changed else { return Some(finding.error(&format!("nobody knows how old {shown} is"))) };
    let age = now.at.duration_since(changed);
    let old = !age.is_negative() && age.unsigned_abs() > most.0;
    old.then(|| {
        let age = duration::written(Duration::from_secs(age.unsigned_abs().as_secs()));
        finding.fail(FailureClass::File, &format!("{shown} is {age} old, at most {most}"))
    })
}

/// What the content has to be.
#[derive(Clone)]
struct Content {
    contains: Vec<String>,
    lacks: Vec<String>,
    names: Option<Vec<String>>,
    expect: Option<Condition>,
    descent: Descent,
}

impl Content {
    fn of(finding: &Finding, keys: &Keys, surroundings: &Surroundings) -> Result<Self, Box<Evidence>> {
        let filled = |template: &Template| finding.fill(template, &surroundings.values);
        let names = keys.names_each.as_ref().map(filled).transpose()?.map(|names| {
            names.expose().split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
        });
        let condition = keys.expect.as_ref().map(|expect| filled(&Template::new(expect))).transpose()?;
        let compile = |source: crate::model::template::Filled| {
            Condition::compile(source.expose(), &fact_names()).map_err(|error| Box::new(finding.error(&error.message)))
        };
        Ok(Self {
            contains: keys.contains.clone(),
            lacks: keys.lacks.clone(),
            names,
            expect: condition.map(compile).transpose()?,
            descent: Descent::of(finding, keys.carries.as_ref(), keys.younger_than.as_ref(), surroundings)?,
        })
    }

    fn judge(&self, finding: &Finding, path: &Path, shown: &str) -> Evidence {
        let asked = !self.contains.is_empty()
            || !self.lacks.is_empty()
            || self.names.is_some()
            || self.expect.is_some()
            || self.descent.asks_content();
        let read = if asked { artefact::read(path) } else { Ok(Some((String::new(), artefact::changed_at(path)))) };
        let (text, changed) = match read {
            Ok(Some(read)) => read,
            Ok(None) => return finding.fail(FailureClass::File, &format!("{shown} does not exist")),
            Err(error) => return finding.error(&format!("{shown} cannot be read: {error}")),
        };
        if let Some(objection) = self.descent.objection(&text, changed) {
            return finding.error(&format!("{shown} {objection}")).remedy("make it anew from this very build");
        }
        if let Some(objection) = self.searched(&text) {
            let evidence = finding.fail(FailureClass::File, &format!("{shown} {objection}"));
            return evidence.material("content", &objection);
        }
        match &self.expect {
            None => Evidence::pass(&format!("{shown} is as it should be")),
            Some(condition) => expected(finding, condition, text, shown),
        }
    }

    /// Which text is missing or should be; the texts are the plan's own, so they may be named.
    fn searched(&self, text: &str) -> Option<String> {
        if self.names.as_ref().is_some_and(Vec::is_empty) {
            return Some("is to name each of nothing: the list is empty".to_owned());
        }
        let unnamed = self.names.iter().flatten().filter(|name| !text.contains(*name));
        let unnamed = unnamed.map(String::as_str).collect::<Vec<_>>();
        if !unnamed.is_empty() {
            return Some(format!("does not name {}", unnamed.join(", ")));
        }
        let missing = self.contains.iter().find(|wanted| !text.contains(*wanted));
        let unwanted = || self.lacks.iter().find(|unwanted| text.contains(*unwanted));
        let missing = missing.map(|wanted| format!("lacks \"{wanted}\""));
        missing.or_else(|| unwanted().map(|found| format!("holds \"{found}\"")))
    }
}

fn expected(finding: &Finding, condition: &Condition, text: String, shown: &str) -> Evidence {
    let mut facts = Facts::default();
    if condition.asks_for("json") {
        match serde_json::from_str(&text) {
            Ok(json) => facts.insert("json", Fact::Json(json)),
            Err(error) => return finding.error(&format!("{shown} is no whole JSON: {error}")),
        }
    }
    facts.insert("text", Fact::Text(text));
    judged(finding, condition, &facts, &format!("{shown} is as it should be"), shown)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test makes its own files and servers")]

    use crate::check::kit;
    use crate::model::word::Outcome;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn a_file_is_there_closed_and_holds_what_it_must() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.md");
        std::fs::write(&path, "step one: freeze\nstep two: switch\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        std::fs::write(folder.path().join("bench.json"), "{\"p95_ms\": 120}").unwrap();
        let surroundings = kit::surroundings_in(folder.path());
        for (keys, outcome, says) in [
            ("path = \"plan.md\"", Outcome::Pass, "as it should be"),
            ("path = \"gone.md\"", Outcome::Fail, "does not exist"),
            ("path = \"gone.md\"\nexists = false", Outcome::Pass, "does not exist"),
            ("path = \"plan.md\"\nexists = false", Outcome::Fail, "must not"),
            ("path = \"plan.md\"\nmode = \"0600\"", Outcome::Fail, "mode 0644"),
            ("path = \"plan.md\"\ncontains = [\"freeze\"]\nlacks = [\"TODO\"]", Outcome::Pass, ""),
            ("path = \"plan.md\"\ncontains = [\"verify\"]", Outcome::Fail, "lacks \"verify\""),
            ("path = \"plan.md\"\nlacks = [\"switch\"]", Outcome::Fail, "holds \"switch\""),
            ("path = \"plan.md\"\nmax_age = \"1d\"", Outcome::Pass, ""),
            ("path = \"plan.md\"\nnames_each = \"freeze,switch\"", Outcome::Pass, ""),
            ("path = \"plan.md\"\nnames_each = \"freeze, purge, warm\"", Outcome::Fail, "does not name purge, warm"),
            ("path = \"plan.md\"\nnames_each = \"\"", Outcome::Fail, "the list is empty"),
            ("path = \"plan.md\"\ncarries = \"step one\"", Outcome::Pass, ""),
            ("path = \"plan.md\"\ncarries = \"a41f9c2\"", Outcome::Error, "of another build"),
            ("path = \"plan.md\"\nyounger_than = \"2100-01-01T00:00:00Z\"", Outcome::Error, "is older than"),
            ("path = \"bench.json\"\nexpect = 'json.p95_ms < 200'", Outcome::Pass, ""),
            ("path = \"bench.json\"\nexpect = 'json.p95_ms < 100'", Outcome::Fail, "json.p95_ms is 120"),
            ("path = \"bench.json\"\nexpect = 'json.p99_ms < 100'", Outcome::Fail, "has no \"p99_ms\""),
            ("path = \"plan.md\"\nexpect = 'json.p95_ms < 100'", Outcome::Error, "no whole JSON"),
        ] {
            let evidence = kit::run("file", keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{keys}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{keys}: {}", evidence.summary);
        }
    }
}
