//! Env files as Vite reads them: which files by mode, quoting, expansion; each value knows its file and line.
//!
//! Text in, variables out: whoever reads the files stands elsewhere. The rules are those of Vite 7's `loadEnv`: the
//! line grammar of dotenv 17 and the expansion of dotenv-expand 12 as Vite bundles it, oddities included, because what
//! counts is the value that the build will see.

mod expand;
mod parse;
mod rewrite;

use std::collections::{BTreeMap, HashMap};

pub use parse::{Line, parse};
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
    let wanted = |name: &str| prefixes.iter().any(|prefix| name.starts_with(prefix));
    // A name keeps the place of its first appearance, as keys of a JavaScript object do; its value is the last one.
    let mut order: Vec<String> = Vec::new();
    let mut lines: HashMap<String, (Line, usize)> = HashMap::new();
    for (number, text) in files.iter().enumerate() {
        for line in parse(text) {
            if !lines.contains_key(&line.name) {
                order.push(line.name.clone());
            }
            lines.insert(line.name.clone(), (line, number));
        }
    }
    let parsed: Vec<(String, String)> = order.iter().map(|name| (name.clone(), lines[name].0.value.clone())).collect();
    let expanded = expand::expand(&parsed, process);
    let mut variables: BTreeMap<String, Variable> = BTreeMap::new();
    for (name, value) in expanded.into_iter().filter(|(name, _)| wanted(name)) {
        let (line, file) = &lines[&name];
        variables.insert(name.clone(), Variable { name, value, place: Some((*file, line.line)) });
    }
    for (name, value) in process.iter().filter(|(name, _)| wanted(name)) {
        variables.insert(name.clone(), Variable { name: name.clone(), value: value.clone(), place: None });
    }
    variables.into_values().collect()
}

impl std::fmt::Debug for Variable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Variable").field("name", &self.name).field("place", &self.place).finish_non_exhaustive()
    }
}
