//! `command`: a program ends with the right status and output. No shell; only for trusted plans; the whole tree ends
//! at the deadline.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::judging::judged;
use crate::check::process::{Ordered, Output, Unended};
use crate::check::via::Via;
use crate::check::{Kind, Looking, Probe, Surroundings, options, process, via};
use crate::core::evidence::{Evidence, Timings};
use crate::expr::{Condition, Fact, FactNames, FactType, Facts};
use crate::model::duration;
use crate::model::failure::FailureClass;
use crate::model::kind::{KindSpec, OptionProblem, Options, Touch};
use crate::model::plan::Check;
use crate::model::template::{Filled, Template};
use crate::model::word::{Category, Outcome};

/// At most so much of each stream is kept; the rest is read and counted.
const LARGEST_OUTPUT: usize = 64 << 10;

/// The kind.
pub(super) struct Command;

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The program and its arguments; no shell is involved.
    run: Vec<Template>,
    /// The exit code that is right, where no `expect` says otherwise.
    #[serde(default)]
    exit: i32,
    /// A condition over exit, stdout, stderr, json (of standard output).
    expect: Option<String>,
    /// Working folder, relative to the plan's.
    folder: Option<String>,
    /// Variables added to its environment.
    #[serde(default)]
    environment: BTreeMap<String, Template>,
    /// Words put before the command, so that it runs elsewhere: `["ssh", "app@web-1"]`. Its environment stays here.
    via: Option<Vec<Template>>,
}

fn fact_names() -> FactNames {
    FactNames::new(&[
        ("exit", FactType::Number),
        ("stdout", FactType::Text),
        ("stderr", FactType::Text),
        ("json", FactType::Json),
    ])
}

impl Kind for Command {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "command",
            doc: "A program ends with the right status and output.",
            category: Category::System,
            example: "run = [\"./ops/is-frozen.sh\", \"--json\"]\nexpect = 'exit == 0 && json.frozen == false'\n",
            schema: || schemars::schema_for!(Keys),
            problems,
            touches: |options| {
                let words = options.get("run").and_then(serde_json::Value::as_array).into_iter().flatten();
                let words: Vec<_> = words.filter_map(|word| word.as_str().map(str::to_owned)).collect();
                let own = if words.is_empty() { Vec::new() } else { vec![Touch::Command(words)] };
                own.into_iter().chain(via::touches(options)).collect()
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        process::allowed(&finding, surroundings)?;
        let values = &surroundings.values;
        let run = keys.run.iter().map(|word| finding.fill(word, values)).collect::<Result<Vec<_>, _>>()?;
        let mut environment = Vec::new();
        for (name, template) in &keys.environment {
            environment.push((name.clone(), finding.fill(template, values)?));
        }
        if run.iter().any(Filled::is_secret) {
            let summary = "a secret may not stand among a command's arguments: every user of the machine can read them";
            return Err(Box::new(finding.error(summary).remedy("hand it over in environment = { … }")));
        }
        let source = keys.expect.clone().unwrap_or_else(|| format!("exit == {}", keys.exit));
        let condition = Condition::compile(&source, &fact_names())
            .map_err(|error| Box::new(finding.error(&format!("the condition is wrong: {error}"))))?;
        let folder =
            keys.folder.as_ref().map_or_else(|| surroundings.folder.clone(), |folder| surroundings.folder.join(folder));
        let via = Via::of(keys.via.as_deref(), &finding, surroundings)?;
        Ok(Box::new(Looker { finding, run, environment, folder, condition, via }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.run.first().is_none_or(|program| program.as_written().is_empty()) {
            problems.push(OptionProblem::at("run", "no program is named").help("run = [\"./check.sh\"]"));
        }
        problems.extend(keys.expect.as_ref().and_then(|e| options::condition_problem("expect", e, &fact_names())));
        if keys.via.is_some() && !keys.environment.is_empty() {
            problems.push(OptionProblem::at("environment", "variables do not travel with `via`"));
        }
    })
}

struct Looker {
    finding: Finding,
    run: Vec<Filled>,
    environment: Vec<(String, Filled)>,
    folder: PathBuf,
    condition: Condition,
    via: Option<Via>,
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(self.look(timeout))
    }
}

impl Looker {
    async fn look(&self, timeout: Duration) -> Evidence {
        let program = self.run[0].shown().to_owned();
        let began = Instant::now();
        let ended = self.ordered().run(began + timeout).await;
        let timings = Timings { total: Some(began.elapsed()), ..Timings::default() };
        let evidence = match ended {
            Ok(ended) => self.judge(&program, ended.code, &ended.stdout, &ended.stderr),
            Err(Unended::NotStarted(why)) => self.finding.error(&format!("{program} cannot be started: {why}")),
            Err(Unended::Lost(why)) => self.finding.error(&format!("{program} was lost: {why}")),
            Err(Unended::TooLate) => {
                let summary = format!("{program} did not end within {}", duration::written(timeout));
                self.finding.fail(FailureClass::Timeout, &summary)
            }
        };
        let evidence = match &self.via {
            Some(via) => evidence.fact("vantage", via.shown()),
            None => evidence,
        };
        evidence.timed(timings)
    }

