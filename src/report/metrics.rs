//! A session in Prometheus' text format: what `/metrics` serves, so that golive itself can be watched. A function of
//! state and moment like every report; it has no value of any credential, for state holds none.

use std::fmt::Write as _;

use crate::core::state::{Fate, Posted, State};
use crate::core::status::{self, CheckStatus};
use crate::core::verdict::{self, Answer};
use crate::model::time::Now;
use crate::model::word::{Outcome, Phase};

/// The content type of it.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const ANSWERS: [(Answer, &str); 4] =
    [(Answer::Go, "go"), (Answer::GoWithWarnings, "go_with_warnings"), (Answer::Hold, "hold"), (Answer::NoGo, "no_go")];

/// The page.
#[must_use]
pub fn metrics(state: &State, now: Now) -> String {
    let mut page = Page(String::new());
    session(&mut page, state, now);
    checks(&mut page, state, now);
    alerts(&mut page, state);
    notices(&mut page, state);
    page.0
}

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

const fn flag(yes: bool) -> f64 {
    if yes { 1.0 } else { 0.0 }
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

fn total(number: u64) -> f64 {
    u32::try_from(number).map_or(f64::from(u32::MAX), f64::from)
}

fn session(page: &mut Page, state: &State, now: Now) {
    let (plan, session) = (state.plan(), state.session());
    page.family("golive_info", "gauge", "The go-live that is in flight.");
    let version = session.version.as_ref().map_or("", |version| version.as_str());
    let labels = [
        ("service", plan.service.name.as_str()),
        ("environment", plan.service.environment.as_str()),
        ("version", version),
        ("session", session.id.as_str()),
        ("golive", env!("CARGO_PKG_VERSION")),
    ];
    page.sample("golive_info", &labels, 1.0);
    let verdict = verdict::of_session(state, now);
    page.family("golive_verdict", "gauge", "The answer to the session's question: 1 for the one that holds.");
    for (answer, word) in ANSWERS {
        let labels = [("question", verdict.question().word()), ("answer", word)];
        page.sample("golive_verdict", &labels, flag(verdict.answer() == answer));
    }
    page.family("golive_reasons", "gauge", "Reasons that stand against GO.");
    page.sample("golive_reasons", &[], count(verdict.reasons().len()));
    page.family("golive_gate_open", "gauge", "Whether the gate is open.");
    page.sample("golive_gate_open", &[], flag(session.gate_opened.is_some()));
    page.family("golive_session_ended", "gauge", "Whether the session has ended.");
    page.sample("golive_session_ended", &[], flag(session.ended.is_some()));
    page.family("golive_journal_trouble", "gauge", "Whether the journal cannot be written.");
    page.sample("golive_journal_trouble", &[], flag(state.trouble().is_some()));
    page.family("golive_items", "gauge", "Items of a phase, settled or not.");
    for phase in Phase::ALL {
        let summary = status::phase_summary(state, *phase, now);
        let open = summary.total - summary.settled;
        for (number, word) in [(summary.settled, "true"), (open, "false")] {
            page.sample("golive_items", &[("phase", phase.word()), ("settled", word)], count(number));
        }
    }
}

fn checks(page: &mut Page, state: &State, now: Now) {
    let all: Vec<_> = (0..state.plan().checks.len())
        .map(|position| (state.check_at(position), status::check_status(state, position, now)))
        .collect();
    page.family("golive_check_good", "gauge", "Whether a check's latest evidence is fresh and good.");
    for ((check, _), status) in &all {
        let good = matches!(status, CheckStatus::Fresh(Outcome::Pass | Outcome::Warn));
        let labels = [
            ("check", check.id.as_str()),
            ("kind", check.kind.as_str()),
            ("category", check.category.word()),
            ("severity", check.severity.word()),
            ("status", status.word()),
        ];
        page.sample("golive_check_good", &labels, flag(good));
    }
    page.family("golive_check_latency_seconds", "gauge", "How long a check's latest run took.");
    for ((check, known), _) in &all {
        if let Some(latest) = &known.latest {
            let took = latest.evidence.timings.total.unwrap_or(latest.took);
            page.sample("golive_check_latency_seconds", &[("check", check.id.as_str())], took.as_secs_f64());
        }
    }
    page.family("golive_check_runs_total", "counter", "Runs of a check that ended.");
    for ((check, known), _) in &all {
        let good = known.good_runs;
        for (word, runs) in [("true", good), ("false", known.runs.saturating_sub(good))] {
            page.sample("golive_check_runs_total", &[("check", check.id.as_str()), ("good", word)], total(runs));
        }
    }
    page.family("golive_check_lateness_seconds", "gauge", "How late a check's latest run began.");
    for ((check, known), _) in &all {
        page.sample("golive_check_lateness_seconds", &[("check", check.id.as_str())], known.lateness.as_secs_f64());
    }
}

fn alerts(page: &mut Page, state: &State) {
    page.family("golive_alert_firing", "gauge", "Whether an alert fires, acknowledged or not.");
    for (rule, known) in state.alerts() {
        let silenced = if known.silence.is_some() { "true" } else { "false" };
        let labels = [
            ("alert", rule.id.as_str()),
            ("level", rule.level.word()),
            ("state", known.word()),
            ("silenced", silenced),
        ];
        page.sample("golive_alert_firing", &labels, flag(known.is_firing()));
    }
    page.family("golive_alert_fired_total", "counter", "How often an alert fired in this session.");
    for (rule, known) in state.alerts() {
        page.sample("golive_alert_fired_total", &[("alert", rule.id.as_str())], total(known.fired));
    }
}

fn notices(page: &mut Page, state: &State) {
    let told: Vec<_> = state.plan().notifiers.iter().map(|notifier| &notifier.id).collect();
    page.family("golive_notifier_down", "gauge", "Whether a notifier takes nothing.");
    for id in &told {
        let down = state.notices().health(id).is_some_and(|health| health.is_down());
        page.sample("golive_notifier_down", &[("notifier", id.as_str())], flag(down));
    }
    page.family("golive_notices_waiting", "gauge", "Notices that have not arrived yet.");
    for id in &told {
        let of = |posted: &&Posted| posted.notice.to == **id;
        page.sample(
            "golive_notices_waiting",
            &[("notifier", id.as_str())],
            count(state.notices().open().filter(of).count()),
        );
    }
    page.family("golive_notices_total", "counter", "Notices that arrived, and those that were given up.");
    for id in &told {
        let health = state.notices().health(id);
        let (delivered, lost) = health.map_or((0, 0), |health| (health.delivered, health.lost));
        for (word, number) in [("delivered", delivered), ("dead", lost)] {
            page.sample("golive_notices_total", &[("notifier", id.as_str()), ("outcome", word)], total(number));
        }
    }
    page.family("golive_notice_delay_seconds", "gauge", "How long the latest notice to a notifier was on its way.");
    for id in &told {
        let latest = state.notices().posted().rev().find_map(|posted| match &posted.fate {
            Fate::Delivered { when, .. } if posted.notice.to == **id => when.since(posted.queued),
            _ => None,
        });
        if let Some(delay) = latest {
            page.sample("golive_notice_delay_seconds", &[("notifier", id.as_str())], delay.as_secs_f64());
        }
    }
}
