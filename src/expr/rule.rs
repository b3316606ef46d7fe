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
    /// `ratio("x", "y", window)`: how much of the growth of both counters is the first one's.
    Ratio,
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
    ("ratio", Measure::Ratio),
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
    /// Of which series: a check's id or an event's name; for [`Measure::Failing`] a category.
    pub series: String,
    /// The second series of a [`Measure::Ratio`].
    pub other: Option<String>,
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

/// The facts' names, in the order of the questions. More than these nobody can read.
const NAMES: [&str; 8] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6", "s7"];

static CALL: LazyLock<Regex> = LazyLock::new(|| {
    let name = r#"["']([A-Za-z0-9_]+)["']\s*"#;
    let window = r#"(?:,\s*duration\(\s*["']([^"']*)["']\s*\)\s*)?"#;
    Regex::new(&format!(r"\b([a-z0-9]+)\(\s*{name}(?:,\s*{name})?{window}\)")).expect("the pattern is constant")
});
static LOOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(value|baseline|increase|p50|p95|p99|failures|count|ratio|failing)\s*\(")
        .expect("the pattern is constant")
});
static COMPARISON: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(>=|<=|==|!=|>|<)\s*(.+?)\s*(?:&&|\|\||$)").expect("the pattern is constant"));
static LEAST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*(>=|>)\s*([0-9]+(?:\.[0-9]+)?)").expect("the pattern is constant"));
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^\s*(?:>=|<=|>|<)\s*(?:([0-9]+(?:\.[0-9]+)?)|duration\(\s*["']([^"']*)["']\s*\))"#)
        .expect("the pattern is constant")
});

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
            let window = window(*measure, captures.get(4).map(|window| window.as_str()), whole.range())?;
            let other = captures.get(3).map(|other| other.as_str().to_owned());
            if other.is_some() != (*measure == Measure::Ratio) {
                let hint = "ratio(\"payments_failed\", \"payments_ok\", duration(\"5m\")) asks two series";
                let message = "only ratio asks two series, and it asks no fewer".into();
                return Err(ConditionError { message, range: whole.range(), hint: Some(hint.into()) });
            }
            let Some(fact) = NAMES.get(questions.len()) else {
                let message = format!("a rule asks at most {} questions", NAMES.len());
                return Err(ConditionError { message, range: whole.range(), hint: None });
            };
            text.replace_range(whole.range(), &format!("{fact:<width$}", width = whole.len()));
            let series = series.as_str().to_owned();
            questions.push(Question { measure: *measure, series, other, window, range: whole.range() });
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

    /// The rule as it is written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it holds, by one answer for each question. An answer that is not there is a series without samples
    /// enough; it only matters where the rule comes to it.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub fn holds(&self, answers: &[Option<Fact>]) -> Result<bool, String> {
        let mut facts = Facts::default();
        for (name, answer) in NAMES.into_iter().zip(answers) {
            if let Some(answer) = answer {
                facts.insert(name, answer.clone());
            }
        }
        self.condition.holds(&facts).map_err(|judgement| match judgement {
            Judgement::MissingField { field } => {
                let question = NAMES.iter().position(|name| *name == field).and_then(|at| self.questions.get(at));
                question.map_or_else(|| format!("{field} is missing"), Question::unanswered)
            }
            Judgement::CannotTell { why } => why,
            Judgement::Holds | Judgement::DoesNotHold { .. } => "it gives no yes or no".to_owned(),
        })
    }

    /// What was seen, and what it was held against: what stands before and behind the first comparison, with the answers
    /// in place of the questions.
    #[must_use]
    pub fn told(&self, answers: &[Option<Fact>]) -> (String, String) {
        let mut text = self.source.clone();
        for (question, answer) in self.questions.iter().zip(answers).rev() {
            let said = answer.as_ref().map_or_else(|| "no samples".to_owned(), shown);
            text.replace_range(question.range.clone(), &said);
        }
        let plain = |text: &str| text.trim().replace("duration(\"", "").replace("\")", "");
        match COMPARISON.captures(&text) {
            Some(captures) => {
                let before = captures.get(0).map_or("", |whole| &text[..whole.start()]);
                (plain(before), plain(&format!("{} {}", &captures[1], captures[2].trim())))
            }
            None => (plain(&text), String::new()),
        }
    }

    /// The least number that a question is compared with for the rule to hold: `failures("x", …) >= 3` gives 3.
    #[must_use]
    pub fn least(&self, question: &Question) -> Option<f64> {
        let behind = LEAST.captures(self.source.get(question.range.end..)?)?;
        let number: f64 = behind.get(2)?.as_str().parse().ok()?;
        Some(if &behind[1] == ">" { number.floor() + 1.0 } else { number })
    }

    /// The factor before a question: `0.5 * baseline(…)` gives 0.5.
    #[must_use]
    pub fn share_before(&self, question: &Question) -> Option<f64> {
        let before = self.source.get(..question.range.start)?.trim_end().strip_suffix('*')?.trim_end();
        before.rsplit([' ', '(', '<', '>', '=']).next()?.parse().ok()
    }

    /// The line that a question's answer is held against, where it is a plain number or length of time: for a chart.
    #[must_use]
    pub fn line(&self, question: &Question) -> Option<f64> {
        let behind = LINE.captures(self.source.get(question.range.end..)?)?;
        match (behind.get(1), behind.get(2)) {
            (Some(number), _) => number.as_str().parse().ok(),
            (None, Some(length)) => duration::parse(length.as_str()).ok().map(|length| length.as_secs_f64()),
            (None, None) => None,
        }
    }
}

