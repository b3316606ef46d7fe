//! `extends`, parameters and `remove`: many texts become one tree (DECISIONS 18).
//!
//! Tables merge field by field, arrays of tables with ids by id, plain lists replace. What a later text says wins, and
//! the plan itself is the last.

use std::path::{Path, PathBuf};

use serde_json::Value as Json;

use crate::plan::files;
use crate::plan::parameters;
use crate::plan::place::FileNumber;
use crate::plan::presets;
use crate::plan::problem::{Problem, SourceText};
use crate::plan::tree::{Entry, Node, Tree};

/// How deep plans may build on plans.
const DEEPEST: usize = 16;

/// Reads texts and puts them together.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) sources: Vec<SourceText>,
    pub(super) problems: Vec<Problem>,
    /// The texts that are being read, outermost first: a name that comes again closes a circle.
    open: Vec<String>,
}

impl Reader {
    pub(super) fn file(&mut self, path: &Path, with: Option<&Node>) -> Option<Node> {
        let number = FileNumber(self.sources.len());
        match files::read(path, number) {
            Ok(source) => {
                self.sources.push(source);
                let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
                self.text(number, &folder, with)
            }
            Err(refused) => {
                let (source, problem) = *refused;
                self.sources.push(source);
                self.problems.push(problem);
                None
            }
        }
    }

    pub(super) fn source(&mut self, source: SourceText, folder: &Path, with: Option<&Node>) -> Option<Node> {
        self.sources.push(source);
        self.text(FileNumber(self.sources.len() - 1), folder, with)
    }

    fn text(&mut self, number: FileNumber, folder: &Path, with: Option<&Node>) -> Option<Node> {
        let text = self.sources[number.0].text.clone();
        if text.trim().is_empty() {
            let name = &self.sources[number.0].name;
            self.problems.push(
                Problem::error(format!("{name} is empty"))
                    .help("golive demo shows a plan at work; docs/PLAN.md has every key"),
            );
            return None;
        }
        let mut node = match Node::parse(&text, number) {
            Ok(node) => node,
            Err(problem) => {
                self.problems.push(problem);
                return None;
            }
        };
        self.open.push(self.sources[number.0].name.clone());
        self.problems.extend(parameters::put_in(&mut node, with));
        let whole = self.extend(node, folder);
        self.open.pop();
        Some(whole)
    }

    fn extend(&mut self, mut node: Node, folder: &Path) -> Node {
        let take = |node: &mut Node, key: &str| node.table_mut().and_then(|table| table.shift_remove(key));
        let (extends, removed) = (take(&mut node, "extends"), take(&mut node, "remove"));
        let mut base: Option<Node> = None;
        for part in extends.iter().flat_map(|entry| parts(&entry.node)) {
            if let Some(below) = self.part(part, folder) {
                base = Some(match base {
                    Some(base) => merged(base, below),
                    None => below,
                });
            }
        }
        if let (Some(base), Some(removed)) = (&mut base, &removed) {
            self.remove(base, &removed.node);
        }
        match base {
            Some(mut base) => {
                base.origin = node.origin.clone();
                merged(base, node)
            }
            None => node,
        }
    }

