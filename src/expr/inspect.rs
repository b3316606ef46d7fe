//! What can be said of a condition before it runs, by walking its tree: names, functions, loops, and comparisons that
//! can never hold.

use std::ops::Range;

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue};
use cel::{IdedExpr, Program};

use crate::expr::{ConditionError, FactNames, FactType};

/// Loops (`exists`, `all`, `map` …) inside of loops: two levels over ten elements are a hundred steps, six are a million.
const DEEPEST_LOOPS: usize = 2;

const FUNCTIONS: &[&str] = &[
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "duration",
    "timestamp",
    "int",
    "uint",
    "double",
    "string",
    "bool",
    "type",
    "dyn",
    "min",
    "max",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
];

struct Walk<'a> {
    program: &'a Program,
    source: &'a str,
    facts: &'a FactNames,
    /// Variables of loops around the place.
    bound: Vec<String>,
    names: Vec<String>,
}

/// The facts that a condition asks for.
pub(super) fn inspect(program: &Program, source: &str, facts: &FactNames) -> Result<Vec<String>, ConditionError> {
    let mut walk = Walk { program, source, facts, bound: Vec::new(), names: Vec::new() };
    walk.visit(program.expression(), 0)?;
    if walk.names.is_empty() {
        return Err(ConditionError {
            message: "the condition asks for nothing: it is always the same".into(),
            range: 0..source.len(),
            hint: Some(format!("it may ask for {}", facts.iter().collect::<Vec<_>>().join(", "))),
        });
    }
    Ok(walk.names)
}

impl Walk<'_> {
    fn visit(&mut self, node: &IdedExpr, loops: usize) -> Result<(), ConditionError> {
        match &node.expr {
            Expr::Ident(name) => self.name(node, name),
            Expr::Select(select) => self.visit(&select.operand, loops),
            Expr::Call(call) => self.call(node, call, loops),
            Expr::List(list) => list.elements.iter().try_for_each(|element| self.visit(element, loops)),
            Expr::Map(map) => map.entries.iter().try_for_each(|entry| self.entry(&entry.expr, loops)),
            Expr::Struct(object) => object.entries.iter().try_for_each(|entry| self.entry(&entry.expr, loops)),
            Expr::Comprehension(comprehension) => {
                if loops == DEEPEST_LOOPS {
                    return Err(self.error(node, "loops may be nested two deep"));
                }
                self.visit(&comprehension.iter_range, loops)?;
                let before = self.bound.len();
                self.bound.push(comprehension.iter_var.clone());
                self.bound.extend(comprehension.iter_var2.clone());
                self.bound.push(comprehension.accu_var.clone());
                for part in [
                    &comprehension.accu_init,
                    &comprehension.loop_cond,
                    &comprehension.loop_step,
                    &comprehension.result,
                ] {
                    self.visit(part, loops + 1)?;
                }
                self.bound.truncate(before);
                Ok(())
            }
            Expr::Literal(_) | Expr::Unspecified => Ok(()),
        }
    }

    fn entry(&mut self, entry: &EntryExpr, loops: usize) -> Result<(), ConditionError> {
        match entry {
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key, loops)?;
                self.visit(&entry.value, loops)
            }
            EntryExpr::StructField(field) => self.visit(&field.value, loops),
        }
    }

    fn name(&mut self, node: &IdedExpr, name: &str) -> Result<(), ConditionError> {
        if self.bound.iter().any(|bound| bound == name) {
            return Ok(());
        }
        if self.facts.get(name).is_none() {
            let near = self.facts.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
            let near = near.filter(|known| strsim::damerau_levenshtein(known, name) <= 2);
            let all = self.facts.iter().collect::<Vec<_>>().join(", ");
            let hint = near.map_or(format!("there are {all}"), |known| format!("did you mean `{known}`?"));
            return Err(ConditionError { hint: Some(hint), ..self.error(node, &format!("there is no `{name}` here")) });
        }
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        Ok(())
    }

    fn call(&mut self, node: &IdedExpr, call: &CallExpr, loops: usize) -> Result<(), ConditionError> {
        let is_operator = call.func_name.contains('_') || call.func_name.starts_with('@');
        if !is_operator && !FUNCTIONS.contains(&call.func_name.as_str()) {
            let near = FUNCTIONS.iter().min_by_key(|known| strsim::damerau_levenshtein(known, &call.func_name));
            let near = near.filter(|known| strsim::damerau_levenshtein(known, &call.func_name) <= 3);
            return Err(ConditionError {
                hint: near.map(|known| format!("did you mean `{known}`?")),
                ..self.error(node, &format!("there is no function `{}`", call.func_name))
            });
        }
        if let [left, right] = call.args.as_slice()
            && is_comparison(&call.func_name)
        {
            self.comparison(node, left, right)?;
            self.comparison(node, right, left)?;
        }
        call.target.iter().try_for_each(|target| self.visit(target, loops))?;
        call.args.iter().try_for_each(|argument| self.visit(argument, loops))
    }

    /// `status == "200"` is silently false for ever, and `latency < 800` fails each time: both are told beforehand.
    fn comparison(&self, node: &IdedExpr, fact: &IdedExpr, other: &IdedExpr) -> Result<(), ConditionError> {
        let (Expr::Ident(name), Expr::Literal(literal)) = (&fact.expr, &other.expr) else { return Ok(()) };
        let Some(declared) = self.facts.get(name) else { return Ok(()) };
        let fits = match declared {
            FactType::Number => {
                matches!(literal, LiteralValue::Int(_) | LiteralValue::UInt(_) | LiteralValue::Double(_))
            }
            FactType::Text => matches!(literal, LiteralValue::String(_)),
            FactType::Bool => matches!(literal, LiteralValue::Boolean(_)),
            FactType::Duration | FactType::List => false,
            FactType::Json => true,
        };
        if fits {
            return Ok(());
        }
        let (is, hint) = match declared {
            FactType::Number => ("a number", format!("write {name} == 200, without quotes")),
            FactType::Text => ("a text", format!("write {name} == \"…\"")),
            FactType::Bool => ("true or false", format!("write {name} == true")),
            FactType::Duration => ("a duration", format!("write {name} < duration(\"800ms\")")),
            FactType::List => ("a list", format!("write size({name}) > 0, or {name}.exists(x, …)")),
            FactType::Json => return Ok(()),
        };
        Err(ConditionError { hint: Some(hint), ..self.error(node, &format!("`{name}` is {is}: this can never hold")) })
    }

    fn error(&self, node: &IdedExpr, message: &str) -> ConditionError {
        ConditionError { message: message.to_owned(), range: range_of(self.program, node, self.source), hint: None }
    }
}

