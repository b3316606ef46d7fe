//! A step that is a pipeline elsewhere: triggered once, found, followed to its end, its commit asserted.
//!
//! The run's id goes into the journal as soon as it is known, so that the next golive follows it again. Where nobody
//! can say whether a run was begun, or how it ended, the step's end is unknown; nothing is ever triggered twice.

mod answer;
mod asking;

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::core::event::{OutputLine, StepEnd, StepEvent};
use crate::engine::stepping::pipeline::answer::{Answer, at, text_at};
use crate::engine::stepping::pipeline::asking::{Asking, Unasked};
use crate::engine::stepping::{Telling, unknown};
use crate::model::pipeline::{Commit, Find, Pipeline};
use crate::model::text::SafeText;

/// A stopped run gets so long to end before golive looks away.
const GRACE: Duration = Duration::from_secs(60);
/// Whoever asks to be left alone is left alone so long at most.
const LONGEST_REST: Duration = Duration::from_secs(300);
/// Nobody is asked more often, whatever the plan says.
const SHORTEST: Duration = Duration::from_millis(50);

/// What a look at the run says.
enum Look {
    /// It goes on.
    GoesOn,
    /// It ended.
    Ended(StepEnd),
}

/// How a run came to be known, or did not.
enum Found {
    Run(String),
    End(StepEnd),
    Stopped,
}

impl Telling {
    /// Triggers the pipeline and follows it to its end.
    pub(super) async fn pipeline(&self, pipeline: &Pipeline, timeout: Duration, stop: &CancellationToken) {
        let deadline = Instant::now() + timeout;
        let asking = Asking::new(&self.shared, self.effect);
        let answer = match asking.ask(&pipeline.trigger, "POST", deadline).await {
            Ok(answer) => answer,
            Err(Unasked::NothingSent(why)) => return self.end(failed(&format!("was not triggered: {why}"))).await,
            Err(Unasked::Unknown(why)) => {
                self.say(&format!("trigger: {why}"), true).await;
                return self.found_or_unknown(pipeline, &asking, &why, deadline, stop).await;
            }
        };
        self.say(&format!("triggered: {}", answer.status), false).await;
        if answer.status >= 500 {
            let why = format!("the trigger was answered with {}", answer.status);
            return self.found_or_unknown(pipeline, &asking, &why, deadline, stop).await;
        }
        if answer.status >= 300 {
            return self.end(failed(&format!("was refused: {}{}", answer.status, answer.said()))).await;
        }
        let named = pipeline.run.as_ref().and_then(|path| text_at(&answer.json, path));
        match (named, &pipeline.find) {
            (Some(run), _) => self.follow_run(pipeline, &asking, run, deadline, stop).await,
            (None, Some(find)) => self.find_and_follow(pipeline, &asking, find, deadline, stop).await,
            (None, None) => {
                let path = pipeline.run.as_deref().unwrap_or_default();
                let why = format!("{path} is not in the trigger's answer, so nobody knows which run it began");
                self.end(unknown(&why)).await;
            }
        }
    }

    /// Follows a run that an earlier golive triggered, or may have.
    pub(super) async fn pipeline_again(
        &self,
        pipeline: &Pipeline,
        known: Option<&(SafeText, Option<SafeText>)>,
        left: Duration,
        stop: &CancellationToken,
    ) {
        // However late it is, one look is due: it may have ended long ago.
        let asking = Asking::new(&self.shared, self.effect);
        let deadline = Instant::now() + left;
        match known {
            Some((run, _)) => {
                self.say(&format!("follows run {run} again"), false).await;
                self.poll(pipeline, &asking.of_run(run.as_str()), deadline, stop).await;
            }
            None => {
                let why = "golive ended while it was being triggered";
                self.found_or_unknown(pipeline, &asking, why, deadline, stop).await;
            }
        }
    }

    /// Where it is not known whether a run was begun: looks for it where the plan says how, and never triggers another.
    async fn found_or_unknown(
        &self,
        pipeline: &Pipeline,
        asking: &Asking<'_>,
        why: &str,
        deadline: Instant,
        stop: &CancellationToken,
    ) {
        match &pipeline.find {
            Some(find) => self.find_and_follow(pipeline, asking, find, deadline, stop).await,
            None => self.end(unknown(&format!("{why}; whether a run was begun is not known"))).await,
        }
    }

