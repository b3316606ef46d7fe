//! The rules of a plan, compiled once: what each asks, which checks it stands on, whose news makes it worth a look.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::core::state::Index;
use crate::expr::rule::{Measure, Question, RuleCondition};
use crate::model::alert::COUNTED;
use crate::model::id::CheckId;
use crate::model::plan::Plan;
use crate::model::word::Category;

/// The rules of a plan.
#[derive(Debug, Default)]
pub struct RuleBook {
    rules: Vec<Option<Compiled>>,
    /// The rules that look at the check at a position, or stand on it.
    touched: Vec<Vec<usize>>,
    /// The rules that a rule may be the cause of.
    below: Vec<Vec<usize>>,
    /// The rules that count failing checks.
    categories: Vec<usize>,
    /// The rules that count the event of a number.
    events: Vec<Vec<usize>>,
}

/// A rule that is ready to be asked.
#[derive(Debug)]
pub struct Compiled {
    /// Its condition.
    pub condition: RuleCondition,
    /// Where the answer to each of its questions comes from.
    pub sources: Vec<Source>,
    /// The checks whose series it asks.
    pub checks: Vec<usize>,
    /// The checks that those stand on, directly or through others.
    pub ancestors: Vec<usize>,
}

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The series of the check at a position.
    Check(usize),
    /// Those of two checks.
    Checks(usize, usize),
    /// The events of a number.
    Event(usize),
    /// The failing checks of a category.
    Category(Category),
}

impl RuleBook {
    /// The rules of a plan. One that cannot be compiled is never evaluable: the plan's judge has refused it before.
    #[must_use]
    pub fn of(plan: &Plan, index: &Index) -> Self {
        let rules: Vec<Option<Compiled>> = plan.alerts.iter().map(|rule| Compiled::of(&rule.when, index)).collect();
        let mut book = Self {
            touched: vec![Vec::new(); plan.checks.len()],
            below: vec![Vec::new(); rules.len()],
            events: vec![Vec::new(); COUNTED.len()],
            ..Self::default()
        };
        for (position, rule) in rules.iter().enumerate() {
            let Some(rule) = rule else { continue };
            for check in rule.checks.iter().chain(&rule.ancestors).collect::<BTreeSet<_>>() {
                book.touched[*check].push(position);
            }
            for source in &rule.sources {
                match source {
                    Source::Category(_) if !book.categories.contains(&position) => book.categories.push(position),
                    Source::Event(event) => book.events[*event].push(position),
                    Source::Category(_) | Source::Check(_) | Source::Checks(..) => {}
                }
            }
            for (other, below) in rules.iter().enumerate() {
                let stands_on = below.as_ref().is_some_and(|b| rule.checks.iter().any(|c| b.ancestors.contains(c)));
                if other != position && stands_on {
                    book.below[position].push(other);
                }
            }
        }
        book.rules = rules;
        book
    }

    /// The rule at a position of the plan.
    #[must_use]
    pub fn rule(&self, position: usize) -> Option<&Compiled> {
        self.rules.get(position).and_then(Option::as_ref)
    }

    /// How far up the rule at a position stands: more than whatever may be its cause.
    #[must_use]
    pub fn rank(&self, rule: usize) -> usize {
        self.rule(rule).map_or(0, |rule| rule.ancestors.len())
    }

    /// The rules that look at the check at a position, or stand on it.
    #[must_use]
    pub fn touched_by(&self, check: usize) -> &[usize] {
        self.touched.get(check).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rules that the rule at a position may be the cause of.
    #[must_use]
    pub fn below(&self, rule: usize) -> &[usize] {
        self.below.get(rule).map(Vec::as_slice).unwrap_or_default()
    }

    /// The rules that count failing checks.
    #[must_use]
    pub fn of_categories(&self) -> &[usize] {
        &self.categories
    }

    /// The rules that count the event of a number.
    #[must_use]
    pub fn of_event(&self, event: usize) -> &[usize] {
        self.events.get(event).map(Vec::as_slice).unwrap_or_default()
    }

    /// How far back any rule looks in the series of each check, and in that of each event. A baseline may end when its
    /// alert began, so it needs twice its window.
    #[must_use]
    pub fn reach(&self, checks: usize) -> (Vec<Duration>, Vec<Duration>) {
        let (mut of_checks, mut of_events) = (vec![Duration::ZERO; checks], vec![Duration::ZERO; COUNTED.len()]);
        for rule in self.rules.iter().flatten() {
            for (question, source) in rule.condition.questions().iter().zip(&rule.sources) {
                let needs = question.window * if question.measure == Measure::Baseline { 2 } else { 1 };
                let raise = |reach: &mut Vec<Duration>, at: usize| reach[at] = reach[at].max(needs);
                match *source {
                    Source::Check(check) => raise(&mut of_checks, check),
                    Source::Checks(one, other) => {
                        raise(&mut of_checks, one);
                        raise(&mut of_checks, other);
                    }
                    Source::Event(event) => raise(&mut of_events, event),
                    Source::Category(_) => {}
                }
            }
        }
        (of_checks, of_events)
    }
}

impl Compiled {
    fn of(when: &str, index: &Index) -> Option<Self> {
        let condition = RuleCondition::compile(when).ok()?;
        let sources: Vec<Source> =
            condition.questions().iter().map(|question| source(question, index)).collect::<Option<_>>()?;
        let mut checks = BTreeSet::new();
        for source in &sources {
            match *source {
                Source::Check(check) => drop(checks.insert(check)),
                Source::Checks(one, other) => checks.extend([one, other]),
                Source::Event(_) | Source::Category(_) => {}
            }
        }
        let ancestors = ancestors(index, &checks);
        Some(Self { condition, sources, checks: checks.into_iter().collect(), ancestors })
    }
}

fn source(question: &Question, index: &Index) -> Option<Source> {
    let check = |id: &str| index.check(&CheckId::new(id));
    match (question.measure, &question.other) {
        (Measure::Failing, _) => Category::ALL
            .iter()
            .find(|category| category.word() == question.series)
            .map(|category| Source::Category(*category)),
        (_, Some(other)) => Some(Source::Checks(check(&question.series)?, check(other)?)),
        (Measure::Count, None) => check(&question.series)
            .map(Source::Check)
            .or_else(|| COUNTED.iter().position(|known| *known == question.series).map(Source::Event)),
        (_, None) => check(&question.series).map(Source::Check),
    }
}

fn ancestors(index: &Index, checks: &BTreeSet<usize>) -> Vec<usize> {
    let mut found = BTreeSet::new();
    let mut open: Vec<usize> = checks.iter().copied().collect();
    while let Some(check) = open.pop() {
        open.extend(index.dependencies(check).iter().filter(|below| found.insert(**below)));
    }
    found.into_iter().collect()
}
