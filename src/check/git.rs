//! `git`: what is deployed is what was agreed on: the tree is clean, a tag is there, signed, on the right commit.
//!
//! It runs `git`, which runs what a repository's configuration tells it to: so it needs trust, as `command` does.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::process::{self, Ended, Ordered, Unended};
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::{Evidence, Timings};
use crate::model::duration;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::{Filled, Template};
use crate::model::word::{Category, Outcome};

/// So much of git's output is kept.
const LARGEST_OUTPUT: usize = 256 << 10;
/// Changed files that are named.
const MOST_NAMED: usize = 10;

/// The kind.
pub(super) struct Git;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The repository, relative to the plan's folder.
    #[serde(default = "here")]
    folder: String,
    /// That nothing is changed, added or left untracked.
    #[serde(default)]
    clean: bool,
    /// A tag that points at what is checked out: `v{{ version }}`.
    tag: Option<Template>,
    /// The branch that is checked out.
    branch: Option<Template>,
    /// The commit that is checked out, whole or at least seven digits of it.
    head: Option<Template>,
    /// A commit, tag or branch that what is checked out has to contain.
    contains: Option<Template>,
    /// What has to carry a good signature: the commit that is checked out, or the tag.
    signed: Option<Signed>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Signed {
    /// The commit.
    Commit,
    /// The tag.
    Tag,
}

fn here() -> String {
    ".".to_owned()
}

impl Kind for Git {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "git",
            doc: "What is checked out is what was agreed on: clean, tagged, signed, the right commit.",
            category: Category::Configuration,
            example: "clean = true\ntag = \"v{{ version }}\"\nsigned = \"tag\"\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let folder = options.get("folder").and_then(serde_json::Value::as_str).unwrap_or(".");
                vec![Touch::Command(["git", "-C", folder].map(str::to_owned).to_vec())]
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        process::allowed(&finding, surroundings)?;
        let fill = |template: &Option<Template>| {
            template.as_ref().map(|one| finding.fill(one, &surroundings.values)).transpose()
        };
        let wanted = [fill(&keys.tag)?, fill(&keys.branch)?, fill(&keys.head)?, fill(&keys.contains)?];
        if wanted.iter().flatten().any(|name| name.is_secret() || name.expose().starts_with('-')) {
            return Err(Box::new(finding.fail(FailureClass::Value, "this is no name of a commit, tag or branch")));
        }
        let wanted = wanted.map(|name| name.as_ref().map(Filled::expose).map(str::to_owned));
        let folder = surroundings.folder.join(&keys.folder);
        Ok(Box::new(Looker { finding, folder, clean: keys.clean, signed: keys.signed, wanted }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        let named = [&keys.tag, &keys.branch, &keys.head, &keys.contains].iter().any(|name| name.is_some());
        if !keys.clean && !named && keys.signed.is_none() {
            problems.push(OptionProblem::whole("this check asserts nothing").help("clean = true"));
        }
        if keys.signed == Some(Signed::Tag) && keys.tag.is_none() {
            problems.push(OptionProblem::at("signed", "which tag?").help("tag = \"v{{ version }}\""));
        }
    })
}

struct Looker {
    finding: Finding,
    folder: PathBuf,
    clean: bool,
    signed: Option<Signed>,
    /// Tag, branch, head, contained.
    wanted: [Option<String>; 4],
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let began = Instant::now();
            let evidence = match self.look(began + timeout).await {
                Ok(evidence) => evidence,
                Err(Unended::NotStarted(why)) => self.finding.error(&format!("git cannot be started: {why}")),
                Err(Unended::Lost(why)) => self.finding.error(&format!("git was lost: {why}")),
                Err(Unended::TooLate) => {
                    self.finding.error(&format!("git did not end within {}", duration::written(timeout)))
                }
            };
            evidence.timed(Timings { total: Some(began.elapsed()), ..Timings::default() })
        })
    }
}

