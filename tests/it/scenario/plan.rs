//! A plan from a few lines: `payment_api critical on database fresh 1m`, `pre_deployment backup: 2 signatures`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use golive::model::duration::{self, Span};
use golive::model::id::{CheckId, ItemId, KindName};
use golive::model::item::{Item, Manual, Rehearsal, Soak, Waivable};
use golive::model::plan::{Check, Limits, Network, Plan, Retry, Run, Service, SharedPlan, Sources};
use golive::model::step::{Action, Confirm, OnDisconnect, Step};
use golive::model::template::Template;
use golive::model::word::{Category, Phase, Severity};

pub(crate) fn plan_of(checks: &[String], items: &[String]) -> SharedPlan {
    let items: Vec<Item> = items.iter().map(|line| item(line)).collect();
    let mut checks: Vec<Check> = checks.iter().map(|line| check(line)).collect();
    for check in &mut checks {
        let using = items.iter().filter(|item| item.checks.contains(&check.id));
        check.phase = using.map(|item| item.phase).min_by_key(|phase| phase.first_question());
    }
    Arc::new(Plan {
        service: Service {
            name: "academy-checkout".into(),
            environment: "production".into(),
            version: None,
            hosts: Vec::new(),
        },
        network: Network::default(),
        sources: Sources::default(),
        variables: BTreeMap::new(),
        credentials: BTreeMap::new(),
        checks,
        items,
        procedure: Vec::new(),
        limits: Limits::default(),
        folder: PathBuf::from("."),
        digest: String::new(),
    })
}

/// `ID [critical|warning|advice] [on OTHER] [fresh DURATION] [on-demand] [must-hold] [two-people]`
pub(crate) fn check(line: &str) -> Check {
    let mut words = line.split_whitespace();
    let id = words.next().unwrap();
    let mut check = Check {
        id: CheckId::new(id),
        kind: KindName::new("http"),
        title: None,
        category: Category::System,
        severity: Severity::Critical,
        every: Span::seconds(30),
        timeout: Span::seconds(10),
        fresh_for: Span::seconds(90),
        retry: Retry::NONE,
        depends_on: Vec::new(),
        run: Run::Scheduled,
        allow_in_production: true,
        waivable: Waivable::By(1),
        impact: None,
        remedy: None,
        recovery: None,
        phase: None,
        options: serde_json::Map::new(),
    };
    while let Some(word) = words.next() {
        match word {
            "critical" => check.severity = Severity::Critical,
            "warning" => check.severity = Severity::Warning,
            "advice" => check.severity = Severity::Advice,
            "on" => check.depends_on.push(CheckId::new(words.next().unwrap())),
            "fresh" => check.fresh_for = Span(duration::parse(words.next().unwrap()).unwrap()),
            "on-demand" => check.run = Run::OnDemand,
            "kept" => check.allow_in_production = false,
            "must-hold" => check.waivable = Waivable::Never,
            "two-people" => check.waivable = Waivable::By(2),
            other => panic!("no word for a check: {other}"),
        }
    }
    check
}

/// `PHASE ID: WAY, WAY …` with ways `checks A B`, `2 signatures`, `step`, `soak 15m`, `rehearsal`, `warning`, `needs X`.
pub(crate) fn item(line: &str) -> Item {
    let (head, ways) = line.split_once(':').unwrap();
    let (phase, id) = head.split_once(' ').unwrap();
    let phase = *Phase::ALL.iter().find(|known| known.word() == phase).unwrap();
    let mut item = Item {
        id: ItemId::new(id.trim()),
        phase,
        title: id.trim().replace('_', " "),
        severity: Severity::Critical,
        waivable: Waivable::By(1),
        checks: Vec::new(),
        manual: None,
        step: None,
        soak: None,
        rehearsal: None,
        needs: Vec::new(),
        remedy: None,
    };
    for way in ways.split(',').map(str::trim) {
        let words: Vec<&str> = way.split_whitespace().collect();
        match words.as_slice() {
            ["checks", ids @ ..] => item.checks = ids.iter().map(|id| CheckId::new(id)).collect(),
            [count, "signature" | "signatures"] => {
                item.manual = Some(Manual { prompt: "Is it so?".into(), approvals: count.parse().unwrap() });
            }
            ["step"] => item.step = Some(step()),
            ["soak", length] => {
                let length = Span(duration::parse(length).unwrap());
                item.soak = Some(Soak { length, no_alert_above: Severity::Warning });
            }
            ["rehearsal"] => {
                item.rehearsal = Some(Rehearsal { within: Span::seconds(14 * 86_400), budget: Span::seconds(300) });
            }
            ["warning"] => item.severity = Severity::Warning,
            ["advice"] => item.severity = Severity::Advice,
            ["must-hold"] => item.waivable = Waivable::Never,
            ["needs", ids @ ..] => item.needs = ids.iter().map(|id| ItemId::new(id)).collect(),
            other => panic!("no words for an item: {other:?}"),
        }
    }
    item
}

fn step() -> Step {
    Step {
        action: Action::Command {
            run: vec![Template::new("./deploy.sh")],
            folder: None,
            environment: BTreeMap::new(),
            tty: false,
        },
        timeout: Span::seconds(600),
        confirm: Confirm::TypeServiceName,
        on_disconnect: OnDisconnect::Continue,
    }
}
