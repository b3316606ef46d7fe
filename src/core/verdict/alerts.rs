//! What alerts weigh (DECISIONS 7): by level while they fire, and by level while their rules cannot be evaluated.

use crate::core::alerts::{self, Source};
use crate::core::event::Subject;
use crate::core::state::{AlertState, Life, Sight, State};
use crate::core::verdict::{Answer, Cause, Inquiry, Reason, Scope};
use crate::model::alert::{DuringLull, Level, Rule};
use crate::model::time::Now;

/// The reasons that alerts give. A selection of checks asks for none.
pub(super) fn reasons(state: &State, inquiry: &Inquiry, now: Now) -> Vec<Reason> {
    if matches!(inquiry.scope, Scope::Selection { .. }) {
        return Vec::new();
    }
    let alerts = state.alerts().enumerate();
    alerts.filter_map(|(position, (rule, known))| reason(state, inquiry, position, rule, known, now)).collect()
}

fn reason(
    state: &State,
    inquiry: &Inquiry,
    position: usize,
    rule: &Rule,
    known: &AlertState,
    now: Now,
) -> Option<Reason> {
    let (weight, cause, message) = if known.is_firing() {
        let weight = if rule.level == Level::Critical { Answer::NoGo } else { Answer::GoWithWarnings };
        (weight, Cause::Alert, firing(known))
    } else {
        if known.sight == Sight::Clear || !is_asked(state, inquiry, position) {
            return None;
        }
        let is_resting = state.lull().is_some() && rule.during_lull == DuringLull::Muted;
        let weight = match (&inquiry.scope, rule.level) {
            // One look judges no rule over time: `golive check` says so and does not hold it against anybody.
            (Scope::Machines, _) => Answer::Go,
            (_, _) if is_resting => Answer::Go,
            (_, Level::Critical) => Answer::Hold,
            (_, Level::Warning | Level::Business) => Answer::GoWithWarnings,
        };
        (weight, Cause::AlertUnknown, unknown(state, position, known, now))
    };
    let since = known.since().map(|since| since.at);
    let subject = Some(Subject::Alert(rule.id.clone()));
    Some(Reason {
        weight,
        subject,
        severity: rule.level.severity(),
        cause,
        message,
        remedy: rule.remedy.clone(),
        since,
    })
}

/// Whether what a rule looks at can be seen by the time of the question (DECISIONS 1).
fn is_asked(state: &State, inquiry: &Inquiry, position: usize) -> bool {
    let Some(rule) = state.rules().rule(position) else { return true };
    rule.sources.iter().all(|source| {
        let asked = |check: usize| state.check_at(check).0.phase.is_none_or(|p| inquiry.question.includes(p));
        match *source {
            Source::Check(check) => asked(check),
            Source::Checks(one, other) => asked(one) && asked(other),
            Source::Event(_) | Source::Category(_) => true,
        }
    })
}

fn firing(known: &AlertState) -> String {
    let seen = match (&known.value, &known.threshold) {
        (Some(value), Some(threshold)) => format!("alert firing: {value} {threshold}"),
        _ => "alert firing".to_owned(),
    };
    let cause = known.cause.as_ref().map_or_else(String::new, |cause| format!(", because of {cause}"));
    let human = match (&known.acknowledged, &known.silence) {
        (Some(seen), _) => format!(", acknowledged by {}", seen.by),
        (None, Some(silence)) => format!(", silenced by {}: its notices are muted, not its weight", silence.by),
        (None, None) => String::new(),
    };
    format!("{seen}{cause}{human}")
}

fn unknown(state: &State, position: usize, known: &AlertState, now: Now) -> String {
    let why = match &known.sight {
        Sight::Lost { why } => why.to_string(),
        Sight::Never | Sight::Clear => match alerts::seen(state, position, now).holds {
            Err(why) => why,
            Ok(_) => "it was not judged yet".to_owned(),
        },
    };
    let when = if matches!(known.life, Life::Resolved(_)) || known.sight != Sight::Never { "any more" } else { "yet" };
    format!("rule cannot be evaluated {when}: {why}")
}
