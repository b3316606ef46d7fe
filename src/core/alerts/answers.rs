//! What a rule's questions are answered at a moment, and what the rule says of it.

use std::time::Duration;

use jiff::Timestamp;

use crate::core::alerts::book::{Compiled, Source};
use crate::core::state::{Series, State};
use crate::core::status;
use crate::expr::Fact;
use crate::expr::rule::{Measure, Question};
use crate::model::alert::Rule;
use crate::model::time::Now;
use crate::model::word::{Category, Severity};

/// The smallest step of a series' time.
const JUST: Duration = Duration::from_micros(1);

/// What a rule says at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// Whether its condition holds; `Err` says why that cannot be said.
    pub holds: Result<bool, String>,
    /// What was seen.
    pub value: String,
    /// What it was held against.
    pub threshold: String,
}

/// What the rule at a position of the plan says now.
#[must_use]
pub fn seen(state: &State, position: usize, now: Now) -> Seen {
    let Some(rule) = state.rules().rule(position) else {
        let why = "its rule asks what the plan does not have".to_owned();
        return Seen { holds: Err(why), value: String::new(), threshold: String::new() };
    };
    let answers = answers(state, position, rule, now);
    let (value, threshold) = rule.condition.told(&answers);
    Seen { holds: rule.condition.holds(&answers), value, threshold }
}

/// What a rule's first question was answered over time: for a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// One number a column, oldest first; none where there were no samples.
    pub numbers: Vec<Option<f64>>,
    /// The line that they are held against.
    pub line: Option<f64>,
    /// How long the columns reach back.
    pub span: Duration,
    /// What is drawn.
    pub name: String,
    /// Whether the numbers are lengths of time, in seconds.
    pub is_length: bool,
}

/// How the rule at a position would have been answered over the last three of its windows, in so many columns.
#[must_use]
pub fn course(state: &State, position: usize, now: Now, columns: usize) -> Option<Course> {
    let compiled = state.rules().rule(position)?;
    let rule = state.alert_at(position).0;
    let (question, source) = (compiled.condition.questions().first()?, *compiled.sources.first()?);
    let Source::Check(check) = source else { return None };
    let (series, fresh_for) = (state.series_at(check), state.check_at(check).0.fresh_for.0);
    let window = compiled.condition.questions().iter().map(|question| question.window).max().unwrap_or_default();
    let span = (window * 3).max(fresh_for);
    let step = span / u32::try_from(columns.max(1)).unwrap_or(1);
    let at = |column: usize| {
        let back = step * u32::try_from(columns - 1 - column).unwrap_or(0);
        let at = now.at.checked_sub(back).ok()?;
        of_series(series, rule, question, at, None, fresh_for)
    };
    let numbers = (0..columns).map(at).collect();
    let counts = matches!(question.measure, Measure::Increase | Measure::Count | Measure::Failures);
    let line = compiled.condition.line(question).or_else(|| drawn_line(state, position, compiled, now));
    Some(Course { numbers, line, span, name: question.series.clone(), is_length: series.is_length() && !counts })
}

/// The line of a rule that is held against its baseline: the share of the norm that it names.
fn drawn_line(state: &State, position: usize, compiled: &Compiled, now: Now) -> Option<f64> {
    let baseline = compiled.condition.questions().iter().position(|q| q.measure == Measure::Baseline)?;
    let norm = answers(state, position, compiled, now).into_iter().nth(baseline)??;
    let share = compiled.condition.share_before(&compiled.condition.questions()[baseline])?;
    match norm {
        Fact::Number(number) => Some(number * share),
        _ => None,
    }
}

/// One answer for each question; none where there are too few samples.
pub(super) fn answers(state: &State, position: usize, compiled: &Compiled, now: Now) -> Vec<Option<Fact>> {
    let (rule, known) = state.alert_at(position);
    // What was normal is what was before it began: a drop must not become the norm while its alert fires.
    let began = known.began.map(|began| began.at);
    let questions = compiled.condition.questions().iter().zip(&compiled.sources);
    questions.map(|(question, source)| answer(state, rule, question, *source, now, began)).collect()
}

fn answer(
    state: &State,
    rule: &Rule,
    question: &Question,
    source: Source,
    now: Now,
    began: Option<Timestamp>,
) -> Option<Fact> {
    match source {
        Source::Category(category) => Some(Fact::Number(f64::from(failing(state, category, now)))),
        Source::Event(event) => {
            let counted = state.counted(event).within(now.at, question.window);
            Some(Fact::Number(f64::from(counted.runs)))
        }
        Source::Checks(one, other) => ratio(state, rule, question, (one, other), now),
        Source::Check(check) => {
            let series = state.series_at(check);
            let fresh_for = state.check_at(check).0.fresh_for.0;
            let norm = norm(state, check, question, began.unwrap_or(now.at));
            let number = norm.or_else(|| of_series(series, rule, question, now.at, began, fresh_for))?;
            let counts = matches!(question.measure, Measure::Increase | Measure::Count | Measure::Failures);
            if series.is_length() && !counts {
                return Duration::try_from_secs_f64(number).ok().map(Fact::Duration);
            }
            Some(Fact::Number(number))
        }
    }
}

/// What is normal by what is known from elsewhere: it stands in for the window before, which began with the session.
fn norm(state: &State, check: usize, question: &Question, at: Timestamp) -> Option<f64> {
    let norm = state.norm(&state.check_at(check).0.id).filter(|_| question.measure == Measure::Baseline)?;
    norm.at(at)
}

