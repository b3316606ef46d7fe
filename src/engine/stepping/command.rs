//! A step that is a command: run under a process of its own that outlives golive, and followed through its spool. It
//! makes no difference whether this golive started it or an earlier one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::check::Surroundings;
use crate::core::event::{OutputLine, StepEnd, StepEvent};
use crate::engine::stepping::{Telling, unknown};
use crate::model::id::EffectId;
use crate::model::step::{Action, Step};
use crate::model::template::{Filled, Template};
use crate::model::text::SafeText;
use crate::supervisor::{End, LaunchError, Line, Order, Seen, Supervising, Watch, launch};

/// How long a stopped tree may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_secs(10);

impl Telling {
    /// Starts the command and follows it to its end.
    pub(super) async fn command(&self, step: &Step, stop: &CancellationToken) {
        let order = match order(step, &self.shared.surroundings) {
            Ok(order) => order,
            Err(why) => return self.end(failed(&why)).await,
        };
        let folder = folder_of(&self.shared.folder, self.effect);
        match launch(&Supervising::this_program(), &folder, &order).await {
            Ok(watch) => self.follow(watch, true, stop).await,
            // What an earlier golive did of this run is in its records; to start it again would be the second time.
            Err(LaunchError::StartedBefore(_)) => self.follow(Watch::attach(&folder, 0), true, stop).await,
            Err(error) => self.end(failed(&format!("was not started: {error}"))).await,
        }
    }

    /// Follows a command that an earlier golive started, from behind the lines that are known. `intended`: nobody has
    /// heard yet that it runs.
    pub(super) async fn attached(&self, known: u64, intended: bool, stop: &CancellationToken) {
        let watch = Watch::attach(&folder_of(&self.shared.folder, self.effect), known);
        self.follow(watch, intended, stop).await;
    }

    async fn follow(&self, mut watch: Watch, intended: bool, stop: &CancellationToken) {
        let mut stopping = false;
        loop {
            let seen = tokio::select! {
                seen = watch.next() => seen,
                () = stop.cancelled(), if !stopping => {
                    stopping = true;
                    // When nobody is there to be told, watching says so: its end is unknown.
                    let _ = watch.control().stop().await;
                    continue;
                }
            };
            match seen {
                Seen::Started(_) if intended => self.tell(self.started()).await,
                Seen::Started(_) => {}
                Seen::Lines(lines) => self.print(lines.into_iter().map(printed).collect()).await,
                Seen::Waits(waits) => {
                    self.tell(StepEvent::WaitsForInput { item: (), effect: self.effect, waits }).await;
                }
                Seen::Ended { end, took } => {
                    let took = took.unwrap_or_else(|| self.running_for());
                    return self.end_after(ended(end), took).await;
                }
            }
        }
    }
}

/// One folder for each run: its number is its own within the session, and the steps' folder is the session's.
fn folder_of(steps: &Path, effect: EffectId) -> PathBuf {
    steps.join(effect.to_string())
}

fn failed(why: &str) -> StepEnd {
    StepEnd::Failed(SafeText::bounded(why, 300))
}

fn printed(line: Line) -> OutputLine {
    OutputLine { at: line.at, error: line.error, text: line.text }
}

/// Only what ended by itself with 0 settles an item.
fn ended(end: End) -> StepEnd {
    match end {
        End::Exited(0) => StepEnd::Succeeded(SafeText::from_foreign("exit 0")),
        End::Exited(code) => failed(&format!("ended with status {code}")),
        End::Signalled(signal) => failed(&format!("was ended by signal {signal}")),
        End::NotStarted(why) => failed(&format!("could not be started: {why}")),
        End::TimedOut => StepEnd::TimedOut,
        End::Stopped => StepEnd::Stopped,
        End::Disconnected => failed("was stopped when golive went away, as the plan wants it"),
        End::Interrupted => failed("was stopped when its supervising process was told to end"),
        End::Unknown(why) => unknown(why.as_str()),
    }
}

