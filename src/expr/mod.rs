//! Conditions: CEL behind two types of our own, a condition and the facts it may ask for.
//!
//! The engine below (`cel`) has no type checker, no cost limit and a recursive evaluator. What it lacks is added here,
//! before anything runs: caps on length, nesting and loops; names checked against the facts there are; comparisons
//! that can never hold. Afterwards only a plain `true` counts as true: no data, another type, NaN or an error in the
//! evaluation is "cannot tell". A field that a complete answer lacks is told apart, for that is the target's failure.

mod facts;
mod inspect;
pub mod rule;

use std::ops::Range;
use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, IdedExpr, Program, Value};
use regex::Regex;

pub use facts::{Fact, FactNames, FactType, Facts};

/// The longest condition, in bytes. At two bytes a link, a chain of operators stays far below what the evaluator's
/// recursion can bear on a 2 MiB stack.
pub const LONGEST: usize = 2_000;

static STANDARD: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));
static DURATION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"duration\(\s*(?:"([^"]*)"|'([^']*)')\s*\)"#).expect("the pattern is constant"));

/// A compiled condition. Cheap to clone.
#[derive(Clone)]
pub struct Condition {
    source: Arc<str>,
    program: Arc<Program>,
    names: Arc<[String]>,
}

/// Why a text is no condition over these facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ConditionError {
    /// One sentence in lower case.
    pub message: String,
    /// Which bytes of the text.
    pub range: Range<usize>,
    /// What to write instead.
    pub hint: Option<String>,
}

/// What a condition says of facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is true.
    Holds,
    /// It is false: each part of it with its value.
    DoesNotHold {
        /// The parts, in the order in which they stand.
        parts: Vec<Part>,
    },
    /// A complete answer lacks a field that the condition names.
    MissingField {
        /// The field.
        field: String,
    },
    /// It cannot be said.
    CannotTell {
        /// Why.
        why: String,
    },
}

/// One part of a condition that is false.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// As it is written.
    pub text: String,
    /// Whether it holds; `None` if that cannot be said.
    pub holds: Option<bool>,
    /// The values in it: `status is 503`.
    pub seen: String,
}

impl Condition {
    /// Compiles a text over facts of these names and types.
    ///
    /// # Errors
    /// Says what is wrong and where, with what to write instead where that can be guessed.
    pub fn compile(source: &str, names: &FactNames) -> Result<Self, ConditionError> {
        let whole = 0..source.len();
        let error = |message: String| ConditionError { message, range: whole.clone(), hint: None };
        if source.trim().is_empty() {
            return Err(error("the condition is empty".into()));
        }
        if source.len() > LONGEST {
            return Err(error(format!("the condition has {} bytes; {LONGEST} are allowed", source.len())));
        }
        if let Some(single) = single_equals(source) {
            let hint = Some("`==` compares".to_owned());
            return Err(ConditionError { message: "`=` is no operator".into(), range: single, hint });
        }
        if let Some(range) = too_deep(source) {
            return Err(ConditionError { range, ..error("the condition is nested too deeply".into()) });
        }
        let readable = with_known_units(source)?;
        let program = STANDARD.compile(&readable).map_err(|errors| parse_error(source, &errors))?;
        let names = inspect::inspect(&program, source, names)?;
        Ok(Self { source: Arc::from(source), program: Arc::new(program), names: names.into() })
    }