fn of_series(
    series: &Series,
    rule: &Rule,
    question: &Question,
    now: Timestamp,
    began: Option<Timestamp>,
    fresh_for: Duration,
) -> Option<f64> {
    let (window, enough) = (question.window, rule.min_samples.max(1));
    let percentile = |share: f64| {
        let (number, count) = series.percentile(now, window, share)?;
        (count >= enough as usize).then_some(number)
    };
    match question.measure {
        Measure::Value => series.value(now, fresh_for),
        Measure::Median => percentile(0.5),
        Measure::Percentile95 => percentile(0.95),
        Measure::Percentile99 => percentile(0.99),
        Measure::Increase => growth(series, now, window, enough),
        Measure::Failures | Measure::Count => {
            let within = series.within(now, window);
            let number = if question.measure == Measure::Count { within.runs } else { within.failures };
            (within.runs >= enough).then(|| f64::from(number))
        }
        Measure::Baseline => {
            // The norm is what was before: neither the number that is held against it nor what came since it began.
            let until = began.or_else(|| series.latest(now)).unwrap_or(now).checked_sub(JUST).ok()?;
            let within = series.within(until, window);
            // Half the window has to be known: a norm of two minutes is no norm of an hour.
            let known_since = until.checked_sub(window / 2).ok()?;
            let is_known = series.begins().is_some_and(|begins| begins <= known_since);
            (is_known && within.values >= enough.max(2)).then(|| within.sum / f64::from(within.values))
        }
        Measure::Ratio | Measure::Failing => None,
    }
}

/// How much a counter grew: it takes two numbers to say so.
fn growth(series: &Series, now: Timestamp, window: Duration, enough: u32) -> Option<f64> {
    let within = series.within(now, window);
    let numbers = within.values + u32::from(within.grew_from);
    (within.values >= 1 && numbers >= enough.max(2)).then_some(within.growth)
}

fn ratio(state: &State, rule: &Rule, question: &Question, (one, other): (usize, usize), now: Now) -> Option<Fact> {
    let grew = |check: usize| growth(state.series_at(check), now.at, question.window, rule.min_samples.max(1));
    let (one, other) = (grew(one)?, grew(other)?);
    // Of nothing there is no share.
    (one + other > 0.0).then(|| Fact::Number(one / (one + other)))
}

/// The critical checks of a category that are known to fail and that nobody has accepted.
fn failing(state: &State, category: Category, now: Now) -> u32 {
    let failing = state.checks().filter(|(check, known)| {
        check.category == category
            && check.severity == Severity::Critical
            && known.known_failure().is_some()
            && !status::is_waived(known.waiver.as_ref(), check.waivable, now)
    });
    u32::try_from(failing.count()).unwrap_or(u32::MAX)
}

/// Until when the rule at a position is seen with what it has: when the first of the samples that it stands on grows
/// stale, or has. A run that measured nothing is no sample of a number, and an error none of anything but itself.
/// `None`: it stands on no check.
pub(super) fn seen_until(state: &State, position: usize, now: Now) -> Option<Timestamp> {
    let compiled = state.rules().rule(position)?;
    let until = |check: usize, measure: Measure| {
        let (check_of_plan, known) = state.check_at(check);
        let last = match measure {
            Measure::Count => known.latest.as_ref().map(|latest| latest.when.at),
            Measure::Failures => known.conclusive.as_ref().map(|latest| latest.when.at),
            _ => state.series_at(check).latest(now.at),
        };
        last.and_then(|last| last.checked_add(check_of_plan.fresh_for.0).ok()).unwrap_or(now.at)
    };
    let questions = compiled.condition.questions().iter().zip(&compiled.sources);
    let all = questions.flat_map(|(question, source)| match *source {
        Source::Check(check) => [Some(until(check, question.measure)), None],
        Source::Checks(one, other) => [Some(until(one, question.measure)), Some(until(other, question.measure))],
        Source::Event(_) | Source::Category(_) => [None, None],
    });
    all.flatten().min()
}

/// When time alone changes an answer.
pub(super) fn changes(state: &State, compiled: &Compiled, now: Now) -> Option<Timestamp> {
    let questions = compiled.condition.questions().iter().zip(&compiled.sources);
    let leaves = |check: usize, question: &Question| {
        let window = match question.measure {
            Measure::Value => state.check_at(check).0.fresh_for.0,
            _ => question.window,
        };
        state.series_at(check).leaves(now.at, window)
    };
    // Another hour of the day has another norm.
    let next_hour = |check: usize, question: &Question| {
        state.norm(&state.check_at(check).0.id).filter(|_| question.measure == Measure::Baseline)?;
        let begun = now.at.as_second() - now.at.as_second().rem_euclid(3_600);
        Timestamp::from_second(begun + 3_600).ok()
    };
    let changes = questions.flat_map(|(question, source)| match *source {
        Source::Check(check) => [leaves(check, question), next_hour(check, question)],
        Source::Checks(one, other) => [leaves(one, question), leaves(other, question)],
        Source::Event(event) => [state.counted(event).leaves(now.at, question.window), None],
        Source::Category(_) => [None, None],
    });
    changes.flatten().filter(|at| *at > now.at).min()
}
