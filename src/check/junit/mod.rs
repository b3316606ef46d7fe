//! `junit`: a test run's own report says that enough tests ran and none failed; an exit code alone says neither.

mod scan;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::artefact::{self, Descent};
use crate::check::finding::Finding;
use crate::check::junit::scan::{Case, CaseOutcome};
use crate::check::{Kind, Looking, Probe, Surroundings, options};
use crate::core::evidence::Evidence;
use crate::model::duration;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::Template;
use crate::model::word::Category;

/// So many failed tests are named.
const NAMED: usize = 8;

/// The kind.
pub(super) struct Junit;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The report, relative to the plan's folder.
    path: Template,
    /// So many tests must have run at least; skipped ones did not run.
    #[serde(default = "one")]
    min_tests: usize,
    /// So many may have failed.
    #[serde(default)]
    max_failures: usize,
    /// So many may have broken off with an error.
    #[serde(default)]
    max_errors: usize,
    /// So many may have been skipped; any number unless said otherwise.
    max_skipped: Option<usize>,
    /// A text that the report must hold, such as the version or commit; without it, it is of another build.
    carries: Option<Template>,
    /// The report must be younger than this: a file, a moment, or seconds since 1970 as `git log -1 --format=%ct` has it.
    younger_than: Option<Template>,
}

const fn one() -> usize {
    1
}

impl Kind for Junit {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "junit",
            doc: "A JUnit report of this build says that enough tests ran and none failed.",
            category: Category::System,
            example: "path = \"reports/junit.xml\"\nmin_tests = 20\ncarries = \"{{ version }}\"\n",
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
        let descent = Descent::of(&finding, keys.carries.as_ref(), keys.younger_than.as_ref(), surroundings)?;
        let (path, shown) = (surroundings.folder.join(written.expose()), written.shown().to_owned());
        Ok(Box::new(Reader { finding, keys, path, shown, descent }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.min_tests == 0 {
            problems.push(
                OptionProblem::at("min_tests", "a run without a test shows nothing").help("min_tests = 1, or more"),
            );
        }
    })
}

#[derive(Clone)]
struct Reader {
    finding: Finding,
    keys: Keys,
    path: PathBuf,
    shown: String,
    descent: Descent,
}

impl Probe for Reader {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(async move {
            // A dead network share answers never: reading stands off the loop, and is given up at the deadline.
            let reader = self.clone();
            let look = tokio::task::spawn_blocking(move || reader.look(&reader.path));
            match tokio::time::timeout(timeout, look).await {
                Ok(Ok(evidence)) => evidence,
                Ok(Err(_)) => self.finding.error("reading the report broke off"),
                Err(_) => {
                    self.finding.error(&format!("{} could not be read in {}", self.shown, duration::written(timeout)))
                }
            }
        })
    }
}

impl Reader {
    /// A report that is not there, of another build or broken off says nothing: that is no failure of the tests, and
    /// no pass either.
    fn look(&self, path: &Path) -> Evidence {
        let shown = &self.shown;
        let (text, changed) = match artefact::read(path) {
            Ok(Some(read)) => read,
            Ok(None) => {
                let remedy = "run the tests so that they write it";
                return self.finding.error(&format!("{shown} does not exist")).remedy(remedy);
            }
            Err(error) => return self.finding.error(&format!("{shown} cannot be read: {error}")),
        };
        if let Some(objection) = self.descent.objection(&text, changed) {
            let remedy = "run the tests on this very build again";
            return self.finding.error(&format!("{shown} {objection}")).remedy(remedy);
        }
        match scan::cases(&text) {
            Ok(cases) => self.judge(&cases),
            Err(why) => self.finding.error(&format!("{shown} is no whole JUnit report: {why}")),
        }
    }

