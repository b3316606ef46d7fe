//! A delivery as it came: header lines in order, path, URL and the raw body.

use crate::webhook::reason::Reason;

/// A delivery as it came over the wire; nothing of it was parsed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    /// Name and value of each header line, in order; a name may come twice.
    pub headers: &'a [(String, String)],
    /// The path with its leading slash, query included where there is one; signed by some schemes.
    pub path: &'a str,
    /// The whole URL that the provider was given; signed by some schemes.
    pub url: &'a str,
    /// The raw body.
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    /// The values of a header, by name without regard to case.
    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let lines = self.headers.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_str())
    }

    /// The one value of a header. Two are a refusal even if they are equal: which one counts is a matter of the reader.
    pub(super) fn one(&self, name: &str) -> Result<&'a str, Reason> {
        let mut values = self.all(name);
        let Some(value) = values.next() else { return Err(Reason::MissingHeader) };
        if values.next().is_some() {
            return Err(Reason::DuplicateHeader);
        }
        Ok(value)
    }

    /// A header that decides nothing: its value if there is exactly one.
    pub(super) fn hint(&self, name: &str) -> Option<&'a str> {
        self.one(name).ok().filter(|value| !value.is_empty())
    }
}

/// A header line, `Name: value`, as its two parts. A name that no header has is nobody's, and does no harm. One blank after the colon belongs to the line, all others to the
/// value: what was signed is compared as it stands.
#[must_use]
pub fn header_line(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let sound = !name.is_empty() && !name.contains(char::is_control);
    sound.then(|| (name.to_owned(), value.strip_prefix(' ').unwrap_or(value).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_line_keeps_its_value_as_it_stands() {
        let line = |text| header_line(text).map(|(name, value)| format!("{name}|{value}"));
        assert_eq!(line("A-b: c: d "), Some("A-b|c: d ".into()));
        assert_eq!(line("A:x"), Some("A|x".into()));
        assert_eq!(line("A:"), Some("A|".into()));
        assert_eq!(line("A : x"), Some("A |x".into()), "a name of its own: it is not A");
        for wrong in ["", "no colon", ": value", "a\n: c"] {
            assert_eq!(line(wrong), None, "{wrong:?}");
        }
    }
}
