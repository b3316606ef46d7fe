//! A kind's keys as its own type, and what is wrong with them as problems that the plan's judge can place.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::expr::{Condition, ConditionError, FactNames};
use crate::model::kind::{OptionProblem, Options, Touch};

/// The keys as a kind's own type.
pub(super) fn read<T: DeserializeOwned>(options: &Options) -> Result<T, OptionProblem> {
    serde_json::from_value(Value::Object(options.clone())).map_err(|error| OptionProblem::whole(error.to_string()))
}

/// The keys judged by `judge`, or the one problem that kept them from being read at all.
pub(super) fn problems<T: DeserializeOwned>(
    options: &Options,
    judge: impl FnOnce(&T, &mut Vec<OptionProblem>),
) -> Vec<OptionProblem> {
    match read::<T>(options) {
        Ok(read) => {
            let mut problems = Vec::new();
            judge(&read, &mut problems);
            problems
        }
        Err(problem) => vec![problem],
    }
}

/// The host of a URL as it is written, with its port; without who logs in.
pub(super) fn host_of(url: &str) -> Option<String> {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    (!host.is_empty()).then(|| host.to_owned())
}

/// The host of the key `address`, for kinds that touch nothing else.
pub(super) fn touches_address(options: &Options) -> Vec<Touch> {
    let address = options.get("address").and_then(Value::as_str);
    address.map(|address| Touch::Host(address.to_owned())).into_iter().collect()
}

/// Compiles a condition and tells what is wrong with it. One with `{{ names }}` in it is judged with their values.
pub(super) fn condition_problem(key: &str, source: &str, names: &FactNames) -> Option<OptionProblem> {
    let ConditionError { message, range, hint } = Condition::compile(source, names).err()?;
    let problem = OptionProblem::at(key, message).within(range);
    Some(match hint {
        Some(hint) => problem.help(hint),
        None => problem,
    })
}

/// A pattern that does not compile.
pub(super) fn pattern_problem(key: &str, pattern: &str) -> Option<OptionProblem> {
    let error = regex::Regex::new(pattern).err()?;
    let last = error.to_string().lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
    Some(OptionProblem::at(key, format!("the pattern is not one: {last}")))
}
