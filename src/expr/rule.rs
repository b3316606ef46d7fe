//! Rules over series: a condition in which `p95("payment_duration", duration("2m"))` stands for a number.
//!
//! Each question to a series becomes a fact of its own before the condition is compiled, in a place as long as the
//! question was, so that errors point where they should. What a question means is answered elsewhere; here is only how
//! it is written.

use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use crate::expr::{Condition, ConditionError, Fact, FactNames, FactType, Facts, Judgement};
use crate::model::duration;

/// What a rule can ask of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// `value("x")`: the latest number.
    Value,
    /// `baseline("x", window)`: the mean over a window.
    Baseline,
    /// `increase("x", window)`: how much a counter grew, resets taken into account.
    Increase,
    /// `p50("x", window)`: the median.
    Median,
    /// `p95("x", window)`.
    Percentile95,
    /// `p99("x", window)`.
    Percentile99,
    /// `failures("x", window)`: how many runs of a check failed.
    Failures,
    /// `count("x", window)`: how many runs of a check ended.
    Count,
    /// `failing("credential")`: how many critical checks of a category are known to fail.
    Failing,
}

const MEASURES: &[(&str, Measure)] = &[
    ("value", Measure::Value),
    ("baseline", Measure::Baseline),
    ("increase", Measure::Increase),
    ("p50", Measure::Median),
    ("p95", Measure::Percentile95),
    ("p99", Measure::Percentile99),
    ("failures", Measure::Failures),
    ("count", Measure::Count),
    ("failing", Measure::Failing),
];

impl Measure {
    const fn has_window(self) -> bool {
        !matches!(self, Self::Value | Self::Failing)
    }
}

/// One question of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub measure: Measure,
    /// Of which series: a check's id; for [`Measure::Failing`] a category.
    pub series: String,
    /// Over which window; zero where none is asked.
    pub window: Duration,
    /// Where it stands in the rule.
    pub range: Range<usize>,
}

/// A compiled rule. Cheap to clone.
#[derive(Clone, Debug)]
pub struct RuleCondition {
    source: String,
    condition: Condition,
    questions: Vec<Question>,
}

/// What a rule says of the answers to its questions.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Whether it holds; `Err` says why that cannot be said.
    pub holds: Result<bool, String>,
    /// What was seen: the first question's answer.
    pub value: String,
    /// What it was held against.
    pub threshold: String,
}

/// The facts' names, in the order of the questions. More than these nobody can read.
const NAMES: [&str; 8] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];

static CALL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"\b([a-z0-9]+)\(\s*["']([A-Za-z0-9_]+)["']\s*(?:,\s*duration\(\s*["']([^"']*)["']\s*\)\s*)?\)"#)
        .expect("the pattern is constant")
});
static LOOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(value|baseline|increase|p50|p95|p99|failures|count|failing)\s*\(").expect("the pattern is constant")
});
static COMPARISON: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(>=|<=|==|!=|>|<)\s*(.+?)\s*(?:&&|\|\||$)").expect("the pattern is constant"));

impl RuleCondition {
    /// Compiles a rule.
    ///
    /// # Errors
    /// Says what is wrong and where, with what to write instead where that can be guessed.
    pub fn compile(source: &str) -> Result<Self, ConditionError> {
        let mut questions = Vec::new();
        let mut text = source.to_owned();
        for captures in CALL.captures_iter(source) {
            let (Some(whole), Some(name), Some(series)) = (captures.get(0), captures.get(1), captures.get(2)) else {
                continue;
            };
            let Some((_, measure)) = MEASURES.iter().find(|(known, _)| *known == name.as_str()) else { continue };
            let window = window(*measure, captures.get(3).map(|window| window.as_str()), whole.range())?;
            let Some(fact) = NAMES.get(questions.len()) else {
                let message = format!("a rule asks at most {} questions", NAMES.len());
                return Err(ConditionError { message, range: whole.range(), hint: None });
            };
            text.replace_range(whole.range(), &format!("{fact:<width$}", width = whole.len()));
            let series = series.as_str().to_owned();
            questions.push(Question { measure: *measure, series, window, range: whole.range() });
        }
        if let Some(loose) = LOOSE.find(&text) {
            return Err(ConditionError {
                message: "a question names its series and window as texts".into(),
                range: loose.range(),
                hint: Some("write for example p95(\"payment_duration\", duration(\"2m\"))".into()),
            });
        }
        if questions.is_empty() {
            let hint = Some("ask for example failures(\"webhook_endpoint\", duration(\"2m\")) >= 3".to_owned());
            let message = "this rule asks no series: it would always say the same".into();
            return Err(ConditionError { message, range: 0..source.len(), hint });
        }
        let names: Vec<_> = NAMES.iter().take(questions.len()).map(|name| (*name, FactType::Json)).collect();
        let condition = Condition::compile(&text, &FactNames::new(&names))?;
        Ok(Self { source: source.to_owned(), condition, questions })
    }

    /// What it asks, in the order in which it stands.
    #[must_use]
    pub fn questions(&self) -> &[Question] {
        &self.questions
    }