    async fn find_and_follow(
        &self,
        pipeline: &Pipeline,
        asking: &Asking<'_>,
        find: &Find,
        deadline: Instant,
        stop: &CancellationToken,
    ) {
        match self.find(pipeline, asking, find, deadline, stop).await {
            Found::Run(run) => self.follow_run(pipeline, asking, run, deadline, stop).await,
            Found::End(end) => self.end(end).await,
            Found::Stopped => {
                self.end(unknown("it was stopped before its run was found; a run may have begun")).await;
            }
        }
    }

    /// Looks for the one run that bears this step's own id.
    async fn find(
        &self,
        pipeline: &Pipeline,
        asking: &Asking<'_>,
        find: &Find,
        deadline: Instant,
        stop: &CancellationToken,
    ) -> Found {
        let until = deadline.min(Instant::now() + find.within.0).max(Instant::now() + SHORTEST);
        let mut said = String::new();
        loop {
            let seen = match asking.ask(&find.list, "GET", until).await {
                Ok(answer) => asking.found(find, &answer),
                Err(Unasked::NothingSent(why) | Unasked::Unknown(why)) => Err(why),
            };
            match seen {
                Ok(runs) if runs.len() == 1 => return Found::Run(runs.into_iter().next().unwrap_or_default()),
                Ok(runs) if runs.len() > 1 => {
                    let runs = runs.join(", ");
                    return Found::End(unknown(&format!("more than one run bears this step's id: {runs}")));
                }
                Ok(_) => {}
                Err(why) if why != said => {
                    self.say(&format!("looking for the run: {why}"), true).await;
                    said = why;
                }
                Err(_) => {}
            }
            if Instant::now() >= until {
                let within = find.within;
                return Found::End(unknown(&format!("no run with this step's id was found within {within}")));
            }
            tokio::select! {
                () = sleep_until((Instant::now() + pipeline.every.0.max(SHORTEST)).min(until)) => {}
                () = stop.cancelled() => return Found::Stopped,
            }
        }
    }

    /// The run is known: it goes into the journal, and is followed.
    async fn follow_run(
        &self,
        pipeline: &Pipeline,
        asking: &Asking<'_>,
        run: String,
        deadline: Instant,
        stop: &CancellationToken,
    ) {
        let shown = crate::engine::redaction::text(&self.shared.redactor, &run);
        self.tell(StepEvent::Elsewhere { item: (), effect: self.effect, run: shown, link: None }).await;
        self.poll(pipeline, &asking.of_run(&run), deadline, stop).await;
    }

    /// Asks until the run has ended, the time is over or a person stops it.
    async fn poll(&self, pipeline: &Pipeline, asking: &Asking<'_>, deadline: Instant, stop: &CancellationToken) {
        let mut following = Following::default();
        let mut until = deadline;
        let mut stopped = false;
        loop {
            let mut wait = pipeline.every.0.max(SHORTEST);
            match asking.ask(&pipeline.poll, "GET", until.max(Instant::now() + Duration::from_secs(5))).await {
                Ok(answer) => {
                    wait = answer.rest.map_or(wait, |rest| rest.clamp(wait, LONGEST_REST));
                    match self.look(pipeline, asking, &answer, &mut following).await {
                        Look::Ended(_) if stopped && following.failed => return self.end(StepEnd::Stopped).await,
                        Look::Ended(end) => return self.end(end).await,
                        Look::GoesOn => {}
                    }
                }
                Err(Unasked::NothingSent(why) | Unasked::Unknown(why)) => following.trouble(self, why).await,
            }
            if Instant::now() >= until {
                return self.end(following.out_of_time(asking, stopped)).await;
            }
            tokio::select! {
                () = sleep_until((Instant::now() + wait).min(until)) => {}
                () = stop.cancelled(), if !stopped => {
                    stopped = true;
                    until = Instant::now() + GRACE;
                    if let Err(end) = self.cancel(pipeline, asking, &following).await {
                        return self.end(end).await;
                    }
                }
            }
        }
    }

    /// Asks for the run to be stopped; an end where that is not to be had.
    async fn cancel(&self, pipeline: &Pipeline, asking: &Asking<'_>, following: &Following) -> Result<(), StepEnd> {
        let goes_on = |why: &str| unknown(&format!("{why}: run {} may go on{}", asking.run(), following.where_to()));
        let Some(cancel) = &pipeline.cancel else {
            return Err(goes_on("golive no longer follows it, and the plan does not say how it is stopped"));
        };
        match asking.ask(cancel, "POST", Instant::now() + GRACE).await {
            Ok(answer) if answer.status < 300 => {
                self.say(&format!("asked it to stop: {}", answer.status), false).await;
                Ok(())
            }
            Ok(answer) => Err(goes_on(&format!("it was asked to stop and answered {}", answer.status))),
            Err(Unasked::NothingSent(why) | Unasked::Unknown(why)) => Err(goes_on(&why)),
        }
    }

