//! One env file into its lines: the grammar of dotenv 17, which is one regular expression and two replacements.

use std::ops::Range;
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

/// Where an assignment's value stands in the text as it is on disk, quotes and blanks before it included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name.
    pub name: String,
    /// The whole assignment, from its name (or `export`) to the end of its last line, line break not included.
    pub whole: Range<usize>,
    /// The value as it is written; empty, behind the separator, where there is none.
    pub value: Range<usize>,
}

/// JavaScript's `\s`: a byte order mark is blank, U+0085 is none.
const BLANK: &str = r"[\t-\r\x20\xa0\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]";

/// dotenv's `LINE`, with JavaScript's ASCII `\w`, and its `^`, `$` and `.`, for which two more characters end a line.
static LINE: LazyLock<Regex> = LazyLock::new(|| {
    let blank = BLANK;
    Regex::new(&format!(
        r#"(?m)(?:^|[\x{{2028}}\x{{2029}}]){blank}*(export{blank}+)?([A-Za-z0-9_.-]+)({blank}*={blank}*?|:{blank}+?)({blank}*'(?:\\'|[^'])*'|{blank}*"(?:\\"|[^"])*"|{blank}*`(?:\\`|[^`])*`|[^#\r\n]+)?{blank}*(?:#[^\n\r\x{{2028}}\x{{2029}}]*)?(?:$|([\x{{2028}}\x{{2029}}]))"#
    ))
    .expect("the pattern is constant")
});

/// The quotes around a value; with `m`, they may enclose one of its lines only.
static QUOTED: LazyLock<Regex> = LazyLock::new(|| {
    let (start, end) = (r"(?:^|([\x{2028}\x{2029}]))", r"(?:$|([\x{2028}\x{2029}]))");
    Regex::new(&format!(r#"(?m){start}(?:'([\s\S]*)'|"([\s\S]*)"|`([\s\S]*)`){end}"#)).expect("the pattern is constant")
});

/// The assignments of a file, in order.
#[must_use]
pub fn parse(text: &str) -> Vec<Line> {
    let text = without_returns(text).0;
    let found = matches(&text).into_iter().map(|captures| {
        let name = captures.get(2).expect("the name is not optional in the pattern");
        let raw = captures.get(4).map_or("", |value| value.as_str());
        let before = &text[..name.start()];
        let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
        Line { name: name.as_str().to_owned(), value: unquoted(raw), line }
    });
    // To JavaScript this name is no key of an object: the value goes nowhere.
    found.filter(|line| line.name != "__proto__").collect()
}

/// Where the values of a file stand, in order: for whoever changes one and leaves all else as it is.
#[must_use]
pub fn places(text: &str) -> Vec<Place> {
    let (unified, offsets) = without_returns(text);
    let place = |captures: Captures<'_>| {
        let name = captures.get(2).expect("the name is not optional in the pattern");
        let separator = captures.get(3).expect("nor is what stands behind it");
        let value = captures.get(4).map_or(separator.end()..separator.end(), |value| value.range());
        let start = captures.get(1).map_or(name.start(), |export| export.start());
        let line_end = unified[value.end..].find('\n').map_or(unified.len(), |at| value.end + at);
        Place {
            name: name.as_str().to_owned(),
            whole: offsets[start]..offsets[line_end],
            value: offsets[value.start]..offsets[value.end],
        }
    };
    matches(&unified).into_iter().map(place).collect()
}

/// The text with one kind of line break, and for each of its bytes (and its end) where it stands in the original.
fn without_returns(text: &str) -> (String, Vec<usize>) {
    let mut unified = String::with_capacity(text.len());
    let mut offsets = Vec::with_capacity(text.len() + 1);
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let letter = if letter == '\r' {
            letters.next_if(|(_, next)| *next == '\n');
            '\n'
        } else {
            letter
        };
        unified.push(letter);
        offsets.extend(at..at + letter.len_utf8());
    }
    offsets.push(text.len());
    (unified, offsets)
}

/// Every match, as JavaScript finds them: the character that ended one line may begin the next.
fn matches(text: &str) -> Vec<Captures<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(captures) = LINE.captures_at(text, from) {
        let end = captures.get(5).map_or_else(|| captures.get_match().end(), |separator| separator.start());
        from = end.max(from + 1);
        found.push(captures);
        if from > text.len() {
            break;
        }
    }
    found
}

/// JavaScript's `trim`.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|letter: char| (letter.is_whitespace() && letter != '\u{85}') || letter == '\u{feff}')
}

fn unquoted(raw: &str) -> String {
    let trimmed = trimmed(raw);
    let inner = |captures: &Captures<'_>| {
        // Whatever ended the line before, or ends this one, stays.
        (1..=5).filter_map(|group| captures.get(group)).map(|group| group.as_str()).collect::<String>()
    };
    let value = QUOTED.replace_all(trimmed, inner);
    if trimmed.starts_with('"') {
        return value.replace("\\n", "\n").replace("\\r", "\r");
    }
    value.into_owned()
}

#[cfg(test)]
mod tests {
    use super::{parse, places};

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

    #[test]
    fn a_values_place_is_where_it_stands_on_disk() {
        let text = "\u{feff}A=1 # one\r\nexport B =  'two'\r\nC=\r\nD=\"x\r\ny\"  # end\r\n";
        let written = |text: &str| -> Vec<(String, String, String)> {
            let place = |place: super::Place| (place.name, text[place.value].to_owned(), text[place.whole].to_owned());
            places(text).into_iter().map(place).collect()
        };
        let whole: Vec<_> = written(text);
        let expected = [
            ("A", "1 ", "A=1 # one"),
            ("B", "  'two'", "export B =  'two'"),
            ("C", "", "C="),
            ("D", "\"x\r\ny\"", "D=\"x\r\ny\"  # end"),
        ];
        let expected: Vec<_> =
            expected.iter().map(|(n, v, w)| ((*n).to_owned(), (*v).to_owned(), (*w).to_owned())).collect();
        assert_eq!(whole, expected);
    }
}