impl Looker {
    async fn git(&self, arguments: &[&str], deadline: Instant) -> Result<Ended, Unended> {
        let fixed = ["git", "-c", "core.fsmonitor=false", "-c", "color.ui=false", "--no-optional-locks"];
        let words = fixed.iter().chain(arguments).map(|word| (*word).to_owned()).collect();
        let environment = [("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_PAGER", "cat")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned().into())).to_vec();
        Ordered { words, environment, folder: self.folder.clone(), input: None, limit: LARGEST_OUTPUT }
            .run(deadline)
            .await
    }

    async fn look(&self, deadline: Instant) -> Result<Evidence, Unended> {
        let head = self.git(&["rev-parse", "--verify", "HEAD^{commit}"], deadline).await?;
        if head.code != Some(0) {
            let said = head.stderr.last_lines().pop().unwrap_or_default();
            return Ok(self
                .finding
                .error(&format!("{} is no repository with a commit: {said}", self.folder.display())));
        }
        let head = head.stdout.text().trim().to_owned();
        let [tag, branch, wanted_head, contained] = &self.wanted;
        let mut wrong: Vec<(FailureClass, String)> = Vec::new();
        if self.clean {
            wrong.extend(self.changes(deadline).await?);
        }
        if let Some(tag) = tag {
            let name = format!("refs/tags/{tag}^{{commit}}");
            let at = self.git(&["rev-parse", "--verify", "--quiet", &name], deadline).await?;
            wrong.extend(tagged(tag, &head, &at));
        }
        if let Some(branch) = branch {
            let on = self.git(&["rev-parse", "--abbrev-ref", "HEAD"], deadline).await?.stdout.text();
            if on.trim() != branch {
                wrong.push((FailureClass::Value, format!("checked out is {}, not branch {branch}", on.trim())));
            }
        }
        if let Some(wanted) = wanted_head
            && (wanted.len() < 7 || !head.starts_with(&wanted.to_lowercase()))
        {
            wrong.push((FailureClass::Value, format!("checked out is commit {}, not {wanted}", short(&head))));
        }
        if let Some(contained) = contained {
            let inside = self.git(&["merge-base", "--is-ancestor", contained, "HEAD"], deadline).await?;
            if inside.code != Some(0) {
                wrong.push((FailureClass::Value, format!("{contained} is not in what is checked out")));
            }
        }
        wrong.extend(self.unsigned(tag.as_deref(), deadline).await?);
        Ok(self.told(&head, &wrong))
    }

    async fn changes(&self, deadline: Instant) -> Result<Option<(FailureClass, String)>, Unended> {
        let status = self.git(&["status", "--porcelain", "--untracked-files=normal"], deadline).await?.stdout.text();
        let files: Vec<&str> = status.lines().filter_map(|line| line.get(3..)).collect();
        let named = files.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(", ");
        let summary = format!("{} files are changed or untracked: {named}", files.len());
        Ok((!files.is_empty()).then_some((FailureClass::File, summary)))
    }

    async fn unsigned(&self, tag: Option<&str>, deadline: Instant) -> Result<Option<(FailureClass, String)>, Unended> {
        let (what, verified) = match (self.signed, tag) {
            (Some(Signed::Commit), _) => {
                ("the commit".to_owned(), self.git(&["verify-commit", "HEAD"], deadline).await?)
            }
            (Some(Signed::Tag), Some(tag)) => (format!("tag {tag}"), self.git(&["verify-tag", tag], deadline).await?),
            (Some(Signed::Tag), None) | (None, _) => return Ok(None),
        };
        let said = verified.stderr.last_lines().pop().unwrap_or_else(|| "it carries no signature".into());
        Ok((verified.code != Some(0))
            .then(|| (FailureClass::Credential, format!("{what} has no good signature: {said}"))))
    }

    fn told(&self, head: &str, wrong: &[(FailureClass, String)]) -> Evidence {
        let mut evidence = match wrong.first() {
            None => Evidence::pass(&format!("commit {} is what was agreed on", short(head))),
            Some((class, summary)) => self.finding.fail(*class, summary),
        };
        evidence = evidence.material("commit", head);
        if evidence.outcome != Outcome::Pass {
            for (_, summary) in wrong {
                evidence = evidence.fact("wrong", summary);
            }
        }
        evidence
    }
}

fn tagged(tag: &str, head: &str, at: &Ended) -> Option<(FailureClass, String)> {
    let commit = at.stdout.text();
    if at.code != Some(0) {
        return Some((FailureClass::NotFound, format!("there is no tag {tag}")));
    }
    let elsewhere = commit.trim() != head;
    elsewhere
        .then(|| (FailureClass::Value, format!("tag {tag} is on {}, checked out is {}", short(&commit), short(head))))
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test makes its own repository")]

    use std::path::Path;
    use std::process::Command;

    use crate::check::kit;
    use crate::model::word::Outcome;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let own = ["-c", "user.name=test", "-c", "user.email=test@example.invalid", "-c", "commit.gpgsign=false"];
        let done = Command::new("git").current_dir(folder).args(own).args(arguments).output().unwrap();
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).trim().to_owned()
    }

    #[tokio::test]
    async fn what_is_checked_out_is_compared_with_what_was_agreed_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        git(path, &["init", "--quiet", "--initial-branch=main"]);
        std::fs::write(path.join("a"), "1").unwrap();
        git(path, &["add", "a"]);
        git(path, &["commit", "--quiet", "-m", "one"]);
        git(path, &["tag", "v1"]);
        let first = git(path, &["rev-parse", "HEAD"]);
        let surroundings = kit::surroundings_in(path);
        let look = async |keys: String, outcome: Outcome, says: &str| {
            let evidence = kit::run("git", &keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{keys}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{keys}: {}", evidence.summary);
        };
        look("clean = true\ntag = \"v1\"\nbranch = \"main\"".into(), Outcome::Pass, "agreed on").await;
        look(format!("head = \"{}\"", &first[..8]), Outcome::Pass, "").await;
        look("head = \"0123456\"".into(), Outcome::Fail, "not 0123456").await;
        look("branch = \"release\"".into(), Outcome::Fail, "not branch release").await;
        look("tag = \"v2\"".into(), Outcome::Fail, "there is no tag v2").await;
        look("signed = \"commit\"".into(), Outcome::Fail, "no good signature").await;
        std::fs::write(path.join("b"), "2").unwrap();
        look("clean = true".into(), Outcome::Fail, "1 files are changed or untracked: b").await;
        git(path, &["add", "b"]);
        git(path, &["commit", "--quiet", "-m", "two"]);
        look("tag = \"v1\"".into(), Outcome::Fail, "tag v1 is on").await;
        look("contains = \"v1\"".into(), Outcome::Pass, "").await;
        look("tag = \"--version\"".into(), Outcome::Fail, "no name").await;
        let nowhere = tempfile::tempdir().unwrap();
        let evidence = kit::run("git", "clean = true", &kit::surroundings_in(nowhere.path())).await;
        assert_eq!(evidence.outcome, Outcome::Error, "{}", evidence.summary);
    }
}
