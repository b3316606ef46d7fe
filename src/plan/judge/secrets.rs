//! Secrets have no place in a plan: a literal one is an error, and is not printed with it (C1).

use crate::model::plan::ValueSource;
use crate::plan::document::Document;
use crate::plan::problem::Problem;
use crate::plan::tree::{Entry, Node, Tree, steps};

const HELP: &str =
    "name where it is: { env = \"…\" }, { file = \"…\" } or { command = [ … ] }, and use {{ credentials.NAME }}";

pub(super) fn problems(document: &Document, tree: &Node) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (id, credential) in &document.credentials {
        if matches!(credential.from, ValueSource::Value(_)) {
            // The place is the table's name: the line with the value itself is not shown.
            let place = tree.place(&steps!["credentials", id.as_str()], true);
            problems.push(Problem::error(format!("`{id}` stands in the plan itself")).at(place).help(HELP));
        }
    }
    written_out(tree, &mut Vec::new(), &mut problems);
    problems
}

/// Goes through the tree for secrets that are written out in it. A problem names the key and shows no line: the line
/// holds the secret.
fn written_out(node: &Node, path: &mut Vec<String>, problems: &mut Vec<Problem>) {
    match &node.value {
        Tree::Table(table) => {
            for (name, entry) in table {
                path.push(name.clone());
                if is_secret(path, name, entry) {
                    let message = format!("`{}` holds a secret that stands in the plan itself", path.join("."));
                    problems.push(Problem::error(message).help(HELP));
                } else {
                    written_out(&entry.node, path, problems);
                }
                path.pop();
            }
        }
        Tree::List(items) => items.iter().for_each(|item| written_out(item, path, problems)),
        Tree::Leaf(_) => {}
    }
}

/// Whether an entry is a secret that is written out: a header, a password, or a made-up value behind a secret's name.
/// `must_be` and `value` belong to the setting or variable above them.
fn is_secret(path: &[String], name: &str, entry: &Entry) -> bool {
    let above = matches!(name, "value" | "must_be").then(|| path.iter().rev().nth(1)).flatten();
    (is_telling(name) && holds_literal(entry))
        || is_password(name, entry)
        || holds_password(entry)
        || (names_a_secret(above.map_or(name, String::as_str)) && looks_like_one(entry))
}

/// `Authorization = "Bearer …"`: headers that open something.
fn is_telling(name: &str) -> bool {
    let name = name.to_lowercase();
    ["authorization", "x-api-key", "api-key", "apikey", "cookie", "proxy-authorization", "ik-sign"]
        .contains(&name.as_str())
}

/// `API_SECRET = "…"`, as in a step's environment. Narrower than what a guess may be, for it makes an error.
fn names_a_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    ["secret", "_token", "password", "api_key", "private_key"].iter().any(|end| name.ends_with(end))
}

/// Long, without blanks, of letters and digits: a made-up value, and no name of one.
fn looks_like_one(entry: &Entry) -> bool {
    entry.node.text().is_some_and(|text| {
        let has = |wanted: fn(&char) -> bool| text.chars().any(|letter| wanted(&letter));
        let is_one_word = !text.contains("{{") && !text.contains("://") && !has(|letter| letter.is_whitespace());
        text.len() >= 16 && is_one_word && has(char::is_ascii_digit) && has(char::is_ascii_alphabetic)
    })
}

/// `password = "…"` without a template in it.
fn is_password(name: &str, entry: &Entry) -> bool {
    name == "password" && entry.node.text().is_some_and(|text| !text.is_empty() && !text.contains("{{"))
}

/// `postgres://user:password@host/…`, the password written out.
fn holds_password(entry: &Entry) -> bool {
    let after = entry.node.text().and_then(|text| text.split_once("://")).map(|(_, after)| after);
    let authority = after.and_then(|after| after.split(['/', '?', ' ']).next());
    let login = authority.and_then(|authority| authority.rsplit_once('@')).map(|(login, _)| login);
    let password = login.and_then(|login| login.split_once(':')).map(|(_, password)| password);
    password.is_some_and(|password| !password.is_empty() && !password.contains("{{"))
}

fn holds_literal(entry: &Entry) -> bool {
    entry.node.text().is_some_and(|text| text.len() >= 12 && !text.contains("{{"))
}
