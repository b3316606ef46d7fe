//! CPU per evaluation of an alert rule: 1,000 rules over 10,000 series, each series with its hot window full, each look
//! brought on by a result of one of its checks.

use std::sync::Arc;
use std::time::Duration;

use golive::core::alerts::Watch;
use golive::core::event::{Body, CheckEvent, Event, Finished, Purpose, SessionEvent, VERSION};
use golive::core::evidence::{Evidence, Measured};
use golive::core::state::State;
use golive::expr::Fact;
use golive::expr::rule::RuleCondition;
use golive::model::id::{CheckId, EffectId, SessionId};
use golive::model::operator::Actor;
use golive::model::text::SafeText;
use golive::model::time::Now;
use golive::{check, plan};

use crate::measure::{cpu_of, print};

const SERIES: usize = 10_000;
const RULES: usize = 1_000;
const ROUNDS: u64 = 40;

fn event(now: Now, body: Body) -> Event {
    let up = u64::try_from(now.up.as_millis()).expect("a short run");
    Event { v: VERSION, id: ulid::Ulid::nil(), run: ulid::Ulid::nil(), at: now.at, up, actor: Actor::Golive, body }
}

fn text() -> String {
    let mut text = String::from(
        "[service]\nname = \"bench\"\n[[pre_deployment]]\nid = \"backup\"\nmanual = { prompt = \"Seen?\" }\n",
    );
    for number in 0..SERIES {
        text.push_str(&format!(
            "[checks.s{number}]\nkind = \"metric\"\nevery = \"10s\"\nfrom = {{ http = {{ url = \"https://x.example/\", value = \"v\" }} }}\n"
        ));
    }
    for number in 0..RULES {
        let series = format!("s{}", number * (SERIES / RULES));
        let when = match number % 4 {
            0 => format!("increase(\"{series}\", duration(\"5m\")) >= 100000"),
            1 => format!("p95(\"{series}\", duration(\"5m\")) > 100000"),
            2 => format!("failures(\"{series}\", duration(\"2m\")) >= 3"),
            _ => format!("value(\"{series}\") < 0.5 * baseline(\"{series}\", duration(\"5m\"))"),
        };
        text.push_str(&format!("[alerts.a{number}]\nlevel = \"warning\"\nwhen = '{when}'\n"));
    }
    text
}

pub(crate) fn run() {
    let loaded = plan::load_text("bench", &text(), std::path::Path::new("."), &check::specs()).expect("a sound plan");
    let plan = Arc::new(loaded.plan);
    let mut now = Now { at: "2026-11-24T14:00:00Z".parse().expect("a time"), up: Duration::from_secs(100_000) };
    let opened = SessionEvent::Opened {
        session: SessionId::new("bench"),
        purpose: Purpose::Check,
        plan: Arc::clone(&plan),
        version: None,
        host: SafeText::from_foreign("bench"),
    };
    let mut state = State::open(&event(now, Body::Session(opened))).expect("opened");
    let mut watch = Watch::new(&state);
    let (mut looks, mut spent) = (0, Duration::ZERO);
    for round in 0..ROUNDS {
        now = now.after(Duration::from_secs(10));
        for number in 0..SERIES {
            let evidence = Evidence::pass("as it is").measured(Measured::Number(100.0 + (round % 7) as f64));
            let finished = Finished {
                check: CheckId::new(&format!("s{number}")),
                effect: EffectId(round * SERIES as u64 + number as u64 + 1),
                lateness: Duration::ZERO,
                took: Duration::from_millis(3),
                evidence,
            };
            let event = event(now, Body::Check(CheckEvent::Finished(Box::new(finished))));
            state.apply(&event);
            watch.after(&state, &event);
        }
        let (before, cpu) = (watch.looks(), cpu_of(std::process::id()));
        let follows = watch.follows(&state, now);
        if round > 30 {
            looks += watch.looks() - before;
            spent += cpu_of(std::process::id()) - cpu;
        }
        for body in follows {
            let event = event(now, body);
            state.apply(&event);
            watch.after(&state, &event);
        }
    }
    let each = spent.as_nanos() as f64 / looks.max(1) as f64 / 1_000.0;
    print("a look at one of 1,000 rules over 10,000 series", each, condition_alone(), "µs", "at most 5 µs");
}

/// The floor: the condition alone, on an answer that lies ready.
fn condition_alone() -> f64 {
    const TIMES: u32 = 20_000;
    let rule = RuleCondition::compile("increase(\"x\", duration(\"5m\")) >= 100000").expect("a rule");
    let answers = [Some(Fact::Number(3.0))];
    let cpu = cpu_of(std::process::id());
    for _ in 0..TIMES {
        assert_eq!(std::hint::black_box(rule.holds(&answers)), Ok(false));
    }
    (cpu_of(std::process::id()) - cpu).as_nanos() as f64 / f64::from(TIMES) / 1_000.0
}