    /// What an answer says of the run.
    async fn look(&self, pipeline: &Pipeline, asking: &Asking<'_>, answer: &Answer, following: &mut Following) -> Look {
        if answer.status >= 300 {
            following.trouble(self, format!("{}{}", answer.status, answer.said())).await;
            return Look::GoesOn;
        }
        let Some(state) = pipeline.state.iter().find_map(|path| text_at(&answer.json, path)) else {
            let paths = pipeline.state.join(", ");
            following.trouble(self, format!("its answer has no state: nothing at {paths}")).await;
            return Look::GoesOn;
        };
        following.saw_link(self, pipeline.link.as_ref().and_then(|path| text_at(&answer.json, path)), asking).await;
        if following.state != state {
            self.say(&format!("run {}: {state}", asking.run()), false).await;
            following.state.clone_from(&state);
        }
        let succeeded = pipeline.succeeded.contains(&state);
        following.failed = pipeline.failed.contains(&state);
        match asking.is_of_commit(&pipeline.commit, &answer.json) {
            Err(why) if succeeded || at(&answer.json, &pipeline.commit.at).is_some() => {
                let goes_on = if succeeded || following.failed { "" } else { ", and it goes on" };
                Look::Ended(failed(&format!("run {}{}: {why}{goes_on}", asking.run(), following.where_to())))
            }
            _ if succeeded => {
                Look::Ended(StepEnd::Succeeded(SafeText::bounded(&format!("run {} {state}", asking.run()), 300)))
            }
            _ if following.failed => {
                Look::Ended(failed(&format!("run {} ended: {state}{}", asking.run(), following.where_to())))
            }
            _ => Look::GoesOn,
        }
    }

    /// A line of the step's output.
    async fn say(&self, text: &str, error: bool) {
        let at = (self.shared.surroundings.clock)().at;
        self.print(vec![OutputLine { at, error, text: SafeText::bounded(text, 1_000) }]).await;
    }
}

/// What is known of a run while it is followed.
#[derive(Default)]
struct Following {
    state: String,
    failed: bool,
    link: Option<String>,
    trouble: String,
}

impl Following {
    /// Says once what keeps golive from seeing the run; it is asked again all the same.
    async fn trouble(&mut self, telling: &Telling, why: String) {
        if self.trouble != why {
            telling.say(&format!("cannot see the run: {why}"), true).await;
            self.trouble = why;
        }
    }

    async fn saw_link(&mut self, telling: &Telling, link: Option<String>, asking: &Asking<'_>) {
        let Some(link) = link.filter(|_| self.link.is_none()) else { return };
        let clean = |text: &str| crate::engine::redaction::text(&telling.shared.redactor, text);
        let (run, shown) = (clean(asking.run()), Some(clean(&link)));
        telling.tell(StepEvent::Elsewhere { item: (), effect: telling.effect, run, link: shown }).await;
        self.link = Some(link);
    }

    fn where_to(&self) -> String {
        self.link.as_ref().map(|link| format!(" ({link})")).unwrap_or_default()
    }

    fn out_of_time(&self, asking: &Asking<'_>, stopped: bool) -> StepEnd {
        let state = if self.state.is_empty() { "not seen" } else { &self.state };
        let what = if stopped { "it was asked to stop and has not ended" } else { "its time is over" };
        let trouble = if self.trouble.is_empty() { String::new() } else { format!("; last: {}", self.trouble) };
        let run = asking.run();
        unknown(&format!("{what}: run {run} ({state}) may go on{}{trouble}", self.where_to()))
    }
}

impl Asking<'_> {
    /// Whether the run says that it is of the plan's commit.
    fn is_of_commit(&self, commit: &Commit, json: &serde_json::Value) -> Result<(), String> {
        let wanted = self.filled(&commit.is)?;
        let Some(found) = text_at(json, &commit.at) else {
            return Err(format!("it does not say which commit it is of: nothing at {}", commit.at));
        };
        if Commit::is_same(&found, &wanted) { Ok(()) } else { Err(format!("it is of commit {found}, not {wanted}")) }
    }
}

fn failed(why: &str) -> StepEnd {
    StepEnd::Failed(SafeText::bounded(why, 300))
}
