//! An env file as node's own `util.parseEnv` reads it, which Vite 8 uses in place of dotenv: for warnings where the two
//! read another value. Held against what Vite 8 really read with node 20.

use std::collections::BTreeMap;

/// The assignments of a file: name and value, in order of name, as node has them; the last one of a name counts.
#[must_use]
pub(super) fn parse(text: &str) -> Vec<(String, String)> {
    let text: String = text.chars().filter(|letter| *letter != '\r').collect();
    let mut rest = spaces_off(&text);
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    while let Some(first) = rest.chars().next() {
        // A comment that no line break ends is none to node.
        if first == '\n' || (first == '#' && rest.contains('\n')) {
            rest = behind_line(rest);
            continue;
        }
        // Whatever stands before the next `=` is the name, lines and all.
        let Some(at) = rest.find('=') else { break };
        let key = spaces_off(&rest[..at]);
        rest = &rest[at + 1..];
        if key.is_empty() {
            break;
        }
        let key = key.strip_prefix("export ").unwrap_or(key).to_owned();
        if rest.is_empty() || rest.starts_with('\n') {
            found.insert(key, String::new());
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        rest = spaces_off(rest);
        // Quotes that nothing closes on the last line: all of it is lost.
        let Some((value, behind)) = value(rest) else { break };
        found.insert(key, value);
        rest = behind;
    }
    found.into_iter().collect()
}

/// The value at the beginning of a text, and what stands behind its line.
fn value(rest: &str) -> Option<(String, &str)> {
    let quote = rest.chars().next().filter(|first| "'\"`".contains(*first));
    let closing = quote.and_then(|quote| rest[1..].find(quote).map(|at| at + 1));
    if let Some(closing) = closing {
        let inside = &rest[1..closing];
        let value = if quote == Some('"') { inside.replace("\\n", "\n") } else { inside.to_owned() };
        return Some((value, behind_line(&rest[closing + 1..])));
    }
    let line = rest.split('\n').next().unwrap_or_default();
    if quote.is_some() {
        return rest.contains('\n').then(|| (line.to_owned(), behind_line(rest)));
    }
    let bare = line.split('#').next().unwrap_or_default();
    Some((spaces_off(bare).to_owned(), behind_line(rest)))
}

fn behind_line(text: &str) -> &str {
    text.find('\n').map_or("", |at| &text[at + 1..])
}

fn spaces_off(text: &str) -> &str {
    text.trim_matches(' ')
}
