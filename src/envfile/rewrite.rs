//! One value of an env file written anew: comments, order, quotes and line endings stay as they are, and what is read
//! back is what was meant, or nothing is given.

use std::collections::BTreeMap;

use crate::envfile::parse::{Line, parse, places};

/// The text with this variable's last assignment (the one that counts) holding another value; a variable that is not
/// there is added at the end. `None` where no way of writing it would be read back as that value.
#[must_use]
pub fn set(text: &str, name: &str, value: &str) -> Option<String> {
    let place = place_of(text, name);
    let quotes = place.as_ref().and_then(|place| text[place.clone()].trim_start().chars().next());
    // The file's own quotes first; a dollar would be expanded, so it is escaped whatever stands around it.
    let escaped = value.replace('$', "\\$");
    let own = quotes.filter(|quote| "'\"`".contains(*quote));
    let plain = own.is_none() && quotes.is_some() && value.chars().all(is_plain);
    let first = if plain { None } else { own.or(Some('\'')) };
    let styles = [first, Some('\''), Some('"'), Some('`'), None];
    let written = styles.into_iter().map(|quote| match quote {
        Some(quote) => format!("{quote}{escaped}{quote}"),
        None => escaped.clone(),
    });
    let mut rewritten = written.map(|written| match &place {
        Some(place) => {
            let old = &text[place.clone()];
            let before = &old[..old.len() - old.trim_start().len()];
            let behind = &old[old.trim_end().len().max(before.len())..];
            format!("{}{before}{written}{behind}{}", &text[..place.start], &text[place.end..])
        }
        None => appended(text, name, &written),
    });
    rewritten.find(|new| reads_back(text, new, name, value))
}

/// What needs no quotes, whatever reads it.
const fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/' | '+' | ':' | '@' | ',')
}

/// Where the value stands that counts, as bytes of the text, quotes included.
fn place_of(text: &str, name: &str) -> Option<std::ops::Range<usize>> {
    places(text).into_iter().rfind(|place| place.name == name).map(|place| place.value)
}

fn appended(text: &str, name: &str, written: &str) -> String {
    let ending = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { ending };
    format!("{text}{gap}{name}={written}{ending}")
}

/// Whether the new text says this value, and of every other variable what the old one said.
fn reads_back(old: &str, new: &str, name: &str, value: &str) -> bool {
    let others = |text: &str| -> Vec<(String, String)> {
        let lines = parse(text).into_iter().filter(|line: &Line| line.name != name);
        lines.map(|line| (line.name, line.value)).collect()
    };
    let read = crate::envfile::load(&[new], &BTreeMap::new(), &[""]);
    let read = read.iter().find(|variable| variable.name == name);
    read.is_some_and(|variable| variable.value == value) && others(old) == others(new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_value_changes_and_nothing_else() {
        let text = "# keys\r\nexport A = 'old'  # the key\r\n\r\nB=2\r\n";
        assert_eq!(set(text, "A", "new").unwrap(), "# keys\r\nexport A = 'new'  # the key\r\n\r\nB=2\r\n");
        assert_eq!(set("A=1\nB=2\n", "A", "3").unwrap(), "A=3\nB=2\n");
        assert_eq!(set("A=1\nB=2\n", "A", "3 $x").unwrap(), "A='3 \\$x'\nB=2\n");
        assert_eq!(set("A=\nB=2\n", "A", "3").unwrap(), "A='3'\nB=2\n");
        assert_eq!(set("A=\"1\"", "A", "3").unwrap(), "A=\"3\"");
    }

    #[test]
    fn the_assignment_that_counts_is_the_one_that_is_written() {
        assert_eq!(set("A='1'\nA='2'\n", "A", "3").unwrap(), "A='1'\nA='3'\n");
    }

    #[test]
    fn a_variable_that_is_missing_is_added() {
        assert_eq!(set("B=2", "A", "x").unwrap(), "B=2\nA='x'\n");
        assert_eq!(set("", "A", "x").unwrap(), "A='x'\n");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(value in "[ -~]{1,40}", old in "[a-zA-Z0-9]{0,8}") {
            let text = format!("FIRST=1\nA='{old}' # why\nLAST=\"l\"\n");
            if let Some(new) = set(&text, "A", &value) {
                let read = crate::envfile::load(&[&new], &BTreeMap::new(), &[""]);
                let found = read.iter().find(|variable| variable.name == "A").unwrap();
                prop_assert_eq!(&found.value, &value);
                prop_assert!(new.starts_with("FIRST=1\nA=") && new.ends_with(" # why\nLAST=\"l\"\n"));
            } else {
                // Only what mixes all the quotes, or ends in what escapes them, cannot be written.
                let mixes = ['\'', '"', '`'].iter().all(|quote| value.contains(*quote));
                prop_assert!(mixes || value.contains('\\') || value.contains('#') || value.trim() != value, "{}", value);
            }
        }

        #[test]
        fn a_usual_secret_can_always_be_written(value in "[A-Za-z0-9+/=_.~$-]{16,64}") {
            prop_assert!(set("A=old\n", "A", &value).is_some());
        }
    }
}
