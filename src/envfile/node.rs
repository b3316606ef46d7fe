//! An env file as node's own `util.parseEnv` reads it, which Vite 8 uses in place of dotenv: for warnings where the two
//! read another value. Held against what Vite 8 really read with node 20.

/// The assignments of a file: name and value, in order.
#[must_use]
pub(super) fn parse(text: &str) -> Vec<(String, String)> {
    let text: String = text.chars().filter(|letter| *letter != '\r').collect();
    let mut rest = spaces_off(&text);
    let mut found = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '\n' || first == '#' {
            rest = behind_line(rest);
            continue;
        }
        let Some(at) = rest.find(['=', '\n']) else { break };
        if rest[at..].starts_with('\n') {
            rest = spaces_off(&rest[at + 1..]);
            continue;
        }
        let key = spaces_off(&rest[..at]);
        rest = &rest[at + 1..];
        if key.is_empty() {
            rest = behind_line(rest);
            continue;
        }
        let key = key.strip_prefix("export ").map_or(key, spaces_off).to_owned();
        if rest.is_empty() || rest.starts_with('\n') {
            found.push((key, String::new()));
            rest = rest.get(1..).unwrap_or_default();
            continue;
        }
        rest = spaces_off(rest);
        let (value, behind) = value(rest);
        found.push((key, value));
        rest = behind;
    }
    found
}

/// The value at the beginning of a text, and what stands behind its line.
fn value(rest: &str) -> (String, &str) {
    let quote = rest.chars().next().filter(|first| "'\"`".contains(*first));
    let closing = quote.and_then(|quote| rest[1..].find(quote).map(|at| at + 1));
    if let Some(closing) = closing {
        let inside = &rest[1..closing];
        let value = if quote == Some('"') { inside.replace("\\n", "\n") } else { inside.to_owned() };
        return (value, behind_line(&rest[closing + 1..]));
    }
    let line = rest.split('\n').next().unwrap_or_default();
    if quote.is_some() {
        return (line.to_owned(), behind_line(rest));
    }
    let bare = line.split('#').next().unwrap_or_default();
    (spaces_off(bare).to_owned(), behind_line(rest))
}

fn behind_line(text: &str) -> &str {
    text.find('\n').map_or("", |at| &text[at + 1..])
}

fn spaces_off(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n'])
}
