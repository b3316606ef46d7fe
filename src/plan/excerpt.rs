//! A plan's text as an error may show it: where a secret could stand, its texts are stars. Whoever writes a secret into a
//! plan by mistake writes it where it does not belong, so no key tells that it is one (C1).

use std::ops::Range;

/// What names of secrets have in them.
const TELLING: [&str; 9] =
    ["secret", "password", "passwd", "passphrase", "token", "authorization", "api_key", "api-key", "cookie"];
/// What stands behind these keys names something and is no value.
const NAMES: [&str; 17] = [
    "env",
    "file",
    "age",
    "keyring",
    "as",
    "env_file",
    "verify",
    "obtain",
    "distribute",
    "retire",
    "category",
    "severity",
    "rotate_every",
    "id",
    "checks",
    "credentials",
    "settings",
];

/// The text with the line of a range made safe to be shown; as long as before, so that places still hold.
pub(super) fn shown(text: &str, range: &Range<usize>) -> String {
    let start = text[..range.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[range.start..].find('\n').map_or(text.len(), |at| range.start + at);
    let line = &text[start..end];
    if !is_of_credentials(&text[..end]) && !is_telling(line) {
        return text.to_owned();
    }
    format!("{}{}{}", &text[..start], without_texts(line), &text[end..])
}

/// Whether the last line stands in a table of credentials, or names one itself.
fn is_of_credentials(text: &str) -> bool {
    let header = text.lines().rev().find(|line| line.trim_start().starts_with('['));
    let of = |line: &str| line.trim_start_matches(['[', ' ']).starts_with("credentials");
    header.is_some_and(of) || text.lines().next_back().is_some_and(|line| line.trim_start().starts_with("credentials."))
}

fn is_telling(line: &str) -> bool {
    let line = line.to_lowercase();
    TELLING.iter().any(|word| line.contains(word))
}

/// A line whose quoted texts are stars, but for templates and the names of places.
fn without_texts(line: &str) -> String {
    let (mut shown, mut rest, mut key) = (String::with_capacity(line.len()), line, "");
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = &rest[at..=at];
        let body = &rest[at + 1..];
        let length = end_of(body, quote);
        key = key_in(&rest[..at]).unwrap_or(key);
        shown.push_str(&rest[..=at]);
        match NAMES.contains(&key) || body[..length].contains("{{") {
            true => shown.push_str(&body[..length]),
            false => shown.push_str(&"*".repeat(length)),
        }
        let behind = &body[length..];
        let closing = behind.len().min(1);
        shown.push_str(&behind[..closing]);
        rest = &behind[closing..];
    }
    shown.push_str(rest);
    shown
}

/// The last key before a value; none where a list goes on.
fn key_in(before: &str) -> Option<&str> {
    let (before, _) = before.rsplit_once('=')?;
    before.trim_end().rsplit(['{', ',', ' ', '.', '[']).next()
}

/// Where a quoted text ends; one that nobody closed ends with its line.
fn end_of(body: &str, quote: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in body.char_indices() {
        if !escaped && quote.starts_with(letter) {
            return at;
        }
        escaped = letter == '\\' && !escaped && quote == "\"";
    }
    body.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, of: &str) -> String {
        let at = text.find(of).unwrap();
        let shown = shown(text, &(at..at + 1));
        assert_eq!(shown.len(), text.len(), "places still hold");
        shown[at..].lines().next().unwrap().to_owned()
    }

    #[test]
    fn a_text_among_credentials_is_not_shown_wherever_it_stands() {
        let table =
            |body: &str| format!("[service]\nname = \"shop\"\n[credentials.k]\n{body}\n[gate]\nfile = \"gate\"\n");
        assert_eq!(line(&table("from = \"FAKE-é\""), "from"), "from = \"*******\"");
        assert_eq!(line(&table("from = { literal = 'FAKE-1' }"), "from"), "from = { literal = '******' }");
        assert_eq!(line(&table("from = [\"FAKE \\\" 1\"]"), "from"), "from = [\"*********\"]");
        assert_eq!(line(&table("from = \"FAKE-open"), "from"), "from = \"*********");
        assert_eq!(line("credentials.k = \"FAKE-1\"\n", "credentials"), "credentials.k = \"******\"");
        assert_eq!(line(&table("x = 1"), "file"), "file = \"gate\"", "another table's");
    }

    #[test]
    fn the_name_of_a_place_and_a_template_are_no_secret() {
        let text = "[credentials.k]\nfrom = { env = \"API_KEY\", defualt = \"FAKE-1\" }\n";
        assert_eq!(line(text, "from"), "from = { env = \"API_KEY\", defualt = \"******\" }");
        let text = "[checks.a]\nsecret = \"{{ credentials.k }}\"\napi_token = \"FAKE-1\"\n";
        assert_eq!(line(text, "secret"), "secret = \"{{ credentials.k }}\"");
        assert_eq!(line(text, "api_token"), "api_token = \"******\"");
    }
}