impl Question {
    /// Why it has no answer.
    fn unanswered(&self) -> String {
        let series = match &self.other {
            Some(other) => format!("{} and {other}", self.series),
            None => self.series.clone(),
        };
        match (self.measure, self.window) {
            (Measure::Baseline, window) => format!("{series} has no baseline of {} yet", duration::written(window)),
            (_, Duration::ZERO) => format!("there is no fresh sample of {series}"),
            (_, window) => format!("there are too few samples of {series} within {}", duration::written(window)),
        }
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
        let seven = [Some(Fact::Number(7.0))];
        assert_eq!((rule.holds(&seven), rule.told(&seven)), (Ok(true), ("7".into(), ">= 5".into())));
        assert_eq!(rule.holds(&[Some(Fact::Number(4.0))]), Ok(false));
        assert_eq!(rule.holds(&[None]), Err("there are too few samples of payments_failed within 5m".into()));
        assert_eq!((rule.least(asked), rule.line(asked)), (Some(5.0), Some(5.0)));
    }

    #[test]
    fn lengths_and_baselines_are_compared_as_what_they_are() {
        let slow = RuleCondition::compile("p95(\"payment_duration\", duration(\"2m\")) > duration(\"10s\")").unwrap();
        let long = [Some(Fact::Duration(Duration::from_millis(12_500)))];
        assert_eq!((slow.holds(&long), slow.told(&long)), (Ok(true), ("12s500ms".into(), "> 10s".into())));
        assert_eq!(slow.line(&slow.questions()[0]), Some(10.0));
        let drop = "value(\"volume\") < 0.5 * baseline(\"volume\", duration(\"1h\"))";
        let drop = RuleCondition::compile(drop).unwrap();
        let seen = [Some(Fact::Number(4.0)), Some(Fact::Number(10.0))];
        assert_eq!((drop.holds(&seen), drop.told(&seen).1.as_str()), (Ok(true), "< 0.5 * 10"));
        assert_eq!(drop.holds(&[seen[0].clone(), None]), Err("volume has no baseline of 1h yet".into()));
        assert!(slow.holds(&[Some(Fact::Number(3.0))]).is_err(), "a number is no length");
    }

    #[test]
    fn an_answer_that_is_missing_matters_only_where_the_rule_comes_to_it() {
        let rule = "increase(\"bad\", duration(\"5m\")) >= 5 && ratio(\"bad\", \"good\", duration(\"5m\")) > 0.1";
        let rule = RuleCondition::compile(rule).unwrap();
        assert_eq!(rule.questions()[1].other.as_deref(), Some("good"));
        assert_eq!(rule.holds(&[Some(Fact::Number(0.0)), None]), Ok(false), "nothing is bad, so no share is needed");
        assert_eq!(
            rule.holds(&[Some(Fact::Number(9.0)), None]),
            Err("there are too few samples of bad and good within 5m".into())
        );
        assert_eq!(rule.holds(&[Some(Fact::Number(9.0)), Some(Fact::Number(0.5))]), Ok(true));
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
            ("ratio(\"x\", duration(\"1m\")) > 1", "only ratio asks two", 0),
        ] {
            let error = RuleCondition::compile(source).unwrap_err();
            assert!(error.message.contains(says), "{source}: {}", error.message);
            assert_eq!(error.range.start, at, "{source}: {error:?}");
        }
    }
}