    fn ordered(&self) -> Ordered {
        let words = self.run.iter().map(|word| word.expose().to_owned()).collect();
        let environment = self.environment.iter();
        Ordered {
            words: self.via.as_ref().map_or_else(|| Vec::clone(&words), |via| via.before(&words)),
            environment: environment.map(|(name, value)| (name.clone(), value.expose().to_owned().into())).collect(),
            folder: self.folder.clone(),
            input: None,
            limit: LARGEST_OUTPUT,
        }
    }

    fn judge(&self, program: &str, code: Option<i32>, stdout: &Output, stderr: &Output) -> Evidence {
        let Some(code) = code else {
            return self.finding.fail(FailureClass::Exit, &format!("{program} was ended by a signal"));
        };
        let mut facts = Facts::default();
        facts.insert("exit", Fact::Whole(i64::from(code)));
        facts.insert("stdout", Fact::Text(stdout.text()));
        facts.insert("stderr", Fact::Text(stderr.text()));
        if let Ok(json) = serde_json::from_slice(&stdout.kept) {
            facts.insert("json", Fact::Json(json));
        }
        let mut evidence =
            judged(&self.finding, &self.condition, &facts, &format!("{program} ended with {code}"), "the output");
        evidence = evidence.material("exit", &code.to_string());
        if evidence.outcome != Outcome::Pass {
            if code != 0
                && let Some(failure) = &mut evidence.failure
                && failure.class == FailureClass::Condition
            {
                failure.class = FailureClass::Exit;
            }
            for (name, output) in [("stdout", stdout), ("stderr", stderr)] {
                for line in output.last_lines() {
                    evidence = evidence.fact(name, &line);
                }
            }
        }
        for (name, output) in [("stdout", stdout), ("stderr", stderr)] {
            if output.left_out > 0 {
                evidence = evidence.fact(name, &format!("… {} bytes left out", output.left_out));
            }
        }
        evidence
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use crate::check::kit;
    use crate::model::word::Outcome;

    #[tokio::test]
    async fn a_command_is_judged_by_its_end_and_its_output() {
        let surroundings = kit::surroundings(&[]);
        for (keys, outcome, says) in [
            ("run = [\"true\"]", Outcome::Pass, "true ended with 0"),
            ("run = [\"false\"]", Outcome::Fail, "exit is 1"),
            ("run = [\"sh\", \"-c\", \"exit 3\"]\nexit = 3", Outcome::Pass, ""),
            ("run = [\"echo\", '{\"frozen\": false}']\nexpect = 'json.frozen == false'", Outcome::Pass, ""),
            ("run = [\"echo\", \"no json\"]\nexpect = 'json.frozen == false'", Outcome::Fail, "has no \"json\""),
            ("run = [\"/no/such/program\"]", Outcome::Error, "cannot be started"),
        ] {
            let evidence = kit::run("command", keys, &surroundings).await;
            assert_eq!(evidence.outcome, outcome, "{keys}: {}", evidence.summary);
            assert!(evidence.summary.as_str().contains(says), "{keys}: {}", evidence.summary);
        }
    }

    #[tokio::test]
    async fn a_command_that_prints_for_ever_or_never_ends_is_bounded() {
        let surroundings = kit::surroundings(&[]);
        for keys in ["run = [\"yes\"]", "run = [\"sh\", \"-c\", \"trap '' TERM; sleep 60 & sleep 60\"]"] {
            let evidence = kit::run_within("command", keys, &surroundings, Duration::from_millis(300)).await;
            assert_eq!(evidence.outcome, Outcome::Fail, "{}", evidence.summary);
            assert!(evidence.summary.as_str().contains("did not end"), "{}", evidence.summary);
        }
    }

    #[tokio::test]
    async fn an_untrusted_plan_runs_nothing() {
        let mut surroundings = kit::surroundings(&[]);
        Arc::get_mut(&mut surroundings).unwrap().trusted = false;
        let evidence = kit::run("command", "run = [\"true\"]", &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Error);
    }

    #[tokio::test]
    async fn no_secret_stands_among_the_arguments() {
        let surroundings = kit::surroundings_with_secret("credentials.api_key", "FAKE-key-of-the-test");
        let evidence = kit::run("command", "run = [\"echo\", \"{{ credentials.api_key }}\"]", &surroundings).await;
        assert_eq!(evidence.outcome, Outcome::Error);
        let keys =
            "run = [\"sh\", \"-c\", \"test -n \\\"$KEY\\\"\"]\nenvironment = { KEY = \"{{ credentials.api_key }}\" }";
        assert_eq!(kit::run("command", keys, &surroundings).await.outcome, Outcome::Pass);
    }
}
