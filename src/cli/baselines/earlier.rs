//! From earlier sessions: of the latest one of the same service and environment that knew the series for a good part of
//! an hour of the day.

use std::time::Duration;

use jiff::Timestamp;

use crate::cli::baselines::Norm;
use crate::cli::opening::Keeping;
use crate::core::event::Purpose;
use crate::core::state::State;
use crate::journal::{reading, sessions};
use crate::model::baseline::{BaselineSource, Hour};
use crate::model::id::CheckId;
use crate::model::plan::Plan;
use crate::model::time::Now;

const HOUR: Duration = Duration::from_secs(3_600);
/// Less of an hour is no norm of it.
const ENOUGH: Duration = Duration::from_secs(15 * 60);
/// Fewer numbers neither.
const LEAST: u32 = 3;
/// So many sessions are read at most, the latest first, and none that is larger: nobody waits for them at the start.
const MOST: usize = 3;
const LARGEST: u64 = 100_000;

/// The earlier sessions of a plan's service, the latest first.
pub(super) struct Sessions {
    states: Vec<(Timestamp, Timestamp, State)>,
    trouble: Option<String>,
}

impl Sessions {
    /// Reads them; none where no baseline comes from a session.
    pub(super) fn of(plan: &Plan, keeping: &Keeping, now: Now) -> Self {
        let mut found = Self { states: Vec::new(), trouble: None };
        let within = plan.baselines.iter().filter_map(|baseline| match &baseline.from {
            BaselineSource::Session { within } => Some(within.0),
            BaselineSource::Prometheus { .. } => None,
        });
        let (Some(within), Keeping::Folder(folder)) = (within.max(), keeping) else { return found };
        let listed = match sessions::sessions(folder) {
            Ok((listed, _)) => listed,
            Err(error) => {
                found.trouble = Some(error.to_string());
                return found;
            }
        };
        let fits = |summary: &sessions::SessionSummary| {
            let flown = matches!(summary.purpose, Purpose::GoLive | Purpose::Triage);
            let same = summary.service == plan.service.name && summary.environment == plan.service.environment;
            flown && same && summary.events <= LARGEST && age(summary.last_at, now) <= within
        };
        for summary in listed.into_iter().filter(fits).take(MOST) {
            let whole = reading::read_all(&summary.path).ok().filter(|read| read.broken.is_none());
            let state = whole.and_then(|read| State::fold(&read.events).ok());
            found.states.extend(state.map(|state| (summary.opened_at, summary.last_at, state)));
        }
        found
    }

    /// What a series was, hour by hour of the day.
    pub(super) fn norm(&self, series: &CheckId, within: Duration, now: Now) -> Result<Norm, String> {
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        let mut hours: Vec<Hour> = Vec::new();
        let mut from = Vec::new();
        for (opened, last, state) in self.states.iter().filter(|(_, last, _)| age(*last, now) <= within) {
            let before = hours.len();
            for hour in of_session(state, series, *opened, *last) {
                if !hours.iter().any(|known| known.hour == hour.hour) {
                    hours.push(hour);
                }
            }
            if hours.len() > before {
                from.push(format!("{} ({})", state.session().id, opened.strftime("%F")));
            }
        }
        if hours.is_empty() {
            return Err("no earlier session of this service knew it for long enough".to_owned());
        }
        hours.sort_by_key(|hour| hour.hour);
        Ok((format!("session {}", from.join(", ")), hours))
    }
}

fn age(then: Timestamp, now: Now) -> Duration {
    now.at.duration_since(then).unsigned_abs()
}

/// The hours of the clock that a session knew for long enough.
fn of_session(state: &State, series: &CheckId, opened: Timestamp, last: Timestamp) -> Vec<Hour> {
    let Some(position) = state.index().check(series) else { return Vec::new() };
    let series = state.series_at(position);
    let mut hours = Vec::new();
    let mut begins = opened.as_second() - opened.as_second().rem_euclid(3_600);
    while begins < last.as_second() {
        let ends = begins + 3_600;
        let known = last.as_second().min(ends) - opened.as_second().max(begins);
        if let (Ok(at), Ok(until)) = (Timestamp::from_second(begins), Timestamp::from_second(ends)) {
            let within = series.within(until, HOUR);
            let enough = known >= i64::try_from(ENOUGH.as_secs()).unwrap_or(i64::MAX) && within.values >= LEAST;
            let hour = Hour::of_day(at);
            hours.extend(enough.then(|| Hour { hour, mean: within.sum / f64::from(within.values) }));
        }
        begins = ends;
    }
    // Of a day that was flown through twice the later one counts.
    hours.reverse();
    hours
}
