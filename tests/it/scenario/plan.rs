//! A plan from a few lines: `payment_api critical on database fresh 1m`, `pre_deployment backup: 2 signatures`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use golive::model::alert::{DuringLull, Escalation, Level, Rule};
use golive::model::duration::{self, Span};
use golive::model::id::{AlertId, CheckId, ItemId, KindName};
use golive::model::item::{Item, Manual, NotBy, Rehearsal, Soak, Waivable};
use golive::model::plan::{Check, Limits, Network, Opening, Plan, Retry, Run, Service, SharedPlan, Sources};
use golive::model::rollback::{Grade, Rollback, Trigger, UndoPlace};
use golive::model::step::{Action, Confirm, OnDisconnect, RollbackStep, Step, Undo, UndoAfter};
use golive::model::template::Template;
use golive::model::word::{Category, Phase, Severity};

pub(crate) fn plan_of(checks: &[String], items: &[String]) -> SharedPlan {
    plan_with(checks, items, &[])
}

pub(crate) fn plan_with(checks: &[String], items: &[String], alerts: &[String]) -> SharedPlan {
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
            previous_version: None,
            hosts: Vec::new(),
        },
        network: Network::default(),
        sources: Sources::default(),
        variables: BTreeMap::new(),
        credentials: BTreeMap::new(),
        checks,
        items,
        alerts: alerts.iter().map(|line| alert(line)).collect(),
        notifiers: Vec::new(),
        baselines: Vec::new(),
        metrics: None,
        procedure: Vec::new(),
        gate: Default::default(),
        rollback: Rollback::default(),
        ceremony: golive::model::ceremony::Ceremony::default(),
        triage: Default::default(),
        limits: Limits::default(),
        folder: PathBuf::from("."),
        digest: String::new(),
    })
}

/// The same plan with a way back: steps `ID [5s]`, and one line each for `verify`, `when`, `after`, `unattended`,
/// `countdown`, `undo last`, `no_return`, `fingerprint`; and for what people agree on: `roles`, `people`, `claims`, `window`.
pub(crate) fn with_rollback(plan: &Plan, steps: &[String], says: &[String]) -> SharedPlan {
    let mut plan = plan.clone();
    for line in steps {
        let (id, budget) = line.split_once(' ').map_or((line.as_str(), None), |(id, budget)| (id, Some(budget)));
        plan.procedure.push(RollbackStep {
            id: id.into(),
            title: id.replace('_', " "),
            action: step().action,
            budget: budget.map(|budget| Span(duration::parse(budget).unwrap())),
            rehearse: None,
        });
    }
    let rollback = &mut plan.rollback;
    for line in says {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["verify", ids @ ..] => rollback.verify = ids.iter().map(|id| CheckId::new(id)).collect(),
            ["when", "step", id] => rollback.when.push(Trigger::Step(ItemId::new(id))),
            ["when", "alert", id] => rollback.when.push(Trigger::Alert(AlertId::new(id))),
            ["countdown", length] => rollback.countdown = Some(Span(duration::parse(length).unwrap())),
            ["since", ids @ ..] => rollback.since = ids.iter().map(|id| CheckId::new(id)).collect(),
            ["undo", "last"] => rollback.undo = UndoPlace::Last,
            ["claims", length] => plan.limits.claims = Span(duration::parse(length).unwrap()),
            ["people", role, person] => {
                plan.ceremony.people.insert((*role).to_owned(), (*person).to_owned());
            }
            ["when", ids @ ..] => rollback.when.extend(ids.iter().map(|id| Trigger::Check(CheckId::new(id)))),
            ["after", length] => rollback.after = Span(duration::parse(length).unwrap()),
            ["gate", "opens", "on", "go"] => plan.gate.opens = Opening::OnGo,
            ["gate", "closes", "on", id] => plan.gate.closes_on.push(CheckId::new(id)),
            ["unattended"] => rollback.unattended = true,
            ["no_return", id] => rollback.no_return.push(ItemId::new(id)),
            ["fingerprint", text] => rollback.fingerprint = (*text).to_owned(),
            ["roles", roles @ ..] => plan.ceremony.roles = roles.iter().map(|role| (*role).to_owned()).collect(),
            ["window", from, until] => {
                let at = |text: &str| Some(format!("2026-11-24T{text}:00Z").parse().unwrap());
                plan.ceremony.window = Some(golive::model::ceremony::Window { from: at(from), until: at(until) });
            }
            other => panic!("no words for a way back: {other:?}"),
        }
    }
    for check in &mut plan.checks {
        let used = plan.items.iter().any(|item| item.checks.contains(&check.id));
        if plan.rollback.verify.contains(&check.id) && !used {
            check.run = Run::AfterRollback;
        }
    }
    Arc::new(plan)
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
        degradation: None,
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
            "metric" => check.kind = KindName::new("metric"),
            "credential" => check.category = Category::Credential,
            "on-demand" => check.run = Run::OnDemand,
            "kept" => check.allow_in_production = false,
            "must-hold" => check.waivable = Waivable::Never,
            "two-people" => check.waivable = Waivable::By(2),
            other => panic!("no word for a check: {other}"),
        }
    }
    check
}