fn is_comparison(name: &str) -> bool {
    matches!(name, "_==_" | "_!=_" | "_<_" | "_<=_" | "_>_" | "_>=_")
}

/// The bytes that a node and all below it stand on; bounded by the text, since durations may have been rewritten.
pub(super) fn range_of(program: &Program, node: &IdedExpr, source: &str) -> Range<usize> {
    let mut range: Option<Range<usize>> = None;
    extend(program, node, &mut range);
    let range = range.unwrap_or(0..source.len());
    let mut start = range.start.min(source.len());
    let mut end = range.end.min(source.len()).max(start);
    while !source.is_char_boundary(start) {
        start -= 1;
    }
    while !source.is_char_boundary(end) {
        end += 1;
    }
    start..closed(source, start, end)
}

/// The end of a part with the brackets closed that were opened in it: of a list the parser keeps only the place of its
/// opening bracket.
fn closed(source: &str, start: usize, end: usize) -> usize {
    let mut quote = None;
    let mut open = 0_usize;
    for (at, character) in source[start..].char_indices().map(|(at, character)| (start + at, character)) {
        if at >= end && open == 0 {
            return end;
        }
        match (quote, character) {
            (Some(mark), _) if mark == character => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(character),
            (None, '[' | '(' | '{') => open += 1,
            (None, ']' | ')' | '}') if at >= end && open == 1 => return at + character.len_utf8(),
            (None, ']' | ')' | '}') => open = open.saturating_sub(1),
            (None, _) => {}
        }
    }
    end
}

fn extend(program: &Program, node: &IdedExpr, range: &mut Option<Range<usize>>) {
    if let Some((first, last)) = program.source_info().offset_for(node.id) {
        let own = first as usize..last as usize + 1;
        *range = Some(match range.take() {
            Some(known) => known.start.min(own.start)..known.end.max(own.end),
            None => own,
        });
    }
    match &node.expr {
        Expr::Select(select) => extend(program, &select.operand, range),
        Expr::Call(call) => {
            call.target.as_deref().into_iter().chain(&call.args).for_each(|n| extend(program, n, range))
        }
        Expr::List(list) => list.elements.iter().for_each(|n| extend(program, n, range)),
        Expr::Comprehension(comprehension) => extend(program, &comprehension.iter_range, range),
        Expr::Map(_) | Expr::Struct(_) | Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => {}
    }
}

/// Hands over each part between the outermost `&&`s and `||`s.
pub(super) fn each_part<'a>(node: &'a IdedExpr, found: &mut dyn FnMut(&'a IdedExpr)) {
    match &node.expr {
        Expr::Call(call) if matches!(call.func_name.as_str(), "_&&_" | "_||_") => {
            call.args.iter().for_each(|argument| each_part(argument, found));
        }
        _ => found(node),
    }
}

/// A path such as `json.items` as it is written. The parser keeps no place for a field's name, so it is put together.
pub(super) fn path(node: &IdedExpr) -> Option<String> {
    match &node.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => Some(format!("{}.{}", path(&select.operand)?, select.field)),
        _ => None,
    }
}

/// Whether an operand is written in the condition itself, so that its value is no news.
pub(super) fn is_constant(operand: &IdedExpr) -> bool {
    match &operand.expr {
        Expr::Literal(_) | Expr::List(_) => true,
        Expr::Call(call) => call.target.is_none() && call.args.iter().all(is_constant),
        _ => false,
    }
}

/// What a part compares, or the part itself.
pub(super) fn operands(part: &IdedExpr) -> Vec<&IdedExpr> {
    match &part.expr {
        Expr::Call(call) if call.func_name.contains('_') && !call.func_name.starts_with('!') => {
            call.args.iter().collect()
        }
        Expr::Call(call) => call.target.as_deref().into_iter().chain(&call.args).collect(),
        _ => vec![part],
    }
}