    /// The text as it is written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The facts it asks for.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether it asks for this fact: what nobody asks for need not be made.
    #[must_use]
    pub fn asks_for(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Judges facts.
    #[must_use]
    pub fn judge(&self, facts: &Facts) -> Judgement {
        let context = match self.context(facts) {
            Ok(context) => context,
            Err(why) => return Judgement::CannotTell { why },
        };
        match self.execute(&context) {
            Ok(true) => Judgement::Holds,
            Ok(false) => Judgement::DoesNotHold { parts: self.parts(&context) },
            Err(judgement) => judgement,
        }
    }

    /// Whether it holds, and no more: what is asked often costs no list of parts. `Err` says why that cannot be said.
    ///
    /// # Errors
    /// The judgement that stands in for a yes or no.
    pub fn holds(&self, facts: &Facts) -> Result<bool, Judgement> {
        let context = self.context(facts).map_err(|why| Judgement::CannotTell { why })?;
        self.execute(&context)
    }

    fn context(&self, facts: &Facts) -> Result<Context<'_, '_>, String> {
        let mut context = Context::with_env(Arc::clone(&STANDARD));
        for name in self.names.iter() {
            match facts.get(name) {
                Some(Fact::Number(number)) if number.is_nan() => {
                    return Err(format!("{name} is not a number"));
                }
                Some(fact) => context.add_variable_from_value(name.as_str(), facts::to_cel(fact)),
                None => {}
            }
        }
        Ok(context)
    }

    fn execute(&self, context: &Context<'_, '_>) -> Result<bool, Judgement> {
        let cannot_tell = |why: String| Err(Judgement::CannotTell { why });
        match self.program.execute(context) {
            Ok(Value::Bool(true)) if self.rests_on_nan(context) => cannot_tell("a part of it is not a number".into()),
            Ok(Value::Bool(holds)) => Ok(holds),
            Ok(other) => cannot_tell(format!("it gives {}, not true or false", facts::kind_of(&other))),
            Err(ExecutionError::NoSuchKey(field)) => Err(Judgement::MissingField { field: field.to_string() }),
            Err(ExecutionError::UndeclaredReference(name)) => Err(Judgement::MissingField { field: name.to_string() }),
            Err(ExecutionError::IndexOutOfBounds(at)) => Err(Judgement::MissingField { field: facts::element(&at) }),
            Err(other) => cannot_tell(explain(&other)),
        }
    }

    /// The parts between the outermost `&&`s and `||`s, each with what was seen in it.
    fn parts(&self, context: &Context<'_, '_>) -> Vec<Part> {
        let mut parts = Vec::new();
        inspect::each_part(self.program.expression(), &mut |part| {
            let range = inspect::range_of(&self.program, part, &self.source);
            let holds = match context.resolve(part) {
                Ok(Value::Bool(holds)) => Some(holds),
                _ => None,
            };
            let seen =
                inspect::operands(part).iter().filter_map(|operand| self.seen(operand, context)).collect::<Vec<_>>();
            parts.push(Part { text: self.source[range].trim().to_owned(), holds, seen: seen.join(", ") });
        });
        parts
    }

    fn seen(&self, operand: &IdedExpr, context: &Context<'_, '_>) -> Option<String> {
        if inspect::is_constant(operand) {
            return None;
        }
        let range = inspect::range_of(&self.program, operand, &self.source);
        let text = inspect::path(operand).unwrap_or_else(|| self.source[range].to_owned());
        match context.resolve(operand) {
            Ok(value) => Some(format!("{} is {}", text.trim(), facts::shown(&value))),
            Err(_) => Some(format!("{} is not there", text.trim())),
        }
    }

    /// Arithmetic can make NaN of numbers that are none; a comparison with it must not count.
    fn rests_on_nan(&self, context: &Context<'_, '_>) -> bool {
        if !self.source.contains(['/', '*', '-']) {
            return false;
        }
        let mut found = false;
        inspect::each_part(self.program.expression(), &mut |part| {
            found |= inspect::operands(part)
                .iter()
                .any(|operand| matches!(context.resolve(operand), Ok(Value::Float(number)) if number.is_nan()));
        });
        found
    }
}

impl std::fmt::Debug for Condition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Condition({:?})", self.source)
    }
}

