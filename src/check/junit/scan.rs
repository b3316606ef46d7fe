//! Test cases out of JUnit XML as tools really write it. There is no schema that all keep to, so nothing but elements is
//! relied on: text, comments and CDATA are passed over, and a report that breaks off is no report.

/// One test case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) outcome: CaseOutcome,
}

/// How a test case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaseOutcome {
    Passed,
    Failed,
    Errored,
    Skipped,
}

/// A tag: its name, its attributes as written, whether it opens, closes or does both.
struct Tag<'a> {
    name: &'a str,
    attributes: &'a str,
    closes: bool,
    is_empty: bool,
}

/// So deep no report nests.
const DEEPEST: usize = 200;

/// The test cases of a report.
///
/// # Errors
/// Why it is no whole report, in a few words.
pub(super) fn cases(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    let mut open: Vec<&str> = Vec::new();
    let (mut rest, mut is_report) = (text, false);
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if let Some(after) = passed_over(rest)? {
            rest = after;
            continue;
        }
        let end = end_of_tag(rest).ok_or("it breaks off within a tag")?;
        let tag = tag(&rest[1..end]);
        rest = &rest[end + 1..];
        if tag.closes {
            match open.pop() {
                Some(name) if name == tag.name => {}
                Some(name) => return Err(format!("<{name}> is closed by </{}>", tag.name)),
                None => return Err(format!("</{}> closes nothing", tag.name)),
            }
            continue;
        }
        is_report |= matches!(tag.name, "testsuites" | "testsuite");
        take(&tag, open.last().copied(), &mut cases);
        if !tag.is_empty {
            if open.len() == DEEPEST {
                return Err("it nests too deeply".to_owned());
            }
            open.push(tag.name);
        }
    }
    match open.last() {
        Some(name) => Err(format!("it breaks off within <{name}>")),
        None if !is_report => Err("there is no <testsuite> in it".to_owned()),
        None => Ok(cases),
    }
}

fn take(tag: &Tag<'_>, within: Option<&str>, cases: &mut Vec<Case>) {
    if tag.name == "testcase" {
        let part = |name| attribute(tag.attributes, name).unwrap_or_default();
        let (class, name) = (part("classname"), part("name"));
        let name = if class.is_empty() { name } else { format!("{class} › {name}") };
        // Some tools write no element and say it in an attribute.
        let outcome = match part("status").as_str() {
            "skipped" | "disabled" | "notrun" => CaseOutcome::Skipped,
            _ => CaseOutcome::Passed,
        };
        cases.push(Case { name, outcome });
        return;
    }
    let outcome = match tag.name {
        "failure" => CaseOutcome::Failed,
        "error" => CaseOutcome::Errored,
        "skipped" => CaseOutcome::Skipped,
        _ => return,
    };
    if within == Some("testcase")
        && let Some(case) = cases.last_mut()
    {
        case.outcome = outcome;
    }
}

/// Comments, CDATA, declarations: the text behind them; `None` if it is none of these.
fn passed_over(rest: &str) -> Result<Option<&str>, String> {
    for (opens, closes) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")] {
        if let Some(inside) = rest.strip_prefix(opens) {
            let end = inside.find(closes).ok_or("it breaks off within a comment or text")?;
            return Ok(Some(&inside[end + closes.len()..]));
        }
    }
    Ok(None)
}

/// Where the tag ends that begins the text: a `>` outside quotes.
fn end_of_tag(rest: &str) -> Option<usize> {
    let mut quote = None;
    rest.char_indices().skip(1).find_map(|(at, letter)| {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '>') => return Some(at),
            (None, _) => {}
        }
        None
    })
}

fn tag(inside: &str) -> Tag<'_> {
    let closes = inside.starts_with('/');
    let is_empty = inside.ends_with('/') && !closes;
    let inside = inside.trim_start_matches('/').trim_end_matches('/');
    let (name, attributes) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
    // A namespace's prefix is no part of what an element means here.
    let name = name.rsplit(':').next().unwrap_or(name);
    Tag { name, attributes, closes, is_empty }
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        let (before, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        let value = &after[1..];
        let end = value.find(quote)?;
        if before.trim() == name {
            return Some(unescaped(&value[..end]));
        }
        rest = &value[end + 1..];
    }
}

fn unescaped(text: &str) -> String {
    let pairs = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (written, meant)| text.replace(written, meant))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(text: &str) -> Vec<CaseOutcome> {
        cases(text).unwrap().into_iter().map(|case| case.outcome).collect()
    }

    #[test]
    fn cases_are_counted_by_what_stands_in_them() {
        let text = r#"<?xml version="1.0"?>
            <testsuites><testsuite name="a" tests="99" failures="0">
              <testcase classname="pay" name="1 &lt; 2"/>
              <testcase name="b"><failure message="a > b">at <![CDATA[<error/>]]></failure></testcase>
              <testcase name="c"><system-out><![CDATA[<failure/>]]></system-out></testcase>
              <testcase name="d"><skipped/></testcase><!-- <testcase name="no"/> -->
              <testcase name="e"><error type='x'/></testcase>
            </testsuite></testsuites>"#;
        use CaseOutcome::{Errored, Failed, Passed, Skipped};
        assert_eq!(outcomes(text), [Passed, Failed, Passed, Skipped, Errored]);
        assert_eq!(cases(text).unwrap()[0].name, "pay › 1 < 2");
    }

    #[test]
    fn one_suite_alone_is_a_report_too() {
        assert_eq!(outcomes("<testsuite><testcase name='x' time='0.1'></testcase></testsuite>").len(), 1);
    }

    #[test]
    fn what_breaks_off_is_no_report() {
        for text in [
            "<testsuites><testsuite><testcase name='x'/>",
            "<testsuites><testsuite><testcase name='x",
            "<testsuite><!-- ",
            "<html></html>",
            "",
            "<testsuite></testsuites>",
        ] {
            assert!(cases(text).is_err(), "{text}");
        }
    }
}