fn order(step: &Step, surroundings: &Surroundings) -> Result<Order, String> {
    let Action::Command { run, folder, environment, tty, .. } = &step.action else {
        return Err("is no command".to_owned());
    };
    let fill = |text: &Template| text.fill(&surroundings.values).map_err(|error| format!("was not started: {error}"));
    let words = run.iter().map(fill).collect::<Result<Vec<_>, _>>()?;
    if words.iter().any(Filled::is_secret) {
        return Err(
            "was not started: a secret may not stand among its arguments, where every user of the machine can \
                    read it; hand it over in environment = { … }"
                .to_owned(),
        );
    }
    let variable = |(name, text): (&String, &Template)| {
        fill(text).map(|filled| (name.clone(), secrecy::SecretString::from(filled.expose().to_owned()).into()))
    };
    // The supervising process stands in a folder of its own: what is relative here means nothing there.
    let here = std::path::absolute(&surroundings.folder).map_err(|error| format!("has no folder: {error}"))?;
    Ok(Order {
        run: words.iter().map(|word| word.expose().to_owned()).collect(),
        folder: folder.as_ref().map_or_else(|| here.clone(), |folder| here.join(folder)),
        environment: environment.iter().map(variable).collect::<Result<_, _>>()?,
        timeout: step.timeout.0,
        grace: GRACE,
        on_disconnect: step.on_disconnect,
        terminal: *tty,
        secrets: surroundings.values.secrets().map(|(name, value)| (name, value.into())).collect(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::duration::Span;
    use crate::model::plan;
    use crate::model::step::{Confirm, OnDisconnect};
    use crate::model::values::{Origin, Value, Values};
    use crate::network::Network;

    fn surroundings() -> Surroundings {
        let mut values = Values::default();
        values.insert("version", Value::plain("2026.11.3", Origin::Plan));
        values.insert("credentials.token", Value::secret("FAKE-token-of-a-test".to_owned().into(), Origin::Plan));
        let folder = PathBuf::from("/srv/plan");
        let network = Network::new(&plan::Network::default(), &folder).unwrap();
        Surroundings {
            values,
            folder,
            trusted: true,
            clock: crate::clock::now,
            network,
            notifiers: crate::notify::Roster::default(),
        }
    }

    fn step(run: &[&str], environment: &[(&str, &str)]) -> Step {
        let run = run.iter().map(|word| Template::new(word)).collect();
        let environment: BTreeMap<_, _> =
            environment.iter().map(|(name, text)| ((*name).to_owned(), Template::new(text))).collect();
        Step {
            action: Action::Command {
                run,
                folder: Some("ops".to_owned()),
                environment,
                tty: false,
                writes: Vec::new(),
            },
            timeout: Span(Duration::from_secs(60)),
            confirm: Confirm::Yes,
            on_disconnect: OnDisconnect::Stop,
            undo: None,
        }
    }

    #[test]
    fn an_order_has_its_values_and_its_folder() {
        let step = step(&["./deploy.sh", "{{ version }}"], &[("TOKEN", "{{ credentials.token }}")]);
        let order = order(&step, &surroundings()).unwrap();
        assert_eq!(order.run, ["./deploy.sh", "2026.11.3"]);
        assert_eq!(order.folder, Path::new("/srv/plan/ops"));
        assert_eq!((order.environment.len(), order.secrets.len()), (1, 1));
    }

    #[test]
    fn a_secret_never_stands_among_the_arguments() {
        let refused = order(&step(&["./deploy.sh", "{{ credentials.token }}"], &[]), &surroundings()).err().unwrap();
        assert!(refused.contains("every user of the machine can read it"), "{refused}");
    }

    #[test]
    fn a_value_that_is_missing_keeps_a_step_from_starting() {
        let refused = order(&step(&["./deploy.sh", "{{ region }}"], &[]), &surroundings()).err().unwrap();
        assert!(refused.starts_with("was not started: \"region\" has no value"), "{refused}");
    }

    #[test]
    fn only_an_exit_with_0_is_success() {
        assert!(matches!(ended(End::Exited(0)), StepEnd::Succeeded(_)));
        for bad in [End::Exited(1), End::Signalled(9), End::Disconnected, End::Interrupted] {
            assert!(matches!(ended(bad), StepEnd::Failed(_)));
        }
        assert!(matches!(ended(End::Unknown(SafeText::from_foreign("lost"))), StepEnd::Unknown(_)));
    }
}
