//! `$NAME` and `${NAME:-default}` in values: dotenv-expand 12 as Vite bundles it.
//!
//! Two things are ours: an input on which the library never ends is given up after a bounded number of replacements
//! and length, and no name is special (a JavaScript object has keys of its own).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use regex::Regex;

static REFERENCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\$\{([^{}]+)\}|\$([A-Za-z_][A-Za-z0-9_]*)").expect("the pattern is constant"));
static OPERATOR: LazyLock<Regex> = LazyLock::new(|| Regex::new(r":\+|\+|:-|-").expect("the pattern is constant"));

/// An input on which the library goes round in circles comes back to where it was; one that grows, grows beyond this.
const MOST_REPLACEMENTS: usize = 4_000;
const LONGEST: usize = 64 * 1024;
/// So many bytes are looked through for one value at most, all rounds together.
const MOST_WORK: usize = 2 << 20;

/// Expands values in the order of their names' first appearance.
pub(super) fn expand(parsed: &[(String, String)], process: &BTreeMap<String, String>) -> Vec<(String, String)> {
    // Vite's change to the library: values further down are known from the start, as they are written.
    let mut running: HashMap<&str, String> =
        parsed.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
    let mut expanded = Vec::with_capacity(parsed.len());
    for (name, value) in parsed {
        let value = match process.get(name) {
            Some(own) if !own.is_empty() && own != value => own.clone(),
            _ => expand_value(value, process, &running),
        };
        // Later values see this one unescaped, so an escaped dollar may yet be read as a reference. So it is there.
        let value = value.replace("\\$", "$");
        expanded.push((name.clone(), value.clone()));
        running.insert(name, value);
    }
    expanded
}

fn expand_value(value: &str, process: &BTreeMap<String, String>, running: &HashMap<&str, String>) -> String {
    // Emptiness is falsehood in the original: an empty value counts as absent.
    let look_up = |name: &str| process.get(name).or_else(|| running.get(name)).filter(|value| !value.is_empty());
    let mut result = value.to_owned();
    let mut seen = HashSet::new();
    let (longest, mut round, mut work) = (LONGEST.max(value.len().saturating_mul(16)), 0, 0);
    for _ in 0..MOST_REPLACEMENTS {
        let Some((range, expression)) = first_reference(&result) else { break };
        // Twice through all that was seen, without anything new: it never ends.
        round = if seen.insert(result.clone()) { 0 } else { round + 1 };
        work += result.len();
        if round > 2 * seen.len() || work > MOST_WORK.max(longest) {
            break;
        }
        let operator = OPERATOR.find(&expression);
        let (name, default) = match &operator {
            Some(found) => (&expression[..found.start()], &expression[found.end()..]),
            // Without an operator the original splits by nothing, and to JavaScript that is the word "null".
            None => expression.split_once("null").unwrap_or((expression.as_str(), "")),
        };
        let replacement = match operator.as_ref().map(|found| found.as_str()) {
            Some(":+" | "+") => look_up(name).map_or_else(String::new, |_| default.to_owned()),
            _ => match look_up(name) {
                Some(value) if !seen.contains(value) => value.clone(),
                _ => default.to_owned(),
            },
        };
        let template = result[range.clone()].to_owned();
        result = replace_first(&result, &template, &replacement);
        if running.get(name) == Some(&result) || result.len() > longest {
            break;
        }
    }
    result
}

/// The first reference that no backslash stands before.
fn first_reference(text: &str) -> Option<(std::ops::Range<usize>, String)> {
    let mut from = 0;
    while let Some(captures) = REFERENCE.captures_at(text, from) {
        let whole = captures.get(0)?;
        if text[..whole.start()].ends_with('\\') {
            from = whole.start() + 1;
            continue;
        }
        let expression = captures.get(1).or_else(|| captures.get(2))?;
        return Some((whole.range(), expression.as_str().to_owned()));
    }
    None
}

/// JavaScript's `text.replace(template, replacement)`: the first occurrence, and `$$`, `$&`, `` $` ``, `$'` in the
/// replacement mean what they mean there.
fn replace_first(text: &str, template: &str, replacement: &str) -> String {
    let Some(at) = text.find(template) else { return text.to_owned() };
    let (before, after) = (&text[..at], &text[at + template.len()..]);
    let mut out = String::from(before);
    let mut rest = replacement;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let special = rest[dollar + 1..].chars().next();
        let (put, taken) = match special {
            Some('$') => ("$", 2),
            Some('&') => (template, 2),
            Some('`') => (before, 2),
            Some('\'') => (after, 2),
            _ => ("$", 1),
        };
        out.push_str(put);
        rest = &rest[dollar + taken..];
    }
    out.push_str(rest);
    out.push_str(after);
    out
}
