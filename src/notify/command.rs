//! `command`: a program of one's own, handed the notice as JSON on its standard input. Runs only for a plan that its
//! reader has allowed, as every command does.

use std::path::PathBuf;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process_group};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use tokio::io::AsyncWriteExt as _;

use crate::core::notice::Notice;
use crate::model::kind::{KindSpec, OptionProblem, Touch};
use crate::model::template::{Filled, Template};
use crate::model::word::Category;
use crate::notify::{Given, Kind, Notifier, Refused, Sending, Taken, Unusable, Way, keys};

/// The kind.
pub(super) struct Command;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Keys {
    /// The program and its arguments. It ends with 0 when the notice was taken; any other end is tried again.
    run: Vec<Template>,
}

impl Kind for Command {
    fn spec(&self) -> KindSpec {
        KindSpec {
            name: "command",
            doc: "A program of one's own, which reads the notice as JSON from its standard input.",
            category: Category::Monitoring,
            example: "run = [\"./ops/tell.sh\"]\n",
            schema: || schemars::schema_for!(Keys),
            problems: |options| {
                keys::problems::<Keys>(options, |keys, problems| {
                    if keys.run.first().is_none_or(|program| program.as_written().is_empty()) {
                        problems.push(OptionProblem::at("run", "no program is named").help("run = [\"./tell.sh\"]"));
                    }
                })
            },
            touches: |options| {
                let words = options.get("run").and_then(Json::as_array).into_iter().flatten();
                let words: Vec<_> = words.filter_map(|word| word.as_str().map(str::to_owned)).collect();
                if words.is_empty() { Vec::new() } else { vec![Touch::Command(words)] }
            },
        }
    }

    fn build(&self, given: &Given<'_>) -> Result<Box<dyn Notifier>, Unusable> {
        let own: Keys = keys::read(given)?;
        if !given.trusted {
            let why = "this plan's commands have not been allowed on this machine: golive trust".to_owned();
            return Err(Unusable { why, local: true });
        }
        let run = own.run.iter().map(|word| keys::fill(word, given)).collect::<Result<Vec<_>, _>>()?;
        if run.iter().any(Filled::is_secret) {
            return Err(Unusable::new("a secret may not stand among a command's arguments"));
        }
        Ok(Box::new(Ready { run, folder: given.folder.to_path_buf() }))
    }
}

struct Ready {
    run: Vec<Filled>,
    folder: PathBuf,
}

/// Ends a process group when it is dropped: whatever happens to the attempt, nothing of it goes on.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The group may have ended by itself; there is nobody to tell.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Notifier for Ready {
    fn send<'a>(&'a self, notice: &'a Notice, way: Way<'a>) -> Sending<'a> {
        Box::pin(self.tell(notice, way))
    }

    fn reach<'a>(&'a self, way: Way<'a>) -> Sending<'a> {
        Box::pin(async move {
            self.allowed(way)?;
            let program = self.folder.join(self.run[0].expose());
            let there = !self.run[0].expose().contains('/')
                || rustix::fs::access(&program, rustix::fs::Access::EXEC_OK).is_ok();
            if there { Ok(Taken::new("the program is there")) } else { Err(Refused::later("the program is not there")) }
        })
    }
}

impl Ready {
    /// Where a program sends things is nobody's knowledge: a session that is kept nowhere runs none.
    fn allowed(&self, way: Way<'_>) -> Result<(), Refused> {
        if way.only_loopback {
            Err(Refused {
                local: true,
                ..Refused::later("not run: a session that is kept nowhere runs no notifier's command")
            })
        } else {
            Ok(())
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a command notifier runs a command; trust was asked for when it was built"
    )]
    async fn tell(&self, notice: &Notice, way: Way<'_>) -> Result<Taken, Refused> {
        self.allowed(way)?;
        let program = self.run[0].shown();
        let mut command = tokio::process::Command::new(self.run[0].expose());
        command.args(self.run[1..].iter().map(Filled::expose)).current_dir(&self.folder).process_group(0);
        command.env("GOLIVE_NOTICE_KEY", notice.key.as_str()).env("GOLIVE_NOTICE", notice.kind());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        let mut child =
            command.spawn().map_err(|error| Refused::later(&format!("{program} cannot be started: {error}")))?;
        let _group = Group(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw));
        let told = json!({
            "type": notice.kind(), "headline": notice.headline(), "sentence": notice.sentence(), "notice": notice,
        });
        let input = child.stdin.take();
        let work = async {
            if let Some(mut input) = input {
                // A program that does not want to know is judged by its end all the same.
                let _ = input.write_all(told.to_string().as_bytes()).await;
            }
            child.wait().await
        };
        match tokio::time::timeout_at(way.deadline, work).await {
            Ok(Ok(status)) if status.success() => Ok(Taken::new(&format!("{program} took it"))),
            Ok(Ok(status)) => Err(Refused::later(&format!("{program} ended with {status}"))),
            Ok(Err(error)) => Err(Refused::later(&format!("{program} was lost: {error}"))),
            Err(_) => Err(Refused::later(&format!("{program} did not end in time"))),
        }
    }
}
