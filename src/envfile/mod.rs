//! Env files as Vite reads them: which files by mode, quoting, expansion; each value knows its file and line.
//!
//! Text in, variables out: whoever reads the files stands elsewhere. The rules are those of Vite 7's `loadEnv`: the
//! line grammar of dotenv 17 and the expansion of dotenv-expand 12 as Vite bundles it, oddities included, because what
//! counts is the value that the build will see.

mod expand;
mod node;
mod parse;
mod rewrite;

use std::collections::{BTreeMap, HashMap};

pub use parse::{Line, Place, parse, places};
pub use rewrite::set;

/// A variable as the build would see it.
#[derive(Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value after expansion.
    pub value: String,
    /// Where it came from: the file's number in the list that was handed over, and the line, counted from 1. `None`
    /// for the process.
    pub place: Option<(usize, u32)>,
}

/// The files for a mode, in order; later wins.
#[must_use]
pub fn files_of_mode(mode: &str) -> [String; 4] {
    [".env".into(), ".env.local".into(), format!(".env.{mode}"), format!(".env.{mode}.local")]
}

/// The variables of these files and of the process, as Vite's `loadEnv` gives them for these prefixes (an empty prefix
/// stands for all): later files win over earlier ones, the process wins over all.
#[must_use]
pub fn load(files: &[&str], process: &BTreeMap<String, String>, prefixes: &[&str]) -> Vec<Variable> {
    loaded(&files.iter().map(|text| parse(text)).collect::<Vec<_>>(), process, prefixes)
}

/// The same as Vite 8 reads them, with node's own grammar. Lines are not known then.
#[must_use]
pub fn load_as_vite_8(files: &[&str], process: &BTreeMap<String, String>, prefixes: &[&str]) -> Vec<Variable> {
    let line = |(name, value)| Line { name, value, line: 0 };
    let parsed: Vec<Vec<Line>> = files.iter().map(|text| node::parse(text).into_iter().map(line).collect()).collect();
    loaded(&parsed, process, prefixes)
}

fn loaded(files: &[Vec<Line>], process: &BTreeMap<String, String>, prefixes: &[&str]) -> Vec<Variable> {
    let wanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    // A name keeps the place of its first appearance, as keys of a JavaScript object do; its value is the last one.
    let mut order: Vec<String> = Vec::new();
    let mut lines: HashMap<String, (Line, usize)> = HashMap::new();
    for (number, parsed) in files.iter().enumerate() {
        for line in parsed.iter().cloned() {
            if !lines.contains_key(&line.name) {
                order.push(line.name.clone());
            }
            lines.insert(line.name.clone(), (line, number));
        }
    }
    order.sort_by_key(|name| index(name));
    let parsed: Vec<(String, String)> = order.iter().map(|name| (name.clone(), lines[name].0.value.clone())).collect();
    let raised = raised(&lines, process);
    let mut with_raised = process.clone();
    with_raised.extend(raised.iter().cloned());
    let expanded = expand::expand(&parsed, &with_raised);
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for (name, value) in expanded.into_iter().filter(|(name, _)| wanted(name)) {
        let (line, file) = &lines[&name];
        variables.insert(name.clone(), Variable { name, value, place: Some((*file, line.line)) });
    }
    // What was raised into the process comes back as it was written, and is still the file's.
    for (name, value) in raised {
        if let Some(variable) = variables.get_mut(&name) {
            variable.value = value;
        }
    }
    for (name, value) in process.iter().filter(|(name, _)| wanted(name)) {
        variables.insert(name.clone(), Variable { name: name.clone(), value: value.clone(), place: None });
    }
    variables.into_values().collect()
}

/// The keys of a JavaScript object that are numbers come first, in their order; all others as they were put in.
fn index(name: &str) -> u64 {
    let number = name.parse::<u32>().ok().filter(|number| *number != u32::MAX && number.to_string() == name);
    number.map_or(u64::MAX, u64::from)
}

/// Variables of files that Vite puts into its own process before it expands any, unless they are there.
fn raised(lines: &HashMap<String, (Line, usize)>, process: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let pairs = [("NODE_ENV", "VITE_USER_NODE_ENV"), ("BROWSER", "BROWSER"), ("BROWSER_ARGS", "BROWSER_ARGS")];
    let absent = pairs.into_iter().filter(|(_, to)| !process.contains_key(*to));
    let found = absent.filter_map(|(from, to)| Some((to.to_owned(), lines.get(from)?.0.value.clone())));
    found.filter(|(_, value)| !value.is_empty()).collect()
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).field("place", &self.place).finish_non_exhaustive()
    }
}
