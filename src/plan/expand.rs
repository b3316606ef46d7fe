//! A plan with all that it extends, as TOML, each key with the file it came from: `golive lint --expand`.

use serde_json::Value as Json;

use crate::plan::place::Origin;
use crate::plan::problem::SourceText;
use crate::plan::tree::{Node, Tree};

pub(super) fn expanded(tree: &Node, sources: &[SourceText]) -> String {
    let mut out = String::new();
    table(&mut out, tree, &mut Vec::new(), sources);
    out
}

fn table(out: &mut String, node: &Node, path: &mut Vec<String>, sources: &[SourceText]) {
    let Some(entries) = node.table() else { return };
    for (key, entry) in entries.iter().filter(|(_, entry)| is_line(&entry.node)) {
        let line = format!("{} = {}", written_key(key), inline(&entry.node));
        out.push_str(&format!("{line:<60} # {}\n", place(&entry.node.origin, sources)));
    }
    for (key, entry) in entries.iter().filter(|(_, entry)| !is_line(&entry.node)) {
        path.push(written_key(key));
        match &entry.node.value {
            Tree::Table(inner) => {
                if inner.values().any(|entry| is_line(&entry.node)) || inner.is_empty() {
                    out.push_str(&format!("\n[{}]\n", path.join(".")));
                }
                table(out, &entry.node, path, sources);
            }
            Tree::List(items) => {
                for item in items {
                    out.push_str(&format!("\n[[{}]]\n", path.join(".")));
                    table(out, item, path, sources);
                }
            }
            Tree::Leaf(_) => {}
        }
        path.pop();
    }
}

/// Whether a value stands on one line: not a table with tables in it, not an array of tables.
fn is_line(node: &Node) -> bool {
    match &node.value {
        Tree::Leaf(_) => true,
        Tree::List(items) => items.is_empty() || items.iter().any(|item| item.table().is_none()),
        Tree::Table(_) => false,
    }
}

fn written_key(key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if bare { key.to_owned() } else { Json::from(key).to_string() }
}

fn inline(node: &Node) -> String {
    match &node.value {
        Tree::Leaf(leaf) => leaf.to_string(),
        Tree::List(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Tree::Table(entries) => {
            let parts = entries.iter().map(|(key, entry)| format!("{} = {}", written_key(key), inline(&entry.node)));
            format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
        }
    }
}

fn place(origin: &Origin, sources: &[SourceText]) -> String {
    let Some(source) = sources.get(origin.file.0) else { return String::new() };
    let before = source.text.get(..origin.range.start).unwrap_or_default();
    format!("{}:{}", source.name, before.matches('\n').count() + 1)
}
