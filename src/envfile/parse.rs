//! One env file into its lines: the grammar of dotenv 17, which is one regular expression and two replacements.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// One assignment of a file, before expansion.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// The name.
    pub name: String,
    /// The value, unquoted.
    pub value: String,
    /// The line on which the name stands, counted from 1.
    pub line: u32,
}

/// dotenv's `LINE`, with JavaScript's ASCII `\w` and its `\s` (which counts a byte order mark as blank).
pub(super) static LINE: LazyLock<Regex> = LazyLock::new(|| {
    let blank = r"[\s\x{feff}]";
    Regex::new(&format!(
        r#"(?m)^{blank}*(?:export{blank}+)?([A-Za-z0-9_.-]+)(?:{blank}*=[\s\x{{feff}}]*?|:{blank}+?)({blank}*'(?:\\'|[^'])*'|{blank}*"(?:\\"|[^"])*"|{blank}*`(?:\\`|[^`])*`|[^#\r\n]+)?{blank}*(?:#.*)?$"#
    ))
    .expect("the pattern is constant")
});

/// The quotes around a value; with `m`, they may enclose one of its lines only.
static QUOTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"(?m)^(?:'([\s\S]*)'|"([\s\S]*)"|`([\s\S]*)`)$"#).expect("the pattern is constant"));

/// The assignments of a file, in order.
#[must_use]
pub fn parse(text: &str) -> Vec<Line> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n").replace('\r', "\n");
    LINE.captures_iter(&text)
        .map(|captures| {
            let name = captures.get(1).expect("the name is not optional in the pattern");
            let raw = captures.get(2).map_or("", |value| value.as_str());
            let before = &text[..name.start()];
            let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
            Line { name: name.as_str().to_owned(), value: unquoted(raw), line }
        })
        .collect()
}

fn unquoted(raw: &str) -> String {
    let trimmed = raw.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    let inner = |captures: &Captures<'_>| {
        let group = captures.get(1).or_else(|| captures.get(2)).or_else(|| captures.get(3));
        group.map_or_else(String::new, |group| group.as_str().to_owned())
    };
    let value = QUOTED.replace_all(trimmed, inner);
    if trimmed.starts_with('"') {
        return value.replace("\\n", "\n").replace("\\r", "\r");
    }
    value.into_owned()
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn read(text: &str) -> Vec<(String, String, u32)> {
        parse(text).into_iter().map(|line| (line.name, line.value, line.line)).collect()
    }

    #[test]
    fn values_know_their_line() {
        let text = "# comment\nA=1\n\nexport B = \"two\nlines\"\nC='x' # why\n";
        let expected = [("A", "1", 2), ("B", "two\nlines", 4), ("C", "x", 6)];
        let expected: Vec<_> = expected.iter().map(|(n, v, l)| ((*n).to_owned(), (*v).to_owned(), *l)).collect();
        assert_eq!(read(text), expected);
    }

    #[test]
    fn an_unquoted_hash_begins_a_comment() {
        assert_eq!(read("URL=https://x/#/r")[0].1, "https://x/");
        assert_eq!(read("URL=\"https://x/#/r\"")[0].1, "https://x/#/r");
    }
}
