//! Text to model: read, extend, judge; every error with its file, line, caret, and the nearest name. All errors of a
//! plan are told at once, and all of them before anything runs.
//!
//! The way of a text: `extend` puts texts together into one tree whose every value knows its place; `shape` holds
//! it against the schema that is made from the document types; only then is it read into those types, and `judge`
//! and `build` make a [`Plan`] of them. This room knows kinds only by their specs.

mod acting;
mod audit;
mod build;
mod document;
mod excerpt;
mod expand;
mod extend;
mod files;
mod judge;
mod left_out;
mod order;
mod parameters;
mod place;
pub mod presets;
mod problem;
mod procedure;
mod schema;
mod scripts;
mod shape;
mod tree;
mod triage;

use std::path::Path;

pub use audit::{Audit, Touched};
pub use files::find;
pub use place::{FileNumber, Origin};
pub use problem::{PlanError, Problem, SourceText, Weight, render};
pub use schema::schema;

use crate::model::kind::Kinds;
use crate::model::plan::Plan;
use crate::plan::document::Document;
use crate::plan::extend::Reader;
use crate::plan::tree::Node;

/// A plan that may be used, with what is worth knowing about it.
#[derive(Debug)]
pub struct Loaded {
    /// The plan.
    pub plan: Plan,
    /// What somebody should look at.
    pub advice: Vec<Problem>,
    /// The texts it came from.
    pub sources: Vec<SourceText>,
    /// What it may touch.
    pub audit: Audit,
    tree: Node,
}

impl Loaded {
    /// The plan with all that it extends, each key with the file it came from.
    #[must_use]
    pub fn expanded(&self) -> String {
        expand::expanded(&self.tree, &self.sources)
    }
}

/// Reads the plan at a path.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load(path: &Path, kinds: &Kinds) -> Result<Loaded, PlanError> {
    let mut reader = Reader::default();
    let tree = reader.file(path, None);
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let folder = if folder.as_os_str().is_empty() { ".".into() } else { folder };
    finish(reader, tree, &folder, kinds)
}

/// Reads a plan from a text, as if it stood in a folder.
///
/// # Errors
/// Everything that is wrong with it.
pub fn load_text(name: &str, text: &str, folder: &Path, kinds: &Kinds) -> Result<Loaded, PlanError> {
    let mut reader = Reader::default();
    let source = SourceText { name: name.to_owned(), text: text.to_owned() };
    let tree = reader.source(source, folder, None);
    finish(reader, tree, folder, kinds)
}

fn finish(reader: Reader, tree: Option<Node>, folder: &Path, kinds: &Kinds) -> Result<Loaded, PlanError> {
    let Reader { sources, mut problems, .. } = reader;
    let Some(tree) = tree else { return Err(PlanError { problems, sources }) };
    problems.extend(shape::problems(&tree, &schema::schema_of(kinds, &|kind| names_kind(&tree, kind))));
    if !problems.is_empty() {
        return Err(in_order(problems, sources));
    }
    let mut document: Document = match serde_json::from_value(tree.to_json()) {
        Ok(document) => document,
        // The shape was right, so this is a gap between schema and type: told all the same, never a panic.
        Err(error) => return Err(PlanError { problems: vec![Problem::error(error.to_string())], sources }),
    };
    let left_out = left_out::leave_out(&mut document, &tree);
    let problems = judge::of_document(&document, &tree, kinds);
    if problems.iter().any(|problem| problem.weight == Weight::Error) {
        return Err(in_order(problems, sources));
    }
    let mut advice = problems;
    advice.extend(left_out);
    let (plan, more) = build::plan(document, &tree, folder, kinds);
    advice.extend(judge::of_plan(&plan, &tree));
    advice.extend(more);
    if advice.iter().any(|problem| problem.weight == Weight::Error) {
        return Err(in_order(advice, sources));
    }
    let audit = audit::audit(&plan, kinds);
    Ok(Loaded { plan, advice, sources, audit, tree })
}

/// Whether anything of the plan is of this kind; settings and credentials are of theirs without a word.
fn names_kind(tree: &Node, kind: &str) -> bool {
    if (kind == "setting" && tree.get("settings").is_some())
        || (kind == "credential" && tree.get("credentials").is_some())
    {
        return true;
    }
    let tables = ["checks", "notifiers", "changes", "hurt"].into_iter().filter_map(|table| tree.get(table)?.table());
    tables.flatten().any(|(_, entry)| entry.node.get("kind").and_then(Node::text) == Some(kind))
}

/// In the order of the files, then of the lines.
fn in_order(mut problems: Vec<Problem>, sources: Vec<SourceText>) -> PlanError {
    problems.sort_by_key(|problem| problem.place.as_ref().map(|place| (place.file, place.range.start)));
    PlanError { problems, sources }
}
