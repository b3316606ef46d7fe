//! `git`: the latest commits of a repository, and where its tags stand.
//!
//! It runs `git`, which runs what a repository's configuration tells it to: so it needs trust, as the check does.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::asking::keys;
use crate::check::changes::{Asked, Kind, Looking};
use crate::check::options;
use crate::check::process::{Ordered, Unended};
use crate::core::inquiry::{Look, Sighting};
use crate::model::kind::{KindSpec, OptionProblem, Touch};
use crate::model::text::SafeText;
use crate::model::word::Category;

/// So many of the latest commits are looked at.
const LATEST: &str = "40";
const LARGEST_OUTPUT: usize = 256 << 10;
/// Between the parts of a line: no part can hold it.
const BETWEEN: char = '\u{1f}';

pub(super) struct Git;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The repository, relative to the plan's folder.
    #[serde(default = "here")]
    folder: String,
    /// The branch, tag or remote branch whose commits count: `origin/main`. What is checked out unless said otherwise.
    #[serde(default = "head")]
    branch: String,
}

fn here() -> String {
    ".".to_owned()
}

fn head() -> String {
    "HEAD".to_owned()
}

impl Kind for Git {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "git",
            doc: "New commits of a repository, with who made them and when.",
            category: Category::Configuration,
            example: "folder = \".\"\nbranch = \"origin/main\"\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<Keys>(options, |keys, problems| {
                    if keys.branch.is_empty() || keys.branch.starts_with('-') {
                        problems.push(OptionProblem::at("branch", "this is no name of a branch").help("origin/main"));
                    }
                })
            },
            touches: |options| {
                let folder = options.get("folder").and_then(serde_json::Value::as_str).unwrap_or(".");
                vec![Touch::Command(["git", "-C", folder, "log"].map(str::to_owned).to_vec())]
            },
        }
    }

    fn look<'a>(&self, asked: Asked<'a>) -> Looking<'a> {
        Box::pin(async move {
            let keys: Keys = keys(asked.options)?;
            if !asked.surroundings.trusted {
                return Err("this plan's commands have not been allowed on this machine: golive trust".into());
            }
            let format = format!("--format=%H{BETWEEN}%ct{BETWEEN}%an{BETWEEN}%s");
            let words = ["git", "-c", "core.fsmonitor=false", "--no-optional-locks", "log", "-n", LATEST, &format];
            let words = words.into_iter().chain([keys.branch.as_str(), "--"]).map(str::to_owned).collect();
            let environment = [("LC_ALL", "C"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_PAGER", "cat")];
            let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned().into())).to_vec();
            let folder = asked.surroundings.folder.join(&keys.folder);
            let log = Ordered { words, environment, folder, input: None, limit: LARGEST_OUTPUT };
            let ended = log.run(asked.deadline).await.map_err(|unended| match unended {
                Unended::NotStarted(why) => format!("git cannot be started: {why}"),
                Unended::Lost(why) => format!("git was lost: {why}"),
                Unended::TooLate => "git did not end in time".to_owned(),
            })?;
            if ended.code != Some(0) {
                let said = ended.stderr.last_lines().pop().unwrap_or_default();
                return Err(format!("git log of {} in {}: {said}", keys.branch, keys.folder));
            }
            let sightings = ended.stdout.text().lines().filter_map(commit).collect();
            Ok(Look { sightings, whole: false })
        })
    }
}

fn commit(line: &str) -> Option<Sighting> {
    let mut parts = line.splitn(4, BETWEEN);
    let (hash, at, by, subject) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let short = hash.get(..10)?;
    let mut commit = Sighting::new(&format!("commit {short}"), hash, &format!("commit {short} {subject}"));
    commit.at = at.parse().ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    commit.by = Some(SafeText::bounded(by, 80));
    Some(commit)
}