    /// One entry of `extends`.
    fn part(&mut self, part: &Node, folder: &Path) -> Option<Node> {
        let named = match part.text() {
            Some(text) => match text.strip_prefix("preset:") {
                Some(preset) => Named::Preset(preset.to_owned()),
                None => Named::File(folder.join(text)),
            },
            None => match (part.get("preset").and_then(Node::text), part.get("file").and_then(Node::text)) {
                (Some(preset), None) => Named::Preset(preset.to_owned()),
                (None, Some(file)) => Named::File(folder.join(file)),
                _ => {
                    let problem = Problem::error("this names nothing to build on").at(part.origin.clone());
                    let help =
                        "write \"preset:ikhokha\", \"team/common.toml\" or { preset = \"ikhokha\", with = { … } }";
                    self.problems.push(problem.help(help));
                    return None;
                }
            },
        };
        let name = named.name();
        if self.open.contains(&name) || self.open.len() >= DEEPEST {
            let circle = self.open.iter().chain([&name]).cloned().collect::<Vec<_>>().join(" → ");
            self.problems.push(
                Problem::error(format!("plans build on each other in a circle: {circle}")).at(part.origin.clone()),
            );
            return None;
        }
        let with = part.get("with");
        match named {
            Named::File(path) => {
                let before = self.problems.len();
                let node = self.file(&path, with);
                for problem in &mut self.problems[before..] {
                    problem.place.get_or_insert_with(|| part.origin.clone());
                }
                node
            }
            Named::Preset(preset) => {
                let Some(text) = presets::text(&preset) else {
                    let problem = Problem::error(format!("there is no preset `{preset}`")).at(part.origin.clone());
                    self.problems.push(problem.nearest(&preset, presets::names()));
                    return None;
                };
                self.source(SourceText { name, text: text.to_owned() }, folder, with)
            }
        }
    }

    /// Drops what `remove` names from what the plan builds on.
    fn remove(&mut self, base: &mut Node, removed: &Node) {
        for wanted in removed.list().unwrap_or_default() {
            let Some(id) = wanted.text() else { continue };
            if !drop_id(base, id) {
                let problem = Problem::error(format!("there is no `{id}` to remove")).at(wanted.origin.clone());
                self.problems.push(problem.help("what this plan builds on has no check, item or step of that id"));
            }
        }
    }
}

enum Named {
    File(PathBuf),
    Preset(String),
}

impl Named {
    fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Preset(preset) => format!("preset:{preset}"),
        }
    }
}

fn parts(extends: &Node) -> &[Node] {
    extends.list().unwrap_or(std::slice::from_ref(extends))
}

/// Tables that hold things by their id as key.
const BY_KEY: &[&str] = &["checks", "settings", "credentials", "variables"];

fn drop_id(base: &mut Node, id: &str) -> bool {
    let Some(table) = base.table_mut() else { return false };
    let mut found = false;
    for (name, entry) in table.iter_mut() {
        match &mut entry.node.value {
            Tree::Table(inner) if BY_KEY.contains(&name.as_str()) => {
                let before = inner.len();
                inner.retain(|key, entry| key != id && entry.node.get("id").and_then(Node::text) != Some(id));
                found |= inner.len() != before;
            }
            Tree::List(list) => {
                let before = list.len();
                list.retain(|item| item.get("id").and_then(Node::text) != Some(id));
                found |= list.len() != before;
            }
            Tree::Table(_) | Tree::Leaf(_) => {}
        }
    }
    found
}

/// `over` laid upon `base`.
fn merged(base: Node, over: Node) -> Node {
    let origin = over.origin;
    let value = match (base.value, over.value) {
        (Tree::Table(mut below), Tree::Table(above)) => {
            for (key, entry) in above {
                let entry = match below.shift_remove_entry(&key) {
                    Some((_, known)) => Entry { node: merged(known.node, entry.node), key: entry.key },
                    None => entry,
                };
                below.insert(key, entry);
            }
            Tree::Table(below)
        }
        (Tree::List(below), Tree::List(above)) if have_ids(&below) && have_ids(&above) => {
            Tree::List(merged_by_id(below, above))
        }
        (_, over) => over,
    };
    Node { value, origin }
}

fn have_ids(list: &[Node]) -> bool {
    !list.is_empty() && list.iter().all(|item| item.get("id").is_some())
}

fn merged_by_id(mut below: Vec<Node>, above: Vec<Node>) -> Vec<Node> {
    for item in above {
        let id = item.get("id").map(Node::to_json).unwrap_or(Json::Null);
        match below.iter().position(|known| known.get("id").map(Node::to_json) == Some(id.clone())) {
            Some(at) => {
                let known = below.remove(at);
                below.insert(at, merged(known, item));
            }
            None => below.push(item),
        }
    }
    below
}