    fn judge(&self, cases: &[Case]) -> Evidence {
        let count = |outcome| cases.iter().filter(|case| case.outcome == outcome).count();
        let (failed, errors, skipped) =
            (count(CaseOutcome::Failed), count(CaseOutcome::Errored), count(CaseOutcome::Skipped));
        let ran = cases.len() - skipped;
        let keys = &self.keys;
        let objection = if failed > keys.max_failures || errors > keys.max_errors {
            Some(format!("{} of {ran} tests failed", failed + errors))
        } else if ran < keys.min_tests {
            Some(format!("only {ran} tests ran, at least {} must", keys.min_tests))
        } else {
            let most = keys.max_skipped.filter(|most| skipped > *most);
            most.map(|most| format!("{skipped} tests were skipped, at most {most} may be"))
        };
        let evidence = match &objection {
            Some(objection) => self.finding.fail(FailureClass::Body, objection),
            None => Evidence::pass(&format!("{ran} tests ran, {} failed, {skipped} skipped", failed + errors)),
        };
        let evidence = [("ran", ran), ("failed", failed), ("errors", errors), ("skipped", skipped)]
            .into_iter()
            .fold(evidence, |evidence, (name, number)| evidence.material(name, &number.to_string()));
        let bad = cases.iter().filter(|case| matches!(case.outcome, CaseOutcome::Failed | CaseOutcome::Errored));
        bad.take(NAMED).fold(evidence, |evidence, case| evidence.fact("failed test", &case.name))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "a test makes its own files")]

    use crate::check::kit;
    use crate::model::word::Outcome;

    fn report(cases: &str) -> String {
        format!("<testsuites><testsuite name=\"unit\" hostname=\"2026.11.3\">{cases}</testsuite></testsuites>")
    }

    #[tokio::test]
    async fn a_report_is_judged_by_its_cases_and_counts_only_for_its_own_build() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "good.xml",
            &report("<testcase name=\"a\"/><testcase name=\"b\"/><testcase name=\"c\"><skipped/></testcase>"),
        );
        write("bad.xml", &report("<testcase name=\"a\"/><testcase name=\"b\"><failure/></testcase>"));
        write("broken.xml", &report("<testcase name=\"a\"><error/></testcase>"));
        write("none.xml", &report(""));
        write("half.xml", "<testsuites><testsuite><testcase name=\"a\"/>");
        let surroundings = kit::surroundings_in(folder.path());
        for (keys, outcome, says) in [
            ("path = \"good.xml\"", Outcome::Pass, "2 tests ran, 0 failed, 1 skipped"),
            ("path = \"good.xml\"\ncarries = \"2026.11.3\"", Outcome::Pass, ""),
            ("path = \"good.xml\"\ncarries = \"2026.11.4\"", Outcome::Error, "of another build"),
            ("path = \"good.xml\"\nyounger_than = \"2020-01-01T00:00:00Z\"", Outcome::Pass, ""),
            ("path = \"good.xml\"\nyounger_than = \"4102444800\"", Outcome::Error, "is older than"),
            ("path = \"good.xml\"\nyounger_than = \"gone\"", Outcome::Error, "which is not there"),
            ("path = \"good.xml\"\nmin_tests = 3", Outcome::Fail, "only 2 tests ran"),
            ("path = \"good.xml\"\nmax_skipped = 0", Outcome::Fail, "1 tests were skipped"),
            ("path = \"bad.xml\"", Outcome::Fail, "1 of 2 tests failed"),
            ("path = \"bad.xml\"\nmax_failures = 1", Outcome::Pass, ""),
            ("path = \"broken.xml\"", Outcome::Fail, "1 of 1 tests failed"),
            ("path = \"none.xml\"", Outcome::Fail, "only 0 tests ran"),
            ("path = \"half.xml\"", Outcome::Error, "breaks off"),
            ("path = \"gone.xml\"", Outcome::Error, "does not exist"),
        ] {
            let evidence = kit::run("junit", keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{keys}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{keys}: {}", evidence.summary);
        }
    }
}
