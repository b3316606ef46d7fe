//! `exposure`: none of the plan's credentials (and, where the plan says so, no key of a known provider) stands in a git
//! repository, in documents or in the history of a shell.
//!
//! A repository is read by golive itself, object by object: no program runs for it, so this needs no trust (DECISIONS 23
//! is about commands), and works where git is not installed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::exposed::{self, Gravity, Objection};
use crate::check::finding::Finding;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;
use crate::scan::{self, Scanner, Survey, Unsearched};

/// The kind.
pub(super) struct Exposure;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// A folder of a git repository: its tracked files and its whole history are searched.
    repository: Option<Template>,
    /// Files and folders in which no secret may stand; those that are not there hold none.
    #[serde(default)]
    documents: Vec<Template>,
    /// History files of shells: `{{ env.HOME }}/.bash_history`.
    #[serde(default)]
    shell_history: Vec<Template>,
    /// Whether keys of known providers are looked for beside the plan's credentials: keys of tests are found too.
    #[serde(default)]
    known_keys: bool,
}

impl Keys {
    fn paths(&self) -> impl Iterator<Item = &Template> {
        self.documents.iter().chain(&self.shell_history)
    }
}

impl Kind for Exposure {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "exposure",
            doc: "No credential stands in a git repository, in documents or in the history of a shell.",
            category: Category::Credential,
            example: "repository = \".\"\ndocuments = [\"docs\", \"README.md\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                options::problems::<Keys>(options, |keys, problems| {
                    if keys.repository.is_none() && keys.paths().next().is_none() {
                        let problem = OptionProblem::whole("this check looks nowhere");
                        problems.push(problem.help("repository = \".\" or documents = [\"docs\"]"));
                    }
                })
            },
            touches,
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        let fill = |template: &Template| -> Result<Place, Box<Evidence>> {
            let shown = finding.fill(template, &surroundings.values)?.shown().to_owned();
            Ok(Place { path: surroundings.folder.join(&shown), shown })
        };
        let repository = keys.repository.as_ref().map(fill).transpose()?;
        let paths = keys.paths().map(fill).collect::<Result<Vec<_>, _>>()?;
        let (secrets, unsearched) = scan::of_values(&surroundings.values);
        let scanner = Scanner::new(&secrets, &[], keys.known_keys);
        Ok(Box::new(Looker { finding, search: Arc::new(Search { repository, paths, scanner, unsearched }) }))
    }
}

fn touches(options: &Options) -> Vec<Touch> {
    let Ok(keys) = options::read::<Keys>(options) else { return Vec::new() };
    keys.repository.iter().chain(keys.paths()).map(|path| Touch::File(path.as_written().to_owned())).collect()
}

struct Place {
    path: PathBuf,
    shown: String,
}

struct Search {
    repository: Option<Place>,
    paths: Vec<Place>,
    scanner: Scanner,
    unsearched: Vec<Unsearched>,
}

struct Looker {
    finding: Finding,
    search: Arc<Search>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            let search = Arc::clone(&self.search);
            let looked = exposed::beside_the_loop(&self.finding, timeout, move |stop| search.look(stop)).await;
            match looked {
                Ok((objections, passed)) => exposed::evidence(&self.finding, FailureClass::File, objections, &passed),
                Err(evidence) => evidence,
            }
        })
    }
}

const REMEDY: &str =
    "have it issued anew: what was once shared cannot be taken back; then take it out of the place that is named";

impl Search {
    fn look(&self, stop: &AtomicBool) -> (Vec<Objection>, String) {
        let mut survey = Survey::new(&self.scanner, stop);
        let mut objections = Vec::new();
        if let Some(Place { path, shown }) = &self.repository {
            objections.extend(repository(&mut survey, path, shown));
        }
        for Place { path, shown } in &self.paths {
            if path.symlink_metadata().is_ok() {
                scan::survey_path(&mut survey, path, shown, &|_| true);
            }
        }
        objections.extend(exposed::of_survey(&survey, REMEDY));
        objections.extend(exposed::of_unsearched(&self.unsearched));
        let what = match (&self.repository, survey.places) {
            (Some(_), 1) => "git object or file",
            (Some(_), _) => "git objects and files",
            (None, 1) => "file",
            (None, _) => "files",
        };
        (objections, format!("no secret in {} {what}, {} bytes", survey.places, survey.bytes))
    }
}

/// Searches a repository; what is missing of it is said.
fn repository(survey: &mut Survey<'_>, path: &Path, shown: &str) -> Option<Objection> {
    match scan::enclosing(path) {
        Err(error) => Some(Objection::new(Gravity::CannotTell, error.to_string())),
        Ok(None) => {
            let sentence =
                format!("there is no git repository at {shown}, or in a folder above it: nothing was looked at");
            Some(Objection::new(Gravity::Warns, sentence).remedy("name the repository's folder, or remove this check"))
        }
        Ok(Some(repository)) => {
            repository.survey(survey);
            let why = repository.incomplete?;
            let sentence = format!("{why}: what is not in it was not looked at");
            Some(
                Objection::new(Gravity::Warns, sentence).remedy("fetch the whole history first: git fetch --unshallow"),
            )
        }
    }
}

#[cfg(test)]
mod tests;