/// The texts inside and outside of quotes, byte by byte: `true` for what is code.
fn code_bytes(source: &str) -> Vec<bool> {
    let mut quote = None;
    let mut escaped = false;
    source
        .bytes()
        .map(|byte| match quote {
            Some(_) if escaped => {
                escaped = false;
                false
            }
            Some(open) => {
                escaped = byte == b'\\';
                if byte == open {
                    quote = None;
                }
                false
            }
            None if byte == b'"' || byte == b'\'' => {
                quote = Some(byte);
                false
            }
            None => true,
        })
        .collect()
}

/// A single `=` between operands.
fn single_equals(source: &str) -> Option<Range<usize>> {
    let code = code_bytes(source);
    let bytes = source.as_bytes();
    let near = |at: usize, set: &[u8]| bytes.get(at).is_some_and(|byte| set.contains(byte));
    (0..bytes.len())
        .find(|at| code[*at] && bytes[*at] == b'=' && !near(at + 1, b"=") && (*at == 0 || !near(at - 1, b"=!<>")))
        .map(|at| at..at + 1)
}

/// Brackets nested deeper than 24, more than 24 signs in a row, or more than 200 links of a chain: each nests the tree
/// one level deeper, and the tree is walked by recursion.
fn too_deep(source: &str) -> Option<Range<usize>> {
    const DEEPEST: i32 = 24;
    const LONGEST_CHAIN: i32 = 200;
    let code = code_bytes(source);
    let (mut depth, mut prefixes, mut links) = (0, 0, 0);
    for (at, byte) in source.bytes().enumerate().filter(|(at, _)| code[*at]) {
        depth += match byte {
            b'(' | b'[' | b'{' => 1,
            b')' | b']' | b'}' => -1,
            _ => 0,
        };
        prefixes = if matches!(byte, b'!' | b'-') { prefixes + 1 } else { 0 };
        links += i32::from(b"+-*/%<>=.[(".contains(&byte));
        if depth > DEEPEST || prefixes > DEEPEST || links > LONGEST_CHAIN {
            return Some(at..at + 1);
        }
    }
    None
}

/// `duration("2d")` into seconds, which the engine below understands; one parser for durations everywhere.
fn with_known_units(source: &str) -> Result<String, ConditionError> {
    let mut readable = String::with_capacity(source.len());
    let mut from = 0;
    for captures in DURATION.captures_iter(source) {
        let (Some(whole), Some(text)) = (captures.get(0), captures.get(1).or_else(|| captures.get(2))) else {
            continue;
        };
        let length = crate::model::duration::parse(text.as_str()).map_err(|error| ConditionError {
            message: error.to_string(),
            range: text.range(),
            hint: Some("write for example duration(\"800ms\") or duration(\"2d\")".into()),
        })?;
        readable.push_str(&source[from..text.start()]);
        readable.push_str(&format!("{}ms", length.as_millis()));
        from = text.end();
        let _ = whole;
    }
    readable.push_str(&source[from..]);
    Ok(readable)
}

fn parse_error(source: &str, errors: &cel::ParseErrors) -> ConditionError {
    let first = errors.errors.first();
    let at = first.map_or(0, |error| {
        let column = usize::try_from(error.pos.1 - 1).unwrap_or(0);
        source.char_indices().nth(column).map_or(source.len(), |(at, _)| at)
    });
    let end = source[at..].chars().next().map_or(at, |character| at + character.len_utf8());
    let message = match first.map(|error| error.msg.as_str()) {
        Some(text) if text.contains("<EOF>") => "the condition ends too early".to_owned(),
        Some(text) if text.contains("recursion") => "the condition is nested too deeply".to_owned(),
        Some(_) | None => "this is not understood here".to_owned(),
    };
    let range = if at == end { at.saturating_sub(1)..source.len() } else { at..end };
    ConditionError { message, range, hint: None }
}

fn explain(error: &ExecutionError) -> String {
    match error {
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnsupportedBinaryOperator(..) => "it compares values of different types".into(),
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => "it divides by zero".into(),
        ExecutionError::Overflow(..) => "a number in it is too large".into(),
        ExecutionError::FunctionError { function, message } => format!("{function}: {message}"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
