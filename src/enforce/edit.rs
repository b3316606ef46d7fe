//! One variable in an env file's text is given another value, added, or taken out; all else stays as it is: comments,
//! order, quotes, blanks, line endings, a byte order mark.

use crate::envfile::{self, Place};

/// The text with this value for the variable, written in the first way that `sound` finds to be read as wanted: as it is
/// written now, bare, and in each kind of quotes.
pub(super) fn set(text: &str, variable: &str, value: &str, sound: impl Fn(&str) -> bool) -> Option<String> {
    let last = envfile::places(text).into_iter().rfind(|place| place.name == variable);
    let as_it_is = last.as_ref().and_then(|place| quote(text[place.value.clone()].trim()));
    let quotes = [as_it_is, None, Some('"'), Some('\''), Some('`')];
    let escaped = value.replace('$', "\\$");
    let written = quotes.into_iter().flat_map(|quote| [value, &escaped].map(|value| enclosed(value, quote)));
    written.map(|written| put(text, last.as_ref(), variable, &written)).find(|text| sound(text))
}

/// The text without any assignment of the variable.
pub(super) fn remove(text: &str, variable: &str) -> String {
    let mut left = text.to_owned();
    for place in envfile::places(text).into_iter().rev().filter(|place| place.name == variable) {
        let start = left[..place.whole.start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
        // A byte order mark belongs to the file and not to its first line.
        let start = if left[start..].starts_with('\u{feff}') { start + '\u{feff}'.len_utf8() } else { start };
        let behind = &left[place.whole.end..];
        let line_break = ["\r\n", "\n", "\r"].into_iter().find(|ending| behind.starts_with(ending));
        let end = place.whole.end + line_break.map_or(0, str::len);
        left.replace_range(start..end, "");
    }
    left
}

/// The quotes that a written value stands in.
fn quote(written: &str) -> Option<char> {
    let first = written.chars().next().filter(|first| "'\"`".contains(*first))?;
    (written.len() > 1 && written.ends_with(first)).then_some(first)
}

fn enclosed(value: &str, quote: Option<char>) -> String {
    quote.map_or_else(|| value.to_owned(), |quote| format!("{quote}{value}{quote}"))
}

fn put(text: &str, place: Option<&Place>, variable: &str, written: &str) -> String {
    let Some(place) = place else { return added(text, variable, written) };
    let old = &text[place.value.clone()];
    let before = old.len() - old.trim_start().len();
    let after = old.len() - old.trim_end().len();
    // Of a value that is all blanks the blanks stand before it.
    let (before, after) = if before == old.len() { (before, 0) } else { (before, after) };
    let mut new = text.to_owned();
    new.replace_range(place.value.start + before..place.value.end - after, written);
    new
}

/// A line of its own at the end, in the file's own line endings.
fn added(text: &str, variable: &str, written: &str) -> String {
    let ending = match text.find(['\r', '\n']) {
        Some(at) if text[at..].starts_with("\r\n") => "\r\n",
        Some(at) if text[at..].starts_with('\r') => "\r",
        _ => "\n",
    };
    let gap = if text.is_empty() || text.ends_with(['\n', '\r']) { "" } else { ending };
    format!("{text}{gap}{variable}={written}{ending}")
}
