//! `command`: a program ends with the right status and output. No shell; only for trusted plans; the whole tree ends
//! at the deadline.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

use crate::check::finding::Finding;
use crate::check::judging::judged;
use crate::check::{Kind, Looking, Probe, Surroundings, options};
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
/// Lines of each stream that stand in the evidence when it did not end well.
const LINES_SHOWN: usize = 12;

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
                if words.is_empty() { Vec::new() } else { vec![Touch::Command(words)] }
            },
        }
    }

    fn build(&self, check: &Check, surroundings: &Arc<Surroundings>) -> Result<Box<dyn Probe>, Box<Evidence>> {
        let finding = Finding::of(check);
        let keys: Keys = options::read(&check.options).map_err(|problem| Box::new(finding.error(&problem.message)))?;
        if !surroundings.trusted {
            let evidence = finding.error("this plan's commands have not been allowed on this machine");
            return Err(Box::new(evidence.remedy("read them with golive lint --audit, then golive trust")));
        }
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
        Ok(Box::new(Looker { finding, run, environment, folder, condition }))
    }
}

fn problems(options: &Options) -> Vec<OptionProblem> {
    options::problems::<Keys>(options, |keys, problems| {
        if keys.run.first().is_none_or(|program| program.as_written().is_empty()) {
            problems.push(OptionProblem::at("run", "no program is named").help("run = [\"./check.sh\"]"));
        }
        problems.extend(keys.expect.as_ref().and_then(|e| options::condition_problem("expect", e, &fact_names())));
    })
}

struct Looker {
    finding: Finding,
    run: Vec<Filled>,
    environment: Vec<(String, Filled)>,
    folder: PathBuf,
    condition: Condition,
}

/// Ends a process group when it is dropped: whatever happens to the check, nothing of it goes on.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The group may have ended by itself; there is nobody to tell.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Probe for Looker {
    fn run(&self, timeout: Duration) -> Looking<'_> {
        Box::pin(self.look(timeout))
    }
}

impl Looker {
    #[expect(
        clippy::disallowed_methods,
        reason = "a command check runs a command; trust was asked for when it was built"
    )]
    async fn look(&self, timeout: Duration) -> Evidence {
        let program = self.run[0].shown().to_owned();
        let (deadline, began) = (Instant::now() + timeout, Instant::now());
        let mut command = tokio::process::Command::new(self.run[0].expose());
        command.args(self.run[1..].iter().map(Filled::expose)).current_dir(&self.folder).process_group(0);
        command.envs(self.environment.iter().map(|(name, value)| (name, value.expose())));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return self.finding.error(&format!("{program} cannot be started: {error}")),
        };
        let group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let work = async {
            let (stdout, stderr, status) = tokio::join!(bounded(stdout), bounded(stderr), child.wait());
            (stdout, stderr, status)
        };
        let ended = tokio::time::timeout_at(deadline, work).await;
        drop(group);
        let timings = Timings { total: Some(began.elapsed()), ..Timings::default() };
        match ended {
            Err(_) => {
                let summary = format!("{program} did not end within {}", duration::written(timeout));
                self.finding.fail(FailureClass::Timeout, &summary).timed(timings)
            }
            Ok((_, _, Err(error))) => self.finding.error(&format!("{program} was lost: {error}")).timed(timings),
            Ok((stdout, stderr, Ok(status))) => {
                let code = status.code();
                self.judge(&program, code, &stdout, &stderr).timed(timings)
            }
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

/// What a stream printed: its beginning, and how much more there was.
#[derive(Default)]
struct Output {
    kept: Vec<u8>,
    left_out: u64,
}

impl Output {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }

    fn last_lines(&self) -> Vec<String> {
        let text = self.text();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES_SHOWN)..].iter().map(|line| (*line).to_owned()).collect()
    }
}

async fn bounded(stream: Option<impl AsyncRead + Unpin>) -> Output {
    let mut output = Output::default();
    let Some(mut stream) = stream else { return output };
    let mut buffer = vec![0; 16 << 10];
    while let Ok(count) = stream.read(&mut buffer).await {
        if count == 0 {
            break;
        }
        let room = LARGEST_OUTPUT.saturating_sub(output.kept.len()).min(count);
        output.kept.extend_from_slice(&buffer[..room]);
        output.left_out += (count - room) as u64;
    }
    output
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