/// `ID [critical|warning|business] [for D] [keep D] [escalates D] [rests] [samples N]: CONDITION`
fn alert(line: &str) -> Rule {
    let (head, when) = line.split_once(':').unwrap();
    let mut words = head.split_whitespace();
    let mut rule = Rule {
        id: AlertId::new(words.next().unwrap()),
        title: None,
        level: Level::Critical,
        when: when.trim().to_owned(),
        hold: Span::seconds(0),
        keep_firing: Span::seconds(0),
        notify: vec!["slack".to_owned()],
        escalate: None,
        min_samples: 1,
        during_lull: DuringLull::Judged,
        examples: Vec::new(),
        impact: None,
        remedy: None,
    };
    while let Some(word) = words.next() {
        let mut time = || Span(duration::parse(words.next().unwrap()).unwrap());
        match word {
            "critical" => rule.level = Level::Critical,
            "warning" => rule.level = Level::Warning,
            "business" => rule.level = Level::Business,
            "for" => rule.hold = time(),
            "keep" => rule.keep_firing = time(),
            "escalates" => rule.escalate = Some(Escalation { after: time(), to: vec!["pager".to_owned()] }),
            "rests" => rule.during_lull = DuringLull::Muted,
            "samples" => rule.min_samples = words.next().unwrap().parse().unwrap(),
            other => panic!("no word for an alert: {other}"),
        }
    }
    rule
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
                item.manual =
                    Some(Manual { prompt: "Is it so?".into(), approvals: count.parse().unwrap(), not_by: None });
            }
            ["step"] => item.step = Some(step()),
            ["step", "undo", after @ ..] => item.step = Some(undoable(&item.id, after)),
            ["not-by-runner"] => {
                item.manual.as_mut().expect("signatures come first").not_by = Some(NotBy::Runner);
            }
            ["soak", length] => {
                let length = Span(duration::parse(length).unwrap());
                item.soak = Some(Soak { length, no_alert_above: Severity::Warning });
            }
            ["rehearsal"] => {
                item.rehearsal = Some(Rehearsal {
                    within: Span::seconds(14 * 86_400),
                    budget: Span::seconds(300),
                    grade: Grade::Staging,
                });
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

/// A step that names its undo; with `half`, also for one that failed half-way.
fn undoable(item: &ItemId, after: &[&str]) -> Step {
    let undo = RollbackStep {
        id: Undo::id_of(item),
        title: format!("Undo: {item}"),
        action: step().action,
        budget: None,
        rehearse: None,
    };
    let after = if after == ["half"] { UndoAfter::Start } else { UndoAfter::Success };
    Step { undo: Some(Box::new(Undo { step: undo, after })), ..step() }
}

fn step() -> Step {
    Step {
        action: Action::Command {
            run: vec![Template::new("./deploy.sh")],
            folder: None,
            environment: BTreeMap::new(),
            tty: false,
            writes: Vec::new(),
        },
        timeout: Span::seconds(600),
        confirm: Confirm::TypeServiceName,
        on_disconnect: OnDisconnect::Continue,
        undo: None,
    }
}