    /// Judges the answers, one for each question; an answer that is not there is a series without samples enough.
    #[must_use]
    pub fn judge(&self, answers: &[Option<Fact>]) -> Found {
        let value = answers.first().and_then(Option::as_ref).map_or_else(|| "no samples".to_owned(), shown);
        let threshold = self.threshold(answers);
        let mut facts = Facts::default();
        for ((name, answer), question) in NAMES.into_iter().zip(answers).zip(&self.questions) {
            let Some(answer) = answer else {
                let why = match question.window {
                    Duration::ZERO => format!("{} has no samples", question.series),
                    window => format!("{} has too few samples within {}", question.series, duration::written(window)),
                };
                return Found { holds: Err(why), value, threshold };
            };
            facts.insert(name, answer.clone());
        }
        let holds = match self.condition.judge(&facts) {
            Judgement::Holds => Ok(true),
            Judgement::DoesNotHold { .. } => Ok(false),
            Judgement::MissingField { field } => Err(format!("{field} is missing")),
            Judgement::CannotTell { why } => Err(why),
        };
        Found { holds, value, threshold }
    }

    /// What stands behind the first comparison, with the answers in place of its questions.
    fn threshold(&self, answers: &[Option<Fact>]) -> String {
        let mut text = self.source.clone();
        for (question, answer) in self.questions.iter().zip(answers).rev() {
            let said = answer.as_ref().map_or_else(|| "no samples".to_owned(), shown);
            text.replace_range(question.range.clone(), &said);
        }
        let behind = COMPARISON.captures(&text).map(|captures| format!("{} {}", &captures[1], captures[2].trim()));
        let behind = behind.unwrap_or(text);
        behind.replace("duration(\"", "").replace("\")", "")
    }
}

fn window(measure: Measure, text: Option<&str>, range: Range<usize>) -> Result<Duration, ConditionError> {
    let wrong = |message: String, hint: &str| ConditionError { message, range, hint: Some(hint.to_owned()) };
    match (measure.has_window(), text) {
        (false, None) => Ok(Duration::ZERO),
        (false, Some(_)) => Err(wrong("this asks for no window".into(), "leave the duration out")),
        (true, None) => Err(wrong("a window is missing".into(), "add for example , duration(\"5m\")")),
        (true, Some(text)) => match duration::parse(text) {
            Ok(window) if !window.is_zero() => Ok(window),
            Ok(_) => Err(wrong("a window has a length".into(), "write for example duration(\"5m\")")),
            Err(error) => Err(wrong(error.to_string(), "write for example duration(\"5m\")")),
        },
    }
}

fn shown(fact: &Fact) -> String {
    match fact {
        Fact::Whole(number) => number.to_string(),
        Fact::Number(number) if number.fract() == 0.0 => format!("{number:.0}"),
        Fact::Number(number) => format!("{number:.2}"),
        Fact::Duration(length) => {
            duration::written(Duration::from_millis(u64::try_from(length.as_millis()).unwrap_or(u64::MAX)))
        }
        Fact::Text(text) => text.clone(),
        Fact::Bool(truth) => truth.to_string(),
        Fact::Json(json) => json.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_says_what_it_saw_and_what_it_held_it_against() {
        let rule = RuleCondition::compile("increase(\"payments_failed\", duration(\"5m\")) >= 5").unwrap();
        let asked = &rule.questions()[0];
        assert_eq!((asked.measure, asked.series.as_str()), (Measure::Increase, "payments_failed"));
        assert_eq!(asked.window, Duration::from_secs(300));
        let found = rule.judge(&[Some(Fact::Number(7.0))]);
        assert_eq!(found, Found { holds: Ok(true), value: "7".into(), threshold: ">= 5".into() });
        assert_eq!(rule.judge(&[Some(Fact::Number(4.0))]).holds, Ok(false));
        let without = rule.judge(&[None]);
        assert_eq!(without.holds, Err("payments_failed has too few samples within 5m".into()));
    }

    #[test]
    fn lengths_and_baselines_are_compared_as_what_they_are() {
        let slow = RuleCondition::compile("p95(\"payment_duration\", duration(\"2m\")) > duration(\"10s\")").unwrap();
        let found = slow.judge(&[Some(Fact::Duration(Duration::from_millis(12_500)))]);
        assert_eq!((found.holds, found.value.as_str(), found.threshold.as_str()), (Ok(true), "12s500ms", "> 10s"));
        let drop = "value(\"volume\") < 0.5 * baseline(\"volume\", duration(\"1h\"))";
        let drop = RuleCondition::compile(drop).unwrap();
        let found = drop.judge(&[Some(Fact::Number(4.0)), Some(Fact::Number(10.0))]);
        assert_eq!((found.holds, found.threshold.as_str()), (Ok(true), "< 0.5 * 10"));
        let mixed = slow.judge(&[Some(Fact::Number(3.0))]);
        assert!(mixed.holds.is_err(), "a number is no length: {mixed:?}");
    }

    #[test]
    fn what_is_no_rule_is_told_where_it_goes_wrong() {
        for (source, says, at) in [
            ("1 < 2", "asks no series", 0),
            ("failures(\"x\") > 1", "a window is missing", 0),
            ("1 < failures(\"x\", duration(\"soon\"))", "not a duration", 4),
            ("value(\"x\", duration(\"1m\")) > 1", "asks for no window", 0),
            ("failures(x, 2) > 1", "names its series and window as texts", 0),
            ("value(\"x\") > 1 && speed > 2", "speed", 18),
        ] {
            let error = RuleCondition::compile(source).unwrap_err();
            assert!(error.message.contains(says), "{source}: {}", error.message);
            assert_eq!(error.range.start, at, "{source}: {error:?}");
        }
    }
}
